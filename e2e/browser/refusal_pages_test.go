package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// TestRefusalPages_wrongAddress types addresses that do not exist: a page says so, and
// leads to what was meant.
func TestRefusalPages_wrongAddress(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(404)
	guest.open("/menu")
	guest.find(heading("Nothing here"))
	guest.waitText("404", "Did you mean /#/menu or /api/v1/menu?")
	guest.checkAccessibility("a wrong address")
	guest.checkWidths("wrong address")
	guest.click(link("/#/menu"))
	guest.find(size("large", "Margherita"))

	guest.open("/learn/lessons/l01")
	guest.click(link("/#/lessons/L01"))
	guest.find(heading("L01*"))
	guest.open("/problems/token-expird")
	guest.click(link("/problems/token-expired"))
	guest.find(heading("The wristband has expired"))
}

// TestRefusalPages_cookiesOfOthers fills the cookies of localhost, as other programs there
// do. The page that explains it needs nothing that would be refused as well, and leads to
// a name of this computer that has other cookies.
func TestRefusalPages_cookiesOfOthers(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(431)
	for i := range 3 {
		call(guest, network.SetCookie, network.SetCookieParams{Name: fmt.Sprint("of-another-program-", i), Value: strings.Repeat("a", 3400), URL: guest.origin})
	}
	guest.open("/")
	guest.find(heading("Headers too large"))
	guest.waitText("431", "are cookies", "Delete the cookies of this address")
	guest.checkAccessibility("too many cookies")
	if back := eval[string](guest, `getComputedStyle(document.body).maxWidth`); back == "none" {
		t.Error("the page has no style")
	}
	other := strings.Replace(guest.origin, "localhost", "127.0.0.1", 1)
	guest.checkNoFaults()
	guest.seen.mu.Lock()
	guest.seen.origin = other // from here on
	guest.seen.mu.Unlock()
	guest.click(link(other + "/"))
	guest.find(size("large", "Margherita"))
}
