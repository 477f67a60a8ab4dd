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

// TestMain serves as the baseline when the program starts itself, which in a test is
// the test.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == baselineCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// ordersSchema has what a row of the baseline needs, and something to be found again.
const ordersSchema = "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id, status, lines, total_cents, placed_at, updated_at);CREATE INDEX orders_of_guest ON orders (user_id, id)"

// newBaseline starts the process of the baseline with answers of its own.
func newBaseline(t *testing.T) (b *baseline, dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{menuFile, pageFile, orderFile} {
		a := answer{http.Header{"Etag": {`"` + name + `"`}, "Date": {"long ago"}}, []byte(`{"this":"` + name + `"}`)}
		if err := a.save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, schemaFile), []byte(ordersSchema), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := startBaseline(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	return b, dir
}

// TestBaseline_answersWhatTheProgramAnswers also checks that the guard refuses.
func TestBaseline_answersWhatTheProgramAnswers(t *testing.T) {
	b, _ := newBaseline(t)
	for _, tc := range []struct {
		name   string
		call   call
		answer string
	}{
		{"the menu", call{http.MethodGet, b.Menu, "", "", 200}, menuFile},
		{"a page", call{http.MethodGet, b.Page, b.Token, "", 200}, pageFile},
		{"a page without a token", call{http.MethodGet, b.Page, "", "", 401}, ""},
		{"a page with another payload", call{http.MethodGet, b.Page, otherAt(b.Token, strings.Index(b.Token, ".")+3), "", 401}, ""},
		{"a page with another signature", call{http.MethodGet, b.Page, otherAt(b.Token, len(b.Token)-4), "", 401}, ""},
		{"an order", call{http.MethodPost, b.Insert, "", "{}", 201}, orderFile},
		{"the whole menu", call{http.MethodGet, b.MenuWhole, "", "", 200}, menuFile},
		{"a whole order", call{http.MethodPost, b.Order, "", "{}", 201}, orderFile},
		{"a loop that is not there", call{http.MethodGet, b.Loops + "/nothing?for=1ms&workers=1", "", "", 404}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := b.whole(t.Context(), tc.call)
			if err != nil {
				t.Fatal(err)
			}
			body, tag := "", ""
			if tc.answer != "" {
				body = `{"this":"` + tc.answer + `"}`
			}
			if strings.Contains(tc.name, "whole") {
				tag = `"` + tc.answer + `"`
			}
			if string(got.Body) != body || got.Header.Get("Etag") != tag || got.Header.Get("Date") == "long ago" {
				t.Errorf("got %q with %v, want %q with the tag %q", got.Body, got.Header, body, tag)
			}
		})
	}
}

// TestBaseline_loopsCountWhatTheyDid runs the loops without HTTP.
func TestBaseline_loopsCountWhatTheyDid(t *testing.T) {
	b, _ := newBaseline(t)
	for _, name := range []string{"/inserts", "/bcrypt"} {
		f, err := b.loop(t.Context(), name, 2, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if f.Requests < 2 || f.Span < time.Millisecond || f.P50 <= 0 || f.Max < f.P50 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestBaseline_rowsAreDurable: of many guests at once every row is written, and the
// process may be killed right after the answers.
func TestBaseline_rowsAreDurable(t *testing.T) {
	b, dir := newBaseline(t)
	const rows = 3 * maxBatch
	var guests sync.WaitGroup
	for range rows {
		for _, url := range []string{b.Insert, b.Order} {
			guests.Go(func() {
				if _, err := b.do(t.Context(), call{http.MethodPost, url, "", "", http.StatusCreated}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	guests.Wait()
	if err := b.process.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-b.process.Done

	for file, table := range map[string]string{"baseline.db": "rows", "orders.db": "orders"} {
		db, err := openDatabase(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var n int
		if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != rows {
			t.Errorf("%s: %d rows, %v; want %d", table, n, err, rows)
		}
	}
	if schema, err := schemaOf(t.Context(), filepath.Join(dir, "orders.db"), "orders"); err != nil || string(schema) != ordersSchema {
		t.Errorf("the schema is %q, %v", schema, err)
	}
}

// TestBaseline_needsAnswers starts it in an empty folder.
func TestBaseline_needsAnswers(t *testing.T) {
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
