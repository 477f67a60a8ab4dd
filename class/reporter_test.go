package class

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"restaurant/learn"
)

// TestReporter_failuresAreOneLine: a class that does not take reports is one line in the log, and so
// is its return. What could not be reported is in the next report.
func TestReporter_failuresAreOneLine(t *testing.T) {
	var asked atomic.Int32
	reports := make(chan string, 100)
	class := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 3 {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"detail":"There is no such table."}`)
			return
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		w.WriteHeader(http.StatusNoContent)
		reports <- body.String()
	}))
	defer class.Close()
	var log bytes.Buffer // read after Run has ended
	r := NewReporter(class.URL, "07-kmx", learn.Contents, slog.New(slog.NewTextHandler(&log, nil)))
	r.every = 5 * time.Millisecond
	r.Observe(&learn.Fact{At: time.Now().UnixMilli(), Status: http.StatusTeapot, Token: "none"}, false)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	first, second := <-reports, <-reports
	stop()
	running.Wait()
	if !strings.Contains(first, `"status":418`) || strings.Contains(second, `"status":418`) {
		t.Errorf("the request was reported by\n%.200s\nand\n%.200s", first, second)
	}
	for text, want := range map[string]int{"cannot report to the class": 1, "There is no such table.": 1, "takes the reports of this computer again": 1} {
		if n := strings.Count(log.String(), text); n != want {
			t.Errorf("%d times %q:\n%s", n, text, log.String())
		}
	}
}

// TestReporter_keepsTheNewest: a class that is away for a day costs no memory.
func TestReporter_keepsTheNewest(t *testing.T) {
	r := NewReporter("http://127.0.0.1:1", "07-kmx", learn.Contents, slog.New(slog.DiscardHandler))
	for n := range 1000 {
		r.Observe(&learn.Fact{Status: n}, false)
	}
	if err := r.report(t.Context()); err == nil {
		t.Error("port 1 takes reports")
	}
	if len(r.facts) != maxReportedFacts || r.facts[maxReportedFacts-1].Status != 999 {
		t.Errorf("%d facts are kept", len(r.facts))
	}
}

// TestReporter_onlyToPrivateAddresses: a name, too, must not lead a report into the internet. The
// control is a connection to this computer.
func TestReporter_onlyToPrivateAddresses(t *testing.T) {
	for address, ok := range map[string]bool{"192.168.1.20:8080": true, "[::ffff:10.0.0.1]:80": true, "203.0.113.5:8080": false, "[2001:db8::1]:80": false} {
		if err := onlyPrivate("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	r := NewReporter("http://203.0.113.5:8080", "07-kmx", learn.Contents, slog.New(slog.DiscardHandler))
	if err := r.report(t.Context()); err == nil || !strings.Contains(err.Error(), "203.0.113.5 is public") {
		t.Errorf("the report ends with %v", err)
	}
}
