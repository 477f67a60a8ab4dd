package contract

import (
	"fmt"
	"strings"
	"time"
)

// This file holds what clients do in each room of the API. The statuses that it expects
// are those of a healthy server; what the answers look like is for the referee.

func house(v *visitors) {
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json", "/.well-known/jwks.json", "/.well-known/ended.json",
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		v.do(200, "", "GET", path, "")
	}
	v.do(200, "", "GET", "/.well-known/public.pem", "", "Accept", "*/*")

	v.do(200, "", "GET", "/metrics", "", "Accept", "text/plain")
	v.do(200, "marco", "GET", "/metrics", "", "X-Forwarded-For", "192.0.2.1", "Accept", "text/plain")
	v.do(401, "", "GET", "/metrics", "", "X-Forwarded-For", "192.0.2.1")
	v.do(403, "alice", "GET", "/metrics", "", "X-Forwarded-For", "192.0.2.1")
}

func auth(v *visitors) {
	register := `{"username":"%s","password":"a sentence only I know","name":"New guest","birth_date":"1999-12-31"}`
	v.do(201, "", "POST", "/api/v1/auth/register", fmt.Sprintf(register, "new.guest"))
	v.do(409, "", "POST", "/api/v1/auth/register", fmt.Sprintf(register, "new.guest"))
	v.do(201, "", "POST", "/api/v1/auth/register", `{"username":"no.birthday","password":"a sentence only I know","name":"New guest","birth_date":null}`)

	login := `{"username":"new.guest","password":"a sentence only I know"%s}`
	first := v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, ""))
	v.tokens["guest"] = member[string](v, first, "access_token")
	v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"expires_in":5,"cookie":null`))
	v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"cookie":false`))
	v.do(422, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"cookie":"true"`))
	v.do(422, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"expires_in":864000`))
	v.do(401, "", "POST", "/api/v1/auth/login", `{"username":"new.guest","password":"another"}`)
	both := v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"cookie":true`))
	half := v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, `,"cookie":"refresh"`))
	v.form(200, "", "/api/v1/auth/login", "username=new.guest&password=a+sentence+only+I+know")
	v.form(200, "", "/api/v1/auth/login", "grant_type=password&username=new.guest&password=a+sentence+only+I+know&scope=x&client_id=&client_secret=&expires_in=60&cookie=true")
	v.form(422, "", "/api/v1/auth/login", "grant_type=password&username=new.guest&password=a+sentence+only+I+know&cookie=maybe")
	v.form(400, "", "/api/v1/auth/login", "username=new.guest&password=a+sentence+only+I+know&role=chef")
	v.form(422, "", "/api/v1/auth/login", "grant_type=client_credentials&username=new.guest&password=x")

	refresh := member[string](v, first, "refresh_token")
	second := v.do(200, "", "POST", "/api/v1/auth/refresh", string(first.Body)) // a saved answer, with members that refresh ignores
	v.do(401, "", "POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, refresh))
	v.do(401, "", "POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, member[string](v, second, "refresh_token")))
	v.do(401, "", "POST", "/api/v1/auth/refresh", "")
	v.do(401, "", "POST", "/api/v1/auth/refresh", "{}")
	v.do(401, "", "POST", "/api/v1/auth/refresh", `{"refresh_token":null}`)
	v.do(422, "", "POST", "/api/v1/auth/refresh", `{"refresh_token":1}`)
	third := v.do(200, "", "POST", "/api/v1/auth/login", fmt.Sprintf(login, ""))
	fourth := v.form(200, "", "/api/v1/auth/refresh", "grant_type=refresh_token&scope=x&client_id=c&client_secret=s&refresh_token="+member[string](v, third, "refresh_token"))
	fifth := v.form(200, "", "/api/v1/auth/login", "grant_type=refresh_token&refresh_token="+member[string](v, fourth, "refresh_token"))
	v.form(400, "", "/api/v1/auth/refresh", "grant_type=refresh_token&refresh_token=x&role=chef")
	v.form(422, "", "/api/v1/auth/refresh", "grant_type=password&refresh_token=x")
	both = v.do(200, "", "POST", "/api/v1/auth/refresh", "", "Cookie", cookiesOf(both))
	half = v.do(200, "", "POST", "/api/v1/auth/refresh", "", "Cookie", cookiesOf(half))
	v.tokens["guest"] = member[string](v, fifth, "access_token")

	v.do(200, "guest", "GET", "/api/v1/auth/me", "")
	v.do(200, "", "GET", "/api/v1/auth/me", "", "Cookie", cookiesOf(both))
	v.do(200, "guest", "GET", "/api/v1/auth/sessions", "")
	v.do(204, "guest", "DELETE", "/api/v1/auth/sessions/"+member[string](v, v.do(200, "", "GET", "/api/v1/auth/me", "", "Cookie", cookiesOf(both)), "sid"), "")
	v.do(404, "guest", "DELETE", "/api/v1/auth/sessions/nothing", "")
	v.do(204, "", "POST", "/api/v1/auth/logout", "", "Cookie", cookiesOf(half))

	for _, token := range []string{v.tokens["alice"], "rubbish", "eyJhbGciOiJub25lIn0.e30.", member[string](v, second, "access_token")} {
		v.do(200, "", "POST", "/api/v1/auth/inspect", fmt.Sprintf(`{"token":%q}`, token))
	}
	v.do(200, "", "POST", "/api/v1/auth/inspect", string(third.Body)) // a saved answer
	v.do(400, "", "POST", "/api/v1/auth/inspect", "{}")

	v.do(401, "guest", "POST", "/api/v1/auth/password", `{"current":"not the password","new":"another sentence of mine"}`)
	v.do(204, "guest", "POST", "/api/v1/auth/password", `{"current":"a sentence only I know","new":"another sentence of mine"}`)
	v.do(204, "guest", "DELETE", "/api/v1/auth/sessions", "")
	v.tokens["guest"] = member[string](v, v.do(200, "", "POST", "/api/v1/auth/login", `{"username":"new.guest","password":"another sentence of mine"}`), "access_token")
	v.do(204, "guest", "POST", "/api/v1/auth/logout", "")

	for range 4 {
		v.do(201, "marco", "POST", "/api/v1/auth/keys/rotate", "")
	}
	v.do(429, "marco", "POST", "/api/v1/auth/keys/rotate", "")
}

func menu(v *visitors) {
	all := v.do(200, "", "GET", "/api/v1/menu", "")
	v.do(304, "", "GET", "/api/v1/menu", "", "If-None-Match", all.Header.Get("ETag"))
	for _, query := range []string{"category=Pizza", "q=tomato&vegetarian=true", "max_price_cents=1", "max_price_cents=1000&sort=-price", "sort=name", "category=&q=", "sort="} {
		v.do(0, "vera", "GET", "/api/v1/menu?"+query, "")
	}
	for _, query := range []string{"vegetarian=maybe", "max_price_cents=0", "max_price_cents=x", "sort=size", "q=" + strings.Repeat("x", 81), "category=" + strings.Repeat("x", 41), "vegetarian="} {
		v.do(422, "", "GET", "/api/v1/menu?"+query, "")
	}
	v.do(200, "vera", "GET", "/api/v1/lounge", "")
	v.do(403, "alice", "GET", "/api/v1/lounge", "")

	dish := `{"name":"Calzone","description":"Folded","category":"Pizza","sizes":[{"size":"small","price_cents":900},{"size":"large","price_cents":1250}],"vegetarian":false,"allergens":["gluten","milk"],"vip_only":false,"age_restricted":false,"available":true}`
	added := v.do(201, "marco", "POST", "/api/v1/menu", dish)
	v.do(201, "marco", "POST", "/api/v1/menu", `{"name":"Soup","category":"Starters","sizes":[{"size":"regular","price_cents":1}],"allergens":null,"available":null}`)
	path := added.Header.Get("Location")
	read := v.do(200, "", "GET", path, "")
	v.do(304, "", "GET", path, "", "If-None-Match", read.Header.Get("ETag"))
	v.do(404, "", "GET", "/api/v1/menu/999999", "")
	v.do(200, "marco", "PUT", path, string(read.Body), "If-Match", read.Header.Get("ETag")) // as it was read
	v.do(200, "marco", "PUT", path, strings.Replace(dish, "Folded", "Folded twice", 1))
	v.do(412, "marco", "PUT", path, dish, "If-Match", read.Header.Get("ETag"))
	v.do(412, "marco", "DELETE", path, "", "If-Match", read.Header.Get("ETag"))
	v.do(204, "marco", "DELETE", path, "")
	v.do(404, "marco", "DELETE", path, "")
	v.do(404, "marco", "PUT", path, dish)
}

const pizza = `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`

func orders(v *visitors) {
	placed := v.do(201, "alice", "POST", "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"large","quantity":2,"note":"well done"},{"menu_item_id":1,"size":"small","quantity":1,"note":null}],"table":"7"}`)
	v.do(201, "alice", "POST", "/api/v1/orders", pizza, "Idempotency-Key", "one")
	v.do(201, "alice", "POST", "/api/v1/orders", pizza, "Idempotency-Key", "one")
	v.do(422, "alice", "POST", "/api/v1/orders", strings.Replace(pizza, "large", "small", 1), "Idempotency-Key", "one")
	v.do(422, "alice", "POST", "/api/v1/orders", pizza, "Idempotency-Key", strings.Repeat("k", 256))
	v.do(403, "alice", "POST", "/api/v1/orders", strings.Replace(pizza, `"menu_item_id":1,"size":"large"`, v.dish("vip_only"), 1))
	v.do(403, "bob", "POST", "/api/v1/orders", strings.Replace(pizza, `"menu_item_id":1,"size":"large"`, v.dish("age_restricted"), 1))
	v.do(409, "alice", "POST", "/api/v1/orders", strings.Replace(pizza, `"menu_item_id":1,"size":"large"`, v.soldOut(), 1))

	path := placed.Header.Get("Location")
	v.do(200, "alice", "GET", path, "")
	v.do(404, "bob", "GET", path, "")
	page := v.do(200, "alice", "GET", "/api/v1/orders?limit=1&status=placed", "")
	v.do(200, "alice", "GET", "/api/v1/orders?limit=1&cursor="+member[string](v, page, "next_cursor"), "")
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "status=eaten", "cursor=rubbish", "status=", "cursor=", "limit="} {
		v.do(422, "alice", "GET", "/api/v1/orders?"+query, "")
		v.do(422, "carla", "GET", "/api/v1/kitchen/orders?"+query, "")
	}
	v.do(200, "alice", "POST", path+"/cancel", "")
	v.do(409, "alice", "POST", path+"/cancel", "")
	v.do(404, "bob", "POST", path+"/cancel", "")
	v.do(200, "alice", "GET", path+"/events", "", "Accept", "text/event-stream")
	v.do(200, "alice", "GET", path+"/events", "", "Accept", "text/event-stream", "Last-Event-ID", "1")
	v.do(204, "alice", "GET", path+"/events", "", "Accept", "text/event-stream", "Last-Event-ID", "2")
	v.do(422, "alice", "GET", path+"/events", "", "Last-Event-ID", "5")
	v.do(422, "alice", "GET", path+"/events", "", "Last-Event-ID", "x")
	v.do(404, "bob", "GET", path+"/events", "")
}

