package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
)

// TestClass_tablesShareNoLogin opens two tables of a class in one browser, as on a computer that
// two learners share. Each page knows its own login and keeps it.
func TestClass_tablesShareNoLogin(t *testing.T) {
	t.Parallel()
	c := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "class", "-tables", "2")
	c.AwaitOutput("For the teacher only: ")
	var seven, eight struct{ Base string }
	for _, table := range []any{&seven, &eight} {
		if status := c.Call("POST", "/class/join", "", `{}`, table); status != http.StatusCreated {
			t.Fatalf("joining answers %d", status)
		}
	}
	first := openTab(t, nil, "http://"+c.Addr, chrome, chromedp.WithNewBrowserContext())
	first.open(strings.TrimPrefix(seven.Base, first.origin) + "/")
	first.logIn("alice")
	second := openTab(t, nil, "http://"+c.Addr, first.ctx)
	second.open(strings.TrimPrefix(eight.Base, second.origin) + "/")
	second.find(link("Log in"))
	second.logIn("bob")
	first.reload()
	first.find(button("Log out"))
}
