package browser

import (
	"fmt"
	"maps"
	"testing"

	"restaurant/e2e/testkit"
)

// asFrontEnd does what a front end of somebody's own does, and notes what it may read. An
// EventSource cannot send the token, so it reads the stream with fetch.
const asFrontEnd = `(async base => {
	const seen = {};
	const call = async (name, method, path, headers = {}, body) => {
		const res = await fetch(base + path, {method, headers, body: body && JSON.stringify(body)});
		seen[name] = String(res.status);
		if (res.headers.get("Lesson-Progress")) seen["Lesson-Progress"] = "true";
		return res;
	};
	const json = {"Content-Type": "application/json"};
	const login = await call("login", "POST", "/api/v1/auth/login", json, {username: "alice", password: "alice-likes-pizza"});
	const alice = {Authorization: "Bearer " + (await login.json()).access_token};
	const form = await fetch(base + "/api/v1/auth/login", {method: "POST", headers: {Authorization: "Basic Og=="},
		body: new URLSearchParams({grant_type: "password", username: "carla", password: "carla-likes-pizza"})});
	const carla = {Authorization: "Bearer " + (await form.json()).access_token};

	const menu = await call("menu", "GET", "/api/v1/menu", alice);
	await call("menu again", "GET", "/api/v1/menu", {...alice, "If-None-Match": menu.headers.get("ETag")});

	const order = {items: [{menu_item_id: 1, size: "large", quantity: 1}]};
	const once = {...alice, ...json, "Idempotency-Key": "one-pizza"};
	const first = await call("order", "POST", "/api/v1/orders", once, order);
	const again = await call("order again", "POST", "/api/v1/orders", once, order);
	seen["Location is an order"] = String(/^\/api\/v1\/orders\/\d+$/.test(first.headers.get("Location")));
	seen["Idempotency-Replayed"] = again.headers.get("Idempotency-Replayed");
	for (const name of ["X-Request-ID", "Server-Timing", "RateLimit", "RateLimit-Policy"])
		seen[name] = String(first.headers.get(name) !== null);

	const path = first.headers.get("Location");
	const stream = await call("stream", "GET", path + "/events", {...alice, "Last-Event-ID": "0"});
	seen["first event"] = new TextDecoder().decode((await stream.body.getReader().read()).value).includes("event: status") ? "status" : "none";
	await call("kitchen", "PATCH", path.replace("/orders", "/kitchen/orders"), {...carla, ...json}, {status: "preparing"});

	const refused = await call("me with a bad token", "GET", "/api/v1/auth/me", {Authorization: "Bearer pizza"});
	seen["WWW-Authenticate"] = refused.headers.get("WWW-Authenticate").split(" ")[0];
	await call("logout everywhere", "DELETE", "/api/v1/auth/sessions", alice);
	await call("me", "GET", "/api/v1/auth/me", alice);
	return seen;
})`

// TestFrontEnd_ofYourOwn: a page under development is at another port of this computer. It
// logs in, orders, follows and logs out as our own page does.
func TestFrontEnd_ofYourOwn(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"login": "200", "menu": "200", "menu again": "304", "order": "201", "order again": "201", "Location is an order": "true",
		"Idempotency-Replayed": "true", "X-Request-ID": "true", "Server-Timing": "true", "RateLimit": "true", "RateLimit-Policy": "true",
		"Lesson-Progress": "true", "stream": "200", "first event": "status", "kitchen": "200", "me with a bad token": "401",
		"WWW-Authenticate": "Bearer", "logout everywhere": "204", "me": "401",
	}
	addr := testkit.FreeAddr(t)
	serveForeign(t, addr, nil)
	for _, host := range []string{"localhost", "127.0.0.1"} {
		s := startServer(t, "RESTAURANT_CORS_ORIGINS=loopback", "RESTAURANT_KITCHEN=manual")
		page := openPageOf(t, host, addr)
		if got := eval[map[string]string](page, fmt.Sprintf(`%s(%s)`, asFrontEnd, quote("http://"+s.Addr))); !maps.Equal(got, want) {
			t.Errorf("a page of %s sees %v, want %v", host, got, want)
		}
		if got := openForeign(t, addr).answerTo("http://"+s.Addr+"/api/v1/menu", "{}"); got != 0 {
			t.Errorf("a page from elsewhere reads the menu: %d", got)
		}
	}
	closed := startServer(t)
	if got := openPageOf(t, "localhost", addr).answerTo("http://"+closed.Addr+"/api/v1/menu", "{}"); got != 0 {
		t.Errorf("while CORS is off, a page of another port reads the menu: %d", got)
	}
}
