package e2e

import (
	"net/http"
	"testing"
)

func TestTheOfficeIsForTheManager(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401, 403)
	guest.opens("/#/office")
	guest.finds(heading("Manager’s office"))
	guest.sees("You wear no wristband")
	guest.everyone("office, nobody")
	guest.clicks(button("Ask without one"))
	guest.sees("401")
	guest.everyone("office, refused")
	guest.logsIn("carla")
	guest.sees("403", "Your wristband says role: chef.")
	guest.everyone("office, chef")
}

func TestOfficeGuests(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	bob := h.token("bob")
	manager := h.seat(t)
	manager.provokes(409)
	manager.arrives("marco", "Office")
	manager.finds(region("Guests"))
	manager.finds(button("Save bob"))
	manager.everyone("office")
	manager.looks("office")
	manager.clicks(checkbox("VIP: bob"))
	manager.clicks(button("Save bob"))
	manager.sees("bob is changed. All logins of bob have ended")
	if status := h.call("GET", "/api/v1/auth/me", bob, "", nil); status != http.StatusUnauthorized {
		t.Errorf("bob's old wristband is answered %d", status)
	}
	if status := h.call("GET", "/api/v1/lounge", h.token("bob"), "", nil); status != http.StatusOK {
		t.Errorf("bob at the lounge is answered %d", status)
	}
	alice := h.token("alice")
	manager.clicks(button("End all logins of alice"))
	manager.sees("All logins of alice have ended.")
	if status := h.call("GET", "/api/v1/auth/me", alice, "", nil); status != http.StatusUnauthorized {
		t.Errorf("alice's wristband is answered %d", status)
	}
	manager.chooses("Role of marco", "guest")
	manager.clicks(button("Save marco"))
	manager.sees("409")
	manager.everyone("office, the last manager")
}

// chooses picks an option of a select, as a keyboard would.
func (p *tab) chooses(label, option string) {
	p.t.Helper()
	box := p.finds(thing{role: "combobox", name: label})
	callOn[bool](p, box.BackendDOMNodeID, `function() { this.focus(); return true }`)
	p.types(option)
	p.until(label+" is "+option, func() bool {
		return callOn[string](p, box.BackendDOMNodeID, `function() { return this.selectedOptions[0].textContent }`) == option
	})
}

func TestOfficeMenu(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	manager := h.seat(t)
	manager.provokes(412, 422)
	manager.arrives("marco", "Office")
	manager.clicks(button("Add a dish"))
	form := thing{role: "form", name: "Add a dish"}
	manager.finds(form)
	manager.everyone("office, a new dish")
	manager.fills(textbox("Name").within(form), "Pizza of the day")
	manager.fills(textbox("Category").within(form), "pizza")
	manager.clicks(button("Put it on the menu"))
	manager.sees("422")
	manager.everyone("office, a dish without a price")
	manager.fills(textbox("medium, cents").within(form), "990")
	manager.clicks(button("Put it on the menu"))
	manager.sees("Pizza of the day is on the menu.")

	manager.clicks(button("Change Margherita"))
	manager.finds(thing{role: "form", name: "Change Margherita"})
	marco := h.token("marco")
	var dish map[string]any
	h.must("GET", "/api/v1/menu/1", "", "", &dish)
	delete(dish, "id")
	dish["description"] = "Somebody was quicker"
	h.must("PUT", "/api/v1/menu/1", marco, quote(dish), nil)
	manager.fills(textbox("Description"), "Mine")
	manager.clicks(button("Save the dish"))
	manager.sees("412", "Somebody changed it meanwhile.")
	manager.everyone("office, somebody was quicker")
	manager.clicks(button("Change Margherita"))
	manager.until("the dish as it is now", func() bool {
		return manager.holds(`document.querySelector('#dish-description')?.value === 'Somebody was quicker'`)
	})
	manager.clicks(button("Save the dish"))
	manager.sees("Margherita is changed.")

	manager.scrollsTo("Pizza of the day")
	manager.clicks(button("Remove Pizza of the day"))
	manager.clicks(button("Really remove Pizza of the day?"))
	manager.sees("Pizza of the day is off the menu.")
	manager.clicks(button("Let a new key sign"))
	manager.sees("signs from now on.")
	manager.everyone("office, a new key")
}

func TestOfficeStates(t *testing.T) {
	t.Parallel()
	manager := openHouse(t).seat(t)
	manager.provokes(503)
	gate, opens := held("GET /api/v1/users")
	manager.sends(gate)
	manager.arrives("marco", "Office")
	manager.sees("Opening the office")
	manager.everyone("office, loading")
	opens()
	manager.finds(region("Guests"))
	manager.sends(refused("GET /api/v1/users", 503, "database-unavailable", "The order book cannot be reached", "Try again in a moment."))
	manager.goes("Menu")
	manager.goes("Office")
	manager.sees("503")
	manager.everyone("office, in trouble")
	manager.sends()
	manager.clicks(button("Try again"))
	manager.finds(region("Guests"))
}
