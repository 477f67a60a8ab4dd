package handlers

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"restaurant/docs"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
)

const (
	notThere = "404 not-found"
	notStaff = "403 role-required"
	foreign  = "403 cross-origin"
	revoked  = "401 token-revoked"
)

// dbContents reads the database beside the server, so that a test can say that
// nothing at all has changed.
type dbContents struct {
	db      *sql.DB
	isFile  bool
	tables  []string
	version any    // of the file, when it was last looked at
	seen    string // and what stood in it
}

func (srv *server) openContents(t testing.TB) *dbContents {
	t.Helper()
	b := &dbContents{db: srv.location.secondConnection(t), isFile: srv.location.file != ""}
	tables := "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
	if b.isFile {
		tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
	}
	for _, row := range b.rows(t, tables) {
		b.tables = append(b.tables, row[0].(string))
	}
	b.changed(t)
	return b
}

// changed reports whether anything in the database has changed since the last look.
func (b *dbContents) changed(t testing.TB) bool {
	t.Helper()
	if b.isFile {
		version := b.rows(t, "PRAGMA data_version")[0][0]
		if version == b.version { // nobody has written: no need to read it all
			return false
		}
		b.version = version
	}
	before := b.seen
	b.seen = b.text(t)
	return b.seen != before
}

// columns are the names of a table's columns.
func (b *dbContents) columns(t testing.TB, table string) (names []string) {
	t.Helper()
	query := "SELECT column_name::text FROM information_schema.columns WHERE table_name = '" + table + "'"
	if b.isFile {
		query = "SELECT name FROM pragma_table_info('" + table + "')"
	}
	for _, row := range b.rows(t, query) {
		names = append(names, row[0].(string))
	}
	return names
}

