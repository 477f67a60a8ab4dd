package class

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/learn"
)

// slowestReports is the longest time between two reports while they fail.
const slowestReports = time.Minute

// Reporter reports what a learner does on a computer of their own to the class.
type Reporter struct {
	url, code string
	lessons   func() []learn.LessonOverview // nil while the restaurant is closed
	log       *slog.Logger
	client    http.Client
	every     time.Duration

	mu    sync.Mutex
	facts []ReportedFact // not reported yet, oldest first
}

// NewReporter returns a reporter for a table of the class at url. lessons are those of this
// computer.
func NewReporter(url, code string, lessons func() []learn.LessonOverview, log *slog.Logger) *Reporter {
	dialer := &net.Dialer{Timeout: reportEvery}
	if strings.HasPrefix(url, "http://") {
		dialer.Control = onlyPrivate
	}
	return &Reporter{url: url, code: code, lessons: lessons, log: log, every: reportEvery, client: http.Client{
		Timeout:       reportEvery,
		Transport:     &http.Transport{DialContext: dialer.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// onlyPrivate refuses to send a report over plain HTTP into the internet, also where a name leads
// there.
func onlyPrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err == nil && !IsPrivate(at.Addr().Unmap()) {
		return fmt.Errorf("reports go over plain HTTP, so only to a private address, and %s is public", at.Addr())
	}
	return err
}

// IsPrivate reports whether an address is not reached from the internet: loopback, RFC 1918,
// link-local and unique local addresses (RFC 4193).
func IsPrivate(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

var aCode = regexp.MustCompile(`^[0-9]{2,3}-[` + codeLetters + `]{3}$`)

// IsCode reports whether a text can be the code of a table.
func IsCode(text string) bool { return aCode.MatchString(text) }

// Observe keeps a request for the next report; see learn.Options. It never waits.
func (r *Reporter) Observe(f *learn.Fact, helped bool) {
	if f == nil {
		return
	}
	route := f.Route
	if f.Via != "" {
		route = f.Via + ":" + route
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.facts = append(r.facts, ReportedFact{time.UnixMilli(f.At).UTC(), f.Method + " " + route, f.Status, httpjson.Optional(f.Problem), f.Token, helped})
	r.facts = r.facts[max(0, len(r.facts)-maxReportedFacts):]
}

// Run reports until ctx ends. Failures are logged once, until a report works again.
func (r *Reporter) Run(ctx context.Context) {
	failed, wait := false, r.every
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(float64(wait) * (0.9 + 0.2*rand.Float64()))): //nolint:gosec // so that thirty computers do not report at the same moment
		}
		err := r.report(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && failed:
			r.log.Info("the class takes the reports of this computer again", "class", r.url)
		case err != nil && !failed:
			r.log.Warn("cannot report to the class; everything else goes on, and this is tried again", "class", r.url, "err", err)
		}
		if failed = err != nil; failed {
			wait = min(2*wait, slowestReports)
		} else {
			wait = r.every
		}
	}
}

// report sends one report. What it does not get rid of is in the next one.
func (r *Reporter) report(ctx context.Context) error {
	lessons := r.lessons()
	if lessons == nil {
		return nil
	}
	for n := range lessons {
		lessons[n].Answers = nil // the teacher of a reported table does not see them
	}
	r.mu.Lock()
	facts := r.facts
	r.facts = nil
	r.mu.Unlock()
	err := r.send(ctx, Report{r.code, lessons, append([]ReportedFact{}, facts...)})
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.facts = append(facts, r.facts...)
		r.facts = r.facts[max(0, len(r.facts)-maxReportedFacts):]
	}
	return err
}

func (r *Reporter) send(ctx context.Context, report Report) error {
	body, err := json.Marshal(report)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/class/report", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", httpjson.MediaJSON)
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil || res.StatusCode == http.StatusNoContent {
		return err
	}
	var said struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(text, &said) != nil || said.Detail == "" {
		return errors.New("what answers there is no class: its status is " + res.Status)
	}
	return errors.New(said.Detail)
}
