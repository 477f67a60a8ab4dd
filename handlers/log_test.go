package handlers

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// logged returns the lines of the log that hold all of the words.
func (srv *server) logged(words ...string) (lines []string) {
next:
	for line := range strings.Lines(srv.log.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestLog_sumsUpEqualRefusals: a flood of refusals takes a few lines, and one that says
// how many there were. What is no refusal, and a refusal of another kind, has its line.
func TestLog_sumsUpEqualRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for range 50 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 200, "")
		}
		for range 500 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 429, "rate-limited")
		}
		srv.get(t, mePath, fromAddress(home)).wants(t, 401, "authentication-required")
		if got := len(srv.logged("route=/problems", "status=429")); got != 10 {
			t.Errorf("500 equal refusals have %d lines", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := srv.logged("level=INFO", "more requests", "route=/problems", "status=429", "problem=rate-limited", "count=490"); len(got) != 1 {
			t.Errorf("the rest has the lines %q", got)
		}
		if got := srv.logged("more requests"); len(got) != 1 {
			t.Errorf("summed up were %q", got)
		}
		if served, other := len(srv.logged("route=/problems", "status=200")), len(srv.logged("status=401")); served != 50 || other != 1 {
			t.Errorf("%d of 50 pages and %d of 1 other refusals have lines", served, other)
		}
		for range 49 {
			srv.get(t, "/problems", fromAddress(elsewhere)).wants(t, 200, "")
		}
		time.Sleep(time.Millisecond)
		for range 4 { // the next second begins anew
			srv.get(t, mePath, fromAddress(home)).wants(t, 401, "authentication-required")
		}
		if got := len(srv.logged("status=401")); got != 5 {
			t.Errorf("5 refusals have %d lines", got)
		}
		time.Sleep(time.Second) // nothing is left to sum up
	})
}

// TestLog_aClientThatLeavesIsNoError hangs up in the middle of a large response.
func TestLog_aClientThatLeavesIsNoError(t *testing.T) {
	srv := newServer(t)
	answered := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		srv.handler.ServeHTTP(w, r)
		answered <- struct{}{}
	}))
	defer web.Close()
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "GET /swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-answered
	if got := srv.logged("route=/swagger/*file"); len(got) != 1 || !strings.Contains(got[0], "level=INFO") || strings.Contains(got[0], "err=") {
		t.Errorf("the log says %q", got)
	}
}

// TestLog_durationIsOneNumberInBothFormats: a collector reads milliseconds under one name,
// whatever RESTAURANT_LOG_FORMAT says.
func TestLog_durationIsOneNumberInBothFormats(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/api/v1/menu").wants(t, 200, "")
	if lines := srv.logged("msg=request", "route=/api/v1/menu"); len(lines) != 1 || !regexp.MustCompile(` duration_ms=\d+(\.\d{1,3})? `).MatchString(lines[0]) {
		t.Errorf("as text: %q", lines)
	}
	srv = newServer(t, func(srv *server) { srv.Log = slog.New(slog.NewJSONHandler(srv.log, nil)) })
	srv.get(t, "/api/v1/menu").wants(t, 200, "")
	var line map[string]any
	if err := json.Unmarshal([]byte(srv.log.String()), &line); err != nil {
		t.Fatal(err)
	}
	if ms, isNumber := line["duration_ms"].(float64); !isNumber || ms <= 0 || ms > 60_000 || line["duration"] != nil {
		t.Errorf("in JSON: %v", line)
	}
}

// TestLog_takesOverTheTrace: the trace-id of a valid traceparent (W3C Trace Context) is in
// the request's line, and nothing at all of any other.
func TestLog_takesOverTheTrace(t *testing.T) {
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, tc := range []struct {
		name, header string
		taken        bool
	}{
		{"as the standard has it", "00-" + trace + "-" + parent + "-01", true},
		{"not sampled", "00-" + trace + "-" + parent + "-00", true},
		{"flags of later versions", "00-" + trace + "-" + parent + "-ff", true},
		{"a later version", "01-" + trace + "-" + parent + "-01", true},
		{"a later version that has more", "cc-" + trace + "-" + parent + "-01-what-the-future-brings", true},
		{"a later version whose more has no hyphen", "cc-" + trace + "-" + parent + "-01.what", false},
		{"version 00 with more", "00-" + trace + "-" + parent + "-01-more", false},
		{"version ff", "ff-" + trace + "-" + parent + "-01", false},
		{"upper case", "00-" + strings.ToUpper(trace) + "-" + parent + "-01", false},
		{"upper case in the parent", "00-" + trace + "-" + strings.ToUpper(parent) + "-01", false},
		{"upper case in the version", "0A-" + trace + "-" + parent + "-01", false},
		{"no hexadecimal digit", "00-g" + trace[1:] + "-" + parent + "-01", false},
		{"a trace of zeros", "00-" + strings.Repeat("0", 32) + "-" + parent + "-01", false},
		{"a parent of zeros", "00-" + trace + "-" + strings.Repeat("0", 16) + "-01", false},
		{"a short trace", "00-" + trace[1:] + "-" + parent + "-01", false},
		{"a long trace", "00-0" + trace + "-" + parent + "-01", false},
		{"no flags", "00-" + trace + "-" + parent, false},
		{"one flag", "00-" + trace + "-" + parent + "-1", false},
		{"the id alone", trace, false},
		{"two in one", "00-" + trace + "-" + parent + "-01,00-" + trace + "-" + parent + "-01", false},
		{"something else", `x" trace_id="forged`, false},
		{"nothing", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newServer(t)
			res := srv.get(t, "/healthz", with("traceparent", tc.header)).wants(t, 200, "")
			line := srv.log.String()
			if tc.taken != strings.Contains(line, " trace_id="+trace) || !tc.taken && (strings.Contains(line, "trace") || strings.Contains(line, "forged")) {
				t.Errorf("%s is logged as %s", tc.header, line)
			}
			if id := res.Header().Get("X-Request-Id"); id == "" || !strings.Contains(line, "request_id="+id) {
				t.Errorf("request %q is logged as %s", id, line)
			}
		})
	}
	srv := newServer(t)
	once := with("traceparent", "00-"+trace+"-"+parent+"-01")
	srv.get(t, "/healthz", once, once).wants(t, 200, "")
	if line := srv.log.String(); strings.Contains(line, "trace") {
		t.Errorf("sent twice, it is logged as %s", line)
	}
	srv.get(t, "/nowhere", once).wants(t, 404, "not-found")
	if got := srv.logged("status=404", "trace_id="+trace); len(got) != 1 {
		t.Errorf("a refusal is logged as %s", srv.log.String())
	}
}
