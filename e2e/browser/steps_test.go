package browser

import (
	"fmt"
	"strings"
)

// What every guest does: log in, put a dish into the basket, look at a view.

func article(name string) element { return element{role: "article", name: name} }
func region(name string) element  { return element{role: "region", name: name} }

var loginDialog = element{role: "dialog", name: "Show your ID"}

// logIn goes through the login dialog. Choices are labels of radio buttons,
// such as "in a cookie" or "30 s".
func (p *tab) logIn(username string, choices ...string) {
	p.t.Helper()
	p.click(link("Log in"))
	p.click(button(username).within(loginDialog))
	for _, choice := range choices {
		p.click(radio(choice + "*").within(loginDialog))
	}
	p.click(button("Log in and get my wristband").within(loginDialog))
	p.waitGone(loginDialog)
	p.find(button("Log out"))
}

// openAs opens a view as a demo guest who has just logged in.
func (p *tab) openAs(username, view string, choices ...string) {
	p.t.Helper()
	p.open("/#/about")
	p.logIn(username, choices...)
	p.goTo(view)
}

// goTo follows a link of the navigation.
func (p *tab) goTo(view string) {
	p.t.Helper()
	p.click(link(view).within(element{role: "navigation", name: "Restaurant"}))
	p.waitUntil("the view "+view, func() bool {
		return p.isTrue(fmt.Sprintf(`document.querySelector('nav [aria-current=page]')?.textContent === %s`, quote(view)))
	})
}

func size(size, dish string) element { return button("*" + size + "*").within(article(dish + "*")) }

// order puts a dish into the basket, orders it, and returns the order's number.
func (p *tab) order(sized element) (number string) {
	p.t.Helper()
	p.click(sized)
	p.click(button("Order"))
	name := text(p.find(link("Order *").within(region("Basket"))).Name)
	return strings.Fields(name)[1]
}