// dish returns the beginning of an order line of a dish that vera sees.
func (v *visitors) dish(flag string) string {
	v.t.Helper()
	for _, d := range member[[]map[string]any](v, v.do(200, "vera", "GET", "/api/v1/menu", ""), "items") {
		if d[flag] == true && d["available"] == true {
			return line(d)
		}
	}
	v.t.Fatalf("no dish is %s", flag)
	return ""
}

func line(dish map[string]any) string {
	size := dish["sizes"].([]any)[0].(map[string]any)["size"]
	return fmt.Sprintf(`"menu_item_id":%v,"size":%q`, dish["id"], size)
}

// soldOut makes a dish that cannot be ordered.
func (v *visitors) soldOut() string {
	a := v.do(201, "marco", "POST", "/api/v1/menu", `{"name":"Truffles","category":"Starters","sizes":[{"size":"regular","price_cents":9900}],"available":false}`)
	return fmt.Sprintf(`"menu_item_id":%d,"size":"regular"`, member[int64](v, a, "id"))
}

func kitchen(v *visitors) {
	v.do(200, "carla", "GET", "/api/v1/kitchen/orders", "")
	v.do(200, "carla", "GET", "/api/v1/kitchen/orders?status=cancelled&limit=100", "")
	a := v.do(201, "alice", "POST", "/api/v1/orders", pizza)
	id := member[int64](v, a, "id")
	path := fmt.Sprintf("/api/v1/kitchen/orders/%d", id)
	v.do(409, "carla", "PATCH", path, `{"status":"served"}`)
	for _, status := range []string{"preparing", "ready", "served"} {
		v.do(200, "carla", "PATCH", path, fmt.Sprintf(`{"status":%q}`, status))
	}
	v.do(403, "alice", "GET", "/api/v1/kitchen/orders", "")
	v.do(404, "carla", "PATCH", "/api/v1/kitchen/orders/999999", `{"status":"ready"}`)
	v.do(200, "carla", "GET", fmt.Sprintf("/api/v1/orders/%d/events", id), "", "Accept", "text/event-stream")
}