func (b *dbContents) rows(t testing.TB, query string) (all [][]any) {
	t.Helper()
	rows, err := b.db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// text is everything in the database, apart from some tables.
func (b *dbContents) text(t testing.TB, without ...string) string {
	t.Helper()
	var text strings.Builder
	for _, table := range b.tables {
		if !slices.Contains(without, table) {
			fmt.Fprintln(&text, table, b.rows(t, "SELECT * FROM "+table+" ORDER BY 1"))
		}
	}
	return text.String()
}

// statusAndSlug is a status and the slug of a refusal.
func (r *response) statusAndSlug(t testing.TB) string {
	t.Helper()
	if r.Code < 400 {
		return fmt.Sprint(r.Code)
	}
	return fmt.Sprint(r.Code, " ", strings.TrimPrefix(decode[problem.Problem](t, r).Type, "/problems/"))
}

// distinguishable is everything by which a client could tell this answer from another one,
// but for what belongs to the one request: its id, its path and its time.
func (r *response) distinguishable(t testing.TB) string {
	t.Helper()
	headers := r.Header().Clone()
	for _, name := range []string{"X-Request-ID", "Server-Timing"} {
		headers.Del(name)
	}
	body := r.Body.String()
	if r.Code >= 400 && body != "" {
		p := decode[problem.Problem](t, r)
		body = strings.Replace(body, `"request_id":"`+p.RequestID+`"`, "", 1)
		body = strings.Replace(body, `"instance":"`+p.Instance+`"`, "", 1)
	}
	return fmt.Sprintf("%d, %s queries, %v\n%s", r.Code, r.queries(t), headers, body)
}

// openSessionID opens a login session without the slow password.
func (srv *server) openSessionID(t testing.TB, username string) (grant tokens.TokenPair, sid string) {
	t.Helper()
	u, err := srv.Store.UserByUsername(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	if grant, err = srv.Sessions.Open(t.Context(), u, "test", models.DeliverBody, srv.Authority.Lifetime()); err != nil {
		t.Fatal(err)
	}
	p, err := srv.Authority.Verify(grant.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return grant, p.SessionID
}

// callers are the users who ask for Alice's things.
var callers = []string{"alice", "vera", "carla", "marco", "nobody"}

// objects says for each route with an id what becomes of something that is
// Alice's: for herself, for another guest, who is a VIP, for the chef, for the
// manager and for nobody.
var objects = map[string]struct {
	thing   func(t testing.TB, srv *server) (id string)
	body    string
	answers [5]string
}{
	"GET /api/v1/menu/:id":    {secretDish, "", [5]string{notThere, "200", notThere, notThere, notThere}}, // nobody's but the VIPs'
	"PUT /api/v1/menu/:id":    {secretDish, calzone, [5]string{notStaff, notStaff, notStaff, "200", noToken}},
	"DELETE /api/v1/menu/:id": {secretDish, "", [5]string{notStaff, notStaff, notStaff, "204", noToken}},

	"GET /api/v1/orders/:id":         {alicesOrder, "", [5]string{"200", notThere, "200", "200", noToken}},
	"GET /api/v1/orders/:id/events":  {alicesLastOrder, "", [5]string{"200", notThere, "200", "200", noToken}},
	"POST /api/v1/orders/:id/cancel": {alicesOrder, "", [5]string{"200", notThere, notThere, notThere, noToken}},

	"PATCH /api/v1/kitchen/orders/:id": {alicesOrder, `{"status":"preparing"}`, [5]string{notStaff, notStaff, "200", "200", noToken}},

	"DELETE /api/v1/auth/sessions/:id":  {alicesSession, "", [5]string{"204", notThere, notThere, notThere, noToken}},
	"PATCH /api/v1/users/:id":           {aliceID, `{"vip":true,"role":"chef"}`, [5]string{notStaff, notStaff, notStaff, "200", noToken}},
	"DELETE /api/v1/users/:id/sessions": {aliceID, "", [5]string{notStaff, notStaff, notStaff, "204", noToken}},
}

func secretDish(t testing.TB, srv *server) string {
	secret := strings.Replace(calzone, `"vip_only":false`, `"vip_only":true`, 1)
	return itoa(decode[dishResponse](t, srv.post(t, "/api/v1/menu", secret, srv.as(t, "marco")).wants(t, 201, "")).ID)
}

func alicesOrder(t testing.TB, srv *server) string {
	return itoa(srv.newOrder(t, srv.as(t, "alice")).ID)
}

// alicesLastOrder is one whose stream ends at once.
func alicesLastOrder(t testing.TB, srv *server) string {
	id := alicesOrder(t, srv)
	srv.post(t, ordersPath+"/"+id+"/cancel", "", srv.as(t, "alice")).wants(t, 200, "")
	return id
}

func alicesSession(t testing.TB, srv *server) string {
	_, sid := srv.openSessionID(t, "alice")
	return sid
}
func aliceID(t testing.TB, srv *server) string { srv.openSessionID(t, "alice"); return "1" }

// TestAuthorization_everyObjectHasItsOwner holds every route with an id against the table, so a
// new one cannot be forgotten. Who may not have a thing changes nothing, and
// cannot tell it from one that does not exist.
func TestAuthorization_everyObjectHasItsOwner(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	var withID []string
	for _, route := range srv.routes() {
		if strings.Contains(route, ":") && route != "GET /problems/:slug" && !strings.Contains(route, " /learn/") { // which are everybody's
			withID = append(withID, route)
		}
	}
	if table := slices.Sorted(maps.Keys(objects)); !slices.Equal(withID, table) {
		t.Fatalf("routes with an id and the table differ:\nrouter %v\ntable  %v", withID, table)
	}
	for _, route := range withID {
		srv := newServer(t)
		b := srv.openContents(t)
		for i, caller := range callers {
			t.Run(route+" as "+caller, func(t *testing.T) {
				var opts []option
				if caller != "nobody" {
					opts = append(opts, srv.as(t, caller))
				}
				srv.requestWithID(t, b, route, objects[route].answers[i], opts...)
			})
		}
	}
}

func (srv *server) requestWithID(t *testing.T, b *dbContents, route, want string, opts ...option) {
	object := objects[route]
	method, path, _ := strings.Cut(route, " ")
	call := func(method, id string) *response {
		return srv.do(t, method, strings.Replace(path, ":id", id, 1), object.body, opts...)
	}
	id := object.thing(t, srv)
	missing := strings.Repeat("9", len(id)) // as long, so that even the lengths are alike
	methods := []string{method}
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	allowed := want[0] == '2'
	b.changed(t)
	for _, method := range methods {
		srv.lessons.Tracker().Restore(nil) // what the lessons say of both must be the same, too
		none := call(method, missing)
		srv.lessons.Tracker().Restore(nil)
		if allowed && none.Code != 404 {
			t.Errorf("%s of none is answered %s", method, none.statusAndSlug(t))
		}
		res := call(method, id)
		if got := res.statusAndSlug(t); got != want {
			t.Errorf("%s: %s, want %s: %s", method, got, want, res.Body)
		}
		if got, blank := res.distinguishable(t), none.distinguishable(t); !allowed && got != blank {
			t.Errorf("%s: a stranger's and none can be told apart:\n%s\n%s", method, got, blank)
		}
	}
	if changed := b.changed(t); changed != (allowed && method != http.MethodGet) {
		t.Errorf("the database has changed: %t", changed)
	}
	if want != notThere {
		return
	}
	for _, odd := range []string{
		"0" + id, "+" + id, "-" + id, "%20" + id, id + "%20", id + "%00", id + "%0a", id + ".0", id + ".", id + ";x", id + ",2", id + "%2f", "%2e%2e%2f" + id, id + "e0", "0x" + id,
		id + "%27%20OR%20%271%27=%271", id + "%20OR%201=1", "*", "%25", "_", "%5f%25", "null", "undefined", "true", "me", "%7b%7d", "[]", strings.Repeat("9", 30), "%ff",
	} {
		if res := call(method, odd); res.Code != 404 || b.changed(t) {
			t.Errorf("as %q it is answered %d %s", odd, res.Code, res.Body)
		}
	}
}

// Lists show a guest only what is theirs.
func TestAuthorization_listsShowOnlyOnesOwn(t *testing.T) {
	srv := newServer(t)
	alice, vera := srv.as(t, "alice"), srv.as(t, "vera")
	for range 3 {
		srv.newOrder(t, alice)
		srv.newOrder(t, vera)
	}
	page := decode[ordersResponse](t, srv.get(t, ordersPath+"?limit=1", alice).wants(t, 200, ""))
	for _, query := range []string{
		"?limit=100", "?limit=100&cursor=" + *page.NextCursor, "?status=placed&limit=100", "?limit=100&user_id=1", "?limit=100&user=alice&all=true&role=manager",
	} {
		orders := decode[ordersResponse](t, srv.get(t, ordersPath+query, vera).wants(t, 200, "")).Items
		for _, o := range orders {
			if o.ID%2 == 1 {
				t.Errorf("%s shows vera order %d", query, o.ID)
			}
		}
		if len(orders) == 0 {
			t.Errorf("%s shows vera none of her own", query)
		}
	}
	for _, query := range []string{"?status=placed%27%20OR%201=1--", "?cursor=1%20OR%201=1", "?limit=100%20OR%201", "?status=", "?cursor=aWQ6MCBPUiAx"} {
		srv.get(t, ordersPath+query, vera).wants(t, 422, "validation-failed")
	}
	_, hers := srv.openSessionID(t, "alice")
	own, sid := srv.openSessionID(t, "vera")
	sessions := decode[sessionsResponse](t, srv.get(t, "/api/v1/auth/sessions?user_id=1", bearer(own.AccessToken)).wants(t, 200, "")).Items
	if len(sessions) != 1 || sessions[0].ID != sid {
		t.Errorf("vera's sessions are %+v, alice's is %s", sessions, hers)
	}
	srv.do(t, "DELETE", "/api/v1/auth/sessions?user_id=1", "", bearer(own.AccessToken)).wants(t, 204, "")
	if living, err := srv.Store.SessionsOf(t.Context(), 1); err != nil || len(living) != 1 {
		t.Errorf("alice has %d sessions: %v", len(living), err)
	}
}

// TestAuthorization_identityIsNotAParameter sends what other servers take for who is
// asking.
func TestAuthorization_identityIsNotAParameter(t *testing.T) {
	srv := newServer(t)
	alice := srv.as(t, "alice")
	me := srv.get(t, mePath, alice).wants(t, 200, "").Body.String()
	for _, name := range []string{
		"X-User-Id", "X-User", "X-Role", "X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Authenticated-User", "X-Original-Url", "X-Rewrite-Url",
		"X-HTTP-Method-Override", "X-Forwarded-For", "X-Real-Ip", "Forwarded", "Sub", "Role", "Principal", "X-Sub", "From",
	} {
		for _, value := range []string{"5", "marco", "manager", "127.0.0.1", "DELETE", "/api/v1/users"} {
			if got := srv.get(t, mePath, alice, with(name, value)).wants(t, 200, "").Body.String(); got != me {
				t.Errorf("%s: %s makes alice %s", name, value, got)
			}
			srv.get(t, mePath, with(name, value)).wants(t, 401, "authentication-required")
			srv.get(t, usersPath, alice, with(name, value)).wants(t, 403, "role-required")
		}
	}
	for _, query := range []string{"?user_id=3", "?sub=3", "?as=vera", "?role=manager", "?vip=true"} {
		o := decode[orderResponse](t, srv.post(t, ordersPath+query, margherita, alice).wants(t, 201, ""))
		if mine, err := srv.Store.OrderOf(t.Context(), 1, o.ID); err != nil || mine.ID != o.ID {
			t.Errorf("%s orders for somebody else: %v", query, err)
		}
		srv.get(t, usersPath+query, alice).wants(t, 403, "role-required")
		srv.get(t, "/api/v1/lounge"+query, alice).wants(t, 403, "vip-only")
	}
}

// optionalRoutes are open to requests without an access token, but not with one that
// does not hold.
var optionalRoutes = []string{"GET /api/v1/menu", "GET /api/v1/menu/:id", "POST /learn/reset", "POST /learn/reopen"}

// TestAuthorization_otherTokensOnEveryRoute calls every route of the access table with
// access tokens that were good once, and with good ones that come in a cookie.
func TestAuthorization_otherTokensOnEveryRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		old := srv.login(t, "marco").AccessToken
		time.Sleep(15 * time.Minute)
		marco := srv.login(t, "marco").AccessToken

		left := srv.login(t, "marco").AccessToken
		srv.post(t, "/api/v1/auth/logout", "", bearer(left)).wants(t, 204, "")
		thrownOut := srv.login(t, "carla").AccessToken
		srv.do(t, "DELETE", usersPath+"/4/sessions", "", bearer(marco)).wants(t, 204, "")
		vip := srv.login(t, "vera").AccessToken
		srv.get(t, "/api/v1/lounge", bearer(vip)).wants(t, 200, "")
		srv.do(t, "PATCH", usersPath+"/3", `{"vip":false}`, bearer(marco)).wants(t, 200, "")
		srv.do(t, "PATCH", usersPath+"/2", `{"role":"manager"}`, bearer(marco)).wants(t, 200, "")
		bob := srv.login(t, "bob")
		srv.get(t, usersPath, bearer(bob.AccessToken)).wants(t, 200, "")
		srv.do(t, "PATCH", usersPath+"/2", `{"name":"Bobby"}`, bearer(marco)).wants(t, 200, "")
		srv.get(t, usersPath, bearer(bob.AccessToken)).wants(t, 200, "") // a new name changes no rights
		srv.do(t, "PATCH", usersPath+"/2", `{"role":"guest"}`, bearer(marco)).wants(t, 200, "")

		sometimes := func(slug string) func(route, who string) string {
			return func(route, who string) string {
				if who == "all" && !slices.Contains(optionalRoutes, route) {
					return "passes" // nobody looks at it
				}
				return slug
			}
		}
		inACookie := func(slug string) func(route, who string) string {
			return func(route, who string) string {
				if route == "POST /api/v1/auth/logout" || who == "all" {
					return "passes" // it counts as none, and who logs out may leave
				}
				return slug
			}
		}
		as := func(name string) func(route, who string) string {
			return func(route, who string) string {
				switch {
				case who == "all" || slices.Contains(strings.Fields(who), name):
					return "passes"
				case route == "GET /api/v1/lounge":
					return "403 vip-only"
				}
				return notStaff
			}
		}
		fromElsewhere := func(name string) func(route, who string) string {
			return func(route, who string) string {
				if route == "POST /api/v1/auth/login" {
					return foreign
				}
				if who == "all" || strings.HasPrefix(route, "GET ") {
					return as(name)(route, who)
				}
				return foreign
			}
		}
		for _, c := range []struct {
			name string
			opts []option
			want func(route, who string) string
		}{
			{"an expired access token", []option{bearer(old)}, sometimes(expired)},
			{"an expired access token in a cookie", []option{inCookie(accessCookie, old)}, inACookie(expired)},
			{"a manager who has left", []option{bearer(left)}, sometimes(revoked)},
			{"a manager who has left, by cookie", []option{inCookie(accessCookie, left)}, inACookie(revoked)},
			{"a chef whose sessions the manager ended", []option{bearer(thrownOut)}, sometimes(revoked)},
			{"a VIP who is none any more", []option{bearer(vip)}, sometimes(revoked)},
			{"a manager who became a guest", []option{bearer(bob.AccessToken)}, sometimes(revoked)},
			{"a manager who became a guest, by cookie", []option{inCookie(accessCookie, bob.AccessToken)}, inACookie(revoked)},
			{"an access token of another server", []option{bearer(srv.foreignToken(t, "http://localhost:9999", time.Minute))}, sometimes(badClaims)},
			{"rubbish", []option{bearer("rubbish")}, sometimes(malformed)},
			{"rubbish in a cookie", []option{inCookie(accessCookie, "rubbish")}, inACookie(malformed)},
			{"two headers", []option{srv.as(t, "marco"), srv.as(t, "marco")}, sometimes(ambiguous)},
			{"two cookies", []option{inCookie(accessCookie, marco), inCookie(accessCookie, marco)}, inACookie(ambiguous)},
			{"a stranger's page with the manager's cookie", []option{inCookie(accessCookie, srv.token(t, "marco")), with("Sec-Fetch-Site", "cross-site")}, fromElsewhere("marco")},
			{"a neighbour's page with the manager's cookie", []option{inCookie(accessCookie, srv.token(t, "marco")), with("Sec-Fetch-Site", "same-site")}, fromElsewhere("marco")},
			{"an old browser on a page of another port", []option{inCookie(accessCookie, srv.token(t, "marco")), with("Origin", "http://localhost:3000")}, fromElsewhere("marco")},
			{"a page without an origin", []option{inCookie(accessCookie, srv.token(t, "marco")), with("Origin", "null")}, fromElsewhere("marco")},
			{"a guest's cookie on a stranger's page", []option{inCookie(accessCookie, srv.token(t, "alice")), with("Sec-Fetch-Site", "cross-site")}, fromElsewhere("alice")},
			{"a stranger's page with a header of its own", []option{srv.as(t, "marco"), with("Sec-Fetch-Site", "cross-site")}, func(route, who string) string {
				if route == "POST /api/v1/auth/login" || route == "POST /learn/reopen" {
					return foreign
				}
				return as("marco")(route, who)
			}},
			{"alice by cookie", []option{inCookie(accessCookie, srv.token(t, "alice"))}, as("alice")},
			{"carla by cookie", []option{inCookie(accessCookie, srv.token(t, "carla"))}, as("carla")},
			{"marco by cookie from a page of the server", []option{inCookie(accessCookie, srv.token(t, "marco")), with("Sec-Fetch-Site", "same-origin"), with("Origin", testURL)}, as("marco")},
			{"a guest who was a manager, with a new access token", []option{srv.as(t, "bob")}, as("alice")},
		} {
			for _, route := range slices.Sorted(maps.Keys(routeAccess)) {
				who := routeAccess[route]
				method, path, _ := strings.Cut(route, " ")
				if path == "/lab/sleepy/lounge" {
					continue // it believes every token; see TestForge_fiveFakesAtTwoDoors
				}
				if who == "all" && !strings.HasPrefix(path, "/api/") && c.name != "rubbish" {
					continue // pages are long, and look at nobody
				}
				if route == "POST /api/v1/auth/keys/rotate" && c.want(route, who) == "passes" && c.name != "marco by cookie from a page of the server" {
					continue // making a key takes its time; once is enough
				}
				res := srv.do(t, method, strings.NewReplacer(":id", "999999", ":slug", "none", "*file", "none").Replace(path), "", c.opts...)
				got := "passes"
				if want := c.want(route, who); isGuardRefusal(res) || res.Code == 400 && want == ambiguous {
					got = res.statusAndSlug(t)
				}
				if want := c.want(route, who); got != want {
					t.Errorf("%s as %s: %s, want %s (%d %s)", route, c.name, got, want, res.Code, res.Body)
				}
			}
		}
		refusedAs(t, srv.post(t, "/api/v1/auth/refresh", members{"refresh_token": bob.RefreshToken}.String()), "401 refresh-token-invalid")
		again := srv.login(t, "vera").AccessToken
		srv.get(t, "/api/v1/lounge", bearer(again)).wants(t, 403, "vip-only")
	})
}

