package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Addresses of documentation (RFC 5737, RFC 3849): where alice lives, where an
// attacker sits, and further ones.
const (
	home      = "203.0.113.1:5000"
	elsewhere = "198.51.100.7:5000"
)

// tryLogin logs in with this password from this address.
func (srv *server) tryLogin(t testing.TB, username, password, addr string, opts ...option) *response {
	t.Helper()
	return srv.post(t, loginPath, fmt.Sprintf(`{"username":%q,"password":%q}`, username, password), append(opts, fromAddress(addr))...)
}

// failLogins tries a wrong password n times and wants each to be refused as wrong.
func (srv *server) failLogins(t testing.TB, n int, username, addr string) {
	t.Helper()
	for range n {
		srv.tryLogin(t, username, "wrong-password", addr).wants(t, 401, "invalid-credentials")
	}
}

// wantsWait wants the answer to be too-many-attempts with this many seconds.
func (r *response) wantsWait(t testing.TB, seconds int) {
	t.Helper()
	if got := r.wants(t, 429, "too-many-attempts").Header().Get("Retry-After"); got != strconv.Itoa(seconds) {
		t.Errorf("%s: Retry-After is %s, want %d", r.request, got, seconds)
	}
}

func passwordOf(username string) string { return username + "-likes-pizza" }

// TestThrottle_guessingGetsSlower tries wrong passwords for an account and for one that
// nobody has: both wait alike.
func TestThrottle_guessingGetsSlower(t *testing.T) {
	for _, name := range []string{"alice", "nobody"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				srv.failLogins(t, 5, name, home)
				for _, wait := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
					srv.tryLogin(t, name, "wrong-password", home).wantsWait(t, wait)
					srv.tryLogin(t, name, passwordOf(name), home).wantsWait(t, wait) // the right one, too
					time.Sleep(time.Duration(wait)*time.Second - time.Millisecond)
					srv.tryLogin(t, name, passwordOf(name), home).wantsWait(t, 1)
					time.Sleep(time.Millisecond)
					srv.failLogins(t, 1, name, home)
				}
				time.Sleep(15 * time.Minute)
				if name == "alice" {
					srv.login(t, "alice")
				}
			})
		})
	}
}

// TestThrottle_invalidNamesShareNoTally: who mistypes a name does not wait for what
// somebody else mistyped elsewhere. The address counts as for any other name.
func TestThrottle_invalidNamesShareNoTally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for i := range 19 {
			srv.failLogins(t, 1, fmt.Sprint("not a username ", i%3), elsewhere)
		}
		srv.failLogins(t, 1, "not a username 0", home)
		srv.failLogins(t, 1, "not a username 0", elsewhere)
		srv.tryLogin(t, "not a username 9", "wrong-password", elsewhere).wantsWait(t, 1)
		srv.tryLogin(t, "bob", passwordOf("bob"), elsewhere).wantsWait(t, 1)
		srv.failLogins(t, 1, "not a username 0", home)
	})
}

// The right password forgets the failures.
func TestThrottle_rightPasswordResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for range 2 { // each success resets the account
			srv.failLogins(t, 4, "alice", home)
			srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
		}
		srv.failLogins(t, 5, "alice", home)
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wantsWait(t, 1)
		time.Sleep(time.Second)
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
		srv.failLogins(t, 5, "alice", home)
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wantsWait(t, 1)
	})
}

func TestThrottle_failuresExpireAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		srv.failLogins(t, 4, "alice", home)
		time.Sleep(time.Hour + time.Second)
		srv.failLogins(t, 5, "alice", home)
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wantsWait(t, 1)
	})
}

// TestThrottle_addressHasTwentyFailures: a client that tries one password for many accounts
// waits, too, and a login of their own does not wash the address clean.
func TestThrottle_addressHasTwentyFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for i := range 19 {
			srv.failLogins(t, 1, fmt.Sprint("guest-", i), elsewhere)
		}
		srv.tryLogin(t, "bob", passwordOf("bob"), elsewhere).wants(t, 200, "") // 19 are free
		srv.failLogins(t, 1, "guest-19", elsewhere)
		srv.tryLogin(t, "guest-20", "wrong-password", elsewhere).wantsWait(t, 1)
		srv.tryLogin(t, "bob", passwordOf("bob"), elsewhere).wantsWait(t, 1)
		srv.tryLogin(t, "bob", passwordOf("bob"), home).wants(t, 200, "") // from elsewhere it is free
		time.Sleep(time.Second)
		srv.failLogins(t, 1, "guest-21", elsewhere)
		srv.tryLogin(t, "guest-22", "wrong-password", elsewhere).wantsWait(t, 2)
	})
}

