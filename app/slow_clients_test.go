package app

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
	"restaurant/server"
	"restaurant/tokens"
)

// TestSlowClients_areCutOff measures how long the server waits for clients that are
// slow in every way.
func TestSlowClients_areCutOff(t *testing.T) {
	t.Parallel()
	dir := dirWithKeys(t)
	for _, tc := range []struct {
		name  string
		first string // sent at once
		then  string // one byte of it a second
		limit time.Duration
	}{
		{"sends nothing", "", "", server.ReadHeaderTimeout},
		{"sends headers slowly", "GET /healthz HTTP/1.1\r\n", strings.Repeat("X-A: b\r\n", 100), server.ReadHeaderTimeout},
		{"sends the body slowly", "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", strings.Repeat(" ", 1000), server.ReadTimeout},
		{"stays after a request", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", server.IdleTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := serveOnPipe(t, dir, nil).dial()
				start := time.Now()
				var client sync.WaitGroup
				defer client.Wait()
				client.Go(func() {
					_, _ = io.WriteString(conn, tc.first)
					for i := range tc.then {
						time.Sleep(time.Second)
						if _, err := io.WriteString(conn, tc.then[i:i+1]); err != nil {
							return
						}
					}
				})
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(start); took < tc.limit || took > tc.limit+2*time.Second {
					t.Errorf("cut off after %v, the limit is %v", took, tc.limit)
				}
			})
		})
	}
	t.Run("does not read the response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			conn := serveOnPipe(t, dir, nil).dial()
			if _, err := io.WriteString(conn, "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(35 * time.Second)
			n, _ := io.Copy(io.Discard, conn)
			if n > 64<<10 {
				t.Errorf("%d bytes could still be read", n)
			}
		})
	})
	t.Run("control: a request gets a response", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			conn := serveOnPipe(t, dir, nil).dial()
			go func() { _, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") }()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("%v %v", res, err)
			}
			res.Body.Close()
		})
	})
}

// dirWithKeys is a data folder with keys, which take time to make.
func dirWithKeys(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := tokens.OpenKeys(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pipeServer serves an App without a network, so that its deadlines follow the clock
// of a bubble.
type pipeServer struct {
	*App
	conns chan net.Conn
	done  chan struct{}
}

// serveOnPipe builds an App over dir and serves it until the test ends.
func serveOnPipe(t *testing.T, dir string, certificates *server.Certificates) *pipeServer {
	t.Helper()
	gin.SetMode(gin.TestMode)
	store, err := models.OpenSQLite(context.Background(), filepath.Join(dir, "restaurant.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	cfg, log := config{dataDir: dir, kitchen: "manual", accessTokenTTL: 15 * time.Minute, refreshTTL: time.Hour, tls: "off"}, slog.New(slog.DiscardHandler)
	app, err := build(t.Context(), cfg, store, site{url: "http://localhost:8080"}, log)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeServer{App: app, conns: make(chan net.Conn), done: make(chan struct{})}
	s := server.New(server.Options{TLS: certificates, Log: log}, p)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(app.api.Handler()) })
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return p
}

func (p *pipeServer) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

func (p *pipeServer) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipeServer) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (p *pipeServer) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
