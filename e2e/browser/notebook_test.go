package e2e

import "testing"

func TestNotebook(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/#/notebook")
	guest.finds(heading("Waiter’s notebook"))
	guest.sees("Nothing said yet")
	guest.everyone("notebook, empty")

	guest.logsIn("alice")
	first := guest.finds(article("Entry 1: POST /api/v1/auth/login, 200"))
	guest.press(guest.all(thing{role: "DisclosureTriangle", name: "*"}.within(article(text(first.Name))))[0])
	guest.sees("POST /api/v1/auth/login HTTP/1.1", "alice-likes-pizza", "HTTP/1.1 200 OK", "SQL statement")
	guest.sees("No script can see that (HttpOnly)")
	guest.everyone("notebook, an entry")
	guest.looks("notebook")

	guest.clicks(thing{role: "tab", name: "sh"})
	guest.presses("Right")
	if at := guest.focused(); at.name != "cmd" {
		t.Errorf("from sh an arrow key leads to %s", at)
	}
	guest.presses("Right")
	guest.sees("curl.exe ")
	guest.presses("Right")
	guest.sees("### Entry 1")
	guest.everyone("notebook, as .http")
}

func TestReplay(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(401)
	guest.arrives("alice", "Menu")
	guest.ordersDish(size("large", "Margherita"))
	guest.goes("Notebook")
	order := article("Entry *: POST /api/v1/orders, 201")
	guest.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(order))
	guest.clicks(button("Replay").within(order))
	guest.finds(article("Entry *: POST /api/v1/orders, 201"))
	guest.sees("201, see entry")
	var orders struct{ Items []struct{ ID int64 } }
	h := guest.house
	h.must("GET", "/api/v1/orders", h.token("alice"), "", &orders)
	if len(orders.Items) != 1 {
		t.Errorf("an order that was sent twice with one key was taken %d times", len(orders.Items))
	}
	guest.clicks(thing{role: "button", name: "Replay without the wristband"})
	guest.finds(article("Entry *: POST /api/v1/orders, 401 refused"))
	guest.everyone("notebook, replayed")
}

func TestNotebookWithoutAConnection(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.provokes(notDelivered)
	guest.opens("/#/menu")
	guest.sees("Margherita")
	guest.goes("Notebook")
	guest.disconnect(true)
	guest.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(article("Entry 1: *")))
	guest.clicks(button("Replay"))
	guest.finds(article("Entry 2: GET /api/v1/menu, not delivered"))
	guest.sees("No connection to the restaurant")
	guest.everyone("notebook, offline")
	guest.disconnect(false)
	guest.misses(thing{role: "StaticText", name: "No connection to the restaurant*"})
}