// TestThrottle_knownAddressIsNotLockedOut: from an address at which alice has
// logged in before, she gets in whatever happens elsewhere.
func TestThrottle_knownAddressIsNotLockedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
		srv.failLogins(t, 5, "alice", elsewhere)
		for wait := 1; wait < 900; wait *= 2 {
			srv.tryLogin(t, "alice", passwordOf("alice"), elsewhere).wantsWait(t, wait)
			srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
			time.Sleep(time.Duration(wait) * time.Second)
			srv.failLogins(t, 1, "alice", elsewhere) // her own success at home resets nothing there
		}
		srv.tryLogin(t, "alice", passwordOf("alice"), "192.0.2.9:1").wantsWait(t, 900) // an address that nobody knows is elsewhere
		srv.tryLogin(t, "bob", passwordOf("bob"), home).wants(t, 200, "")

		srv.failLogins(t, 5, "alice", home) // at home it is counted apart, but counted
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wantsWait(t, 1)
	})
}

func TestThrottle_fiftyAtOnceGetFiveTries(t *testing.T) {
	for name, addr := range map[string]func(int) string{
		"from one address":    func(int) string { return home },
		"from fifty of their": func(i int) string { return fmt.Sprintf("198.51.100.%d:1", i) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // so that no wait is over before all have tried
				srv := newServer(t)
				var mu sync.Mutex
				answers := map[int]int{}
				var all sync.WaitGroup
				for i := range 50 {
					all.Go(func() {
						res := srv.tryLogin(t, "alice", "wrong-password", addr(i))
						mu.Lock()
						defer mu.Unlock()
						answers[res.Code]++
						if res.Code == 429 {
							res.wantsWait(t, 1)
						}
					})
				}
				all.Wait()
				if answers[401] != 5 || answers[429] != 45 {
					t.Errorf("the answers are %v", answers)
				}
			})
		})
	}
}

// Right passwords at the same time all pass.
func TestThrottle_rightPasswordsAtOnceAllPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		srv.failLogins(t, 4, "alice", home)
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() { srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "") })
		}
		all.Wait()
	})
}

func TestThrottle_IPv6NetworkIsOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for i := range 20 {
			srv.failLogins(t, 1, fmt.Sprint("guest-", i), fmt.Sprintf("[2001:db8:0:1:%x::%x]:1", i, i))
		}
		srv.tryLogin(t, "bob", passwordOf("bob"), "[2001:db8:0:1:ffff:ffff:ffff:ffff]:1").wantsWait(t, 1)
		srv.tryLogin(t, "bob", passwordOf("bob"), "[2001:db8:0:2::1]:1").wants(t, 200, "")
	})
}

// TestThrottle_coversPasswordChanges: a stolen access token gives no more guesses
// than a login.
func TestThrottle_coversPasswordChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		thief := []option{bearer(srv.openSession(t, "alice").AccessToken), fromAddress(elsewhere)}
		guess := func(current string) *response {
			return srv.post(t, passwordPath, fmt.Sprintf(`{"current":%q,"new":"a sentence only I know"}`, current), thief...)
		}
		for range 3 {
			guess("wrong-password").wants(t, 401, "invalid-credentials")
		}
		srv.failLogins(t, 2, "alice", elsewhere) // both calls count together
		guess("wrong-password").wantsWait(t, 1)
		guess(passwordOf("alice")).wantsWait(t, 1)
		srv.tryLogin(t, "alice", passwordOf("alice"), elsewhere).wantsWait(t, 1)
		srv.post(t, passwordPath, `{"current":"wrong-password","new":"a sentence only I know"}`, srv.as(t, "bob"), fromAddress(home)).wants(t, 401, "invalid-credentials")
		time.Sleep(time.Second)
		guess(passwordOf("alice")).wants(t, 204, "")
	})
}

