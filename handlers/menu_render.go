package handlers

import (
	"sync"
	"sync/atomic"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/web"
)

// renderedMenu is the menu as JSON, encoded once for each audience after a change, so
// that serving it costs no work.
type renderedMenu struct {
	source      *models.Menu
	public, vip httpjson.Cached
	dishes      map[int64]httpjson.Cached
}

// menuCache keeps the newest rendered menu.
type menuCache struct{ newest atomic.Pointer[renderedMenu] }

// render returns the rendered menu. Two requests that come first both render it, to the
// same bytes.
func (cache *menuCache) render(menu *models.Menu) (*renderedMenu, error) {
	if r := cache.newest.Load(); r != nil && r.source == menu {
		return r, nil
	}
	r, err := renderMenu(menu)
	if err == nil {
		cache.newest.Store(r)
	}
	return r, err
}

func renderMenu(menu *models.Menu) (r *renderedMenu, err error) {
	r = &renderedMenu{source: menu, dishes: map[int64]httpjson.Cached{}}
	if r.public, err = gzipLazily(newMenuResponse(allItems(false).apply(menu.Items))); err != nil {
		return nil, err
	}
	if r.vip, err = gzipLazily(newMenuResponse(allItems(true).apply(menu.Items))); err != nil {
		return nil, err
	}
	for _, m := range menu.Items {
		body, err := httpjson.Encode(newDishResponse(m))
		if err != nil {
			return nil, err
		}
		r.dishes[m.ID] = httpjson.Cached{Body: body, ETag: dishETag(m)}
	}
	return r, nil
}

// gzipLazily compresses the menu when the first client accepts gzip. Its size reveals
// nothing: the menu is the same for all of an audience.
func gzipLazily(menu menuResponse) (httpjson.Cached, error) {
	body, err := httpjson.Encode(menu)
	p := httpjson.WithETag(body)
	p.Gzip = sync.OnceValue(func() []byte { return web.Gzip(body) })
	return p, err
}

func (r *renderedMenu) forAudience(vip bool) httpjson.Cached {
	if vip {
		return r.vip
	}
	return r.public
}
