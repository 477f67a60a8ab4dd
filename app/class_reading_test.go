package app

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"restaurant/class"
)

// TestClass_printingTakesNoTable: the teacher opens the sheets of all tables, with all that they load,
// and each table is as free as before, also in a class that nobody may enter any more.
func TestClass_printingTakesNoTable(t *testing.T) {
	t.Parallel()
	c := openClassIn(t, t.TempDir(), class.Settings{Title: "Pizza class", Tables: 2, Join: class.JoinClosed})
	sheets := regexp.MustCompile(`href="(/t/[^"]*)"`).FindAllStringSubmatch(c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/sheets", "").body, -1)
	if len(sheets) != 2 {
		t.Fatalf("there are sheets of %d tables", len(sheets))
	}
	loads := regexp.MustCompile(`<(?:link|script|img)[^>]*(?:href|src)="(/[^"]*)"`)
	for _, sheet := range sheets {
		page := c.send(t, http.MethodGet, sheet[1], "", "Accept: text/html")
		if page.status != http.StatusOK {
			t.Errorf("%s: %d %s", sheet[1], page.status, page.body)
		}
		for _, file := range loads.FindAllStringSubmatch(page.body, -1) {
			if res := c.send(t, http.MethodGet, file[1], ""); res.status != http.StatusOK {
				t.Errorf("%s: %d %s", file[1], res.status, res.body)
			}
		}
	}
	if free := member(t, c.send(t, http.MethodGet, "/class", ""), "free"); free != 2.0 {
		t.Errorf("afterwards %v tables are free", free)
	}
}

// TestClass_freedTableStaysFree: what the page of somebody who has left goes on asking does not take the
// table, and who opens the page does.
func TestClass_freedTableStaysFree(t *testing.T) {
	t.Parallel()
	c := openClass(t, 1)
	table := c.join(t)
	token := c.logIn(t, table, "alice")
	c.order(t, table, token)
	c.asTeacher(t, http.StatusOK, http.MethodPost, "/teach/tables/01/reset", `{"what":"all"}`)
	free := func() any { return member(t, c.send(t, http.MethodGet, "/class", ""), "free") }
	for _, path := range []string{"/learn/lessons", "/learn/lessons/L04", "/healthz"} {
		c.send(t, http.MethodGet, table+path, "")
	}
	for _, path := range []string{"/api/v1/orders", "/api/v1/orders/1/events", "/api/v1/auth/me"} {
		if res := c.send(t, http.MethodGet, table+path, "", token); res.status != http.StatusUnauthorized {
			t.Errorf("%s with the token of before: %d", path, res.status)
		}
	}
	c.send(t, http.MethodGet, table+"/api/v1/menu", "", "Cookie: access_token=of-before")
	c.send(t, http.MethodPost, table+"/api/v1/auth/refresh", `{"refresh_token":"of-before"}`)
	if n := free(); n != 1.0 {
		t.Errorf("while a page is open, %v tables are free", n)
	}
	c.send(t, http.MethodGet, table+"/", "", "Accept: text/html")
	if n := free(); n != 0.0 {
		t.Errorf("when somebody has opened the page, %v tables are free", n)
	}
	if res := c.send(t, http.MethodGet, table+"/learn/lessons", ""); !strings.Contains(res.body, `"L06"`) || strings.Contains(res.body, `"started"`) {
		t.Errorf("what the page asked meanwhile counts for the next learner: %s", res.body)
	}
}