func kitchenMode(v *visitors) {
	const path = "/api/v1/kitchen/mode"
	v.do(403, "alice", "GET", path, "")
	mode := v.do(200, "carla", "GET", path, "")
	v.do(200, "carla", "PUT", path, `{"mode":"auto","pace_ms":1000}`)
	v.do(200, "carla", "PUT", path, string(mode.Body)) // as it was read
	v.do(422, "carla", "PUT", path, `{"mode":"closed"}`)
}

func office(v *visitors) {
	page := v.do(200, "marco", "GET", "/api/v1/users?limit=1", "")
	v.do(200, "marco", "GET", "/api/v1/users?cursor="+member[string](v, page, "next_cursor"), "")
	v.do(422, "marco", "GET", "/api/v1/users?limit=1000", "")
	v.do(403, "alice", "GET", "/api/v1/users", "")
	users := member[[]map[string]any](v, v.do(200, "marco", "GET", "/api/v1/users", ""), "items")
	path := map[string]string{}
	for _, u := range users {
		path[u["username"].(string)] = fmt.Sprintf("/api/v1/users/%v", u["id"])
	}
	v.do(200, "marco", "PATCH", path["new.guest"], `{"role":"chef","vip":true,"name":"Newer guest"}`)
	v.do(200, "marco", "PATCH", path["new.guest"], `{"role":null,"vip":false,"name":null}`)
	v.do(422, "marco", "PATCH", path["new.guest"], `{}`)
	v.do(409, "marco", "PATCH", path["marco"], `{"role":"guest"}`)
	v.do(404, "marco", "PATCH", "/api/v1/users/999999", `{"vip":true}`)
	v.do(204, "marco", "DELETE", path["new.guest"]+"/sessions", "")
	v.do(404, "marco", "DELETE", "/api/v1/users/999999/sessions", "")
}

