package handlers

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
)

// menuFilter selects and sorts dishes.
type menuFilter struct {
	vip           bool
	category, q   string
	vegetarian    *bool
	maxPriceCents int64
	sort          string
}

var menuOrders = map[string]func(a, b models.MenuItem) int{
	"":       nil,
	"name":   func(a, b models.MenuItem) int { return cmp.Compare(a.Name, b.Name) },
	"-name":  func(a, b models.MenuItem) int { return cmp.Compare(b.Name, a.Name) },
	"price":  func(a, b models.MenuItem) int { return cmp.Compare(cheapest(a), cheapest(b)) },
	"-price": func(a, b models.MenuItem) int { return cmp.Compare(cheapest(b), cheapest(a)) },
}

// allItems selects all dishes that VIPs, or others, may see, in the menu's own order.
func allItems(vip bool) menuFilter { return menuFilter{vip: vip, maxPriceCents: maxPriceCents} }

func readMenuFilter(c *gin.Context) (menuFilter, error) {
	if c.Request.URL.RawQuery == "" {
		return allItems(middleware.IsVIP(c)), nil
	}
	var cs httpjson.Checks
	q := httpjson.ReadQuery(c, &cs)
	f := menuFilter{
		vip: middleware.IsVIP(c), category: strings.TrimSpace(q.Get("category")), q: models.Fold(q.Get("q")), sort: q.Get("sort"),
		vegetarian:    q.Bool("vegetarian"),
		maxPriceCents: q.Int("max_price_cents", maxPriceCents, 1, 1000*maxPriceCents),
	}
	_, known := menuOrders[f.sort]
	cs.Require(known, "sort", "must be name, -name, price or -price")
	cs.Require(models.IsOptionalText(f.category, 40), "category", "must have up to 40 characters, "+models.OptionalTextRule)
	cs.Require(models.IsOptionalText(strings.TrimSpace(q.Get("q")), 80), "q", "must have up to 80 characters, "+models.OptionalTextRule)
	return f, cs.Err()
}

// apply returns the matching dishes. Without sort, and among equals, they keep the
// menu's own order.
func (f menuFilter) apply(items []models.MenuItem) []models.MenuItem {
	kept := slices.DeleteFunc(slices.Clone(items), func(m models.MenuItem) bool { return !f.matches(m) })
	if order := menuOrders[f.sort]; order != nil {
		slices.SortStableFunc(kept, order)
	}
	return kept
}

func (f menuFilter) matches(m models.MenuItem) bool {
	return (f.vip || !m.VIPOnly) &&
		(f.category == "" || strings.EqualFold(strings.TrimSpace(m.Category), f.category)) &&
		(f.q == "" || strings.Contains(models.Fold(m.Name), f.q) || strings.Contains(models.Fold(m.Description), f.q)) &&
		(f.vegetarian == nil || m.Vegetarian == *f.vegetarian) &&
		cheapest(m) <= f.maxPriceCents
}

func cheapest(m models.MenuItem) int64 {
	least := int64(maxPriceCents)
	for _, s := range m.Sizes {
		least = min(least, s.PriceCents)
	}
	return least
}
