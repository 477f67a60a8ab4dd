package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.opens("/#/menu")
	guest.clicks(link("Log in"))
	guest.finds(loginDialog)
	guest.everyone("login")
	guest.looks("login")

	guest.fills(textbox("Name"), "alice")
	guest.fills(textbox("Password"), "wrong-password")
	guest.clicks(button("Get my wristband"))
	guest.sees("401")
	if typed := eval[string](guest, `document.querySelector('dialog input[name=password]').value`); typed != "wrong-password" {
		t.Errorf("after a refusal the password field holds %q", typed)
	}
	guest.everyone("login, refused")
	guest.clicks(button("Show the password"))
	guest.fills(textbox("Password"), "alice-likes-pizza")
	guest.clicks(button("Get my wristband"))
	guest.misses(loginDialog)
	guest.finds(button("Log out"))
	guest.sees("alice", "left")
	guest.everyone("logged in")
}

// TestLoginDialogKeepsTheFocus leaves by Escape to where it came from.
func TestLoginDialogKeepsTheFocus(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/#/menu")
	guest.tabsTo(link("Log in"))
	guest.presses("Enter")
	guest.finds(loginDialog)
	for range 40 {
		guest.presses("Tab")
		if !guest.holds(`document.activeElement === document.body || !!document.activeElement.closest('dialog')`) {
			t.Fatalf("the focus leaves the dialog for %s", guest.focused())
		}
	}
	guest.presses("Escape")
	guest.misses(loginDialog)
	if at := guest.focused(); at != link("Log in") {
		t.Errorf("after Escape the focus is on %s", at)
	}
}

func TestTooManyWrongPasswords(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 429)
	guest.opens("/#/login")
	guest.finds(heading("Show your ID"))
	guest.everyone("login as a view")
	guest.fills(textbox("Name"), "alice")
	guest.fills(textbox("Password"), "wrong-password")
	guest.until("a refusal with 429", func() bool {
		if guest.says("429") {
			return true
		}
		if all := guest.all(button("Get my wristband")); len(all) > 0 {
			guest.press(all[0])
		}
		return false
	})
	guest.sees("Wait ")
	guest.everyone("login, throttled")
}

// TestLoginWhenTheHouseIsBusy counts the seconds down and then lets one in.
func TestLoginWhenTheHouseIsBusy(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(429)
	guest.sends(refused("POST /api/v1/auth/login", 429, "too-many-attempts", "Too many wrong passwords", "Wait 2 seconds.", &fetch.HeaderEntry{Name: "Retry-After", Value: "2"}))
	guest.opens("/#/login")
	guest.clicks(button("alice"))
	guest.clicks(button("Get my wristband"))
	guest.sees("Wait 2 s", "Wait 1 s")
	guest.sends()
	guest.clicks(button("Get my wristband"))
	guest.finds(button("Log out"))
}

func TestAnAccountOfOnesOwn(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(409, 422)
	guest.opens("/#/login")
	guest.clicks(button("Open an account"))
	guest.fills(textbox("Name"), "alice")
	guest.fills(textbox("Password"), "a sentence only I know")
	guest.fills(textbox("How shall we call you?"), "New Guest")
	guest.clicks(button("Open my account*"))
	guest.sees("409")
	guest.everyone("login, name taken")
	guest.fills(textbox("Name"), "new.guest")
	guest.clicks(button("Open my account*"))
	guest.finds(button("Log out"))
	guest.goes("Notebook")
	for _, card := range guest.all(article("Entry *")) {
		guest.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(article(text(card.Name))))
	}
	guest.sees("YOUR-PASSWORD")
	if guest.says("a sentence only I know") {
		t.Error("the notebook shows a password")
	}
}

// TestNothingIsLeftBehind looks where another script would look.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	for _, where := range []string{"in memory", "in a cookie"} {
		guest.arrives("alice", "Menu", where)
		kept := eval[string](guest, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])`)
		if strings.Contains(kept, "eyJ") || strings.Contains(kept, "token") || strings.Contains(kept, "likes-pizza") {
			t.Errorf("%s: the browser keeps %s", where, kept)
		}
		guest.reloads()
		guest.finds(button("Log out"))
		guest.clicks(button("Log out"))
		guest.finds(link("Log in"))
		before := guest.sent("POST /api/v1/auth/refresh")
		guest.reloads()
		guest.finds(link("Log in"))
		guest.finds(size("large", "Margherita"))
		if after := guest.sent("POST /api/v1/auth/refresh"); after != before {
			t.Errorf("%s: after a logout the page asks for a new wristband", where)
		}
	}
}
