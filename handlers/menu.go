package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
)

// @Description	A size of a dish and its price.
type dishSize struct {
	Size string `json:"size" example:"large" enums:"small,medium,large,regular" validate:"required"`
	// In cents, 1 to 1,000,000.
	PriceCents int64 `json:"price_cents" example:"1250" minimum:"1" maximum:"1000000" validate:"required"`
} //@name Size

// @Description	A dish for the menu.
type dishRequest struct {
	Name        string `json:"name" example:"Calzone" minLength:"1" maxLength:"80" validate:"required"`
	Description string `json:"description" example:"Folded pizza with ham, ricotta and mozzarella" maxLength:"500"`
	Category    string `json:"category" example:"Pizza" minLength:"1" maxLength:"40" validate:"required"`
	// Some of small, medium and large, or only regular.
	Sizes      []dishSize `json:"sizes" validate:"required,min=1,max=3"`
	Vegetarian bool       `json:"vegetarian" example:"false"`
	// Some of the fourteen in Regulation (EU) No 1169/2011.
	Allergens     []string `json:"allergens" example:"gluten,milk" enums:"gluten,crustaceans,eggs,fish,peanuts,soybeans,milk,nuts,celery,mustard,sesame,sulphites,lupin,molluscs" validate:"unique"`
	VIPOnly       bool     `json:"vip_only" example:"false"`
	AgeRestricted bool     `json:"age_restricted" example:"false"`
	// True if you leave it out.
	Available *bool `json:"available" example:"true"`
} //@name DishRequest

// replaceDishRequest takes what showDish has answered, too.
//
//	@Description	A dish as GET returned it, with or without its id.
type replaceDishRequest struct {
	// The same as in the address. You can leave it out.
	ID *int64 `json:"id" example:"1" extensions:"x-nullable"`
	dishRequest
} //@name ReplaceDishRequest

// @Description	A dish on the menu.
type dishResponse struct {
	ID            int64      `json:"id" example:"1" validate:"required"`
	Name          string     `json:"name" example:"Margherita" validate:"required"`
	Description   string     `json:"description" example:"Tomato, mozzarella, basil" validate:"required"`
	Category      string     `json:"category" example:"Pizza" validate:"required"`
	Sizes         []dishSize `json:"sizes" validate:"required"`
	Vegetarian    bool       `json:"vegetarian" example:"true" validate:"required"`
	Allergens     []string   `json:"allergens" example:"gluten,milk" enums:"gluten,crustaceans,eggs,fish,peanuts,soybeans,milk,nuts,celery,mustard,sesame,sulphites,lupin,molluscs" validate:"required"`
	VIPOnly       bool       `json:"vip_only" example:"false" validate:"required"`
	AgeRestricted bool       `json:"age_restricted" example:"false" validate:"required"`
	Available     bool       `json:"available" example:"true" validate:"required"`
} //@name Dish

// @Description	The dishes that this guest may see, and the currency of all prices.
type menuResponse struct {
	Items []dishResponse `json:"items" validate:"required"`
	// ISO 4217.
	Currency string `json:"currency" example:"EUR" validate:"required"`
} //@name Menu

func newDishResponse(m models.MenuItem) dishResponse {
	sizes := make([]dishSize, len(m.Sizes))
	for i, s := range m.Sizes {
		sizes[i] = dishSize(s)
	}
	return dishResponse{
		ID: m.ID, Name: m.Name, Description: m.Description, Category: m.Category, Sizes: sizes,
		Vegetarian: m.Vegetarian, Allergens: m.Allergens,
		VIPOnly: m.VIPOnly, AgeRestricted: m.AgeRestricted, Available: m.Available,
	}
}

func newMenuResponse(items []models.MenuItem) menuResponse {
	menu := menuResponse{Items: make([]dishResponse, len(items)), Currency: models.Currency}
	for i, m := range items {
		menu.Items[i] = newDishResponse(m)
	}
	return menu
}

