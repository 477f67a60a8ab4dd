package handlers

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"restaurant/models"
)

func (srv *server) menu(t testing.TB, query string, opts ...option) []dishResponse {
	t.Helper()
	return decode[menuResponse](t, srv.get(t, "/api/v1/menu"+query, opts...).wants(t, 200, "")).Items
}

func TestMenu_secretDishesForVIPsOnly(t *testing.T) {
	srv := newServer(t)
	secret := func(dishes []dishResponse) (n int) {
		for _, d := range dishes {
			if d.VIPOnly {
				n++
			}
		}
		return n
	}
	public, alices, veras := srv.menu(t, ""), srv.menu(t, "", srv.as(t, "alice")), srv.menu(t, "", srv.as(t, "vera"))
	if len(public) < 36 || secret(public) != 0 || len(alices) != len(public) {
		t.Errorf("the public menu has %d dishes, %d of them secret; alice's has %d", len(public), secret(public), len(alices))
	}
	if n := secret(veras); n < 3 || len(veras) != len(public)+n {
		t.Errorf("vera's menu has %d dishes, %d of them secret", len(veras), n)
	}
	if m := public[0]; m.ID != 1 || m.Name != "Margherita" || len(m.Sizes) != 3 {
		t.Errorf("dish 1 is %+v", m)
	}
	id := veras[len(veras)-1].ID
	path := "/api/v1/menu/" + itoa(id)
	srv.get(t, path).wants(t, 404, "not-found")
	srv.get(t, path, srv.as(t, "alice")).wants(t, 404, "not-found")
	srv.get(t, path, srv.as(t, "vera")).wants(t, 200, "")
}

func TestMenu_filters(t *testing.T) {
	srv := newServer(t)
	srv.post(t, "/api/v1/menu", strings.Replace(calzone, `"Pizza"`, `" Specials\u00a0"`, 1), srv.as(t, "marco")).wants(t, 201, "")
	all := srv.menu(t, "")
	for query, holds := range map[string]func(dishResponse) bool{
		"?category=pizza":   func(d dishResponse) bool { return d.Category == "Pizza" },
		"?q=BASIL":          func(d dishResponse) bool { return strings.Contains(strings.ToLower(d.Name+d.Description), "basil") },
		"?vegetarian=true":  func(d dishResponse) bool { return d.Vegetarian },
		"?vegetarian=false": func(d dishResponse) bool { return !d.Vegetarian },
		"?max_price_cents=500": func(d dishResponse) bool {
			return slices.ContainsFunc(d.Sizes, func(s dishSize) bool { return s.PriceCents <= 500 })
		},
		"?category=Pizza&q=margherita": func(d dishResponse) bool { return d.ID == 1 },
		"?q=tiramisu":                  func(d dishResponse) bool { return d.Name == "Tiramisù" },
		"?q=TIRAMIS%C3%9A":             func(d dishResponse) bool { return d.Name == "Tiramisù" }, // another accent
		"?q=ragu":                      func(d dishResponse) bool { return strings.Contains(strings.ToLower(d.Name+d.Description), "ragù") },
		"?q=+margherita%09":            func(d dishResponse) bool { return d.ID == 1 },
		"?category=+pizza+":            func(d dishResponse) bool { return d.Category == "Pizza" },
		"?category=specials":           func(d dishResponse) bool { return d.Category == " Specials\u00a0" },
		"?q=%0Amargherita%0D%0A":       func(d dishResponse) bool { return d.ID == 1 },
		"?q=++":                        func(dishResponse) bool { return true },
		"?q=no+such+dish":              func(d dishResponse) bool { return false },
		"?category=&q=&unknown=1":      func(d dishResponse) bool { return true },
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(d dishResponse) bool { return !holds(d) })
		got := srv.menu(t, query)
		if !slices.EqualFunc(got, want, func(a, b dishResponse) bool { return a.ID == b.ID }) {
			t.Errorf("%s gives %d dishes, want %d", query, len(got), len(want))
		}
		if strings.Contains(query, "no+such") != (len(got) == 0) {
			t.Errorf("%s gives %d dishes", query, len(got))
		}
	}
	for query, sorted := range map[string]func(a, b dishResponse) bool{
		"?sort=name":   func(a, b dishResponse) bool { return a.Name <= b.Name },
		"?sort=-name":  func(a, b dishResponse) bool { return a.Name >= b.Name },
		"?sort=price":  func(a, b dishResponse) bool { return a.Sizes[0].PriceCents <= b.Sizes[0].PriceCents },
		"?sort=-price": func(a, b dishResponse) bool { return a.Sizes[0].PriceCents >= b.Sizes[0].PriceCents },
	} {
		got := srv.menu(t, query)
		for i := range len(got) - 1 {
			if !sorted(got[i], got[i+1]) {
				t.Errorf("%s: %s before %s", query, got[i].Name, got[i+1].Name)
			}
		}
	}
	for query, field := range map[string]string{
		"?sort=id;DROP":                        "query",
		"?q=%zz":                               "query",
		"?sort=name&sort=-name":                "query",
		"?q=pizza&%71=pizza":                   "query",
		"?sort=id":                             "sort",
		"?vegetarian=maybe":                    "vegetarian",
		"?max_price_cents=0":                   "max_price_cents",
		"?max_price_cents=1e9":                 "max_price_cents",
		"?q=" + strings.Repeat("x", 81):        "q",
		"?q=%00":                               "q",
		"?q=marg%0Aherita":                     "q",
		"?category=" + strings.Repeat("ü", 41): "category",
	} {
		res := srv.get(t, "/api/v1/menu"+query).wants(t, 422, "validation-failed")
		if got := res.fields(t); !slices.Equal(got, []string{field}) {
			t.Errorf("%s finds fault with %v", query, got)
		}
	}
}

