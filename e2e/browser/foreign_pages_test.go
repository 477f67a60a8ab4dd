package browser

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
)

// foreignHost is the name of somebody else's page. It leads to this computer, as a name
// does whose owner wants that (DNS rebinding).
const foreignHost = "evil.example"

// serveForeign serves an empty page at an address until stop is called or the test ends.
func serveForeign(t *testing.T, addr string, header http.Header) (stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	page := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>Win a pizza</title><link rel=icon href=data:,>")
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = page.Serve(l) }()
	stop = func() { page.Close(); <-served }
	t.Cleanup(stop)
	return stop
}

// openForeign opens the page at an address, by its own name. Its requests go to other
// origins, and its faults are none of ours.
func openForeign(t *testing.T, addr string) *tab {
	t.Helper()
	return openPageOf(t, foreignHost, addr)
}

// openPageOf opens the page at an address by another name of it.
func openPageOf(t *testing.T, host, addr string) *tab {
	t.Helper()
	_, port, _ := strings.Cut(addr, ":")
	p := openTab(t, nil, "http://"+host+":"+port, chrome, chromedp.WithNewBrowserContext())
	t.Cleanup(p.seen.reset) // before the check, which was registered first
	p.open("/")
	return p
}

// answerTo makes the page send a request and returns the status, or 0 if the page may not
// see it.
func (p *tab) answerTo(url, init string) int {
	p.t.Helper()
	return eval[int](p, fmt.Sprintf(`fetch(%s, %s).then(r => r.status, () => 0)`, quote(url), init))
}

const asAlice = `{method: "POST", headers: {"Content-Type": "application/json"}, body: '{"username":"alice","password":"alice-likes-pizza"}'}`

// TestForeignPages_rebinding: the page comes from its own server, whose name then leads to
// ours. To the browser both are one origin.
func TestForeignPages_rebinding(t *testing.T) {
	t.Parallel()
	addr := testkit.FreeAddr(t)
	stop := serveForeign(t, addr, nil)
	evil := openForeign(t, addr)
	stop()
	s := &server{t: t, dir: t.TempDir()}
	s.start(addr)
	for _, call := range []struct{ path, init string }{
		{"/api/v1/auth/login", asAlice}, {"/api/v1/menu", "{}"}, {"/learn/facts", "{}"}, {"/metrics", "{}"}, {"/", "{}"},
		{"/learn/reset", `{method: "POST", body: new URLSearchParams({what: "kitchen"})}`},
	} {
		if got := evil.answerTo(call.path, call.init); got != http.StatusMisdirectedRequest {
			t.Errorf("%s is answered %d", call.path, got)
		}
	}
	if got := evil.answerTo("/healthz", "{}"); got != http.StatusOK {
		t.Fatalf("healthz, which is for everybody, is answered %d: the name does not lead here, so the test shows nothing", got)
	}
	guest := s.newTab(t)
	guest.open("/")
	guest.logIn("alice")
}

// TestForeignPages_wrongPasswords: a page sends what needs no permission, forms, with the
// browser of a guest.
func TestForeignPages_wrongPasswords(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	addr := testkit.FreeAddr(t)
	serveForeign(t, addr, nil)
	evil := openForeign(t, addr)
	base := "http://" + s.Addr
	eval[int](evil, fmt.Sprintf(`Promise.allSettled([...Array(60).keys()].map(() => fetch(%s, {
		method: "POST", mode: "no-cors", body: new URLSearchParams({username: "alice", password: "wrong"}),
	}))).then(all => all.length)`, quote(base+"/api/v1/auth/login")))
	evil.answerTo(base+"/api/v1/menu/1", `{mode: "no-cors", credentials: "include"}`)
	for _, arrived := range []string{`method="POST",route="/api/v1/auth/login",status="403"} 60`, `method="GET",route="/api/v1/menu/:id",status="200"} 1`} {
		if metrics := string(s.Do("GET", "/metrics", "", "").Body); !strings.Contains(metrics, arrived) {
			t.Fatalf("the server has not counted %s, so the test shows nothing", arrived)
		}
	}
	var lesson struct {
		State string `json:"state"`
	}
	s.mustCall("GET", "/learn/lessons/L01", "", "", &lesson)
	if lesson.State != "open" {
		t.Errorf("the lesson is %s after requests of a strange page", lesson.State)
	}
	guest := s.newTab(t)
	guest.open("/")
	guest.logIn("alice")
}

