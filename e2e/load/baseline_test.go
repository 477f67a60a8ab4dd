package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The program starts itself as the limits, and in a test that is the test.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "limits" {
		main()
		return
	}
	os.Exit(m.Run())
}

// someLimits starts the process of the limits with answers of its own.
func someLimits(t *testing.T) (l *baseline, dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{menuFile, pageFile, orderFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"this":"`+name+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := startBaseline(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l, dir
}

func TestTheLimitsAnswerWhatTheHouseAnswers(t *testing.T) {
	l, _ := someLimits(t)
	for _, tc := range []struct {
		name   string
		call   call
		answer string
	}{
		{"the menu", call{http.MethodGet, l.Menu, "", "", 200}, menuFile},
		{"a page", call{http.MethodGet, l.Page, l.Token, "", 200}, pageFile},
		{"a page without a token", call{http.MethodGet, l.Page, "", "", 401}, ""},
		{"a page with another payload", call{http.MethodGet, l.Page, otherAt(l.Token, strings.Index(l.Token, ".")+3), "", 401}, ""},
		{"a page with another signature", call{http.MethodGet, l.Page, otherAt(l.Token, len(l.Token)-4), "", 401}, ""},
		{"an order", call{http.MethodPost, l.Insert, "", "{}", 201}, orderFile},
		{"a loop that is not there", call{http.MethodGet, l.Loops + "/nothing?for=1ms&at_once=1", "", "", 404}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, err := l.do(t.Context(), tc.call)
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if tc.answer != "" {
				want = `{"this":"` + tc.answer + `"}`
			}
			if string(answer) != want {
				t.Errorf("got %q, want %q", answer, want)
			}
		})
	}
}

func TestTheLoopsCountWhatTheyDid(t *testing.T) {
	l, _ := someLimits(t)
	for _, name := range []string{"/inserts", "/bcrypt"} {
		f, err := l.loop(t.Context(), name, 2, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if f.Requests < 2 || f.Span < time.Millisecond || f.P50 <= 0 || f.Max < f.P50 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Of many guests at once every row is written, and the process may be killed
// right after the answers.
func TestARowIsThereWhenItIsAnswered(t *testing.T) {
	l, dir := someLimits(t)
	const rows = 3 * maxBatch
	var guests sync.WaitGroup
	for range rows {
		guests.Go(func() {
			if _, err := l.do(t.Context(), call{http.MethodPost, l.Insert, "", "", http.StatusCreated}); err != nil {
				t.Error(err)
			}
		})
	}
	guests.Wait()
	if err := l.process.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-l.process.gone

	db, err := openDatabase(filepath.Join(dir, "limits.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM rows").Scan(&n); err != nil || n != rows {
		t.Errorf("%d rows, %v; want %d", n, err, rows)
	}
}

func TestLimitsWithoutAnswersDoNotStart(t *testing.T) {
	var out bytes.Buffer
	if err := serveBaseline(context.Background(), t.TempDir(), &out); err == nil || out.Len() > 0 {
		t.Errorf("error %v, output %q", err, out.String())
	}
}

// otherAt changes one character of a token.
func otherAt(token string, at int) string {
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}