// TestCookies_onlyForSameOriginPages tries whatever a strange page can send
// with the guest's cookies, where a cookie changes something.
func TestCookies_onlyForSameOriginPages(t *testing.T) {
	srv := newServer(t)
	b := srv.openContents(t)
	alice, _ := srv.openSessionID(t, "alice")
	access, refresh := inCookie(accessCookie, alice.AccessToken), inCookie(refreshCookie, alice.RefreshToken)
	login := `{"username":"alice","password":"alice-likes-pizza","cookie":`
	b.changed(t)
	for name, page := range map[string][]option{
		"a stranger's page":      {with("Sec-Fetch-Site", "cross-site"), with("Origin", "https://evil.example")},
		"a stranger's form":      {with("Sec-Fetch-Site", "cross-site"), with("Origin", "null")},
		"a neighbour's page":     {with("Sec-Fetch-Site", "same-site"), with("Origin", "http://localhost:3000")},
		"an old browser":         {with("Origin", "https://evil.example")},
		"a page in a sandbox":    {with("Origin", "null")},
		"this server under TLS":  {with("Origin", "https://localhost:8443")},
		"a name that only looks": {with("Origin", "http://localhost:8080.evil.example")},
		"a header nobody knows":  {with("Sec-Fetch-Site", "whatever")},
	} {
		t.Run(name, func(t *testing.T) {
			refused := func(res *response) {
				t.Helper()
				refusedAs(t, res, foreign)
				if set := res.Header().Values("Set-Cookie"); len(set) > 0 {
					t.Errorf("%s sets %v", res.request, set)
				}
			}
			refused(srv.post(t, ordersPath, margherita, append(page, access)...))
			refused(srv.post(t, "/api/v1/auth/refresh", "", append(page, refresh)...))
			refused(srv.post(t, "/api/v1/auth/refresh", "{}", append(page, refresh)...))
			refused(srv.post(t, "/api/v1/auth/logout", "", append(page, access)...))
			refused(srv.post(t, "/api/v1/auth/logout", "", append(page, refresh)...))
			refused(srv.do(t, "DELETE", "/api/v1/auth/sessions", "", append(page, access)...))
			refused(srv.post(t, loginPath, login+"true}", page...))
			refused(srv.post(t, loginPath, login+`"refresh"}`, page...))
			refused(srv.post(t, loginPath, "username=alice&password=alice-likes-pizza&cookie=true", append(page, asForm)...))
			if b.changed(t) {
				t.Error("the database has changed")
			}
		})
	}
	for name, page := range map[string][]option{
		"a page of the server": {with("Sec-Fetch-Site", "same-origin"), with("Origin", testURL)},
		"the address line":     {with("Sec-Fetch-Site", "none")},
		"an old browser":       {with("Origin", testURL)},
		"no browser":           nil,
	} {
		t.Run(name+" may", func(t *testing.T) {
			srv.post(t, ordersPath, margherita, append(page, access)...).wants(t, 201, "")
		})
	}
	srv.post(t, "/api/v1/auth/refresh", "", refresh).wants(t, 200, "")
}

