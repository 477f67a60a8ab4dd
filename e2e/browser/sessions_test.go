package e2e

import (
	"net/http"
	"testing"
)

func TestMyLogins(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(401)
	guest.opens("/#/sessions")
	guest.finds(heading("My logins"))
	guest.sees("You wear no wristband")
	guest.everyone("my logins, nobody")
	elsewhere := h.token("alice")
	guest.logsIn("alice")
	guest.sees("This one")
	guest.everyone("my logins")
	guest.looks("logins")
	guest.clicks(button("End this one: A program*"))
	guest.sees("That login has ended.")
	if status := h.call("GET", "/api/v1/auth/me", elsewhere, "", nil); status != http.StatusUnauthorized {
		t.Errorf("the other login is answered %d", status)
	}
	guest.clicks(button("End all"))
	guest.finds(link("Log in"))
	guest.everyone("my logins, all ended")
}

// TestALoginThatWasEndedElsewhere is noticed with the next request, and nothing
// that was chosen is lost.
func TestALoginThatWasEndedElsewhere(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(401)
	guest.arrives("alice", "Menu")
	guest.clicks(size("large", "Margherita"))
	h.must("DELETE", "/api/v1/auth/sessions", h.token("alice"), "", nil)
	guest.clicks(button("Order"))
	guest.finds(link("Log in"))
	guest.sees("Your login session was ended")
	guest.finds(button("One more large Margherita"))
	guest.everyone("menu, login ended elsewhere")
}

func TestANewPassword(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	guest := h.seat(t)
	guest.provokes(401)
	guest.arrives("alice", "My logins")
	guest.clicks(thing{role: "DisclosureTriangle", name: "Change the password"})
	guest.fills(textbox("Password of now"), "wrong-password")
	guest.fills(textbox("New password (8 letters or more)"), "a sentence only I know")
	guest.clicks(button("Change the password"))
	guest.sees("401")
	guest.everyone("my logins, wrong password")
	guest.fills(textbox("Password of now"), "alice-likes-pizza")
	guest.clicks(button("Change the password"))
	guest.sees("The password is changed")
	guest.finds(button("Log out"))
	if status := h.call("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"a sentence only I know"}`, nil); status != http.StatusOK {
		t.Errorf("the new password is answered %d", status)
	}
}
