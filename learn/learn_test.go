package learn

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// TestOwnHost_comparesWholeNames: a name that only begins like the server's is another
// one, and could lead here by DNS rebinding.
func TestOwnHost_comparesWholeNames(t *testing.T) {
	h, err := Open(t.Context(), filepath.Join(t.TempDir(), "lessons.db"), Options{PublicURL: "http://pizza.example.org:8080", LoopbackOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	r := gin.New()
	h.Mount(r, func(*gin.Context) {})
	for host, want := range map[string]int{
		"pizza.example.org:8080": 200, "pizza.example.org": 200, "Pizza.Example.org:8080": 200, "localhost:8080": 200, "127.0.0.1": 200, "[::1]:8080": 200,
		"pizza.example": 403, "pizza": 403, "p": 403, "": 403, ":8080": 403, "example.org": 403, "pizza.example.org.evil.example": 403, "localhost.evil.example": 403,
	} {
		req := httptest.NewRequest("POST", "/learn/lessons/L01/hints", strings.NewReader("number=1"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Host = host
		res := httptest.NewRecorder()
		if r.ServeHTTP(res, req); res.Code != want {
			t.Errorf("host %q is answered %d, want %d", host, res.Code, want)
		}
	}
}