func lessons(v *visitors) {
	v.do(200, "", "GET", "/learn", "")
	for _, path := range []string{"/learn", "/learn/reset"} {
		v.do(303, "", "GET", path, "", "Accept", "text/html")
	}
	v.do(200, "", "GET", "/learn/lessons", "")
	for _, name := range []string{"L01", "L02.json", "L03", "L04", "L05", "L06", "L07", "L08", "L09"} {
		v.do(200, "", "GET", "/learn/lessons/"+name, "")
	}
	for _, format := range []string{"txt", "sh", "cmd", "ps1", "http", "hurl"} {
		v.do(200, "", "GET", "/learn/lessons/L01."+format, "", "Accept", "*/*")
	}
	v.do(200, "", "GET", "/learn/comparison", "")
	v.do(200, "", "GET", "/learn/certificate", "")
	v.do(404, "", "GET", "/learn/lessons/L99", "")
	v.do(200, "", "GET", "/learn/files/order.json", "")
	v.do(404, "", "GET", "/learn/files/nothing.json", "")
	v.do(200, "", "GET", "/learn/facts", "")
	v.do(200, "marco", "GET", "/learn/facts", "")

	v.do(200, "", "POST", "/learn/lessons/L01/answers", `{"question":"predict","choice":1}`)
	v.do(200, "", "POST", "/learn/lessons/L01/answers", `{"question":"who-is-who","choice":1}`)
	v.form(200, "", "/learn/lessons/L01/answers", "question=who-is-who&choice=2")
	v.do(422, "", "POST", "/learn/lessons/L01/answers", `{"question":"nothing","choice":1}`)
	v.do(422, "", "POST", "/learn/lessons/L01/answers", `{"question":"predict","choice":99}`)
	v.form(422, "", "/learn/lessons/L01/answers", "question=predict&choice=0")
	v.form(400, "", "/learn/lessons/L01/answers", "question=predict&choice=1&role=chef")
	v.do(404, "", "POST", "/learn/lessons/L99/answers", `{"question":"predict","choice":1}`)
	v.do(200, "", "POST", "/learn/lessons/L01/hints", `{"number":1}`)
	v.form(200, "", "/learn/lessons/L01/hints", "number=2")
	v.form(422, "", "/learn/lessons/L01/hints", "number=3")
	v.do(404, "", "POST", "/learn/lessons/L99/hints", `{"number":1}`)

	v.do(200, "", "GET", "/learn/lessons/L01", "") // with answers and hints
	saved := v.do(200, "", "GET", "/learn/progress", "")
	v.do(200, "", "PUT", "/learn/progress", string(saved.Body))
	v.do(200, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L01","state":"done","started_at":"2026-01-31T19:00:00Z","done_at":"2026-01-31T19:04:00Z","answers":{"predict":2},"hints":[1]},{"lesson":"L02","state":"started"}]}`)
	v.do(200, "", "GET", "/learn/lessons/L01", "") // explained
	v.do(422, "", "PUT", "/learn/progress", `{"table":"main"}`)
	v.do(422, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L01","state":"eaten"}]}`)
	v.do(422, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L01","state":"done","answers":{"predict":0}}]}`)
	v.do(422, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L01","state":"done","hints":[0]}]}`)
	v.do(422, "", "PUT", "/learn/progress", `{"lessons":[{"state":"done"}]}`)
	v.do(422, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L99","state":"eaten"}]}`)
	v.do(400, "", "PUT", "/learn/progress", `{"lessons":[{"lesson":"L01","state":"done","points":7}]}`)

	for _, query := range []string{"", "?what=lessons", "?what=kitchen", "?what=lesson&lesson=L01"} {
		v.do(200, "", "GET", "/learn/reset"+query, "")
	}
	v.do(404, "", "GET", "/learn/reset?what=lesson&lesson=L99", "")
	v.do(422, "", "GET", "/learn/reset?what=everything", "")
	v.do(200, "", "POST", "/learn/reset", `{"what":"lesson","lesson":"L01"}`)
	v.do(200, "", "POST", "/learn/reset", `{"what":"lessons","lesson":null}`)
	v.form(200, "", "/learn/reset", "what=lesson&lesson=L02")
	v.form(303, "", "/learn/reset", "what=lessons", "Accept", "text/html")
	v.do(404, "", "POST", "/learn/reset", `{"what":"lesson","lesson":"L99"}`)
	v.do(422, "", "POST", "/learn/reset", `{"what":"everything"}`)

	v.do(200, "", "POST", "/learn/lessons/L12/answers", `{"question":"size","number":750}`)
	v.do(422, "", "POST", "/learn/lessons/L12/answers", `{"question":"size"}`)

	v.do(200, "", "POST", "/learn/reopen", "")
	v.do(303, "", "POST", "/learn/reopen", "", "Accept", "text/html")
	v.do(403, "", "POST", "/learn/reopen", "", "Origin", "https://evil.example")

	v.do(200, "alice", "POST", "/lab/forge", `{"set":["role=manager"]}`)
	v.do(200, "alice", "POST", "/lab/forge", `{"set":["role=manager"],"key":"own"}`)
	v.do(200, "alice", "POST", "/lab/forge", `{"key":"own"}`)
	v.do(200, "alice", "POST", "/lab/forge", `{"set":["vip=true"],"key":null}`)
	v.do(422, "alice", "POST", "/lab/forge", `{"set":["role"]}`)
	v.do(422, "alice", "POST", "/lab/forge", `{}`)
	v.form(200, "alice", "/lab/forge", "set=role%3Dmanager&set=vip%3Dtrue&key=own")
	v.form(400, "alice", "/lab/forge", "set=role%3Dmanager&jku=x")
	v.do(400, "", "POST", "/lab/forge", `{"set":["role=manager"]}`)
	for _, body := range []string{`{"alg":"none"}`, `{"alg":"HS256","key":"public"}`, `{"embed":"jwk"}`, `{"header":["kid=another"]}`} {
		v.do(200, "alice", "POST", "/lab/forge", body)
	}
	v.do(422, "alice", "POST", "/lab/forge", `{"alg":"HS256"}`)
	v.do(403, "alice", "GET", "/lab/sleepy/lounge", "")
	v.do(200, "vera", "GET", "/lab/sleepy/lounge", "")
	v.do(401, "", "GET", "/lab/sleepy/lounge", "")
	v.do(200, "", "GET", "/lab/repair", "")
	v.do(200, "", "POST", "/lab/repair", `{"guards":["exp","signature"]}`)
	v.form(200, "", "/lab/repair", "guards=exp&guards=own-keys")
	v.do(422, "", "POST", "/lab/repair", `{"guards":[]}`)

	for _, path := range []string{"/lab/open/menu", "/lab/open/orders"} {
		v.do(204, "", "DELETE", path, "")
		v.do(201, "", "POST", path, "")
		v.do(200, "", "GET", path, "")
	}
	jar := v.form(200, "", "/lab/session/login", "username=alice&password=alice-likes-pizza")
	ticket, _, _ := strings.Cut(jar.Header.Get("Set-Cookie"), ";")
	v.do(200, "", "GET", "/lab/session/me", "", "Cookie", ticket)
	v.do(401, "", "GET", "/lab/session/me", "")
	v.do(204, "", "POST", "/lab/session/logout", "", "Cookie", ticket)
	v.do(401, "", "POST", "/lab/session/logout", "", "Cookie", ticket)
	v.do(401, "", "POST", "/lab/session/login", `{"username":"vera","password":"wrong"}`)
	v.do(200, "", "POST", "/lab/compare", `{"n":10,"distance_ms":5}`)
	v.form(200, "", "/lab/compare", "n=10&distance_ms=0")
	v.do(422, "", "POST", "/lab/compare", `{"n":201,"distance_ms":0}`)
	v.do(200, "", "GET", "/lab/fat?pad=4000", "")
	v.do(422, "", "GET", "/lab/fat?pad=1", "")
	v.do(200, "alice", "GET", "/lab/weigh", "")

	v.rush()

	v.do(200, "", "GET", "/lab/clock", "")
	v.do(200, "", "POST", "/lab/clock", `{"advance":"1s"}`)
	v.form(200, "", "/lab/clock", "advance=1s")
	v.do(422, "", "POST", "/lab/clock", `{"advance":"25h"}`)
	v.do(422, "", "POST", "/lab/clock", `{"advance":"-1s"}`)
	v.do(400, "", "POST", "/lab/clock", `{"back":"1s"}`)
	v.do(201, "", "POST", "/lab/weather", `{"route":"GET /api/v1/menu/{id}","fault":"status","status":503,"retry_after":1,"rate":0.5,"for_s":60}`)
	v.form(201, "", "/lab/weather", "route=GET+/api/v1/lounge&fault=delay&delay_ms=10&for_s=60")
	v.do(200, "", "GET", "/lab/weather", "")
	v.do(422, "", "POST", "/lab/weather", `{"route":"GET /healthz","fault":"drop","for_s":1}`)
	for range 6 {
		v.do(201, "", "POST", "/lab/weather", `{"route":"GET /metrics","fault":"drop","for_s":60}`)
	}
	v.do(409, "", "POST", "/lab/weather", `{"route":"GET /metrics","fault":"drop","for_s":60}`)
	v.do(204, "", "DELETE", "/lab/weather", "")
	v.do(204, "", "POST", "/lab/kiosk", `{"status":401,"problem":"authentication-required"}`)
	v.do(204, "alice", "POST", "/lab/kiosk", `{"status":200,"problem":null}`)
	v.do(422, "", "POST", "/lab/kiosk", `{"status":200}`)
	v.do(400, "", "POST", "/lab/kiosk", `{"status":200,"token":"x"}`)
	v.do(404, "", "GET", "/lab/stage", "")
	v.do(201, "", "POST", "/lab/stage", "")
	v.do(200, "", "GET", "/lab/stage?case=order", "")
	v.do(303, "", "GET", "/lab/stage?case=order", "", "Accept", "text/html")
	v.do(422, "", "GET", "/lab/stage?case=none", "")
	v.do(404, "", "GET", "/lab/wire/log", "")
	v.do(404, "", "GET", "/lab/wire/ca.pem", "")
	v.do(201, "", "POST", "/lab/wire", `{"tls":false}`)
	v.form(201, "", "/lab/wire", "tls=true")
	v.do(422, "", "POST", "/lab/wire", `{"tls":"yes"}`)
	v.do(200, "", "GET", "/lab/wire/log", "")
	v.do(200, "", "GET", "/lab/wire/ca.pem", "")

	v.do(200, "marco", "POST", "/learn/reset", `{"what":"kitchen"}`) // last: it ends all sessions
}

// rush is served ten times at once, and once more for each second that its requests take.
func (v *visitors) rush() {
	v.t.Helper()
	began := time.Now()
	for n := range 20 {
		a := v.do(0, "", "GET", "/lab/rush", "")
		if n >= 10 && a.Status == 429 {
			return
		}
		if a.Status != 200 || n >= 10+int(time.Since(began).Seconds()) {
			v.t.Errorf("request %d of the rush hour is answered %d after %v: %s", n+1, a.Status, time.Since(began), a.Body)
			return
		}
	}
	v.t.Error("of twenty requests in the rush hour none is refused")
}
