package browser

import (
	"net/http"
	"testing"
)

// TestOffice_isForManagers shows everyone else why the office is closed.
func TestOffice_isForManagers(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.expectStatus(401, 403)
	guest.open("/#/office")
	guest.find(heading("Manager’s office"))
	guest.waitText("You have no wristband")
	guest.checkAccessibility("office, nobody")
	guest.click(button("Ask without one"))
	guest.waitText("401")
	guest.checkAccessibility("office, refused")
	guest.logIn("carla")
	guest.waitText("403", "Your wristband says role: chef.")
	guest.checkAccessibility("office, chef")
}

// TestOffice_guests changes a user and ends sessions; the last manager stays one.
func TestOffice_guests(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	bob := s.Login("bob")
	manager := s.newTab(t)
	manager.expectStatus(409)
	manager.openAs("marco", "Office")
	manager.find(region("Guests"))
	manager.find(button("Save bob"))
	manager.checkAccessibility("office")
	manager.checkWidths("office")
	manager.click(checkbox("VIP: bob"))
	manager.click(button("Save bob"))
	manager.waitText("bob is changed. All login sessions of bob have ended")
	if status := s.Call("GET", "/api/v1/auth/me", bob, "", nil); status != http.StatusUnauthorized {
		t.Errorf("bob's old access token is answered %d", status)
	}
	if status := s.Call("GET", "/api/v1/lounge", s.Login("bob"), "", nil); status != http.StatusOK {
		t.Errorf("bob at the lounge is answered %d", status)
	}
	alice := s.Login("alice")
	manager.click(button("End all logins of alice"))
	manager.waitText("All login sessions of alice have ended.")
	if status := s.Call("GET", "/api/v1/auth/me", alice, "", nil); status != http.StatusUnauthorized {
		t.Errorf("alice's access token is answered %d", status)
	}
	manager.selectOption("Role of marco", "guest")
	manager.click(button("Save marco"))
	manager.waitText("409")
	manager.checkAccessibility("office, the last manager")
}

// selectOption picks an option of a select, as a keyboard would.
func (p *tab) selectOption(label, option string) {
	p.t.Helper()
	box := p.find(element{role: "combobox", name: label})
	callOn[bool](p, box.BackendDOMNodeID, `function() { this.focus(); return true }`)
	p.typeText(option)
	p.waitUntil(label+" is "+option, func() bool {
		return callOn[string](p, box.BackendDOMNodeID, `function() { return this.selectedOptions[0].textContent }`) == option
	})
}

// TestOffice_menu adds, changes and removes a dish; an outdated change is refused.
func TestOffice_menu(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	manager := s.newTab(t)
	manager.expectStatus(412, 422)
	manager.openAs("marco", "Office")
	manager.click(button("Add a dish"))
	form := element{role: "form", name: "Add a dish"}
	manager.find(form)
	manager.checkAccessibility("office, a new dish")
	manager.fill(textbox("Name").within(form), "Pizza of the day")
	manager.fill(textbox("Category").within(form), "pizza")
	manager.click(button("Put it on the menu"))
	manager.waitText("422")
	manager.checkAccessibility("office, a dish without a price")
	manager.fill(textbox("medium, cents").within(form), "990")
	manager.click(button("Put it on the menu"))
	manager.waitText("Pizza of the day is on the menu.")

	manager.click(button("Change Margherita"))
	manager.find(element{role: "form", name: "Change Margherita"})
	marco := s.Login("marco")
	var dish map[string]any
	s.mustCall("GET", "/api/v1/menu/1", "", "", &dish)
	delete(dish, "id")
	dish["description"] = "Somebody was quicker"
	s.mustCall("PUT", "/api/v1/menu/1", marco, quote(dish), nil)
	manager.fill(textbox("Description"), "Mine")
	manager.click(button("Save the dish"))
	manager.waitText("412", "Somebody else changed it.")
	manager.checkAccessibility("office, somebody was quicker")
	manager.click(button("Change Margherita"))
	manager.waitUntil("the dish as it is now", func() bool {
		return manager.isTrue(`document.querySelector('#dish-description')?.value === 'Somebody was quicker'`)
	})
	manager.click(button("Save the dish"))
	manager.waitText("Margherita is changed.")

	manager.scrollTo("Pizza of the day")
	manager.click(button("Remove Pizza of the day"))
	manager.click(button("Really remove Pizza of the day?"))
	manager.waitText("Pizza of the day is off the menu.")
	manager.click(button("Sign with a new key"))
	manager.waitText("signs from now on.")
	manager.checkAccessibility("office, a new key")
}

// TestOffice_loadingAndRefused says what the page waits for, and what went wrong.
func TestOffice_loadingAndRefused(t *testing.T) {
	t.Parallel()
	manager := startServer(t).newTab(t)
	manager.expectStatus(503)
	gate, opens := hold("GET /api/v1/users")
	manager.intercept(gate)
	manager.openAs("marco", "Office")
	manager.waitText("Opening the office")
	manager.checkAccessibility("office, loading")
	opens()
	manager.find(region("Guests"))
	manager.intercept(refuse("GET /api/v1/users", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	manager.goTo("Menu")
	manager.goTo("Office")
	manager.waitText("503")
	manager.checkAccessibility("office, in trouble")
	manager.intercept()
	manager.click(button("Try again"))
	manager.find(region("Guests"))
}