// TestQueries_invalidUTF8 is refused wherever it is sent, as in bodies.
func TestQueries_invalidUTF8(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	for _, path := range []string{"/api/v1/menu?q=%ff", "/api/v1/menu?category=%C3", "/api/v1/menu/1?%fe=1", ordersPath + "?status=a%ff", "/learn/facts?x=%ff", "/?%ff"} {
		srv.get(t, path, alice).wants(t, 400, "malformed-request")
	}
	srv.get(t, "/api/v1/menu?q=%C3%BC", alice).wants(t, 200, "")
}

// The menu is sent only once: then the ETag answers 304 until it changes.
func TestMenu_etag(t *testing.T) {
	srv := newServer(t)
	first := srv.get(t, "/api/v1/menu").wants(t, 200, "")
	tag := first.Header().Get("ETag")
	if !strings.HasPrefix(tag, `"`) || first.Header().Get("Vary") != "Authorization, Cookie" || first.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("headers are %v", first.Header())
	}
	for _, have := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		res := srv.get(t, "/api/v1/menu", with("If-None-Match", have)).wants(t, 304, "")
		if res.Body.Len() != 0 || res.Header().Get("ETag") != tag {
			t.Errorf("304 with %q and ETag %s", res.Body, res.Header().Get("ETag"))
		}
	}
	vip := srv.get(t, "/api/v1/menu", srv.as(t, "vera"), with("If-None-Match", tag)).wants(t, 200, "")
	if vip.Header().Get("Cache-Control") != "private" || vip.Header().Get("ETag") == tag {
		t.Errorf("a VIP's headers are %v", vip.Header())
	}
	srv.get(t, "/api/v1/menu?q=basil", with("If-None-Match", tag)).wants(t, 200, "")

	srv.post(t, "/api/v1/menu", calzone, srv.as(t, "marco")).wants(t, 201, "")
	srv.get(t, "/api/v1/menu", with("If-None-Match", tag)).wants(t, 200, "")
}

const calzone = `{"name":"Calzone","description":"Folded","category":"Pizza","sizes":[{"size":"regular","price_cents":1150}],"vegetarian":false,"allergens":["gluten","milk"],"vip_only":false,"age_restricted":false,"available":true}`

