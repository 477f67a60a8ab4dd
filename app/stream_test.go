package app

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
	"restaurant/tokens"
)

// TestAStreamOutlivesTheServersTimeouts keeps an event stream open for as long
// as a wristband lives, over HTTP/1.1 and over HTTP/2, whose deadlines work
// differently.
func TestAStreamOutlivesTheServersTimeouts(t *testing.T) {
	gin.SetMode(gin.TestMode)
	dir := t.TempDir()
	keys, err := tokens.OpenKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for proto, overTLS := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(proto, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				house := openOnWire(t, t.TempDir(), keys, overTLS)
				defer house.close()
				req, err := http.NewRequest("GET", house.url+"/api/v1/orders/1/events", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+house.token)
				res, err := house.client.Do(req)
				if err != nil || res.StatusCode != 200 || res.Proto != proto {
					t.Fatalf("%v %v", res, err)
				}
				defer res.Body.Close()
				start, beats := time.Now(), 0
				lines := bufio.NewScanner(res.Body)
				for lines.Scan() {
					if strings.HasPrefix(lines.Text(), ":") {
						beats++
					}
				}
				if took := time.Since(start).Round(time.Second); lines.Err() != nil || took != 15*time.Minute || beats < 59 {
					t.Errorf("the stream ended after %v and %d heartbeats: %v", took, beats, lines.Err())
				}
			})
		})
	}
}

// wiredHouse is a house in a bubble, with an order and a client.
type wiredHouse struct {
	url, token string
	client     *http.Client
	close      func()
}

func openOnWire(t *testing.T, dir string, keys *tokens.Keys, overTLS bool) wiredHouse {
	t.Helper()
	server, w, api := serveOnWire(t, dir, keys)
	transport := &http.Transport{ForceAttemptHTTP2: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return w.dial(), nil }}
	house := wiredHouse{url: "http://localhost", client: &http.Client{Transport: transport}}
	if overTLS {
		house.url = "https://localhost"
		transport.TLSClientConfig = wireTLS(t, server, filepath.Join(dir, "tls"))
		go func() { _ = server.ServeTLS(w, "", "") }()
	} else {
		go func() { _ = server.Serve(w) }()
	}
	house.close = func() {
		transport.CloseIdleConnections()
		server.Close()
	}
	u := models.User{Username: "alice", Name: "Alice", Role: models.RoleGuest}
	if _, err := api.Store.AddUser(t.Context(), api.Hasher, models.NewUser{Username: "alice", Password: "alice-likes-pizza", Name: "Alice", Role: models.RoleGuest}); err != nil {
		t.Fatal(err)
	}
	u.ID = 1
	token, err := api.Authority.Issue(u, tokens.NewID(), 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	dish := models.MenuItem{Name: "Margherita", Category: "Pizza", Sizes: []models.Size{{Size: "large", PriceCents: 1250}}, Allergens: []string{}, Available: true}
	if err := api.Store.CreateMenuItem(t.Context(), &dish); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.Store.PlaceOrder(t.Context(), models.NewOrder{UserID: 1, Lines: []models.NewLine{{MenuItemID: 1, Size: "large", Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	house.token = token
	return house
}

// wireTLS gives the server a certificate of its own and returns what a client
// needs to trust it. It is made inside the bubble, whose clock it must fit.
func wireTLS(t *testing.T, server *http.Server, dir string) *tls.Config {
	t.Helper()
	if err := renewSelfSigned(dir, []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	c := &certificates{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem")}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*c.current}}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}