// TestThrottle_countsOnlyGuesses: the throttle counts wrong passwords and nothing
// else.
func TestThrottle_countsOnlyGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for range 10 {
			srv.post(t, loginPath, `{"username":"alice","password":""}`, fromAddress(home)).wants(t, 422, "validation-failed")
			srv.post(t, passwordPath, `{"new":"a sentence only I know"}`, srv.as(t, "alice"), fromAddress(home)).wants(t, 422, "validation-failed")
			srv.post(t, loginPath, `{"username":"alice","password":"x","expires_in":9999}`, fromAddress(home)).wants(t, 422, "lifetime-too-long")
			srv.post(t, loginPath, `{"username":"alice","password":"x","cookie":true}`, fromAddress(home), with("Origin", "https://evil.example")).wants(t, 403, "cross-origin")
			srv.refresh(t, "rubbish", fromAddress(home)).wants(t, 401, "refresh-token-invalid")
			srv.get(t, mePath, bearer("rubbish"), fromAddress(home)).wants(t, 401, "token-malformed")
		}
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
	})
}

// TestProxies_whoseForwardedForCounts uses up the requests of one address and looks
// which others count as coming from it.
func TestProxies_whoseForwardedForCounts(t *testing.T) {
	const proxy, guest = "192.0.2.10:443", "203.0.113.5"
	for _, tc := range []struct {
		name    string
		trusted []string
		addr    string
		headers []option
		guests  bool // counts as coming from the guest
	}{
		{"nobody is trusted", nil, proxy, []option{with("X-Forwarded-For", guest)}, false},
		{"another one is trusted", []string{"192.0.2.11"}, proxy, []option{with("X-Forwarded-For", guest)}, false},
		{"the proxy is trusted", []string{"192.0.2.10"}, proxy, []option{with("X-Forwarded-For", guest)}, true},
		{"its network is trusted", []string{"192.0.2.0/24"}, proxy, []option{with("X-Forwarded-For", guest)}, true},
		{"it adds to what the client made up", []string{"192.0.2.10"}, proxy, []option{with("X-Forwarded-For", "1.2.3.4, "+guest)}, true},
		{"two trusted ones in a row", []string{"192.0.2.0/24"}, proxy, []option{with("X-Forwarded-For", guest+", 192.0.2.20")}, true},
		{"it adds a line of its own", []string{"192.0.2.10"}, proxy, []option{with("X-Forwarded-For", "1.2.3.4"), with("X-Forwarded-For", guest)}, true},
		{"the guest comes directly", []string{"192.0.2.10"}, guest + ":1", []option{with("X-Forwarded-For", "1.2.3.4")}, true},
		{"rubbish in the header", []string{"192.0.2.10"}, proxy, []option{with("X-Forwarded-For", "rubbish")}, false},
		{"another header", nil, proxy, []option{with("X-Real-IP", guest), with("Forwarded", "for="+guest), with("CF-Connecting-IP", guest), with("True-Client-IP", guest)}, false},
		{"another header beside a trusted one", []string{"192.0.2.10"}, proxy, []option{with("X-Real-IP", guest)}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, func(srv *server) { srv.TrustedProxies, srv.RateLimit = tc.trusted, 3 })
				for range 3 {
					srv.get(t, mePath, fromAddress(guest+":1")).wants(t, 401, "authentication-required")
				}
				if res := srv.get(t, mePath, append(tc.headers, fromAddress(tc.addr))...); (res.Code == 429) != tc.guests {
					t.Errorf("answered %d with %s", res.Code, res.Header().Get("RateLimit"))
				}
			})
		})
	}
}

// TestProxies_slowReadersAreKnown: the server asks who reads slowly behind a proxy.
func TestProxies_slowReadersAreKnown(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.10:443"
	r.Header.Set("X-Forwarded-For", "1.2.3.4, 203.0.113.1")
	for trusted, want := range map[string]string{"": "", "192.0.2.11": "192.0.2.10", "192.0.2.10": "203.0.113.1"} {
		srv := newServer(t, func(srv *server) { srv.TrustedProxies = strings.Fields(trusted) })
		if got := srv.ClientOf(r); got != want {
			t.Errorf("trusted is %q: %q, want %q", trusted, got, want)
		}
	}
}

// TestProxies_throttleKnowsTheClients tells two guests of one proxy apart.
func TestProxies_throttleKnowsTheClients(t *testing.T) {
	const proxy = "192.0.2.10:443"
	bad, good := with("X-Forwarded-For", "198.51.100.7"), with("X-Forwarded-For", "203.0.113.1")
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(srv *server) { srv.TrustedProxies = []string{"192.0.2.10"} })
		srv.tryLogin(t, "alice", passwordOf("alice"), proxy, good).wants(t, 200, "")
		for range 5 {
			srv.tryLogin(t, "alice", "wrong-password", proxy, bad).wants(t, 401, "invalid-credentials")
		}
		srv.tryLogin(t, "alice", passwordOf("alice"), proxy, bad).wantsWait(t, 1)
		srv.tryLogin(t, "alice", passwordOf("alice"), "192.0.2.66:1", good).wantsWait(t, 1) // who is no proxy cannot claim her home
		srv.tryLogin(t, "alice", passwordOf("alice"), proxy, good).wants(t, 200, "")
	})
}