func TestMenu_managerChangesIt(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	res := srv.post(t, "/api/v1/menu", calzone, marco).wants(t, 201, "")
	path, tag := res.Header().Get("Location"), res.Header().Get("ETag")
	dish := decode[dishResponse](t, res)
	if path != "/api/v1/menu/"+itoa(dish.ID) {
		t.Fatalf("Location is %q of %+v", path, dish)
	}
	shown := srv.get(t, path).wants(t, 200, "")
	if shown.Body.String() != res.Body.String() || shown.Header().Get("ETag") != tag {
		t.Errorf("the dish is shown as %s %s", shown.Header().Get("ETag"), shown.Body)
	}
	srv.get(t, path, with("If-None-Match", tag)).wants(t, 304, "")

	cheaper := strings.Replace(calzone, "1150", "990", 1)
	replaced := srv.do(t, "PUT", path, cheaper, marco, with("If-Match", tag)).wants(t, 200, "")
	if got := decode[dishResponse](t, replaced).Sizes[0].PriceCents; got != 990 {
		t.Errorf("the price is %d", got)
	}
	newTag := replaced.Header().Get("ETag")
	if newTag == tag || srv.get(t, path).Header().Get("ETag") != newTag {
		t.Errorf("the tag went from %s to %s", tag, newTag)
	}
	srv.get(t, path, with("If-None-Match", tag)).wants(t, 200, "")

	t.Run("a stale or strange If-Match changes nothing", func(t *testing.T) {
		for _, stale := range []string{tag, "W/" + tag, "w/" + newTag, `"x"`, "", strings.ReplaceAll(newTag, `"`, ""), `"1.999.2"`, newTag + "junk", strings.TrimSuffix(newTag, `"`) + `-other"`} {
			srv.do(t, "PUT", path, calzone, marco, with("If-Match", stale)).wants(t, 412, "precondition-failed")
			srv.do(t, "DELETE", path, "", marco, with("If-Match", stale)).wants(t, 412, "precondition-failed")
		}
		if got := decode[dishResponse](t, srv.get(t, path)).Sizes[0].PriceCents; got != 990 {
			t.Errorf("the price is %d", got)
		}
	})
	t.Run("one of several, any, or none", func(t *testing.T) {
		tag := newTag
		for _, match := range []option{with("If-Match", `"x", `+newTag), with("If-Match", "*"), func(r *httpRequest) {}} {
			tag = srv.do(t, "PUT", path, cheaper, marco, match).wants(t, 200, "").Header().Get("ETag")
		}
		srv.do(t, "DELETE", path, "", marco, with("If-Match", tag)).wants(t, 204, "")
		srv.get(t, path).wants(t, 404, "not-found")
		srv.do(t, "DELETE", path, "", marco, with("If-Match", tag)).wants(t, 404, "not-found")
		srv.do(t, "PUT", path, cheaper, marco).wants(t, 404, "not-found")
	})
	t.Run("the tag as proxies that compress leave it", func(t *testing.T) {
		for _, proxied := range []func(tag string) string{
			func(tag string) string { return "W/" + tag },
			func(tag string) string { return strings.TrimSuffix(tag, `"`) + `-gzip"` },
			func(tag string) string { return "W/" + strings.TrimSuffix(tag, `"`) + `-br"` },
		} {
			tag := srv.get(t, "/api/v1/menu/3").Header().Get("ETag")
			srv.do(t, "PUT", "/api/v1/menu/3", calzone, marco, with("If-Match", proxied(tag))).wants(t, 200, "")
			srv.do(t, "PUT", "/api/v1/menu/3", calzone, marco, with("If-Match", proxied(tag))).wants(t, 412, "precondition-failed")
		}
	})
	t.Run("a dish as it was read", func(t *testing.T) {
		for _, path := range []string{"/api/v1/menu/1", "/api/v1/menu/5", "/api/v1/menu/7"} {
			read := srv.get(t, path, marco).wants(t, 200, "").Body.String()
			if back := srv.do(t, "PUT", path, read, marco).wants(t, 200, "").Body.String(); back != read {
				t.Errorf("%s was read as %s and is now %s", path, read, back)
			}
			srv.do(t, "PUT", "/api/v1/menu/2", read, marco).wants(t, 422, "validation-failed")
			srv.post(t, "/api/v1/menu", read, marco).wants(t, 400, "unknown-field")
		}
	})
	t.Run("an early dish among many", func(t *testing.T) {
		tag := srv.do(t, "PUT", "/api/v1/menu/1", calzone, marco).wants(t, 200, "").Header().Get("ETag")
		if got := srv.get(t, "/api/v1/menu/1").Header().Get("ETag"); got != tag {
			t.Errorf("PUT says %s, GET %s", tag, got)
		}
	})
	t.Run("a number is never given twice", func(t *testing.T) {
		if next := decode[dishResponse](t, srv.post(t, "/api/v1/menu", calzone, marco).wants(t, 201, "")); next.ID <= dish.ID {
			t.Errorf("dish %d follows %d", next.ID, dish.ID)
		}
	})
}

