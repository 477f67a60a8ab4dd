package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
)

// TestBuild_severalInOneProcess: two Apps share nothing, so each refuses the other's
// tokens.
func TestBuild_severalInOneProcess(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	var apps [2]*App
	var tokens [2]string
	for i := range apps {
		apps[i] = buildDemo(t)
		var login struct {
			AccessToken string `json:"access_token"`
		}
		body := request(apps[i], "POST", "/api/v1/auth/login", `{"username":"alice","password":"alice-likes-pizza"}`, "").Body
		if err := json.Unmarshal(body.Bytes(), &login); err != nil {
			t.Fatal(err)
		}
		tokens[i] = login.AccessToken
	}
	for i, app := range apps {
		for j, token := range tokens {
			want := http.StatusUnauthorized
			if i == j {
				want = http.StatusOK
			}
			if got := request(app, "GET", "/api/v1/auth/me", "", token).Code; got != want {
				t.Errorf("App %d answers the token of App %d with %d, want %d", i, j, got, want)
			}
		}
		if got := request(app, "GET", "/learn/lessons", "", "").Code; got != http.StatusOK {
			t.Errorf("the lessons of App %d answer %d", i, got)
		}
	}
}

func buildDemo(t *testing.T) *App { return buildDemoAt(t, "http://localhost:8080") }

func buildDemoAt(t *testing.T, publicURL string) *App {
	t.Helper()
	dir := t.TempDir()
	store, err := models.OpenSQLite(context.Background(), filepath.Join(dir, "restaurant.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	cfg := config{dataDir: dir, addr: "localhost:8080", tls: "off", kitchen: "manual", accessTokenTTL: time.Minute, refreshTTL: time.Hour, demoData: true, lab: true}
	app, err := build(t.Context(), cfg, store, site{url: publicURL}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.close(); err != nil {
			t.Error(err)
		}
	})
	return app
}

func request(app *App, method, path, body, token string) *httptest.ResponseRecorder {
	return serve(app, newRequest(method, path, body, token))
}

func newRequest(method, path, body, token string) *http.Request {
	req := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req
}

func serve(app *App, req *http.Request) *httptest.ResponseRecorder {
	res := httptest.NewRecorder()
	app.api.Handler().ServeHTTP(res, req)
	return res
}

// TestWarn_ofSettings: behind a proxy whose header is not believed, one stranger can keep all
// others out; and who gives a certificate wants HTTPS. It starts, because neither must be so.
func TestWarn_ofSettings(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ args, says string }{
		{"", ""},
		{"-behind-proxy on -allowed-hosts pizza.example", "set RESTAURANT_TRUSTED_PROXIES"},
		{"-behind-proxy on -allowed-hosts pizza.example -trusted-proxies 127.0.0.1 -lab off -demo-data off", ""},
		{"-tls-cert " + file, "set RESTAURANT_TLS=files"},
		{"-tls-key " + file, "set RESTAURANT_TLS=files"},
	} {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var log strings.Builder
		args := append([]string{"serve", "-data-dir", t.TempDir(), "-addr", "127.0.0.1:0"}, strings.Fields(tc.args)...)
		if err := Run(ctx, args, nil, Stdio{In: strings.NewReader(""), Out: whenWritten(stop), Log: &log}); err != nil {
			t.Fatalf("%s: %v", tc.args, err)
		}
		if warned := strings.Contains(log.String(), "level=WARN"); warned != (tc.says != "") || !strings.Contains(log.String(), tc.says) {
			t.Errorf("%s: the log says %s, want %q", tc.args, log.String(), tc.says)
		}
	}
}
