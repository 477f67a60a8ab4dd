package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestSwaggerUI_triesACall logs in and asks who is there, as people do who read a contract
// for the first time: at the root, at the end of a path, and under another name of the server
// than the one in the contract.
func TestSwaggerUI_triesACall(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, host, base string }{
		{"at the root", "localhost", ""},
		{"under a path", "localhost", "/school/restaurant"},
		{"under another name", "127.0.0.1", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := startServer(t)
			s.Kill()
			s.settings = append(s.settings, "RESTAURANT_PUBLIC_URL=http://"+s.Addr+tc.base)
			s.restart()
			_, port, _ := strings.Cut(s.Addr, ":")
			guest := openTab(t, s, "http://"+tc.host+":"+port, chrome, chromedp.WithNewBrowserContext())
			guest.open(tc.base + "/swagger/index.html")
			guest.click(button("Authorize"))
			guest.waitText("Password (OAuth2, password)")
			for _, unused := range []string{"Scopes are used", "client_id:", "client_secret:", "Client credentials location:"} {
				if guest.hasText(unused) {
					t.Errorf("the dialog asks for what nobody needs: %q: %s", unused, guest.screenshot("authorize"))
				}
			}
			if top := eval[string](guest, `document.elementsFromPoint(innerWidth / 2, document.querySelector('.modal-ux-content').getBoundingClientRect().top + 40).find(e => e.matches('.auth-container'))?.innerText ?? ''`); !strings.HasPrefix(top, "Password") {
				t.Errorf("the dialog begins with %q: %s", top, guest.screenshot("authorize"))
			}
			guest.fill(textbox("username:*"), "alice")
			guest.fill(textbox("password:*"), "alice-likes-pizza")
			guest.click(button("Apply given OAuth2 credentials"))
			guest.waitText("Authorized") // then the dialog is drawn again
			guest.click(button("Close"))
			guest.click(button("get *auth*me"))
			guest.click(button("Try it out"))
			guest.click(button("Execute"))
			guest.waitText(`"name": "Alice"`)
			guest.screenshot("executed")
			guest.click(button("get *auth*me")) // close it: one "Execute" at a time
			guest.click(button("get *learn"))
			guest.click(button("Try it out"))
			guest.click(button("Execute"))
			guest.waitText(`"id": "L09"`) // the example beside it has one lesson
			if guest.sent("GET "+tc.base+"/openapi.json") != 1 || guest.sent("GET "+tc.base+"/api/v1/auth/me") != 1 || guest.sent("GET "+tc.base+"/swagger/doc.json") != 0 {
				t.Errorf("Swagger UI asked for %s", guest.seen.sent)
			}
			for _, asked := range guest.seen.sent {
				if _, path, _ := strings.Cut(asked, " "); !strings.HasPrefix(path, tc.base+"/") {
					t.Errorf("Swagger UI asked for %s", path)
				}
			}
		})
	}
}
