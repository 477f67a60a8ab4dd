package handlers

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/problem"
)

var update = flag.Bool("update", false, "write the golden files again")

// wireCases are conversations with a server of their own each, one golden file a
// conversation.
var wireCases = map[string]struct {
	talk    func(w *wire)
	options []func(*server)
}{
	"orders":         {talk: wireOrders},
	"kitchen":        {talk: wireKitchen},
	"menu":           {talk: wireMenu},
	"menu_changes":   {talk: wireMenuChanges},
	"login":          {talk: wireLogin},
	"cookies":        {talk: wireCookies},
	"cookies_tls":    {talk: wireCookies, options: []func(*server){overTLS}},
	"sessions":       {talk: wireSessions},
	"token_refusals": {talk: wireTokenRefusals},
	"problems":       {talk: wireProblems},
	"problem_pages":  {talk: wireProblemPages},
	"refusals":       {talk: wireRefusals},
	"users":          {talk: wireUsers},
	"keys":           {talk: wireKeys},
	"inspect":        {talk: wireInspect},
	"stream":         {talk: wireStream},
	"limits":         {talk: wireLimits, options: []func(*server){func(srv *server) { srv.RateLimit = 2 }}},
	"throttle":       {talk: wireThrottle},
	"cors":           {talk: wireCORS, options: []func(*server){func(srv *server) { srv.CORSOrigins = []string{"https://app.example"} }}},
	"learn":          {talk: wireLearn},
	"health":         {talk: wireHealth},
}

// TestWire_isAsItWas compares status line, headers and body of typical answers
// with golden files, byte by byte. Only what is random has a placeholder. The
// clock is that of a bubble, so times are exact; the number of queries is, too.
func TestWire_isAsItWas(t *testing.T) {
	if testkit.UsesPostgres() {
		t.Skip("the golden files hold SQLite's number of queries")
	}
	seededDir() // outside of the bubbles: its users were created at the real time
	files, err := filepath.Glob("testdata/wire/*.txt")
	if err != nil || len(files) != len(wireCases) && !*update {
		t.Errorf("%d golden files for %d cases, %v", len(files), len(wireCases), err)
	}
	for name, tc := range wireCases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, append([]func(*server){withRateLimit}, tc.options...)...)
				defer srv.Store.Close()
				time.Sleep(1230 * time.Millisecond) // so that times show how fractions of a second are written
				w := &wire{t: t, srv: srv}
				tc.talk(w)
				w.compare(filepath.Join("testdata", "wire", name+".txt"))
			})
		})
	}
}

// wire writes down what goes over it.
type wire struct {
	t    *testing.T
	srv  *server
	text strings.Builder
}

func (w *wire) compare(file string) {
	w.t.Helper()
	got := w.text.String()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			w.t.Fatalf("%s, line %d: the answer is other than it was; if that is meant, run go test ./handlers -run Wire -update and read the difference\nwas: %s\nis:  %s",
				file, i+1, strings.Join(was[min(i, len(was)):min(i+1, len(was))], ""), strings.Join(is[min(i, len(is)):min(i+1, len(is))], ""))
		}
	}
}

func (w *wire) get(title, path string, opts ...option) *httptest.ResponseRecorder {
	return w.send(title, http.MethodGet, path, "", opts...)
}

func (w *wire) post(title, path, body string, opts ...option) *httptest.ResponseRecorder {
	return w.send(title, http.MethodPost, path, body, opts...)
}

