package handlers

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// unread is a response of which only the status is kept.
type unread struct {
	header http.Header
	status int
}

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }
func (u *unread) WriteHeader(status int)      { u.status = status }

// TestStaticFiles_areMadeOnce counts the bytes that a request takes: nothing is read,
// rendered, hashed or compressed again, also if the client takes no gzip.
func TestStaticFiles_areMadeOnce(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{"/", "/css/app.css", "/js/main.js", "/problems", "/problems/not-found", "/openapi.json", "/swagger/doc.json", "/swagger/swagger-ui-bundle.js", "/swagger/swagger-initializer.js"} {
		for _, encoding := range []string{"gzip", ""} {
			request := func() {
				r := httptest.NewRequest(http.MethodGet, testURL+path, nil)
				r.Header.Set("Accept-Encoding", encoding)
				res := unread{header: http.Header{}}
				if srv.handler.ServeHTTP(&res, r); res.status != http.StatusOK {
					t.Fatalf("GET %s: status %d", path, res.status)
				}
			}
			request()
			// A page that is rendered, or a file that is hashed or compressed again, takes 100 KB
			// and more; the race detector and what else runs in the process take some, too.
			const n, most = 100, 32 << 10
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range n {
				request()
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / n; each > most {
				t.Errorf("GET %s in %q takes %d bytes", path, encoding, each)
			}
		}
	}
}

// TestOpenAPI_namesNoAccountThatIsNotThere: a server without demo accounts sends nobody to
// try one.
func TestOpenAPI_namesNoAccountThatIsNotThere(t *testing.T) {
	const demo = "Type `alice` and `alice-likes-pizza`."
	with, without := newServer(t), newServer(t, func(srv *server) { srv.Demo = false })
	if !strings.Contains(with.get(t, "/openapi.json").Body.String(), demo) {
		t.Error("the document does not say what to type")
	}
	if text := without.get(t, "/openapi.json").Body.String(); strings.Contains(text, demo) || !strings.Contains(text, "Type your name and your password.") {
		t.Error("without demo accounts the document names one")
	}
}
