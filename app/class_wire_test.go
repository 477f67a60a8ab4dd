package app

import (
	"net/http"
	"strings"
	"testing"
)

// TestClass_pauseHoldsOnTheWire: a wire that was opened before a pause takes no order in it. Lessons can be read
// there, too, and after the pause it takes orders.
func TestClass_pauseHoldsOnTheWire(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	alice := c.logIn(t, table, "alice")
	wire := member(t, c.send(t, http.MethodPost, table+"/lab/wire", `{"tls":false}`), "listen").(string)
	over := func(method, path, body string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+wire+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = strings.TrimPrefix(c.server.URL, "http://")
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", strings.TrimPrefix(alice, "Authorization: "))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, res.Header.Get("Retry-After")
	}
	const margherita = `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`
	if status, _ := over(http.MethodPost, table+"/api/v1/orders", margherita); status != http.StatusCreated {
		t.Errorf("before the pause an order is answered %d", status)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pause", `{"seconds":60}`)
	if status, after := over(http.MethodPost, table+"/api/v1/orders", margherita); status != http.StatusServiceUnavailable || after == "" {
		t.Errorf("in the pause an order is answered %d, Retry-After %q", status, after)
	}
	for _, path := range []string{table + "/api/v1/auth/me", "/api/v1/auth/me"} { // the house behind the wire takes both
		if status, _ := over(http.MethodGet, path, ""); status == http.StatusOK {
			t.Errorf("in the pause %s is answered", path)
		}
	}
	if status, _ := over(http.MethodGet, table+"/learn/lessons", ""); status != http.StatusOK {
		t.Errorf("in the pause the lessons are answered %d", status)
	}
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/pause", `{}`)
	if status, _ := over(http.MethodPost, table+"/api/v1/orders", margherita); status != http.StatusCreated {
		t.Errorf("after the pause an order is answered %d", status)
	}
}
