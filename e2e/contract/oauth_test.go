package contract

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestOAuth_node runs the scripts of oauth/: libraries of Node that know only the
// issuer.
func TestOAuth_node(t *testing.T) {
	t.Parallel()
	npm(t, ".", "tsc") // skips without npm ci
	mustFind(t, "node")
	scripts, err := filepath.Glob("oauth/*.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	house := startServer(t)
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("node", script)
			cmd.Env = append(cmd.Environ(), "ISSUER="+house.URL)
			mustRun(t, cmd)
		})
	}
}

// TestOAuth_go: go-oidc finds the keys by the issuer, and the OAuth client of the Go
// project the token endpoint. It tries a Basic header first, with a client of that name
// and no secret, which no other client here does.
func TestOAuth_go(t *testing.T) {
	t.Parallel()
	house := newIssuer(t)
	provider, err := oidc.NewProvider(t.Context(), house.URL)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: "restaurant", Endpoint: provider.Endpoint()}
	pair, err := config.PasswordCredentialsToken(t.Context(), "alice", "alice-likes-pizza")
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: "restaurant"})
	token, err := verifier.Verify(t.Context(), pair.AccessToken)
	if err != nil || token.Subject != "1" || token.Issuer != house.URL {
		t.Errorf("%+v: %v", token, err)
	}
	for name, bad := range house.bad(t) {
		if name == "of another type" || name == "without a type" { // an ID token has none
			continue
		}
		if _, err := verifier.Verify(t.Context(), bad); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
	pair.Expiry = pair.Expiry.AddDate(-1, 0, 0)
	again, err := config.TokenSource(t.Context(), pair).Token()
	if err != nil || again.AccessToken == pair.AccessToken {
		t.Fatalf("no new token by the refresh token: %v", err)
	}
	if status := house.Call("GET", "/api/v1/auth/me", again.AccessToken, "", nil); status != http.StatusOK {
		t.Errorf("the new token is answered %d", status)
	}
	_, err = config.PasswordCredentialsToken(t.Context(), "alice", "wrong")
	if refusal, ok := err.(*oauth2.RetrieveError); !ok || refusal.ErrorCode != "invalid_grant" || refusal.ErrorDescription == "" {
		t.Errorf("a wrong password: %v", err)
	}
}
