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

	"restaurant/handlers"
	"restaurant/kitchen"
	"restaurant/models"
	"restaurant/tokens"
)

// wire is a listener without a network, so that its deadlines follow the clock
// of a bubble.
type wire struct {
	conns chan net.Conn
	done  chan struct{}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { close(w.done); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (w *wire) dial() net.Conn {
	near, far := net.Pipe()
	w.conns <- far
	return near
}

// TestSlowClientsAreCutOff lets clients dawdle in every way and measures how
// long the house puts up with it.
func TestSlowClientsAreCutOff(t *testing.T) {
	gin.SetMode(gin.TestMode)
	dir := t.TempDir()
	keys, err := tokens.OpenKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		says  string // at once
		then  string // one byte of it a second
		limit time.Duration
	}{
		{"says nothing", "", "", readHeaderTimeout},
		{"dawdles over the headers", "GET /healthz HTTP/1.1\r\n", strings.Repeat("X-A: b\r\n", 100), readHeaderTimeout},
		{"dawdles over the body", "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", strings.Repeat(" ", 1000), readTimeout},
		{"asks once and stays", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", idleTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, w, _ := serveOnWire(t, dir, keys)
				go func() { _ = server.Serve(w) }()
				defer server.Close()
				conn := w.dial()
				start := time.Now()
				var client sync.WaitGroup
				defer client.Wait()
				client.Go(func() {
					_, _ = io.WriteString(conn, tc.says)
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
	t.Run("does not read the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, w, _ := serveOnWire(t, dir, keys)
			go func() { _ = server.Serve(w) }()
			defer server.Close()
			conn := w.dial()
			if _, err := io.WriteString(conn, "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(writeTimeout + 5*time.Second)
			n, _ := io.Copy(io.Discard, conn)
			if n > 64<<10 {
				t.Errorf("%d bytes were still to be had", n)
			}
		})
	})
	t.Run("the control gets an answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, w, _ := serveOnWire(t, dir, keys)
			go func() { _ = server.Serve(w) }()
			defer server.Close()
			conn := w.dial()
			go func() { _, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") }()
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("%v %v", res, err)
			}
			res.Body.Close()
		})
	})
}

// serveOnWire makes a server, its listener and what is behind it; the caller
// starts it.
func serveOnWire(t *testing.T, dir string, keys *tokens.Keys) (*http.Server, *wire, *handlers.API) {
	t.Helper()
	store, err := models.OpenSQLite(context.Background(), filepath.Join(dir, "restaurant.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := slog.New(slog.DiscardHandler)
	deps := handlers.Deps{
		Store: store, Kitchen: kitchen.New(store, kitchen.Manual, log), Hasher: models.NewHasher(), Log: log,
		Authority: tokens.NewAuthority(keys, "http://localhost:8080", 15*time.Minute),
	}
	if deps.Sessions, err = tokens.NewSessions(t.Context(), store, deps.Authority, time.Hour); err != nil {
		t.Fatal(err)
	}
	api, err := handlers.New(handlers.Config{PublicURL: "http://localhost:8080"}, deps)
	if err != nil {
		t.Fatal(err)
	}
	server, w := newServer(api.Handler(), log), &wire{conns: make(chan net.Conn), done: make(chan struct{})}
	return server, w, api
}
