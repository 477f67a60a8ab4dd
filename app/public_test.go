package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// perform runs the real program to its end.
func perform(t *testing.T, dir, input string, args ...string) (said string, code int) {
	t.Helper()
	cmd := exec.Command(program(), args...)
	cmd.Env = append(os.Environ(), "DATA_DIR="+dir)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

var forThePublic = []string{"-public", "on", "-behind-proxy", "on", "-public-url", "https://restaurant.example"}

func TestThePublicIsRefusedWhatEverybodyKnows(t *testing.T) {
	dir := t.TempDir()
	refused := func(wants string) {
		t.Helper()
		r := launch(t, dir, freeAddr(t), forThePublic...)
		if code := r.wait(20 * time.Second); code != 1 || !isOneSentence(r.out.String(), wants) {
			t.Errorf("ends with %d and says %s", code, r.out)
		}
	}
	refused("keys rotate")
	if keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem")); len(keys) != 0 {
		t.Error("a key was made up on the spot")
	}

	demo := start(t, dir) // an ordinary start brings the demo accounts
	alice := demo.login("alice")
	if status := demo.call("POST", "/api/v1/auth/password", alice, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, nil); status != 204 {
		t.Errorf("changing a password answers %d", status)
	}
	demo.close()
	refused("(bob, vera, carla, marco)")
}

func TestAHouseForThePublic(t *testing.T) {
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
		if said, code := perform(t, dir, step.input, step.args...); code != 0 || !strings.Contains(said, step.wants) {
			t.Fatalf("%v ends with %d: %s", step.args, code, said)
		}
	}
	if keys, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem")); len(keys) != 1 {
		t.Errorf("the first rotation left %d keys", len(keys))
	}
	house := start(t, dir, forThePublic...)
	for _, name := range []string{"alice", "bob", "vera", "carla", "marco"} {
		if status := house.call("POST", "/api/v1/auth/login", "", `{"username":"`+name+`","password":"`+name+`-likes-pizza"}`, nil); status != 401 {
			t.Errorf("%s is answered %d", name, status)
		}
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if status := house.call("POST", "/api/v1/auth/login", "", `{"username":"boss","password":"a sentence only I know"}`, &token); status != 200 {
		t.Errorf("the manager is answered %d", status)
	}
	var menu struct{ Items []struct{ ID int64 } }
	if status := house.call("GET", "/api/v1/menu", token.AccessToken, "", &menu); status != 200 || len(menu.Items) < 36 {
		t.Errorf("the menu answers %d with %d dishes", status, len(menu.Items))
	}
	if status := house.call("GET", "/metrics", "", "", nil); status != 401 {
		t.Errorf("behind a proxy the metrics answer a stranger with %d", status)
	}
}

// TestKeysRotateInAClosedHouse also shows that an open one refuses.
func TestKeysRotateInAClosedHouse(t *testing.T) {
	dir := t.TempDir()
	addr := freeAddr(t) // the iss of the tokens, so it stays
	first := launch(t, dir, addr)
	first.ready()
	before := first.login("alice")
	if said, code := perform(t, dir, "", "keys", "rotate"); code != 1 || !strings.Contains(said, "in use by another restaurant") {
		t.Errorf("in an open house it ends with %d: %s", code, said)
	}
	first.close()
	said, code := perform(t, dir, "", "keys", "rotate")
	kid, _, _ := strings.Cut(said, " ")
	if code != 0 || len(kid) != 16 {
		t.Fatalf("ends with %d: %s", code, said)
	}
	second := launch(t, dir, addr)
	second.ready()
	var set struct{ Keys []struct{ KID string } }
	second.call("GET", "/.well-known/jwks.json", "", "", &set)
	if len(set.Keys) != 2 || set.Keys[0].KID != kid {
		t.Errorf("the keys are %+v, the new one is %s", set.Keys, kid)
	}
	for name, token := range map[string]string{"from before": before, "from now": second.login("alice")} {
		if status := second.call("GET", "/api/v1/auth/me", token, "", nil); status != 200 {
			t.Errorf("a token %s is answered %d", name, status)
		}
	}
}
