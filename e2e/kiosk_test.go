package e2e

import (
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestKiosk_outlivesTheServer starts both programs as docs/lab.md says, logs out, and
// kills the server: the kiosk goes on with the keys that it has.
func TestKiosk_outlivesTheServer(t *testing.T) {
	server := testkit.Start(t, t.TempDir())
	t.Setenv("RESTAURANT_PUBLIC_URL", "")
	stand := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "kiosk", "-trust", "http://"+server.Addr)
	stand.AwaitOutput("The kiosk is running at http://" + stand.Addr)
	alice, bob := server.Login("alice"), server.Login("bob")

	greeted := stand.Do("GET", "/me", alice, "")
	if greeted.Status != 200 || !strings.Contains(string(greeted.Body), "Welcome, Alice") || !strings.Contains(greeted.Header.Get("Server-Timing"), "0 queries") {
		t.Fatalf("%d %s %v", greeted.Status, greeted.Body, greeted.Header)
	}
	wants := func(when string, status int, token, problem string) {
		t.Helper()
		if a := stand.Do("GET", "/me", token, ""); a.Status != status || !strings.Contains(string(a.Body), problem) {
			t.Errorf("%s: %d %s, want %d %s\n%s", when, a.Status, a.Body, status, problem, stand.Output)
		}
	}
	wants("without a token", 401, "", "authentication-required")
	wants("with another key", 401, alice[:strings.LastIndexByte(alice, '.')+1]+strings.Repeat("A", 342), "token-signature-invalid")
	if status := server.Call("POST", "/api/v1/auth/logout", alice, "", nil); status != 204 {
		t.Fatalf("logout: %d", status)
	}
	wants("before it has heard of the logout", 200, alice, "Welcome, Alice")
	if a := stand.Do("POST", "/sync", "", ""); a.Status != 200 || !strings.Contains(string(a.Body), `"ended":1`) {
		t.Errorf("sync: %d %s", a.Status, a.Body)
	}
	wants("after the logout", 401, alice, "token-revoked")

	server.Kill()
	wants("while the server is away", 200, bob, "Welcome, Bob")
	wants("while the server is away", 401, alice, "token-revoked")
	if a := stand.Do("POST", "/sync", "", ""); a.Status != 503 || !strings.Contains(string(a.Body), "not-ready") {
		t.Errorf("sync: %d %s", a.Status, a.Body)
	}
	if out := stand.Output.String(); strings.Contains(out, "eyJ") || strings.Contains(out, alice[len(alice)-20:]) {
		t.Errorf("a token is in the log: %s", out)
	}
	stand.Signal()
	if code := stand.Wait(10 * time.Second); code != 0 {
		t.Errorf("it ends with %d: %s", code, stand.Output)
	}
}

// TestKiosk_refusesWhatItCannotTrust: each with a sentence.
func TestKiosk_refusesWhatItCannotTrust(t *testing.T) {
	for trust, want := range map[string]string{
		"http://192.0.2.7:8080":          "use its https:// address",
		"localhost:8080":                 "-trust must be http:// or https://",
		"http://user@localhost:8080":     "-trust must be http:// or https://",
		"http://localhost:8080/../other": "-trust must be http:// or https://",
	} {
		if out, code := testkit.RunProgram(t, t.TempDir(), "", "kiosk", "-trust", trust); code != 1 || !isOneSentence(out, want) {
			t.Errorf("%s: %d, %s", trust, code, out)
		}
	}
}
