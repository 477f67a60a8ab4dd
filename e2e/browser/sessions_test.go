package browser

import (
	"net/http"
	"testing"
)

// TestSessions_list lists the login sessions, ends one, and ends all.
func TestSessions_list(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(401)
	guest.open("/#/sessions")
	guest.find(heading("My logins"))
	guest.waitText("You have no wristband")
	guest.checkAccessibility("my logins, nobody")
	elsewhere := s.Login("alice")
	guest.logIn("alice")
	guest.waitText("This one")
	guest.checkAccessibility("my logins")
	guest.checkWidths("logins")
	guest.click(button("End this one: A program*"))
	guest.waitText("That login has ended.")
	if status := s.Call("GET", "/api/v1/auth/me", elsewhere, "", nil); status != http.StatusUnauthorized {
		t.Errorf("the other login is answered %d", status)
	}
	guest.click(button("End all"))
	guest.find(link("Log in"))
	guest.checkAccessibility("my logins, all ended")
}

// TestSessions_endedElsewhere is noticed with the next request, and nothing
// that was chosen is lost.
func TestSessions_endedElsewhere(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "Menu")
	guest.click(size("large", "Margherita"))
	s.mustCall("DELETE", "/api/v1/auth/sessions", s.Login("alice"), "", nil)
	guest.click(button("Order"))
	guest.find(link("Log in"))
	guest.waitText("Your login session and its wristband")
	guest.find(button("One more large Margherita"))
	guest.checkAccessibility("menu, login ended elsewhere")
}

// TestSessions_newPassword takes the current password, and keeps this session.
func TestSessions_newPassword(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	guest := s.newTab(t)
	guest.expectStatus(401)
	guest.openAs("alice", "My logins")
	guest.click(element{role: "DisclosureTriangle", name: "Change the password"})
	guest.fill(textbox("Current password"), "wrong-password")
	guest.fill(textbox("New password (8 letters or more)"), "a sentence only I know")
	guest.click(button("Change the password"))
	guest.waitText("401")
	guest.checkAccessibility("my logins, wrong password")
	guest.fill(textbox("Current password"), "alice-likes-pizza")
	guest.click(button("Change the password"))
	guest.waitText("The password is changed")
	guest.find(button("Log out"))
	if status := s.Call("POST", "/api/v1/auth/login", "", `{"username":"alice","password":"a sentence only I know"}`, nil); status != http.StatusOK {
		t.Errorf("the new password is answered %d", status)
	}
}
