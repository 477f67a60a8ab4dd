package lab

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

const (
	maxOpenOrders = 20
	// dishBack is when the dish of the open restaurant is back on its menu by itself.
	dishBack = time.Minute
)

// openDoors is a restaurant without authentication: nobody is asked who they are. It has one
// dish and some orders, in memory.
type openDoors struct {
	mu      sync.Mutex
	deleted time.Time // when the dish was deleted; zero: it is on the menu
	orders  []openOrder
	last    int
}

// @Description	The only dish of the open restaurant.
type openDish struct {
	ID   int    `json:"id" example:"1" validate:"required"`
	Name string `json:"name" example:"Margherita" validate:"required"`
} //@name OpenDish

// @Description	The menu of the open restaurant.
type openMenuResponse struct {
	Items []openDish `json:"items" validate:"required"`
} //@name OpenMenu

// @Description	An order in the open restaurant.
type openOrder struct {
	ID   int    `json:"id" example:"1" validate:"required"`
	By   string `json:"by" example:"alice" validate:"required"`
	Dish string `json:"dish" example:"Margherita" validate:"required"`
} //@name OpenOrder

// @Description	All orders of the open restaurant: anyone can read them.
type openOrdersResponse struct {
	Items []openOrder `json:"items" validate:"required"`
} //@name OpenOrders

// newOpenDoors returns the open restaurant with a private order of alice in it.
func newOpenDoors() *openDoors {
	return &openDoors{orders: []openOrder{{1, "alice", "Margherita"}}, last: 1}
}

// showOpenMenu returns the menu, which is empty while the dish is deleted.
//
//	@Summary	The menu of a restaurant that asks nobody who they are
//	@ID			showOpenMenu
//	@Tags		lab
//	@Produce	json
//	@Success	200	{object}	openMenuResponse
//	@Router		/lab/open/menu [get]
func (l *Lab) showOpenMenu(c *gin.Context) error {
	res := openMenuResponse{Items: []openDish{}}
	if l.open.hasDish() {
		res.Items = append(res.Items, openDish{1, "Margherita"})
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}

func (o *openDoors) hasDish() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Since(o.deleted) > dishBack
}

// restoreOpenDish puts the dish back on the menu.
//
//	@Summary	Put the only dish back on the open menu
//	@ID			restoreOpenDish
//	@Tags		lab
//	@Produce	json
//	@Success	201	{object}	openDish
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Router		/lab/open/menu [post]
func (l *Lab) restoreOpenDish(c *gin.Context) error {
	l.open.setDeleted(time.Time{})
	return httpjson.Respond(c, http.StatusCreated, openDish{1, "Margherita"})
}

// deleteOpenDish deletes the dish: nothing protects it.
//
//	@Summary		Delete the only dish from the open menu
//	@Description	Anyone may do this: nothing protects the open restaurant. The dish comes back after a minute.
//	@ID				deleteOpenDish
//	@Tags			lab
//	@Success		204
//	@Failure		403	{object}	problem.Problem	"cross-origin"
//	@Router			/lab/open/menu [delete]
func (l *Lab) deleteOpenDish(c *gin.Context) error {
	l.open.setDeleted(time.Now())
	return httpjson.NoContent(c)
}

func (o *openDoors) setDeleted(at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deleted = at
}

// showOpenOrders returns the orders of everybody.
//
//	@Summary	The orders of everybody in the open restaurant
//	@ID			showOpenOrders
//	@Tags		lab
//	@Produce	json
//	@Success	200	{object}	openOrdersResponse
//	@Router		/lab/open/orders [get]
func (l *Lab) showOpenOrders(c *gin.Context) error {
	l.open.mu.Lock()
	res := openOrdersResponse{Items: append([]openOrder{}, l.open.orders...)}
	l.open.mu.Unlock()
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}

// placeOpenOrder takes an order of anybody. It does not read what is ordered: the open
// restaurant has one dish.
//
//	@Summary	Order in the open restaurant, without saying who you are
//	@ID			placeOpenOrder
//	@Tags		lab
//	@Produce	json
//	@Success	201	{object}	openOrder
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Router		/lab/open/orders [post]
func (l *Lab) placeOpenOrder(c *gin.Context) error {
	return httpjson.Respond(c, http.StatusCreated, l.open.place())
}

func (o *openDoors) place() openOrder {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	order := openOrder{o.last, "a stranger", "Margherita"}
	o.orders = append(o.orders, order)
	if over := len(o.orders) - maxOpenOrders; over > 0 {
		o.orders = slices.Delete(o.orders, 1, 1+over) // alice's stays, to be read by strangers
	}
	return order
}

// deleteOpenOrders deletes the orders of strangers and of alice, and then she has a new one.
//
//	@Summary	Delete the orders of everybody in the open restaurant
//	@ID			deleteOpenOrders
//	@Tags		lab
//	@Success	204
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Router		/lab/open/orders [delete]
func (l *Lab) deleteOpenOrders(c *gin.Context) error {
	l.open.clear()
	return httpjson.NoContent(c)
}

func (o *openDoors) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	o.orders = []openOrder{{o.last, "alice", "Margherita"}}
}