// TestForeignPages_loadNothing: no script, image or style shows that the server runs. What
// is for everybody can be read.
func TestForeignPages_loadNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	addr := testkit.FreeAddr(t)
	serveForeign(t, addr, nil)
	evil := openForeign(t, addr)
	base := "http://" + s.Addr
	loads := func(element, attribute, url string) bool {
		return eval[bool](evil, fmt.Sprintf(`new Promise(resolve => {
			const e = Object.assign(document.createElement(%s), {rel: "stylesheet", onload: () => resolve(true), onerror: () => resolve(false)});
			e[%s] = %s;
			document.head.append(e);
		})`, quote(element), quote(attribute), quote(url)))
	}
	for _, asset := range [][3]string{{"img", "src", "/favicon.svg"}, {"script", "src", "/js/main.js"}, {"link", "href", "/css/app.css"}, {"link", "href", "/learn/style.css"}} {
		if loads(asset[0], asset[1], base+asset[2]) {
			t.Errorf("a strange page loads %s", asset[2])
		}
	}
	if got := evil.answerTo(base+"/api/v1/menu", "{}"); got != 0 {
		t.Errorf("a strange page reads the menu: %d", got)
	}
	for _, path := range []string{"/.well-known/jwks.json", "/openapi.json"} {
		if got := evil.answerTo(base+path, "{}"); got != http.StatusOK {
			t.Errorf("%s, which is for everybody, is answered %d", path, got)
		}
	}
}

// TestForeignPages_allowedOrigin: what CORS allows works in spite of the resource policy,
// also where the page wants one of everything that it loads.
func TestForeignPages_allowedOrigin(t *testing.T) {
	t.Parallel()
	addr := testkit.FreeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	serveForeign(t, addr, http.Header{"Cross-Origin-Embedder-Policy": {"require-corp"}})
	s := startServer(t, "RESTAURANT_CORS_ORIGINS=http://"+foreignHost+":"+port)
	friend := openForeign(t, addr)
	base := "http://" + s.Addr
	for path, init := range map[string]string{"/api/v1/menu": "{}", "/api/v1/auth/login": asAlice, "/.well-known/jwks.json": "{}"} {
		if got := friend.answerTo(base+path, init); got != http.StatusOK {
			t.Errorf("%s is answered %d", path, got)
		}
	}
}

// TestForeignPages_cookiesOfOthers: another program on this host has set cookies of our
// names, also of those with the port.
func TestForeignPages_cookiesOfOthers(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	_, port, _ := strings.Cut(s.Addr, ":")
	addr := testkit.FreeAddr(t)
	var lines []string
	for _, name := range []string{"access_token", "refresh_token", "access_token_" + port, "refresh_token_" + port} {
		lines = append(lines, name+"=abc; Path=/")
	}
	serveForeign(t, addr, http.Header{"Set-Cookie": lines})
	guest := s.newTab(t)
	guest.origin = "http://" + addr
	guest.open("/")
	guest.seen.reset()
	guest.origin = "http://" + s.Addr
	guest.open("/")
	guest.find(size("large", "Margherita")) // and no refusal: the test's end looks for them
	guest.logIn("alice", "in a cookie")
	guest.order(size("large", "Margherita"))
	guest.click(button("Log out"))
	guest.find(link("Log in"))
}

// TestForeignPages_twoServersOnOneHost: a guest of both, with cookies that know no ports.
func TestForeignPages_twoServersOnOneHost(t *testing.T) {
	t.Parallel()
	one, two := startServer(t), startServer(t)
	alice := one.newTab(t)
	alice.open("/")
	bob := openTab(t, two, "http://"+two.Addr, alice.ctx)
	bob.open("/")
	alice.logIn("alice", "in a cookie")
	bob.logIn("bob", "in a cookie")
	for _, guest := range []*tab{alice, bob, alice} {
		guest.reload()
		guest.find(button("Log out"))
		guest.order(size("large", "Margherita"))
	}
	if got := eval[string](alice, `fetch("/api/v1/auth/me").then(r => r.json()).then(me => me.name)`); got != "Alice" {
		t.Errorf("at the first server the guest is %s", got)
	}
	bob.click(button("Log out"))
	bob.find(link("Log in"))
	alice.reload()
	alice.find(button("Log out"))
}