// listMenu lists the menu. Only VIPs see the dishes for VIPs.
//
//	@Summary	The menu
//	@ID			listMenu
//	@Tags		menu
//	@Produce	json
//	@Security	Bearer
//	@x-security-optional	true
//	@Param		category		query		string	false	"Only this category"	maxlength(40)
//	@Param		q				query		string	false	"Only dishes with this text in the name or description. Case and accents make no difference"	maxlength(80)
//	@Param		vegetarian		query		bool	false	"true: only vegetarian dishes; false: only the others"
//	@Param		max_price_cents	query		int		false	"Only dishes that have a size for this price or less"	minimum(1)	maximum(1000000000)
//	@Param		sort			query		string	false	"Order of the dishes"	Enums(name, -name, price, -price)
//	@Param		If-None-Match	header		string	false	"The ETag of the menu you have"
//	@Success	200				{object}	menuResponse
//	@Header		200				{string}	ETag	"Changes when the answer changes"
//	@Success	304				"The menu has not changed"
//	@Header	304	{string}	ETag	"The ETag of the menu you have"
//	@Failure	401				{object}	problem.Problem	"token-…"
//	@Failure	422				{object}	problem.Problem	"validation-failed"
//	@Router		/api/v1/menu [get]
func (a *API) listMenu(c *gin.Context) error {
	filter, err := readMenuFilter(c)
	if err != nil {
		return err
	}
	p, err := a.menuPage(filter)
	if err != nil {
		return err
	}
	setVary(c)
	return httpjson.RespondCached(c, httpjson.JSONType, p)
}

// menuPage returns the filtered menu. Without a filter it is rendered already.
func (a *API) menuPage(f menuFilter) (httpjson.Cached, error) {
	menu := a.Store.Menu()
	if f != allItems(f.vip) {
		body, err := httpjson.Encode(newMenuResponse(f.apply(menu.Items)))
		return httpjson.WithETag(body), err
	}
	rendered, err := a.menus.render(menu)
	if err != nil {
		return httpjson.Cached{}, err
	}
	return rendered.forAudience(f.vip), nil
}

// Shared by all responses, as those of middleware.Headers.
var noCache, private, byToken = []string{"no-cache"}, []string{"private"}, []string{"Authorization, Cookie"}

// setVary tells caches that VIPs get another menu.
func setVary(c *gin.Context) {
	h := c.Writer.Header()
	if others := h["Vary"]; others == nil {
		h["Vary"] = byToken
	} else {
		h["Vary"] = append(others, byToken...)
	}
	h["Cache-Control"] = noCache
	if middleware.IsVIP(c) {
		h["Cache-Control"] = private
	}
}

// showDish shows one dish. For others than VIPs, the dishes for VIPs do not exist.
//
//	@Summary	One dish
//	@ID			showDish
//	@Tags		menu
//	@Produce	json
//	@Security	Bearer
//	@x-security-optional	true
//	@Param		id				path		int		true	"Number of the dish"	minimum(1)
//	@Param		If-None-Match	header		string	false	"The ETag of the dish you have"
//	@Success	200				{object}	dishResponse
//	@Header		200				{string}	ETag	"Send it as If-Match to change only this version"
//	@Success	304				"The dish has not changed"
//	@Header	304	{string}	ETag	"The ETag of the dish you have"
//	@Failure	401				{object}	problem.Problem	"token-…"
//	@Failure	404				{object}	problem.Problem	"not-found"
//	@Router		/api/v1/menu/{id} [get]
func (a *API) showDish(c *gin.Context, id int64) error {
	menu := a.Store.Menu()
	m, known := menu.Item(id)
	if !known || m.VIPOnly && !middleware.IsVIP(c) {
		return models.ErrNotFound
	}
	rendered, err := a.menus.render(menu)
	if err != nil {
		return err
	}
	setVary(c)
	return httpjson.RespondCached(c, httpjson.JSONType, rendered.dishes[id])
}

// addDish adds a dish to the menu.
//
//	@Summary	Add a dish
//	@ID			addDish
//	@Tags		menu
//	@Accept		json
//	@Produce	json
//	@Security	Bearer
//	@Param		body	body		dishRequest	true	"The dish"
//	@Success	201		{object}	dishResponse
//	@Header	201	{string}	ETag	"Send it as If-Match to change only this version"
//	@Header		201		{string}	Location	"Where the dish is"
//	@Failure	400		{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401		{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403		{object}	problem.Problem	"role-required"
//	@Failure	413		{object}	problem.Problem	"body-too-large"
//	@Failure	415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422		{object}	problem.Problem	"validation-failed"
//	@Failure	503		{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/menu [post]
func (a *API) addDish(c *gin.Context) error {
	var req dishRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	m, err := req.dish()
	if err != nil {
		return err
	}
	if err := a.Store.CreateMenuItem(c.Request.Context(), &m); err != nil {
		return err
	}
	c.Header("Location", basepath.Of(c.Request)+"/api/v1/menu/"+strconv.FormatInt(m.ID, 10))
	c.Header("ETag", dishETag(m))
	return httpjson.Respond(c, http.StatusCreated, newDishResponse(m))
}

