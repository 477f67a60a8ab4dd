package app

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
	"restaurant/server"
	"restaurant/tokens"
)

// TestStream_outlivesServerTimeouts keeps an event stream open for as long as an access
// token lives, over HTTP/1.1 and over HTTP/2, whose deadlines work differently.
func TestStream_outlivesServerTimeouts(t *testing.T) {
	t.Parallel()
	for proto, overTLS := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(proto, func(t *testing.T) {
			dir := dirWithKeys(t)
			synctest.Test(t, func(t *testing.T) {
				p, client, url := dialPipe(t, dir, overTLS)
				req, err := http.NewRequest("GET", url+"/api/v1/orders/1/events", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+placeFirstOrder(t, p))
				res, err := client.Do(req)
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

// dialPipe serves over dir and returns a client for it. A certificate is made inside
// the bubble, whose clock it must fit.
func dialPipe(t *testing.T, dir string, overTLS bool) (p *pipeServer, client *http.Client, url string) {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return p.dial(), nil }}
	var certificates *server.Certificates
	url = "http://localhost"
	if overTLS {
		url = "https://localhost"
		var err error
		if certificates, err = server.OpenSelfSigned(filepath.Join(dir, "tls"), []string{"localhost"}, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile(filepath.Join(dir, "tls", "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "localhost"}
	}
	p = serveOnPipe(t, dir, certificates)
	t.Cleanup(transport.CloseIdleConnections)
	return p, &http.Client{Transport: transport}, url
}

// placeFirstOrder adds a user and an order of theirs, and returns their access token.
func placeFirstOrder(t *testing.T, p *pipeServer) (token string) {
	t.Helper()
	alice, err := p.api.Store.AddUser(t.Context(), models.NewUser{Username: "alice", Password: "alice-likes-pizza", Name: "Alice", Role: models.RoleGuest})
	if err != nil {
		t.Fatal(err)
	}
	dish := models.MenuItem{Name: "Margherita", Category: "Pizza", Sizes: []models.Size{{Size: "large", PriceCents: 1250}}, Allergens: []string{}, Available: true}
	if err := p.api.Store.CreateMenuItem(t.Context(), &dish); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.api.Store.PlaceOrder(t.Context(), models.NewOrder{UserID: alice.ID, Lines: []models.NewLine{{MenuItemID: dish.ID, Size: "large", Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	if token, err = p.api.Authority.Issue(alice, tokens.NewID(), time.Now().Add(15*time.Minute)); err != nil {
		t.Fatal(err)
	}
	return token
}
