package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

var publicArgs = []string{"-public", "on", "-behind-proxy", "on", "-public-url", "https://restaurant.example"}

// TestPublicMode_refusesWhatIsPublished: neither a key made at start-up nor demo
// passwords.
func TestPublicMode_refusesWhatIsPublished(t *testing.T) {
	dir := t.TempDir()
	refused := func(wants string) {
		t.Helper()
		r := testkit.Launch(t, dir, testkit.FreeAddr(t), publicArgs...)
		if code := r.Wait(20 * time.Second); code != 1 || !isOneSentence(r.Output.String(), wants) {
			t.Errorf("exit code %d, output %s", code, r.Output)
		}
	}
	refused("keys rotate")
	if keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem")); len(keys) != 0 {
		t.Error("a key was made at start-up")
	}

	demo := testkit.Start(t, dir) // an ordinary start creates the demo accounts
	alice := demo.Login("alice")
	if status := demo.Call("POST", "/api/v1/auth/password", alice, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, nil); status != 204 {
		t.Errorf("changing a password answers %d", status)
	}
	demo.Stop()
	refused("(bob, vera, carla, marco)")
}

// TestPublicMode_startsAfterPreparation follows the steps that an operator takes.
func TestPublicMode_startsAfterPreparation(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct {
		args  []string
		input string
		wants string
	}{
		{[]string{"keys", "rotate"}, "", "signs from now on"},
		{[]string{"seed", "-demo-data", "off"}, "", "menu"},
		{[]string{"users", "add", "-role", "manager", "boss"}, "a sentence only I know\n", "boss can log in as a manager"},
	} {
		if output, code := testkit.RunProgram(t, dir, step.input, step.args...); code != 0 || !strings.Contains(output, step.wants) {
			t.Fatalf("%v: exit code %d: %s", step.args, code, output)
		}
	}
	if keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem")); len(keys) != 1 {
		t.Errorf("the first rotation left %d keys", len(keys))
	}
	server := testkit.Start(t, dir, publicArgs...)
	for _, name := range []string{"alice", "bob", "vera", "carla", "marco"} {
		if status := server.Call("POST", "/api/v1/auth/login", "", `{"username":"`+name+`","password":"`+name+`-likes-pizza"}`, nil); status != 401 {
			t.Errorf("%s is answered %d", name, status)
		}
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if status := server.Call("POST", "/api/v1/auth/login", "", `{"username":"boss","password":"a sentence only I know"}`, &token); status != 200 {
		t.Errorf("the manager is answered %d", status)
	}
	var menu struct{ Items []struct{ ID int64 } }
	if status := server.Call("GET", "/api/v1/menu", token.AccessToken, "", &menu); status != 200 || len(menu.Items) < 36 {
		t.Errorf("the menu answers %d with %d dishes", status, len(menu.Items))
	}
	if status := server.Call("GET", "/metrics", "", "", nil); status != 401 {
		t.Errorf("behind a proxy the metrics answer a stranger with %d", status)
	}
}

// TestKeys_rotateWhileStopped also shows that a running server refuses.
func TestKeys_rotateWhileStopped(t *testing.T) {
	dir := t.TempDir()
	addr := testkit.FreeAddr(t) // the iss of the tokens, so it stays
	first := testkit.Launch(t, dir, addr)
	first.AwaitReady()
	before := first.Login("alice")
	if output, code := testkit.RunProgram(t, dir, "", "keys", "rotate"); code != 1 || !strings.Contains(output, "in use by another restaurant") {
		t.Errorf("of a running server: exit code %d: %s", code, output)
	}
	first.Stop()
	output, code := testkit.RunProgram(t, dir, "", "keys", "rotate")
	kid, _, _ := strings.Cut(output, " ")
	if code != 0 || len(kid) != 16 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	second := testkit.Launch(t, dir, addr)
	second.AwaitReady()
	var set struct{ Keys []struct{ KID string } }
	second.Call("GET", "/.well-known/jwks.json", "", "", &set)
	if len(set.Keys) != 2 || set.Keys[0].KID != kid {
		t.Errorf("the keys are %+v, the new one is %s", set.Keys, kid)
	}
	for name, token := range map[string]string{"from before": before, "from now": second.Login("alice")} {
		if status := second.Call("GET", "/api/v1/auth/me", token, "", nil); status != 200 {
			t.Errorf("a token %s is answered %d", name, status)
		}
	}
}
