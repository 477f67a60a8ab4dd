package handlers

import (
	"sync"
	"sync/atomic"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/web"
)

// renderedMenu is the menu as it goes over the wire, printed once for each audience
// and again after each change, so that showing it costs no work.
type renderedMenu struct {
	of          *models.Menu
	public, vip httpjson.Cached
	dishes      map[int64]httpjson.Cached
}

// menuCache keeps the newest card.
type menuCache struct{ newest atomic.Pointer[renderedMenu] }

// of is the card of this menu. Two guests who come first print it twice, to the
// same bytes.
func (cards *menuCache) of(menu *models.Menu) (*renderedMenu, error) {
	if card := cards.newest.Load(); card != nil && card.of == menu {
		return card, nil
	}
	card, err := renderMenu(menu)
	if err == nil {
		cards.newest.Store(card)
	}
	return card, err
}

func renderMenu(menu *models.Menu) (card *renderedMenu, err error) {
	card = &renderedMenu{of: menu, dishes: map[int64]httpjson.Cached{}}
	if card.public, err = gzipLazily(newMenuResponse(allItems(false).apply(menu.Items))); err != nil {
		return nil, err
	}
	if card.vip, err = gzipLazily(newMenuResponse(allItems(true).apply(menu.Items))); err != nil {
		return nil, err
	}
	for _, m := range menu.Items {
		body, err := httpjson.Encode(newDishResponse(m))
		if err != nil {
			return nil, err
		}
		card.dishes[m.ID] = httpjson.Cached{Body: body, ETag: dishETag(m)}
	}
	return card, nil
}

// gzipLazily is a page that is packed when the first guest asks for it like that.
// The menu is the same for all of an audience, so its size tells nothing.
func gzipLazily(menu menuResponse) (httpjson.Cached, error) {
	body, err := httpjson.Encode(menu)
	p := httpjson.WithETag(body)
	p.Gzip = sync.OnceValue(func() []byte { return web.Gzip(body) })
	return p, err
}

// audience is the whole menu as it is shown to VIPs, or to everybody else.
func (card *renderedMenu) audience(vip bool) httpjson.Cached {
	if vip {
		return card.vip
	}
	return card.public
}