// withRateLimit is a server that takes fifty requests a second, as by default.
func withRateLimit(srv *server) { srv.RateLimit = 50 }

// isRateLimited says what the headers of the rate limit are.
func (r *response) isRateLimited(t testing.TB, policy string, left int) {
	t.Helper()
	h := r.Header()
	if p, l := h.Get("RateLimit-Policy"), h.Get("RateLimit"); p != fmt.Sprintf(`"%s";q=50;w=1`, policy) || l != fmt.Sprintf(`"%s";r=%d;t=1`, policy, left) {
		t.Errorf("%s: RateLimit-Policy is %s, RateLimit is %s, want %q and %d left", r.request, p, l, policy, left)
	}
}

func (r *response) wantsRateLimited(t testing.TB) {
	t.Helper()
	if got := r.wants(t, 429, "rate-limited").Header().Get("Retry-After"); got != "1" {
		t.Errorf("%s: Retry-After is %s", r.request, got)
	}
}

func TestRateLimit_fiftyFirstRequest(t *testing.T) {
	for name, who := range map[string]func(srv *server) (policy string, opts []option){
		"of a guest": func(srv *server) (string, []option) { return "guest", []option{srv.as(t, "alice"), fromAddress(home)} },
		"by cookie": func(srv *server) (string, []option) {
			return "guest", []option{cookie(accessCookie, srv.token(t, "alice")), fromAddress(home)}
		},
		"of an address":           func(*server) (string, []option) { return "address", []option{fromAddress(home)} },
		"with a bad access token": func(*server) (string, []option) { return "address", []option{bearer("a.b.c"), fromAddress(home)} },
		"with an access token twice": func(*server) (string, []option) {
			return "address", []option{bearer("a.b.c"), bearer("a.b.c"), fromAddress(home)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, withRateLimit)
				policy, opts := who(srv)
				for i := range 50 {
					res := srv.get(t, mePath, opts...)
					if res.Code == 429 {
						t.Fatalf("request %d is too many", i+1)
					}
					res.isRateLimited(t, policy, 49-i)
				}
				res := srv.get(t, mePath, opts...)
				res.wantsRateLimited(t)
				res.isRateLimited(t, policy, 0)
				if res.queries(t) != "0" {
					t.Errorf("the refusal costs %s queries", res.queries(t))
				}
				for range 3 {
					srv.get(t, mePath, opts...).wantsRateLimited(t)
				}
				time.Sleep(20 * time.Millisecond) // one drop
				if res := srv.get(t, mePath, opts...); res.Code == 429 {
					t.Error("the bucket does not fill")
				}
				srv.get(t, mePath, opts...).wantsRateLimited(t)
				time.Sleep(time.Second)
				for i := range 50 {
					if srv.get(t, mePath, opts...).Code == 429 {
						t.Fatalf("a second later request %d is too many", i+1)
					}
				}
				srv.get(t, mePath, opts...).wantsRateLimited(t)
				time.Sleep(10 * time.Second) // and it never holds more than fifty
				srv.get(t, mePath, opts...).isRateLimited(t, policy, 49)
			})
		})
	}
}

func TestRateLimit_usersBehindOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		alice, bob := srv.as(t, "alice"), srv.as(t, "bob")
		for i := range 50 {
			srv.get(t, mePath, alice, fromAddress(home)).isRateLimited(t, "guest", 49-i)
		}
		for range 100 {
			srv.get(t, mePath, alice, fromAddress(home)).wantsRateLimited(t)
		}
		for i := range 50 {
			srv.get(t, mePath, bob, fromAddress(home)).wants(t, 200, "").isRateLimited(t, "guest", 49-i)
		}
		srv.get(t, "/api/v1/menu", fromAddress(home)).wants(t, 200, "").isRateLimited(t, "address", 49) // nor those who wear none
		srv.get(t, mePath, alice, fromAddress(elsewhere)).wantsRateLimited(t)                           // and a guest is a guest everywhere
	})
}

