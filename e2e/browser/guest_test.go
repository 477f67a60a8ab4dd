package e2e

import (
	"fmt"
	"strings"
)

// What every guest does: log in, put a dish into the basket, look at a view.

func article(name string) thing { return thing{role: "article", name: name} }
func region(name string) thing  { return thing{role: "region", name: name} }

var loginDialog = thing{role: "dialog", name: "Show your ID"}

// logsIn goes through the login dialog. Choices are labels of radio buttons,
// such as "in a cookie" or "30 s".
func (p *tab) logsIn(username string, choices ...string) {
	p.t.Helper()
	p.clicks(link("Log in"))
	p.clicks(button(username).within(loginDialog))
	for _, choice := range choices {
		p.clicks(radio(choice + "*").within(loginDialog))
	}
	p.clicks(button("Get my wristband").within(loginDialog))
	p.misses(loginDialog)
	p.finds(button("Log out"))
}

// arrives opens a view as a demo guest who has just logged in.
func (p *tab) arrives(username, view string, choices ...string) {
	p.t.Helper()
	p.opens("/#/about")
	p.logsIn(username, choices...)
	p.goes(view)
}

// goes follows a link of the navigation.
func (p *tab) goes(view string) {
	p.t.Helper()
	p.clicks(link(view).within(thing{role: "navigation", name: "Restaurant"}))
	p.until("the view "+view, func() bool {
		return p.holds(fmt.Sprintf(`document.querySelector('nav [aria-current=page]')?.textContent === %s`, quote(view)))
	})
}

func size(size, dish string) thing { return button("*" + size + "*").within(article(dish + "*")) }

// has the basket filled and the order taken; it gives the number.
func (p *tab) ordersDish(sized thing) (number string) {
	p.t.Helper()
	p.clicks(sized)
	p.clicks(button("Order"))
	name := text(p.finds(link("Watch order *")).Name)
	return strings.Fields(name)[2]
}