// send makes a request and writes down both it and the answer.
func (w *wire) send(title, method, path, body string, opts ...option) *httptest.ResponseRecorder {
	w.t.Helper()
	req, rec := newRequest(method, path, body), httptest.NewRecorder()
	for _, opt := range opts {
		opt(req)
	}
	if body != "" && req.Header["Content-Type"] == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	request := headerLines(req.Header)
	w.srv.handler.ServeHTTP(rec, req)
	res, answer := rec.Result(), rec.Body.String()
	if meant, _, _ := strings.Cut(title, " "); len(meant) == 3 && meant != strconv.Itoa(res.StatusCode) && meant[0] >= '2' && meant[0] <= '5' {
		w.t.Errorf("%q is answered with %d: %s", title, res.StatusCode, answer)
	}
	switch {
	case method == http.MethodHead:
		answer = "" // net/http drops it
	case res.Header.Get("Content-Encoding") == "gzip":
		plain := w.unpack(rec.Body.Bytes())
		answer = fmt.Sprintf("<gzip of %d bytes, SHA-256 %x>", len(plain), sha256.Sum256(plain))
		res.Header.Set("Content-Length", "<depends on the compressor>")
	case strings.HasPrefix(res.Header.Get("Content-Type"), "text/html"): // what it says, not how the page looks
		answer = article.FindString(answer)
		res.Header.Set("Content-Length", "<depends on the page>")
		res.Header.Set("ETag", "<depends on the page>")
	case seedTime.MatchString(answer):
		res.Header.Set("Content-Length", "<depends on the time of the seed>")
	}
	if len(body) > 400 {
		body = fmt.Sprintf("<%d bytes>", len(body))
	}
	fmt.Fprintf(&w.text, "### %s\n> %s %s\n%s>\n> %s\n\n< %d %s\n%s<\n%s\n\n", title, method, w.placeholders(path),
		indent("> ", w.placeholders(request)), w.placeholders(body), res.StatusCode, http.StatusText(res.StatusCode),
		indent("< ", w.placeholders(headerLines(res.Header))),
		strings.ReplaceAll(w.placeholders(answer), res.Header.Get("X-Request-ID"), "<request-id>"))
	return rec
}

func (w *wire) unpack(body []byte) []byte {
	w.t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return must(io.ReadAll(r))
}

func headerLines(h http.Header) string {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			fmt.Fprintf(&lines, "%s: %s\n", name, value)
		}
	}
	return lines.String()
}

func indent(prefix, lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		out.WriteString(prefix + line)
	}
	return out.String()
}