// replaceDish replaces a whole dish. Orders keep the name and the price of their time.
//
//	@Summary	Replace a dish
//	@ID			replaceDish
//	@Tags		menu
//	@Accept		json
//	@Produce	json
//	@Security	Bearer
//	@Param		id			path		int			true	"Number of the dish"	minimum(1)
//	@Param		If-Match	header		string		false	"The ETag of the dish you have seen"
//	@Param		body		body		replaceDishRequest	true	"The dish as you read it, with or without its id"
//	@Success	200			{object}	dishResponse
//	@Header	200	{string}	ETag	"The ETag of the new version"
//	@Failure	400			{object}	problem.Problem	"malformed-json, unknown-field"
//	@Failure	401			{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403			{object}	problem.Problem	"role-required"
//	@Failure	404			{object}	problem.Problem	"not-found"
//	@Failure	412			{object}	problem.Problem	"precondition-failed"
//	@Failure	413			{object}	problem.Problem	"body-too-large"
//	@Failure	415			{object}	problem.Problem	"unsupported-media-type"
//	@Failure	422			{object}	problem.Problem	"validation-failed"
//	@Failure	503			{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/menu/{id} [put]
func (a *API) replaceDish(c *gin.Context, id int64) error {
	var req replaceDishRequest
	if err := httpjson.Bind(c, &req); err != nil {
		return err
	}
	if req.ID != nil && *req.ID != id {
		return httpjson.Invalid("id", "must be the number in the address, or left out")
	}
	m, err := req.dish()
	if err != nil {
		return err
	}
	m.ID = id
	if err := a.Store.ReplaceMenuItem(c.Request.Context(), &m, ifMatch(c, id)...); err != nil {
		return err
	}
	c.Header("ETag", dishETag(m))
	return httpjson.Respond(c, http.StatusOK, newDishResponse(m))
}

// removeDish removes a dish from the menu.
//
//	@Summary	Remove a dish
//	@ID			removeDish
//	@Tags		menu
//	@Security	Bearer
//	@Param		id			path	int		true	"Number of the dish"	minimum(1)
//	@Param		If-Match	header	string	false	"The ETag of the dish you have seen"
//	@Success	204
//	@Failure	401	{object}	problem.Problem	"authentication-required, token-…"
//	@Failure	403	{object}	problem.Problem	"role-required"
//	@Failure	404	{object}	problem.Problem	"not-found"
//	@Failure	412	{object}	problem.Problem	"precondition-failed"
//	@Failure	503	{object}	problem.Problem	"database-unavailable, storage-full"
//	@Router		/api/v1/menu/{id} [delete]
func (a *API) removeDish(c *gin.Context, id int64) error {
	if err := a.Store.DeleteMenuItem(c.Request.Context(), id, ifMatch(c, id)...); err != nil {
		return err
	}
	return httpjson.NoContent(c)
}

const maxPriceCents = 1_000_000

func (r dishRequest) dish() (models.MenuItem, error) {
	if err := r.check(); err != nil {
		return models.MenuItem{}, err
	}
	m := models.MenuItem{
		Name: r.Name, Description: r.Description, Category: r.Category,
		Vegetarian: r.Vegetarian, Allergens: append([]string{}, r.Allergens...), VIPOnly: r.VIPOnly, AgeRestricted: r.AgeRestricted,
		Available: r.Available == nil || *r.Available,
	}
	for _, s := range r.Sizes {
		m.Sizes = append(m.Sizes, models.Size(s))
	}
	return m, nil
}

func (r dishRequest) check() error {
	var cs httpjson.Checks
	cs.Require(models.IsText(r.Name, 80), "name", "must have 1 to 80 characters, "+models.TextRule)
	cs.Require(models.IsText(r.Category, 40), "category", "must have 1 to 40 characters, "+models.TextRule)
	cs.Require(models.IsOptionalText(r.Description, 500), "description", "must have up to 500 characters, "+models.OptionalTextRule)
	cs.Require(fitSizes(r.Sizes), "sizes", "must be small, medium or large, each at most once, or only regular")
	for i, s := range r.Sizes {
		cs.Require(s.PriceCents >= 1 && s.PriceCents <= maxPriceCents, fmt.Sprintf("sizes[%d].price_cents", i), "must be a whole number from 1 to 1000000")
	}
	cs.Require(subset(r.Allergens, models.Allergens), "allergens", "must be some of "+strings.Join(models.Allergens, ", ")+", each at most once")
	return cs.Err()
}

func fitSizes(sizes []dishSize) bool {
	names := make([]string, len(sizes))
	for i, s := range sizes {
		names[i] = s.Size
	}
	return len(names) == 1 && names[0] == models.SizeRegular ||
		len(names) > 0 && subset(names, []string{models.SizeSmall, models.SizeMedium, models.SizeLarge})
}

// subset reports whether all names are known and none is repeated.
func subset(names, known []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] || !slices.Contains(known, n) {
			return false
		}
		seen[n] = true
	}
	return true
}
