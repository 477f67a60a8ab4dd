package browser

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
)

// TestLogin_dialog refuses a wrong password, keeps what was typed, and lets the right one in.
func TestLogin_dialog(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401)
	guest.open("/#/menu")
	guest.click(link("Log in"))
	guest.find(loginDialog)
	guest.checkAccessibility("login")
	guest.checkWidths("login")

	guest.fill(textbox("Name"), "alice")
	guest.fill(textbox("Password"), "wrong-password")
	guest.click(button("Log in and get my wristband"))
	guest.waitText("401")
	if typed := eval[string](guest, `document.querySelector('dialog input[name=password]').value`); typed != "wrong-password" {
		t.Errorf("after a refusal the password field holds %q", typed)
	}
	guest.checkAccessibility("login, refused")
	guest.click(button("Show the password"))
	guest.fill(textbox("Password"), "alice-likes-pizza")
	guest.click(button("Log in and get my wristband"))
	guest.waitGone(loginDialog)
	guest.find(button("Log out"))
	guest.waitText("alice", "left")
	guest.checkAccessibility("logged in")
}

// spokenIn are the words in the places of a part of the page that a screen reader reads out.
const spokenIn = `[...document.querySelectorAll('%s [role=status], %s [role=alert]')].map((e) => e.textContent).join(' ')`

// TestDialogs_areHeard: while a dialog is open, the page behind it is silent, so what happens is said inside. The
// page itself speaks when none is open.
func TestDialogs_areHeard(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	heard := func(where, words string) {
		t.Helper()
		guest.waitUntil(words+" is said in "+where, func() bool {
			return strings.Contains(eval[string](guest, strings.ReplaceAll(spokenIn, "%s", where)), words)
		})
	}
	guest.open("/#/menu")
	guest.click(link("Log in"))
	guest.click(button("alice").within(loginDialog))
	heard("dialog:modal", "The form is filled in for alice.")
	guest.click(button("Log in and get my wristband"))
	guest.waitGone(loginDialog)
	heard("body >", "You have a wristband now.")
	guest.open("/#/lessons/L01")
	guest.click(button("Start over"))
	heard("dialog:modal", "You would lose: things that the server has seen")
}

// TestLogin_dialogKeepsTheFocus leaves by Escape to where it came from.
func TestLogin_dialogKeepsTheFocus(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/#/menu")
	guest.tabTo(link("Log in"))
	guest.pressKey("Enter")
	guest.find(loginDialog)
	for range 40 {
		guest.pressKey("Tab")
		if !guest.isTrue(`document.activeElement === document.body || !!document.activeElement.closest('dialog')`) {
			t.Fatalf("the focus leaves the dialog for %s", guest.focused())
		}
	}
	guest.pressKey("Escape")
	guest.waitGone(loginDialog)
	if at := guest.focused(); at != link("Log in") {
		t.Errorf("after Escape the focus is on %s", at)
	}
}

// TestLogin_throttled shows how long to wait after too many wrong passwords.
func TestLogin_throttled(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401, 429)
	guest.open("/#/login")
	guest.find(heading("Show your ID"))
	guest.checkAccessibility("login as a view")
	guest.fill(textbox("Name"), "alice")
	guest.fill(textbox("Password"), "wrong-password")
	guest.waitUntil("a refusal with 429", func() bool {
		if guest.hasText("429") {
			return true
		}
		if all := guest.all(button("Log in and get my wristband")); len(all) > 0 {
			guest.tryClick(all[0])
		}
		return false
	})
	guest.waitText("Wait ")
	guest.checkAccessibility("login, throttled")
}

// TestLogin_countsDown counts the seconds down and then lets one in.
func TestLogin_countsDown(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(429)
	guest.recordCountdown()
	guest.intercept(refuse("POST /api/v1/auth/login", 429, "too-many-attempts", "Too many wrong passwords", "Wait 2 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "2"}))
	guest.open("/#/login")
	guest.click(button("alice"))
	guest.click(button("Log in and get my wristband"))
	guest.waitCountdown()
	guest.intercept()
	guest.click(button("Log in and get my wristband"))
	guest.find(button("Log out"))
	if shown := eval[[]string](guest, `e2e.countdown`); !slices.Equal(shown, []string{"Wait 2 s", "Wait 1 s"}) {
		t.Errorf("the countdown shows %q", shown)
	}
}

// TestLogin_register registers a user, and keeps the password out of the notebook.
func TestLogin_register(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(409, 422)
	guest.open("/#/login")
	guest.click(button("Create an account"))
	guest.fill(textbox("Name"), "alice")
	guest.fill(textbox("Password"), "a sentence only I know")
	guest.fill(textbox("What is your name?"), "New Guest")
	guest.click(button("Create my account*"))
	guest.waitText("409")
	guest.checkAccessibility("login, name taken")
	guest.fill(textbox("Name"), "new.guest")
	guest.click(button("Create my account*"))
	guest.find(button("Log out"))
	guest.goTo("Notebook")
	for _, card := range guest.all(article("Entry *")) {
		guest.click(element{role: "DisclosureTriangle", name: "*"}.within(article(text(card.Name))))
	}
	guest.waitText("YOUR-PASSWORD")
	if guest.hasText("a sentence only I know") {
		t.Error("the notebook shows a password")
	}
}

// TestLogin_keepsNothingInStorage looks where another script would look.
func TestLogin_keepsNothingInStorage(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	for _, where := range []string{"in memory", "in a cookie"} {
		guest.openAs("alice", "Menu", where)
		kept := eval[string](guest, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])`)
		if strings.Contains(kept, "eyJ") || strings.Contains(kept, "token") || strings.Contains(kept, "likes-pizza") {
			t.Errorf("%s: the browser keeps %s", where, kept)
		}
		guest.reload()
		guest.waitText("Alice, guest", " left") // a request that a logout overtakes is refused
		guest.click(button("Log out"))
		guest.find(link("Log in"))
		before := guest.sent("POST /api/v1/auth/refresh")
		guest.reload()
		guest.find(link("Log in"))
		guest.find(size("large", "Margherita"))
		if after := guest.sent("POST /api/v1/auth/refresh"); after != before {
			t.Errorf("%s: after a logout the page refreshes the access token", where)
		}
	}
}
