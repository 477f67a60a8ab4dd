package browser

import (
	"fmt"
	"testing"
)

// TestBidi_namesTurnNothingRound shows names, notes and tables that run from right to left
// in every view. Wherever one stands it is isolated, so that digits and punctuation beside
// it stay where they are.
func TestBidi_namesTurnNothingRound(t *testing.T) {
	t.Parallel()
	const hebrew = "שלום 5"
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	marco := s.Login("marco")
	s.mustCall("POST", "/api/v1/auth/register", "", fmt.Sprintf(`{"username":"dana","password":"a sentence only I know","name":%q}`, hebrew), nil)
	s.mustCall("POST", "/api/v1/menu", marco, fmt.Sprintf(`{"name":%q,"category":%[1]q,"description":%[1]q,"sizes":[{"size":"large","price_cents":1250}],
		"allergens":["nuts"],"vegetarian":true,"vip_only":false,"age_restricted":false,"available":true}`, hebrew), nil)
	guest := s.newTab(t)
	guest.open("/#/menu")
	guest.click(link("Log in"))
	guest.fill(textbox("Name").within(loginDialog), "dana")
	guest.fill(textbox("Password").within(loginDialog), "a sentence only I know")
	guest.click(button("Log in and get my wristband"))
	guest.find(button("Log out"))
	guest.scrollTo(hebrew)
	guest.click(button("*large*").within(article(hebrew + "*")))
	guest.fill(textbox("Note for large *"), hebrew)
	guest.fill(textbox("Table (if you like)"), hebrew)
	guest.checkBidi("the menu", hebrew, 4) // header, dish, category, basket
	guest.click(button("Order"))
	guest.click(link("Order 1").within(region("Basket")))
	guest.find(article("Order 1*"))
	guest.checkBidi("my orders", hebrew, 4)
	guest.goTo("Notebook")
	guest.click(element{role: "DisclosureTriangle", name: "*"}.within(article("Entry *: POST /api/v1/orders, 201")))
	guest.waitText("Idempotency-Key")
	guest.checkBidi("the notebook", hebrew, 2)
	guest.goTo("Token")
	guest.waitText("Valid for")
	guest.click(button("Send it to the server"))
	guest.waitText("The server accepts it.")
	guest.checkBidi("the token", hebrew, 3)

	chef := s.newTab(t)
	chef.openAs("carla", "Kitchen")
	chef.find(button("Start cooking order 1"))
	chef.checkBidi("the kitchen", hebrew, 3)
	manager := s.newTab(t)
	manager.openAs("marco", "Office")
	manager.scrollTo(hebrew)
	manager.waitUntil("all dishes are listed", func() bool {
		return manager.isTrue(fmt.Sprintf(`document.querySelector('.dish-list')?.textContent.includes(%q) === true`, hebrew))
	})
	manager.checkBidi("the office", hebrew, 2)
}

// checkBidi looks at each piece of text on the page that holds words: the element around
// it that sets its direction apart holds nothing else, or the text itself does it. At
// least that many must be there, or the check shows nothing.
func (p *tab) checkBidi(view, words string, atLeast int) {
	p.t.Helper()
	type finding struct {
		Found int
		Loose []string
	}
	all := eval[finding](p, fmt.Sprintf(`(() => {
		const words = %s, loose = []
		let found = 0
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
		while (walker.nextNode()) {
			const text = walker.currentNode, parent = text.parentElement
			if (!text.data.includes(words) || parent.closest('.visually-hidden, option, pre')) continue
			found++
			let around = parent
			while (!/isolate|plaintext/.test(getComputedStyle(around).unicodeBidi)) around = around.parentElement
			const alone = around.textContent.trim().replace(/^"|"$/g, '') === words
			const marked = text.data.split(words).length === text.data.split('\u2068' + words + '\u2069').length
			if (!alone && !marked) loose.push(around.outerHTML.slice(0, 200))
		}
		return { found, loose }
	})()`, quote(words)))
	if all.Found < atLeast {
		p.t.Errorf("%s: %q stands in %d places only", view, words, all.Found)
	}
	for _, html := range all.Loose {
		p.t.Errorf("%s: not isolated in %s", view, html)
	}
}