func TestRateLimit_addressesAreSeparate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for range 60 {
			srv.get(t, mePath, fromAddress(elsewhere))
		}
		srv.get(t, mePath, fromAddress(elsewhere)).wantsRateLimited(t)
		for _, step := range []struct {
			addr string
			left int
		}{
			{home, 49},
			{"[2001:db8::1]:1", 49}, {"[2001:db8::2]:1", 48}, {"[2001:db8:0:1::2]:1", 49}, // 64 bits are one network
			{"[fe80::1%eth0]:1", 49},
			{"[::ffff:203.0.113.1]:1", 48}, // that is home
		} {
			srv.get(t, mePath, fromAddress(step.addr)).wants(t, 401, "authentication-required").isRateLimited(t, "address", step.left)
		}
	})
}

// TestRateLimit_coversEveryRoute counts requests to all paths together, also to those
// that do not exist.
func TestRateLimit_coversEveryRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		left := 50
		for _, call := range []string{"GET /problems", "GET /nowhere", "BREW /api/v1/menu", "GET /api/v1/menu", "POST " + loginPath, "POST " + refreshPath, "GET /openapi.json", "GET /problems/not-found", "GET /.well-known/jwks.json", "OPTIONS /api/v1/orders"} {
			left--
			method, path, _ := strings.Cut(call, " ")
			srv.do(t, method, path, "", fromAddress(home)).isRateLimited(t, "address", left)
		}
	})
}

// TestRateLimit_classBehindOneAddress asks for all that a browser fetches to
// show it, thirty times in one second.
func TestRateLimit_classBehindOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for range 30 {
			for _, path := range []string{"/", "/css/app.css", "/favicon.svg", "/icons.svg", "/js/main.js"} {
				srv.get(t, path, fromAddress(home)).wants(t, 200, "")
			}
		}
		srv.get(t, "/problems", fromAddress(home)).isRateLimited(t, "address", 49)
	})
}

func TestRateLimit_sparesHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for range 51 {
			srv.get(t, mePath, fromAddress("127.0.0.1:1"))
		}
		srv.get(t, mePath, fromAddress("127.0.0.1:1")).wantsRateLimited(t)
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			for range 60 {
				if res := srv.get(t, path, fromAddress("127.0.0.1:1")).wants(t, 200, ""); res.Header().Get("RateLimit") != "" {
					t.Errorf("%s has a limit", path)
				}
			}
		}
	})
}

func TestRateLimit_off(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for range 200 {
			if res := srv.get(t, mePath, srv.as(t, "alice"), fromAddress(home)).wants(t, 200, ""); res.Header().Get("RateLimit") != "" || res.Header().Get("RateLimit-Policy") != "" {
				t.Fatalf("headers %v", res.Header())
			}
		}
		srv.failLogins(t, 5, "alice", home) // the throttle stays on
		srv.tryLogin(t, "alice", passwordOf("alice"), home).wantsWait(t, 1)
	})
}

// TestCORS_refusalsAreReadable: a page of a friendly origin must be able
// to tell that it was too fast.
func TestCORS_refusalsAreReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit, withCORS)
		for range 50 {
			srv.get(t, mePath, fromAddress(home))
		}
		res := srv.get(t, "/api/v1/menu", fromAddress(home), with("Origin", allowedOrigin))
		res.wantsRateLimited(t)
		if got := res.Header().Get("Access-Control-Allow-Origin"); got != allowedOrigin {
			t.Errorf("Access-Control-Allow-Origin is %q", got)
		}
		if got := res.Header().Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Retry-After") {
			t.Errorf("exposed are %q", got)
		}
	})
}

// TestRateLimit_concurrentRequests races for the same bucket. A
// guest may get less: while their requests are on the way to the access token, they
// hold drops of the address.
func TestRateLimit_concurrentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		for name, who := range map[string][]option{"address": {fromAddress(home)}, "guest": {srv.as(t, "alice"), fromAddress(elsewhere)}} {
			var mu sync.Mutex
			answers := map[int]int{}
			var all sync.WaitGroup
			for range 80 {
				all.Go(func() {
					res := srv.get(t, mePath, who...)
					mu.Lock()
					defer mu.Unlock()
					answers[res.Code]++
				})
			}
			all.Wait()
			let := 80 - answers[http.StatusTooManyRequests]
			if let > 50 || let == 0 || name == "address" && let != 50 {
				t.Errorf("%s: the answers are %v", name, answers)
			}
		}
	})
}
