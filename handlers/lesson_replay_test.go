package handlers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/learn/course"
	"restaurant/learn/export"
	"restaurant/learn/kiosk"
)

// replay is a learner who does lessons as curl would, without starting a program.
type replay struct {
	srv    *server
	target export.Target
	kiosk  http.Handler
	files  map[string]string
	jars   map[string][]*http.Cookie
	log    []string // what was sent and answered
}

func newReplay(t *testing.T, l *course.Lesson) *replay {
	t.Helper()
	options := []func(*server){withKitchen(t, 20*time.Millisecond)}
	if slices.ContainsFunc(l.Steps, func(s course.Step) bool { return s.Request.Repeat > 1 }) {
		options = append(options, withRateLimit) // lessons that send one request after the other are slower by hand
	}
	srv := newServer(t, append(options, forOneLearner(t, options...))...)
	k, err := kiosk.New(kiosk.Options{Trust: srv.Authority.Issuer(), Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { srv.handler.ServeHTTP(w, r) })}})
	if err != nil {
		t.Fatal(err)
	}
	return &replay{srv: srv, kiosk: k}
}

// do does a lesson in an empty folder, apart from a step or question that is left out.
func (r *replay) do(t *testing.T, l *course.Lesson, left string) {
	t.Helper()
	r.files, r.jars, r.log = map[string]string{}, map[string][]*http.Cookie{}, nil
	r.answer(t, l, l.Predict)
	for _, step := range l.AllSteps() {
		r.wait(time.Duration(step.Wait) * time.Second) // also for a step that is left out: limits recover meanwhile
		if step.ID != left {
			r.step(t, step)
		}
	}
	for _, q := range l.Questions {
		if q.ID != left && (q.Group == "" || q.Group != left) {
			r.answer(t, l, q)
		}
	}
}

func (r *replay) answer(t *testing.T, l *course.Lesson, q course.Question) {
	t.Helper()
	body := fmt.Sprintf(`{"question":%q,"choice":%d}`, q.ID, q.Answer)
	if q.Measured != nil {
		body = fmt.Sprintf(`{"question":%q,"number":%v}`, q.ID, q.Measured.Usual)
	}
	r.srv.post(t, "/learn/lessons/"+l.ID+"/answers", body).wants(t, 200, "")
}

// step sends what a step says. A request whose file is not there is not sent, as with curl.
func (r *replay) step(t *testing.T, step course.Step) {
	t.Helper()
	q := step.Request
	for _, name := range []string{q.As, q.BodyFile, q.Config, q.CACert} {
		if _, example := course.Example(name); name != "" && r.files[name] == "" && !example {
			return
		}
	}
	for n := range max(1, q.Repeat) {
		req := r.request(t, q, n+1)
		res, err := r.send(q, req)
		if err != nil {
			r.log = append(r.log, step.ID+": "+err.Error())
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		r.log = append(r.log, fmt.Sprintf("%s: %d, want %v %s %s", step.ID, res.StatusCode, step.Expect.Status, res.Header.Get("Lesson-Progress"), body[:min(len(body), 300)]))
		if q.SaveAs != "" && res.StatusCode < 400 {
			r.files[q.SaveAs] = string(body)
		}
		if q.JarOut != "" {
			r.jars[q.JarOut] = res.Cookies()
		}
		if at := res.Header.Get("Location"); strings.HasPrefix(at, ordersPath+"/") {
			r.target.Order = at[strings.LastIndexByte(at, '/')+1:]
		}
	}
}

// wait moves the clock of the tokens ahead, which is what long waits wait for; short ones
// are for limits.
func (r *replay) wait(d time.Duration) {
	if d == 0 {
		return
	}
	r.srv.Authority.Advance(d)
	if d <= 3*time.Second {
		time.Sleep(d) //nolint:forbidigo // the lesson says so
	}
}

func (r *replay) request(t *testing.T, q course.Request, n int) *http.Request {
	t.Helper()
	path := r.target.Path(q)
	if q.Repeat > 1 {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += fmt.Sprint(separator, "n=", n)
	}
	body, kind := strings.Join(q.Form, "&"), "application/x-www-form-urlencoded"
	if q.BodyFile != "" {
		text, _ := course.Example(q.BodyFile)
		if body, kind = string(text), "application/json"; body == "" {
			body = r.files[q.BodyFile]
		}
	}
	req := newRequest(q.Method, path, strings.ReplaceAll(body, " ", "+"))
	if kind == "application/json" {
		req = newRequest(q.Method, path, body)
	}
	if body != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "curl/8.14.1")
	if q.As != "" {
		name, value, _ := strings.Cut(strings.TrimSpace(r.files[q.As]), ": ")
		req.Header.Set(name, value)
	}
	for _, h := range r.target.Headers(q) {
		req.Header.Set(h.Name, h.Value)
	}
	for _, cookie := range r.jars[q.JarIn] {
		req.AddCookie(cookie)
	}
	return req
}