// injectedValues are the values that an attacker would inject, by the name of the field;
// plausible ones, because a value that is refused for its type proves nothing.
var injectedValues = map[string]string{
	"role": `"manager"`, "vip": "true", "age_over_18": "true", "birth_date": `"1990-01-01"`, "username": `"marco"`, "name": `"Marco"`, "status": `"served"`,
	"available": "true", "vip_only": "false", "age_restricted": "false", "vegetarian": "true", "current": "true", "valid": "true", "active": "true",
	"items": `[{"menu_item_id":1,"size":"large","quantity":1}]`, "sizes": `[{"size":"regular","price_cents":1}]`, "allergens": "[]", "lines": "[]", "keys": "[]",
	"errors": "[]", "reasons": "[]", "claims": `{"role":"manager"}`, "header": `{"alg":"none"}`, "signature": `{"valid":true}`, "$set": `{"role":"manager"}`,
	"__proto__": `{"role":"manager"}`, "constructor": `{"prototype":{"role":"manager"}}`, "user": `{"id":5,"role":"manager"}`, "owner": `"marco"`,
	"password_hash": `"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`, "password": `"a sentence only I know"`,
	"is_admin": "true", "admin": "true", "is_vip": "true", "permissions": `["*"]`, "roles": `["manager"]`, "groups": `["staff"]`, "scopes": `["all"]`,
	"size": `"large"`, "currency": `"USD"`, "category": `"Pizza"`, "cookie": "true", "delivery": `"cookies"`, "sub": `"5"`, "iss": `"http://localhost:9999"`,
}