var (
	article    = regexp.MustCompile(`(?s)<article.*?</article>`)
	seedTime   = regexp.MustCompile(`"created_at":"20[2-9]\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z"`)
	wireToken  = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*`)
	wireRandom = []struct {
		find *regexp.Regexp
		put  string
	}{
		{regexp.MustCompile(`((?:^|\n)X-Request-Id: )\S+`), "${1}<request-id>"},
		{regexp.MustCompile(`dur=[\d.]+`), "dur=<ms>"},
		{regexp.MustCompile(`("(?:jti|sid|refresh_token|kid|n|id)":")(?:[\w-]{16}|[\w-]{43}|[\w-]{342})(")`), "${1}<random>${2}"},
		{regexp.MustCompile(`(refresh_token(?:_8080)?=)[\w-]{43}`), "${1}<random>"},
		{regexp.MustCompile(`(/sessions/)[\w-]{16}`), "${1}<random>"},
		{regexp.MustCompile(`(?s)(-----BEGIN PUBLIC KEY-----\n).*(\n-----END)`), "${1}<base64>${2}"},
		{seedTime, `"created_at":"<time of the seed>"`},
	}
)

// placeholders replaces what is random. Of a token, header and claims stay
// readable, in their order.
func (w *wire) placeholders(text string) string {
	text = wireToken.ReplaceAllStringFunc(text, func(token string) string {
		return fmt.Sprintf("<jwt %s %s>", decoded(token, 0), decoded(token, 1))
	})
	for _, r := range wireRandom {
		text = r.find.ReplaceAllString(text, r.put)
	}
	return text
}

func wireOrders(w *wire) {
	alice, bob := w.srv.as(w.t, "alice"), w.srv.as(w.t, "bob")
	w.post("place an order", ordersPath, margherita, alice)
	retry := with("Idempotency-Key", "dinner-1")
	two := `{"items":[{"menu_item_id":2,"size":"small","quantity":2},{"menu_item_id":1,"size":"medium","quantity":1,"note":"no olives"}]}`
	w.post("place an order with a key", ordersPath, two, alice, retry)
	time.Sleep(time.Second)
	w.post("the same again", ordersPath, two, alice, retry)
	w.post("another order with this key", ordersPath, margherita, alice, retry)
	w.post("a third one", ordersPath, margherita, alice)
	page := decode[struct {
		Next string `json:"next_cursor"`
	}](w.t, &response{ResponseRecorder: w.get("the first page", ordersPath+"?limit=2", alice)})
	w.get("the last page", ordersPath+"?limit=2&cursor="+page.Next, alice)
	w.get("by status", ordersPath+"?status=served", alice)
	w.get("one order", ordersPath+"/1", alice)
	w.send("only its head", http.MethodHead, ordersPath+"/1", "", alice)
	w.get("another guest's order", ordersPath+"/1", bob)
	w.get("no order", ordersPath+"/99", alice)
	w.post("cancel", ordersPath+"/1/cancel", "", alice)
	w.post("cancel again", ordersPath+"/1/cancel", "", alice)
	w.get("a cancelled order", ordersPath+"/1", alice)
}

func wireKitchen(w *wire) {
	alice, carla := w.srv.as(w.t, "alice"), w.srv.as(w.t, "carla")
	w.get("an empty board", kitchenPath, carla)
	w.srv.newOrder(w.t, alice)
	w.srv.newOrder(w.t, alice)
	w.get("the board", kitchenPath, carla)
	w.send("one step", http.MethodPatch, kitchenPath+"/1", `{"status":"preparing"}`, carla)
	w.send("one step too many", http.MethodPatch, kitchenPath+"/2", `{"status":"served"}`, carla)
	w.send("no status", http.MethodPatch, kitchenPath+"/2", `{"status":"burnt"}`, carla)
	w.send("no order", http.MethodPatch, kitchenPath+"/99", `{"status":"preparing"}`, carla)
	w.get("by status, one a page", kitchenPath+"?status=placed&limit=1", carla)
	w.get("to a guest", kitchenPath, alice)
	w.get("who cooks", modePath, carla)
	w.send("the kitchen, and faster", http.MethodPut, modePath, `{"mode":"auto","pace_ms":500}`, carla)
	w.send("a chef", http.MethodPut, modePath, `{"mode":"manual"}`, carla)
	w.send("nobody", http.MethodPut, modePath, `{"mode":"none","pace_ms":0}`, carla)
	w.send("a guest decides", http.MethodPut, modePath, `{"mode":"auto"}`, alice)
}

func wireMenu(w *wire) {
	vera := w.srv.as(w.t, "vera")
	plain := w.get("the menu", "/api/v1/menu").Header().Get("ETag")
	packed := w.get("in gzip", "/api/v1/menu", with("Accept-Encoding", "gzip")).Header().Get("ETag")
	w.get("known", "/api/v1/menu", with("If-None-Match", plain))
	w.get("known in gzip", "/api/v1/menu", with("If-None-Match", packed), with("Accept-Encoding", "gzip"))
	w.send("its head", http.MethodHead, "/api/v1/menu", "")
	w.get("filtered", "/api/v1/menu?category=pizza&q=basil&sort=-price&vegetarian=true&max_price_cents=900")
	w.get("a filter that is none", "/api/v1/menu?sort=id&vegetarian=maybe")
	w.get("a VIP's", "/api/v1/menu?q=truffle", vera)
	tag := w.get("one dish", "/api/v1/menu/1").Header().Get("ETag")
	w.get("one dish, known", "/api/v1/menu/1", with("If-None-Match", tag))
	w.get("no dish", "/api/v1/menu/999")
	w.get("the lounge", "/api/v1/lounge", vera)
	w.get("the lounge, no VIP", "/api/v1/lounge", w.srv.as(w.t, "alice"))
}

func wireMenuChanges(w *wire) {
	marco := w.srv.as(w.t, "marco")
	w.post("a new dish", "/api/v1/menu", calzone, marco)
	w.send("changed", http.MethodPut, "/api/v1/menu/1", calzone, marco, with("If-Match", `"1.1.1"`))
	w.send("changed meanwhile", http.MethodPut, "/api/v1/menu/1", calzone, marco, with("If-Match", `"1.1.1"`))
	w.send("not a dish", http.MethodPut, "/api/v1/menu/1", `{"name":"","sizes":[]}`, marco)
	w.send("removed", http.MethodDelete, "/api/v1/menu/2", "", marco)
	w.send("by a guest", http.MethodDelete, "/api/v1/menu/3", "", w.srv.as(w.t, "alice"))
}

const aliceLogin = `{"username":"alice","password":"alice-likes-pizza"}`

func wireLogin(w *wire) {
	form := with("Content-Type", "application/x-www-form-urlencoded")
	text := with("Accept", "text/plain")
	w.post("register", registerPath, `{"username":"New.Guest","password":"a sentence only I know","name":"New guest","birth_date":"1970-12-31"}`)
	w.post("the name is taken", registerPath, `{"username":"alice","password":"a sentence only I know","name":"Another"}`)
	w.post("log in", loginPath, aliceLogin)
	w.post("for a minute", loginPath, `{"username":"alice","password":"alice-likes-pizza","expires_in":60}`)
	w.post("for too long", loginPath, `{"username":"alice","password":"alice-likes-pizza","expires_in":6000}`)
	w.post("with a form", loginPath, "grant_type=password&username=vera&password=vera-likes-pizza&scope=", form)
	w.post("as text", loginPath, aliceLogin, text)
	w.post("with a form as text", loginPath, "username=alice&password=alice-likes-pizza", form, text)
	w.post("a wrong password", loginPath, `{"username":"alice","password":"wrong"}`)
	w.post("an unknown name", loginPath, `{"username":"nobody","password":"wrong"}`)
	w.post("nothing", loginPath, `{}`)
	w.get("me", mePath, w.srv.as(w.t, "vera"))
}

func wireCookies(w *wire) {
	host := atHost(strings.TrimPrefix(strings.TrimPrefix(w.srv.PublicURL, "https://"), "http://"))
	login := func(mode string) string { return strings.TrimSuffix(aliceLogin, "}") + `,"cookie":` + mode + `}` }
	w.post("the refresh token only", loginPath, login(`"refresh"`), host)
	w.post("neither true nor refresh", loginPath, login(`"both"`), host)
	w.post("from a foreign page", loginPath, login(`true`), host, with("Origin", "https://evil.example"))
	res := &response{ResponseRecorder: w.post("both", loginPath, login(`true`), host)}
	var jar []option
	for name, value := range res.cookiesSet() {
		jar = append(jar, cookie(name, value))
	}
	slices.SortFunc(jar, func(a, b option) int { return strings.Compare(jarName(a), jarName(b)) })
	withJar := func(opts ...option) []option { return append(slices.Clone(jar), append(opts, host)...) }
	own := func(r *http.Request) { r.Header.Set("Origin", w.srv.PublicURL) }
	w.get("me", mePath, withJar()...)
	w.post("order", ordersPath, margherita, withJar(own)...)
	w.post("order without an origin", ordersPath, margherita, withJar()...)
	w.post("refresh", "/api/v1/auth/refresh", "", withJar(own)...)
	w.post("log out", "/api/v1/auth/logout", "", withJar(own)...)
}

// jarName is the cookie that an option sends.
func jarName(o option) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	o(r)
	return r.Header.Get("Cookie")
}

func wireSessions(w *wire) {
	first := w.srv.openSession(w.t, "alice")
	fresh := decode[tokenResponse](w.t, &response{ResponseRecorder: w.post("refresh", refreshPath, refreshTokenOf(first.RefreshToken))})
	w.get("the list of sessions", sessionsPath, bearer(fresh.AccessToken), with("User-Agent", "test"))
	w.post("reuse is refused", refreshPath, refreshTokenOf(first.RefreshToken))
	w.post("and ends the session", refreshPath, refreshTokenOf(fresh.RefreshToken))
	w.get("the access token, too", mePath, bearer(fresh.AccessToken))
	w.post("a refresh token that is none", refreshPath, refreshTokenOf("nonsense"))
	w.post("no refresh token", refreshPath, `{}`)
	second := w.srv.openSession(w.t, "alice")
	w.send("end one that is not there", http.MethodDelete, sessionsPath+"/nonsense", "", bearer(second.AccessToken))
	w.send("end one", http.MethodDelete, sessionsPath+"/"+sidOf(w.t, w.srv.openSession(w.t, "alice").AccessToken), "", bearer(second.AccessToken))
	w.post("log out", logoutPath, "", bearer(second.AccessToken))
	w.post("log out again", logoutPath, "", bearer(second.AccessToken))
	third := w.srv.openSession(w.t, "alice")
	w.send("end all", http.MethodDelete, sessionsPath, "", bearer(third.AccessToken))
	w.post("a new password", passwordPath, `{"current":"alice-likes-pizza","new":"alice likes pasta now"}`, bearer(w.srv.openSession(w.t, "alice").AccessToken))
	w.post("not the old password", passwordPath, `{"current":"wrong","new":"alice likes pasta now"}`, bearer(w.srv.openSession(w.t, "alice").AccessToken))
}

func wireTokenRefusals(w *wire) {
	f := newAttacker(w.t, w.srv, "alice")
	header, claims := f.header(), f.claims()
	me := func(title, token string) { w.get(title, mePath, bearer(token)) }
	w.get("no token", mePath)
	w.get("another scheme", mePath, with("Authorization", "Basic YTpi"))
	me("malformed", "nonsense")
	me("no algorithm", compose(header.with("alg", "none").String(), claims.String(), emptySignature))
	me("wrong algorithm", compose(header.with("alg", "HS256").String(), claims.String(), mac([]byte(f.public), crypto.SHA256)))
	me("unknown key", f.mint(header.with("kid", "0123456789").String(), claims.String()))
	me("bad signature", f.edit("", claims.with("role", "manager").String()))
	me("another issuer", f.mint(header.String(), claims.with("iss", "https://evil.example").String()))
	me("expired", f.mint(header.String(), claims.with("iat", -16*time.Minute).with("exp", -time.Minute).String()))
	w.get("two tokens", mePath, bearer(f.good), cookie(accessCookie, f.other))
	w.get("a bad token where none is needed", "/api/v1/menu", bearer("nonsense"))
	w.get("good", mePath, bearer(f.good))
	w.srv.post(w.t, logoutPath, "", bearer(f.good)).wants(w.t, 204, "")
	me("revoked", f.good)
}

func wireProblems(w *wire) {
	alice := w.srv.as(w.t, "alice")
	order := func(title, body string, opts ...option) { w.post(title, ordersPath, body, append(opts, alice)...) }
	order("400 malformed", `{"items":[`)
	order("400 unknown field", `{"items":[],"tip":5}`)
	order("400 empty", ` `)
	order("400 no body", ``)
	w.get("404 no route", "/api/v1/nothing")
	w.get("404 no problem", "/problems/nothing")
	w.send("405", http.MethodPut, ordersPath, `{}`, alice)
	order("413", `{"note":"`+strings.Repeat("x", 1<<20)+`"}`)
	order("415", margherita, with("Content-Type", "text/xml"))
	order("422 every field", `{"items":[{"menu_item_id":0,"size":"huge","quantity":0},{"menu_item_id":2,"size":"small","quantity":100,"note":"\u0000"}]}`)
	order("422 a type", `{"items":"pizza"}`)
	order("422 not on the menu", `{"items":[{"menu_item_id":999,"size":"small","quantity":1}]}`)
	order("422 a key", margherita, with("Idempotency-Key", strings.Repeat("k", 300)))
	w.get("422 a query", ordersPath+"?limit=0&status=eaten&cursor=nonsense", alice)
	w.get("403 role", usersPath, alice)
	w.post("403 foreign page", loginPath, strings.TrimSuffix(aliceLogin, "}")+`,"cookie":true}`, with("Origin", "https://evil.example"))
}

// wireRefusals adds the refusals that no other conversation has. The examples of the
// OpenAPI document come from these files.
func wireRefusals(w *wire) {
	bob, marco := w.srv.as(w.t, "bob"), w.srv.as(w.t, "marco")
	wine := w.srv.newDish(w.t, func(d dishResponse) bool { return d.AgeRestricted && d.Available })
	orderOne := func(id int64) string {
		return fmt.Sprintf(`{"items":[{"menu_item_id":%d,"size":"regular","quantity":1}]}`, id)
	}
	w.post("403 age", ordersPath, orderOne(wine.ID), bob)
	w.send("sold out", http.MethodPut, "/api/v1/menu/3", `{"name":"Diavola","category":"Pizza","sizes":[{"size":"regular","price_cents":1150}],"available":false}`, marco)
	w.post("409 sold out", ordersPath, orderOne(3), bob)
	w.get("400 two headers", mePath, bob, marco)
	w.post("400 half a form", loginPath, "username=alice&username=bob", asForm)
	w.get("400 no host", mePath, atHost("localhost:80:80"))
	w.get("421 another host", "/api/v1/menu", atHost("evil.example"))
	for range maxStreams {
		w.srv.streams.acquire(2) // bob
	}
	w.get("429 streams", ordersPath+"/1/events", bob)
	fill, _ := w.srv.fillableDatabase(w.t)
	fill()
	w.post("503 full", ordersPath, margherita, bob)
	leave := w.srv.occupyHashing(w.t)
	w.post("503 busy", loginPath, aliceLogin)
	leave()
	w.srv.Drain()
	w.get("503 draining", "/readyz")
}

// wireProblemPages reads what each refusal's page says.
func wireProblemPages(w *wire) {
	for _, kind := range problem.Kinds() {
		w.get(kind.Slug, "/problems/"+kind.Slug)
		time.Sleep(time.Second)
	}
}

func wireUsers(w *wire) {
	marco := w.srv.as(w.t, "marco")
	w.get("the users", usersPath+"?limit=2", marco)
	w.send("a promotion", http.MethodPatch, usersPath+"/2", `{"role":"chef","vip":true}`, marco)
	w.send("no role", http.MethodPatch, usersPath+"/2", `{"role":"owner"}`, marco)
	w.send("nobody", http.MethodPatch, usersPath+"/99", `{"role":"chef"}`, marco)
	w.send("oneself", http.MethodPatch, usersPath+"/5", `{"role":"guest"}`, marco)
	w.send("end the sessions", http.MethodDelete, usersPath+"/2/sessions", "", marco)
}

func wireKeys(w *wire) {
	jwks := "/.well-known/jwks.json"
	w.get("the key set", jwks)
	w.get("as PEM", "/.well-known/public.pem")
	w.post("rotate", rotatePath, "", w.srv.as(w.t, "marco"))
	w.get("the key sets afterwards", jwks)
	w.post("rotate, a guest", rotatePath, "", w.srv.as(w.t, "alice"))
}

func wireInspect(w *wire) {
	good := w.srv.token(w.t, "vera")
	parts := strings.Split(good, ".")
	w.post("good", inspectPath, `{"token":"`+good+`"}`)
	w.post("forged", inspectPath, `{"token":"`+parts[0]+"."+encodeJSON(`{"role":"manager"}`)+"."+parts[2]+`"}`)
	w.post("no signature", inspectPath, `{"token":"`+encodeJSON(`{"alg":"none"}`)+"."+parts[1]+`."}`)
	w.post("garbage", inspectPath, `{"token":"garbage"}`)
	w.post("none", inspectPath, `{}`)
	time.Sleep(16 * time.Minute)
	w.post("expired", inspectPath, `{"token":"`+good+`"}`)
}

func wireStream(w *wire) {
	withKitchen(w.t, 20*time.Second)(w.srv)
	alice := w.srv.as(w.t, "alice")
	w.srv.newOrder(w.t, alice)
	w.srv.Kitchen.Wake()
	w.get("the whole story", ordersPath+"/1/events", alice)
	w.get("afterwards", ordersPath+"/1/events", alice)
	w.get("the rest", ordersPath+"/1/events", alice, with("Last-Event-ID", "2"))
	w.get("behind no event", ordersPath+"/1/events", alice, with("Last-Event-ID", "9"))
	w.send("only the head", http.MethodHead, ordersPath+"/1/events", "", alice)
}

func wireLimits(w *wire) {
	for i := range 3 {
		w.get(fmt.Sprint("request ", i+1, " of 2 a second"), "/problems/nothing")
	}
}

func wireThrottle(w *wire) {
	for range 5 {
		w.srv.post(w.t, loginPath, `{"username":"alice","password":"wrong"}`).wants(w.t, 401, "invalid-credentials")
	}
	w.post("too many attempts", loginPath, aliceLogin)
}

func wireCORS(w *wire) {
	origin := with("Origin", "https://app.example")
	ask := []option{with("Access-Control-Request-Method", "POST"), with("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")}
	w.send("preflight", http.MethodOptions, ordersPath, "", append(ask, origin)...)
	w.send("preflight of another page", http.MethodOptions, ordersPath, "", append(ask, with("Origin", "https://evil.example"))...)
	w.get("an answer", "/api/v1/menu/1", origin)
	w.get("a refusal", mePath, origin)
}

func wireLearn(w *wire) {
	w.get("the lessons", "/learn/lessons", with("Accept", "application/json"))
	w.get("one lesson", "/learn/lessons/L02.json")
	w.post("a wrong answer", "/learn/lessons/L02/answers", `{"question":"predict","choice":1}`)
	w.post("the right one", "/learn/lessons/L02/answers", `{"question":"predict","choice":3}`)
	w.post("not an answer", "/learn/lessons/L02/answers", `{"question":"nothing","choice":1}`)
	w.post("a hint", "/learn/lessons/L03/hints", `{"number":1}`)
	w.post("no hint", "/learn/lessons/L03/hints", `{}`)
	w.post("no such lesson", "/learn/lessons/L99/hints", `{}`)
	w.get("progress", "/learn/progress")
	w.get("the order's file", "/learn/files/order.json")
	w.get("before a reset", "/learn/reset", with("Accept", "application/json"))
	w.get("facts, to a guest", "/learn/facts", w.srv.as(w.t, "alice"))
	w.get("facts", "/learn/facts", w.srv.as(w.t, "marco"))
	w.post("forge a token", "/lab/forge", `{"set":["role=manager"],"key":"own"}`, w.srv.as(w.t, "alice"))
	w.post("forge no token", "/lab/forge", `{"set":["role=manager"],"key":"own"}`)
}

func wireHealth(w *wire) {
	w.get("alive", "/healthz")
	w.get("ready", "/readyz")
	w.get("metrics, from elsewhere", "/metrics", fromAddress("192.0.2.1:1234"))
}