// connectTo is the line of a curl config that leads to another address.
var connectTo = regexp.MustCompile(`connect-to = "::([^"]+)"`)

func (r *replay) send(q course.Request, req *http.Request) (*http.Response, error) {
	if q.Config != "" {
		return r.sendOverWire(q, req)
	}
	h := r.srv.handler
	if q.At == course.AtKiosk {
		h, req.Host = r.kiosk, "localhost:8081"
	}
	return serve(h, req)
}

// serve returns the response of a handler, or an error where net/http would cut the connection.
func serve(h http.Handler, req *http.Request) (res *http.Response, err error) {
	defer func() {
		switch cut := recover(); cut {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			panic(cut)
		}
	}()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Result(), nil
}

func (r *replay) sendOverWire(q course.Request, req *http.Request) (*http.Response, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(r.files[q.CACert]))
	relay := connectTo.FindStringSubmatch(r.files[q.Config])
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, relay[1])
		},
	}
	defer transport.CloseIdleConnections()
	req.URL.Scheme, req.URL.Host, req.RequestURI = "http", req.Host, ""
	if q.At == course.AtWire {
		req.URL.Scheme = "https"
	}
	return transport.RoundTrip(req)
}

// countingSteps lists the steps and questions that a lesson waits for.
func countingSteps(l *course.Lesson) (ids []string) {
	for _, p := range l.Done.Patterns() {
		if id := p.Step + p.Answer; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// awaitDone waits for what the server hears only after the client: that a client on the wire
// has broken off the handshake.
func (r *replay) awaitDone(t *testing.T, l *course.Lesson, try int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		state := r.srv.lessonState(t, l.ID)
		if state == "done" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("done for the time %d, it is %s:\n%s", try, state, strings.Join(r.log, "\n"))
		}
	}
}

// TestLessons_needEachStep does each lesson twice, with "start over" in between, and then
// once without each of the steps and questions that count. e2e does it with the shell.
func TestLessons_needEachStep(t *testing.T) {
	for _, l := range course.Load().Lessons {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			if slices.ContainsFunc(l.Steps, func(s course.Step) bool { return s.Page != "" }) {
				t.Skip("it is done in a browser; e2e/browser does it")
			}
			r := newReplay(t, l)
			for try := range 2 {
				r.target = export.Target{URL: testURL, Order: "1", Guest: "6", Try: fmt.Sprint(try + 1)}
				r.do(t, l, "")
				r.awaitDone(t, l, try+1)
				r.srv.post(t, "/learn/reset", fmt.Sprintf(`{"what":"lesson","lesson":%q}`, l.ID)).wants(t, 200, "")
			}
			if testkit.UsesPostgres() {
				return // what counts is decided without a database; SQLite's run leaves each step out
			}
			for _, left := range countingSteps(l) {
				r := newReplay(t, l)
				r.target = export.Target{URL: testURL, Order: "1", Guest: "6", Try: "1"}
				if r.do(t, l, left); r.srv.lessonState(t, l.ID) == "done" {
					t.Errorf("without %s it is done:\n%s", left, strings.Join(r.log, "\n"))
				}
			}
		})
	}
}
