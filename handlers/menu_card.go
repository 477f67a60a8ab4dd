package handlers

import (
	"sync"
	"sync/atomic"

	"restaurant/models"
	"restaurant/web"
)

// menuCard is the menu as it goes over the wire, printed once for each audience
// and again after each change, so that showing it costs no work.
type menuCard struct {
	of          *models.Menu
	public, vip page
	dishes      map[int64]page
}

// menuCards keeps the newest card.
type menuCards struct{ newest atomic.Pointer[menuCard] }

// of is the card of this menu. Two guests who come first print it twice, to the
// same bytes.
func (cards *menuCards) of(menu *models.Menu) (*menuCard, error) {
	if card := cards.newest.Load(); card != nil && card.of == menu {
		return card, nil
	}
	card, err := printCard(menu)
	if err == nil {
		cards.newest.Store(card)
	}
	return card, err
}

func printCard(menu *models.Menu) (card *menuCard, err error) {
	card = &menuCard{of: menu, dishes: map[int64]page{}}
	if card.public, err = packable(encode(newMenuResponse(unfiltered(false).apply(menu.Items)))); err != nil {
		return nil, err
	}
	if card.vip, err = packable(encode(newMenuResponse(unfiltered(true).apply(menu.Items)))); err != nil {
		return nil, err
	}
	for _, m := range menu.Items {
		body, err := encode(newDishResponse(m))
		if err != nil {
			return nil, err
		}
		card.dishes[m.ID] = page{body: body, tag: dishTag(m)}
	}
	return card, nil
}

// packable is a page that is packed when the first guest asks for it like that.
// The menu is the same for all of an audience, so its size tells nothing.
func packable(body []byte, err error) (page, error) {
	p, err := tagPage(body, err)
	p.packed = sync.OnceValue(func() []byte { return web.Pack(body) })
	return p, err
}

// audience is the whole menu as it is shown to VIPs, or to everybody else.
func (card *menuCard) audience(vip bool) page {
	if vip {
		return card.vip
	}
	return card.public
}