func injectedValue(name string) string {
	if value, ok := injectedValues[name]; ok {
		return value
	}
	for _, ending := range []string{"_at", "_until", "_cents", "id", "quantity", "version", "_in", "price", "total", "discount", "exp", "iat", "nbf", "limit", "offset"} {
		if strings.HasSuffix(name, ending) {
			return "5"
		}
	}
	return `"x"`
}

// fieldNames are all names that anything in this server has: a field of a body,
// a column of a table, a claim; and what other servers call such things.
func fieldNames(t testing.TB, srv *server, doc *openapi3.T) []string {
	t.Helper()
	names := map[string]bool{"": true}
	for _, schema := range doc.Components.Schemas {
		for name := range schema.Value.Properties {
			names[name] = true
		}
	}
	b := srv.openContents(t)
	for _, table := range b.tables {
		for _, column := range b.columns(t, table) {
			names[column] = true
		}
	}
	for name := range newAttacker(t, srv, "bob").originalClaims() {
		names[name] = true
	}
	for name := range injectedValues {
		names[name] = true
	}
	for _, name := range []string{
		"_id", "ID", "Id", "userId", "user_ID", "owner_id", "owner_user_id", "account_id", "customer_id", "guest_id", "order_id", "session_id", "price", "unit_price", "total",
		"discount", "discount_cents", "tip_cents", "paid", "free", "priority", "Role", "ROLE", "Vip", "isAdmin", "nbf", "kid", "alg", "limit", "offset", "_method", "role ", " role", "role\\u0000", "role[]", "user.role", "items[0].price_cents",
	} {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// jsonCalls are all calls that take JSON, each with a body that it accepts from the
// manager.
func jsonCalls() map[string]string {
	all := maps.Clone(bodies)
	all["POST /api/v1/auth/password"] = `{"current":"marco-likes-pizza","new":"a sentence only I know"}`
	all["POST /api/v1/auth/refresh"] = `{"refresh_token":"?"}`
	return all
}

// requestFields are the fields that a call takes by the document: at the top,
// and in the objects of a list.
func requestFields(op *openapi3.Operation) (top []string, inside map[string][]string) {
	inside = map[string][]string{}
	properties := op.RequestBody.Value.Content["application/json"].Schema.Value.Properties
	for name, p := range properties {
		if p.Value.Items != nil && len(p.Value.Items.Value.Properties) > 0 {
			inside[name] = slices.Collect(maps.Keys(p.Value.Items.Value.Properties))
		}
	}
	return slices.Collect(maps.Keys(properties)), inside
}

// TestAuthorization_noFieldIsInjected sends every field name there is to every call that
// takes a body. What a call does not take is refused, and nothing changes. The
// lessons and the lab, which use another store or none, are tried in lessons_test.go.
func TestAuthorization_noFieldIsInjected(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	names, b := fieldNames(t, srv, doc), srv.openContents(t)
	if len(names) < 130 {
		t.Errorf("only %d names: %v", len(names), names)
	}
	marco := srv.as(t, "marco")
	srv.newOrder(t, marco)
	b.changed(t)
	number := regexp.MustCompile(`/\d+`)
	tried := map[string]bool{}
	for call, body := range jsonCalls() {
		method, path, _ := strings.Cut(call, " ")
		route := number.ReplaceAllString(path, "/{id}")
		tried[method+" "+route] = true
		top, inside := requestFields(doc.Paths.Find(route).GetOperation(method))
		t.Run(call, func(t *testing.T) {
			send := func(sent string) {
				res := srv.do(t, method, path, sent, marco)
				if want := map[bool]string{true: "200", false: "400 unknown-field"}[path == inspectPath]; res.statusAndSlug(t) != want {
					t.Errorf("%s: %d %s", sent, res.Code, res.Body)
				}
				if b.changed(t) {
					t.Errorf("%s changed the database", sent)
				}
			}
			if path == "/api/v1/auth/refresh" {
				return // see TestRefresh_changesNothingElse
			}
			for _, name := range names {
				member := `"` + name + `":` + injectedValue(name) + `,`
				if !slices.Contains(top, name) {
					send(strings.Replace(body, "{", "{"+member, 1))
				}
				for list, own := range inside {
					if !slices.Contains(own, name) {
						send(strings.Replace(body, `"`+list+`":[{`, `"`+list+`":[{`+member, 1))
					}
				}
			}
		})
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if strings.HasPrefix(path, "/api/") && op.RequestBody != nil && op.RequestBody.Value.Content["application/json"] != nil && !tried[method+" "+path] {
				t.Errorf("%s %s takes a body and is not tried", method, path)
			}
		}
	}

	t.Run("a login by form", func(t *testing.T) {
		taken := []string{"username", "password", "expires_in", "cookie", "grant_type", "scope", "client_id", "client_secret"}
		for _, name := range names {
			if slices.Contains(taken, name) {
				continue
			}
			form := url.Values{"username": {"alice"}, "password": {"alice-likes-pizza"}, name: {strings.Trim(injectedValue(name), `"`)}}
			srv.post(t, loginPath, form.Encode(), asForm).wants(t, 400, "unknown-field")
		}
		if b.changed(t) {
			t.Error("the database has changed")
		}
	})

	for call, body := range jsonCalls() { // the control: without the slipped field each is taken
		method, path, _ := strings.Cut(call, " ")
		if path == "/api/v1/auth/refresh" {
			grant, _ := srv.openSessionID(t, "marco")
			body = strings.Replace(body, "?", grant.RefreshToken, 1)
		}
		if res := srv.do(t, method, path, body, marco); res.Code >= 300 {
			t.Errorf("%s is answered %d %s", call, res.Code, res.Body)
		}
	}
	if !b.changed(t) {
		t.Error("the database cannot be seen to change")
	}
}

// TestRefresh_changesNothingElse slips every field into a refresh, which takes a
// saved answer and so must ignore them all: the new token says what the old one
// said.
func TestRefresh_changesNothingElse(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	names, b := fieldNames(t, srv, doc), srv.openContents(t)
	login := decode[members](t, srv.post(t, loginPath, bodies["POST /api/v1/auth/login"]).wants(t, 200, ""))
	me := func() meResponse {
		m := decode[meResponse](t, srv.get(t, mePath, bearer(login["access_token"].(string))).wants(t, 200, ""))
		m.ExpiresAt = time.Time{}
		return m
	}
	const sessions = "SELECT id, user_id, delivery, user_agent, created_at, access_until - last_used_at, ended_at FROM login_sessions ORDER BY id"
	text := func() string {
		return fmt.Sprint(b.text(t, "login_sessions", "refresh_tokens"), b.rows(t, sessions))
	}
	alice, before := me(), text()
	for i, name := range names {
		if name == "refresh_token" {
			continue
		}
		body := fmt.Sprintf(`{%q:%s,"refresh_token":%q}`, name, injectedValue(name), login["refresh_token"])
		if strings.Contains(name, `\`) {
			body = strings.Replace(body, `\\`, `\`, 1)
		}
		res := srv.post(t, "/api/v1/auth/refresh", body).wants(t, 200, "")
		if set := res.Header().Values("Set-Cookie"); len(set) > 0 {
			t.Errorf("%s: a cookie is set: %v", body, set)
		}
		login = decode[members](t, res)
		if got := me(); got != alice {
			t.Errorf("%s made alice %+v", body, got)
		}
		if i%20 > 0 && i < len(names)-1 {
			continue // reading it all takes its time
		}
		if got := text(); got != before {
			t.Fatalf("by %s the database has changed\n%s\n%s", body, before, got)
		}
	}
	srv.post(t, "/api/v1/auth/refresh", login.String()).wants(t, 200, "") // a saved answer as it is
}

// TestAuthorization_revealsNoObjects holds answers against each other that must not
// tell what is there from what is not. TestAuthorization_everyObjectHasItsOwner does so for
// everything that has an id.
func TestAuthorization_revealsNoObjects(t *testing.T) {
	t.Parallel()
	send := func(method, path, body string, opts ...option) func(testing.TB, *server) *response {
		return func(t testing.TB, srv *server) *response { return srv.do(t, method, path, body, opts...) }
	}
	login := func(name, rest string, opts ...option) func(testing.TB, *server) *response {
		return send("POST", loginPath, `{"username":"`+name+`","password":"wrong-password"`+rest+`}`, opts...)
	}
	form := func(name string) func(testing.TB, *server) *response {
		return send("POST", loginPath, "password=wrong-password&username="+name, asForm)
	}
	register := func(name, password string) func(testing.TB, *server) *response {
		return send("POST", registerPath, `{"username":"`+name+`","password":"`+password+`","name":"N"}`)
	}
	refresh := func(token func(testing.TB, *server) string, path string, cookie bool) func(testing.TB, *server) *response {
		return func(t testing.TB, srv *server) *response {
			if cookie {
				return srv.post(t, path, "", inCookie(refreshCookie, token(t, srv)))
			}
			return srv.post(t, path, members{"refresh_token": token(t, srv)}.String())
		}
	}
	unknown := func(testing.TB, *server) string { return encoded(make([]byte, 32)) }
	ended := func(t testing.TB, srv *server) string {
		grant, sid := srv.openSessionID(t, "alice")
		if err := srv.Store.EndSession(t.Context(), 1, sid, models.EndLogout); err != nil {
			t.Fatal(err)
		}
		return grant.RefreshToken
	}
	endSession := func(sid func(testing.TB, *server) string) func(testing.TB, *server) *response {
		return func(t testing.TB, srv *server) *response {
			return srv.do(t, "DELETE", "/api/v1/auth/sessions/"+sid(t, srv), "", srv.as(t, "vera"))
		}
	}
	none := func(testing.TB, *server) string { return tokens.NewID() }
	endedOwn := func(t testing.TB, srv *server) string {
		_, sid := srv.openSessionID(t, "vera")
		if err := srv.Store.EndSession(t.Context(), 3, sid, models.EndLogout); err != nil {
			t.Fatal(err)
		}
		return sid
	}
	dish := func(method string, secret bool, opts ...option) func(testing.TB, *server) *response {
		return func(t testing.TB, srv *server) *response {
			id := secretDish(t, srv)
			opts := append([]option{with("If-None-Match", srv.get(t, "/api/v1/menu/"+id, srv.as(t, "vera")).Header().Get("ETag"))}, opts...)
			if !secret {
				id = strings.Repeat("9", len(id))
			}
			return srv.do(t, method, "/api/v1/menu/"+id, "", append(opts, srv.as(t, "alice"))...)
		}
	}
	for _, tc := range []struct {
		name, want string
		there, not func(testing.TB, *server) *response
	}{
		{"a login of a guest and of nobody", "401 invalid-credentials", login("alice", ""), login("nobody", "")},
		{"a login of the manager and of nobody", "401 invalid-credentials", login("marco", ""), login("nobody", "")},
		{"a login of a guest and with a name that nobody can have", "401 invalid-credentials", login("alice", ""), login("' OR 1=1 --", "")},
		{"a login of a guest and with a very long name", "401 invalid-credentials", login("alice", ""), login(strings.Repeat("x", 60_000), "")},
		{"a login in capitals", "401 invalid-credentials", login("ALICE", ""), login("NOBODY", "")},
		{"a login for cookies", "401 invalid-credentials", login("alice", `,"cookie":true`), login("nobody", `,"cookie":true`)},
		{"a login for a short life", "401 invalid-credentials", login("alice", `,"expires_in":5`), login("nobody", `,"expires_in":5`)},
		{"a login for too long a life", "422 lifetime-too-long", login("alice", `,"expires_in":901`), login("nobody", `,"expires_in":901`)},
		{"a login for text", "401 invalid-credentials", login("alice", "", with("Accept", "text/plain")), login("nobody", "", with("Accept", "text/plain"))},
		{"a login by form", "401 invalid-credentials", form("alice"), form("nobody")},
		{"a name that is taken by a guest and by the manager", "409 username-taken", register("alice", "a sentence only I know"), register("marco", "a sentence only I know")},
		{"a name that is taken, with a bad password", "422 validation-failed", register("alice", "short"), register("nobody", "short")},
		{"a name that is taken, with the commonest password", "422 validation-failed", register("alice", "password123"), register("nobody", "password123")},
		{"a refresh token of an ended session", "401 refresh-token-invalid", refresh(ended, "/api/v1/auth/refresh", false), refresh(unknown, "/api/v1/auth/refresh", false)},
		{"the same by cookie", "401 refresh-token-invalid", refresh(ended, "/api/v1/auth/refresh", true), refresh(unknown, "/api/v1/auth/refresh", true)},
		{"a logout with the cookie of an ended session", "204", refresh(ended, "/api/v1/auth/logout", true), refresh(unknown, "/api/v1/auth/logout", true)},
		{"another guest's session", notThere, endSession(alicesSession), endSession(none)},
		{"one's own session that has ended", notThere, endSession(endedOwn), endSession(none)},
		{"one's own session that has ended, and another's", notThere, endSession(endedOwn), endSession(alicesSession)},
		{"a secret dish that one knows the ETag of", notThere, dish("GET", true), dish("GET", false)},
		{"the HEAD of such a dish", notThere, dish("HEAD", true), dish("HEAD", false)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newServer(t)
			there := tc.there(t, srv)
			srv.lessons.Tracker().Restore(nil) // what is new to the lessons the second time, too, must be the same
			not := tc.not(t, srv)
			if got := there.statusAndSlug(t); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if a, b := there.distinguishable(t), not.distinguishable(t); a != b {
				t.Errorf("they can be told apart:\n%s\n%s", a, b)
			}
		})
	}
}

// TestThrottle_revealsNoUsernames guesses on until it has to wait: as soon and as long
// for a guest as for nobody.
func TestThrottle_revealsNoUsernames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guess := func(srv *server, name, from string) (faces []string) {
			for range 9 {
				res := srv.post(t, loginPath, `{"username":"`+name+`","password":"wrong-password"}`, func(r *http.Request) { r.RemoteAddr = from })
				faces = append(faces, res.distinguishable(t))
				time.Sleep(time.Second)
			}
			return faces
		}
		srv := newServer(t)
		defer srv.Store.Close()
		guest := guess(srv, "alice", "192.0.2.1:1")
		right := srv.post(t, loginPath, bodies["POST /api/v1/auth/login"], func(r *http.Request) { r.RemoteAddr = "192.0.2.3:1" })
		if got := right.statusAndSlug(t); got != "429 too-many-attempts" {
			t.Errorf("the right password of a guest who has to wait is answered %s", got)
		}
		srv.lessons.Tracker().Restore(nil)
		nobody := guess(srv, "nobody", "192.0.2.2:1")
		if !slices.Equal(guest, nobody) {
			t.Errorf("they can be told apart:\n%s\n%s", guest, nobody)
		}
		if !strings.Contains(strings.Join(guest, ""), "too-many-attempts") {
			t.Errorf("nobody has to wait: %s", guest)
		}
	})
}

// TestAnswers_ofOneGuestAreNotKept: a cache that knows nothing of our cookies would show
// them to the next guest.
func TestAnswers_ofOneGuestAreNotKept(t *testing.T) {
	srv := newServer(t)
	raw := srv.token(t, "marco")
	srv.newOrder(t, bearer(raw))
	for by, shown := range map[string]option{"a header": srv.as(t, "vera"), "a cookie": cookie(accessCookie, srv.token(t, "vera"))} {
		for _, path := range []string{"/api/v1/menu", "/api/v1/menu/1", "/api/v1/lounge"} {
			res := srv.get(t, path, shown).wants(t, 200, "")
			if h := res.Header(); h.Get("Cache-Control") != "private" || !variesBy(res, "Authorization") || !variesBy(res, "Cookie") {
				t.Errorf("GET %s of a VIP with %s: Cache-Control is %q, Vary %q", path, by, h.Get("Cache-Control"), h.Values("Vary"))
			}
		}
	}
	for path, want := range map[string]string{
		ordersPath: "no-store", ordersPath + "/1": "no-store", mePath: "no-store", sessionsPath: "no-store", "/api/v1/kitchen/orders": "no-store", "/api/v1/users": "no-store",
		"/api/v1/menu": "no-cache", "/api/v1/menu/1": "no-cache",
	} {
		for by, shown := range map[string]option{"a header": bearer(raw), "a cookie": cookie(accessCookie, raw)} {
			if got := srv.get(t, path, shown).wants(t, 200, "").Header().Get("Cache-Control"); got != want {
				t.Errorf("GET %s with %s: Cache-Control is %q, want %q", path, by, got, want)
			}
		}
	}
}