// Of managers who change the same version of a dish, one succeeds.
func TestMenu_twoManagersOneChange(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	tag := srv.get(t, "/api/v1/menu/1").Header().Get("ETag")
	var codes [8]int
	var managers sync.WaitGroup
	for i := range codes {
		managers.Go(func() {
			codes[i] = srv.do(t, "PUT", "/api/v1/menu/1", calzone, marco, with("If-Match", tag)).Code
		})
	}
	managers.Wait()
	slices.Sort(codes[:])
	if codes[0] != 200 || codes[1] != 412 || codes[7] != 412 {
		t.Errorf("the answers are %v", codes)
	}
}

func TestMenu_invalidDishes(t *testing.T) {
	srv := newServer(t)
	marco := srv.as(t, "marco")
	for name, tc := range map[string]struct{ old, new, field string }{
		"no name":                {`"Calzone"`, `""`, "name"},
		"a name of 81":           {`"Calzone"`, `"` + strings.Repeat("ü", 81) + `"`, "name"},
		"a name with NUL":        {`"Calzone"`, `"a\u0000"`, "name"},
		"no category":            {`"Pizza"`, `null`, "category"},
		"a description of 501":   {`"Folded"`, `"` + strings.Repeat("x", 501) + `"`, "description"},
		"no sizes":               {`[{"size":"regular","price_cents":1150}]`, `[]`, "sizes"},
		"sizes null":             {`[{"size":"regular","price_cents":1150}]`, `null`, "sizes"},
		"an unknown size":        {`"regular"`, `"huge"`, "sizes"},
		"regular and small":      {`[{`, `[{"size":"small","price_cents":900},{`, "sizes"},
		"the same size twice":    {`"size":"regular","price_cents":1150}`, `"size":"small","price_cents":1},{"size":"small","price_cents":2}`, "sizes"},
		"free":                   {`1150`, `0`, "sizes[0].price_cents"},
		"too dear":               {`1150`, `1000001`, "sizes[0].price_cents"},
		"a price in words":       {`1150`, `"1150"`, "sizes[0].price_cents"},
		"a broken price":         {`1150`, `11.5`, "sizes[0].price_cents"},
		"an unknown allergen":    {`"milk"`, `"love"`, "allergens"},
		"an allergen twice":      {`"milk"`, `"gluten"`, "allergens"},
		"vegetarian as a number": {`"vegetarian":false`, `"vegetarian":0`, "vegetarian"},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(calzone, tc.old, tc.new, 1)
			if body == calzone {
				t.Fatal("nothing was replaced")
			}
			for _, call := range [][2]string{{"POST", "/api/v1/menu"}, {"PUT", "/api/v1/menu/1"}} {
				res := srv.do(t, call[0], call[1], body, marco).wants(t, 422, "validation-failed")
				if got := res.fields(t); len(got) != 1 || got[0] != tc.field {
					t.Errorf("finds fault with %v", got)
				}
			}
		})
	}
	srv.post(t, "/api/v1/menu", strings.Replace(calzone, "{", `{"id":7,`, 1), marco).wants(t, 400, "unknown-field")
	srv.post(t, "/api/v1/menu", `{"name":"Water","category":"Drinks","sizes":[{"size":"large","price_cents":1000000},{"size":"small","price_cents":1}]}`, marco).wants(t, 201, "")
}

func TestLounge(t *testing.T) {
	srv := newServer(t)
	res := srv.get(t, "/api/v1/lounge", srv.as(t, "vera")).wants(t, 200, "")
	lounge := decode[loungeResponse](t, res)
	if len(lounge.Items) < 3 || lounge.Currency != models.Currency || !strings.Contains(lounge.Message, "Vera") || res.Header().Get("Cache-Control") != "private" {
		t.Errorf("the lounge is %+v", lounge)
	}
	for _, d := range lounge.Items {
		if !d.VIPOnly {
			t.Errorf("%s is no secret", d.Name)
		}
	}
	srv.get(t, "/api/v1/lounge", srv.as(t, "alice")).wants(t, 403, "vip-only")
	srv.get(t, "/api/v1/lounge", srv.as(t, "marco")).wants(t, 403, "vip-only")
}

// The menu makes no query.
func TestMenu_makesNoQuery(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{"/api/v1/menu", "/api/v1/menu?q=pizza&sort=price", "/api/v1/menu/1", "/api/v1/lounge"} {
		if n := srv.get(t, path, srv.as(t, "vera")).wants(t, 200, "").queries(t); n != "0" {
			t.Errorf("%s costs %s queries", path, n)
		}
	}
	if n := srv.get(t, ordersPath, srv.as(t, "vera")).wants(t, 200, "").queries(t); n != "1" {
		t.Errorf("a page of orders costs %s queries", n)
	}
}
