package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// TestSeed_generatesGuestsAndOrders runs seed three times over one folder, and
// then looks at them through the API.
func TestSeed_generatesGuestsAndOrders(t *testing.T) {
	dir := t.TempDir()
	output, code := testkit.RunProgram(t, dir, "", "seed", "-orders", "2000", "-guests", "100")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	for _, wants := range []string{
		"guests: 100 of 100, 100%", "100 guests are new", "0 names were taken",
		"orders: 2000 of 2000, 100%", "2000 orders are new", "it adds the same number",
	} {
		if !strings.Contains(output, wants) {
			t.Errorf("does not say %q: %s", wants, output)
		}
	}
	if strings.ContainsAny(output, "\r\x1b") {
		t.Errorf("draws a bar where there is no terminal: %q", output)
	}
	if output, code = testkit.RunProgram(t, dir, "", "seed", "-guests", "150"); code != 0 || !strings.Contains(output, "50 guests are new") || !strings.Contains(output, "100 names were taken") || strings.Contains(output, "orders") {
		t.Errorf("150 guests the second time: %d, %s", code, output)
	}
	if output, code = testkit.RunProgram(t, dir, "", "seed", "-orders", "10"); code != 0 || !strings.Contains(output, "10 orders are new") {
		t.Errorf("orders of the guests who are there: %d, %s", code, output)
	}

	server := testkit.Start(t, dir)
	var page struct {
		Items []struct {
			ID     int64
			Status string
		}
		NextCursor *string `json:"next_cursor"`
	}
	if status := server.Call("GET", "/api/v1/kitchen/orders", server.Login("carla"), "", &page); status != 200 || len(page.Items) != 0 {
		t.Errorf("the kitchen answers %d with %d orders to cook", status, len(page.Items))
	}
	if status := server.Call("GET", "/api/v1/kitchen/orders?status=served&limit=100", server.Login("carla"), "", &page); status != 200 || len(page.Items) != 100 || page.NextCursor == nil {
		t.Errorf("the kitchen answers %d with %d served orders", status, len(page.Items))
	}
	if status := server.Call("GET", "/api/v1/orders", server.Login("alice"), "", &page); status != 200 || len(page.Items) != 0 {
		t.Errorf("alice is answered %d and has %d orders", status, len(page.Items))
	}
}

// changing is what differs between two answers to the same question.
var changing = regexp.MustCompile(`"request_id":"[^"]*"`)

// TestSeed_generatedGuestsCannotLogIn compares the refusal with that of a wrong
// password.
func TestSeed_generatedGuestsCannotLogIn(t *testing.T) {
	dir := t.TempDir()
	if output, code := testkit.RunProgram(t, dir, "", "seed", "-guests", "1"); code != 0 {
		t.Fatalf("exit code %d: %s", code, output)
	}
	server := testkit.Start(t, dir)
	refusal := func(username, password string) string {
		t.Helper()
		res, err := http.Post(server.URL+"/api/v1/auth/login", "application/json",
			strings.NewReader(`{"username":"`+username+`","password":"`+password+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		queries := regexp.MustCompile(`\d+ quer`).FindString(res.Header.Get("Server-Timing"))
		return strings.Join([]string{res.Status, res.Header.Get("WWW-Authenticate"), queries, changing.ReplaceAllString(string(body), "")}, "\n")
	}
	want := refusal("alice", "not her password")
	if !strings.HasPrefix(want, "401") || !strings.Contains(want, "invalid-credentials") || !strings.Contains(want, "1 quer") {
		t.Fatalf("a wrong password of alice: %s", want)
	}
	for _, password := range []string{"guest-1-likes-pizza", "guest-1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if got := refusal("guest-1", password); got != want {
			t.Errorf("guest-1 with %s:\n%s\nalice with a wrong password:\n%s", password, got, want)
		}
	}
}
