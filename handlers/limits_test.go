package handlers

import (
	"fmt"
	"net/http"
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

// try logs in with this password from this address.
func (h *house) try(t testing.TB, username, password, addr string, opts ...option) *response {
	t.Helper()
	return h.post(t, loginPath, fmt.Sprintf(`{"username":%q,"password":%q}`, username, password), append(opts, from(addr))...)
}

// fails tries a wrong password n times and wants each to be refused as wrong.
func (h *house) fails(t testing.TB, n int, username, addr string) {
	t.Helper()
	for range n {
		h.try(t, username, "wrong-password", addr).wants(t, 401, "invalid-credentials")
	}
}

// waits wants the answer to be too-many-attempts with this many seconds.
func (r *response) waits(t testing.TB, seconds int) {
	t.Helper()
	if got := r.wants(t, 429, "too-many-attempts").Header().Get("Retry-After"); got != strconv.Itoa(seconds) {
		t.Errorf("%s: Retry-After is %s, want %d", r.request, got, seconds)
	}
}

func right(username string) string { return username + "-likes-pizza" }

// TestGuessingGetsSlower tries wrong passwords for an account, for one that
// nobody has and for a name that nobody can have: each waits alike.
func TestGuessingGetsSlower(t *testing.T) {
	for _, name := range []string{"alice", "nobody", "not a username"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.fails(t, 5, name, home)
				for _, wait := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
					h.try(t, name, "wrong-password", home).waits(t, wait)
					h.try(t, name, right(name), home).waits(t, wait) // the right one, too
					time.Sleep(time.Duration(wait)*time.Second - time.Millisecond)
					h.try(t, name, right(name), home).waits(t, 1)
					time.Sleep(time.Millisecond)
					h.fails(t, 1, name, home)
				}
				time.Sleep(15 * time.Minute)
				if name == "alice" {
					h.login(t, "alice")
				}
			})
		})
	}
}

func TestTheRightPasswordEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 2 { // each success resets the account
			h.fails(t, 4, "alice", home)
			h.try(t, "alice", right("alice"), home).wants(t, 200, "")
		}
		h.fails(t, 5, "alice", home)
		h.try(t, "alice", right("alice"), home).waits(t, 1)
		time.Sleep(time.Second)
		h.try(t, "alice", right("alice"), home).wants(t, 200, "")
		h.fails(t, 5, "alice", home)
		h.try(t, "alice", right("alice"), home).waits(t, 1)
	})
}

func TestFailuresAreForgottenAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.fails(t, 4, "alice", home)
		time.Sleep(time.Hour + time.Second)
		h.fails(t, 5, "alice", home)
		h.try(t, "alice", right("alice"), home).waits(t, 1)
	})
}

// TestAnAddressHasTwentyFailures: whoever tries one password for many accounts
// waits, too, and a login of their own does not wash the address clean.
func TestAnAddressHasTwentyFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for i := range 19 {
			h.fails(t, 1, fmt.Sprint("guest-", i), elsewhere)
		}
		h.try(t, "bob", right("bob"), elsewhere).wants(t, 200, "") // 19 are free
		h.fails(t, 1, "guest-19", elsewhere)
		h.try(t, "guest-20", "wrong-password", elsewhere).waits(t, 1)
		h.try(t, "bob", right("bob"), elsewhere).waits(t, 1)
		h.try(t, "bob", right("bob"), home).wants(t, 200, "") // from elsewhere it is free
		time.Sleep(time.Second)
		h.fails(t, 1, "guest-21", elsewhere)
		h.try(t, "guest-22", "wrong-password", elsewhere).waits(t, 2)
	})
}

// TestNobodyCanKeepAGuestOutOfTheirHome: from an address at which alice has
// logged in before, she gets in whatever happens elsewhere.
func TestNobodyCanKeepAGuestOutOfTheirHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.try(t, "alice", right("alice"), home).wants(t, 200, "")
		h.fails(t, 5, "alice", elsewhere)
		for wait := 1; wait < 900; wait *= 2 {
			h.try(t, "alice", right("alice"), elsewhere).waits(t, wait)
			h.try(t, "alice", right("alice"), home).wants(t, 200, "")
			time.Sleep(time.Duration(wait) * time.Second)
			h.fails(t, 1, "alice", elsewhere) // her own success at home resets nothing there
		}
		h.try(t, "alice", right("alice"), "192.0.2.9:1").waits(t, 900) // an address that nobody knows is elsewhere
		h.try(t, "bob", right("bob"), home).wants(t, 200, "")

		h.fails(t, 5, "alice", home) // at home it is counted apart, but counted
		h.try(t, "alice", right("alice"), home).waits(t, 1)
	})
}

func TestOfFiftyWrongAttemptsAtOnceFiveAreLookedAt(t *testing.T) {
	for name, addr := range map[string]func(int) string{
		"from one address":    func(int) string { return home },
		"from fifty of their": func(i int) string { return fmt.Sprintf("198.51.100.%d:1", i) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // so that no wait is over before all have tried
				h := newHouse(t)
				var mu sync.Mutex
				answers := map[int]int{}
				var all sync.WaitGroup
				for i := range 50 {
					all.Go(func() {
						res := h.try(t, "alice", "wrong-password", addr(i))
						mu.Lock()
						defer mu.Unlock()
						answers[res.Code]++
						if res.Code == 429 {
							res.waits(t, 1)
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

func TestManyRightPasswordsAtOnceAllGetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.fails(t, 4, "alice", home)
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() { h.try(t, "alice", right("alice"), home).wants(t, 200, "") })
		}
		all.Wait()
	})
}

func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for i := range 20 {
			h.fails(t, 1, fmt.Sprint("guest-", i), fmt.Sprintf("[2001:db8:0:1:%x::%x]:1", i, i))
		}
		h.try(t, "bob", right("bob"), "[2001:db8:0:1:ffff:ffff:ffff:ffff]:1").waits(t, 1)
		h.try(t, "bob", right("bob"), "[2001:db8:0:2::1]:1").wants(t, 200, "")
	})
}

// TestChangingThePasswordIsNoWayAround: a stolen wristband gives no more guesses
// than a login.
func TestChangingThePasswordIsNoWayAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		thief := []option{bearer(h.enter(t, "alice").AccessToken), from(elsewhere)}
		guess := func(current string) *response {
			return h.post(t, passwordPath, fmt.Sprintf(`{"current":%q,"new":"a sentence only I know"}`, current), thief...)
		}
		for range 3 {
			guess("wrong-password").wants(t, 401, "invalid-credentials")
		}
		h.fails(t, 2, "alice", elsewhere) // both doors count together
		guess("wrong-password").waits(t, 1)
		guess(right("alice")).waits(t, 1)
		h.try(t, "alice", right("alice"), elsewhere).waits(t, 1)
		h.post(t, passwordPath, `{"current":"wrong-password","new":"a sentence only I know"}`, h.as(t, "bob"), from(home)).wants(t, 401, "invalid-credentials")
		time.Sleep(time.Second)
		guess(right("alice")).wants(t, 204, "")
	})
}

// TestWhatIsNoGuessIsNotCounted: the throttle counts wrong passwords and nothing
// else.
func TestWhatIsNoGuessIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 10 {
			h.post(t, loginPath, `{"username":"alice","password":""}`, from(home)).wants(t, 422, "validation-failed")
			h.post(t, loginPath, `{"username":"alice","password":"x","expires_in":9999}`, from(home)).wants(t, 422, "lifetime-too-long")
			h.post(t, loginPath, `{"username":"alice","password":"x","cookie":true}`, from(home), with("Origin", "https://evil.example")).wants(t, 403, "cross-origin")
			h.refresh(t, "rubbish", from(home)).wants(t, 401, "refresh-token-invalid")
			h.get(t, mePath, bearer("rubbish"), from(home)).wants(t, 401, "token-malformed")
		}
		h.try(t, "alice", right("alice"), home).wants(t, 200, "")
	})
}

// TestWhoseForwardingHeaderCounts uses up the requests of one address and looks
// which others count as coming from it.
func TestWhoseForwardingHeaderCounts(t *testing.T) {
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
				h := newHouse(t, func(h *house) { h.TrustedProxies, h.RateLimit = tc.trusted, 3 })
				for range 3 {
					h.get(t, mePath, from(guest+":1")).wants(t, 401, "authentication-required")
				}
				if res := h.get(t, mePath, append(tc.headers, from(tc.addr))...); (res.Code == 429) != tc.guests {
					t.Errorf("answered %d with %s", res.Code, res.Header().Get("RateLimit"))
				}
			})
		})
	}
}

// TestBehindAProxyTheThrottleKnowsTheGuests tells two guests of one proxy apart.
func TestBehindAProxyTheThrottleKnowsTheGuests(t *testing.T) {
	const proxy = "192.0.2.10:443"
	bad, good := with("X-Forwarded-For", "198.51.100.7"), with("X-Forwarded-For", "203.0.113.1")
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.TrustedProxies = []string{"192.0.2.10"} })
		h.try(t, "alice", right("alice"), proxy, good).wants(t, 200, "")
		for range 5 {
			h.try(t, "alice", "wrong-password", proxy, bad).wants(t, 401, "invalid-credentials")
		}
		h.try(t, "alice", right("alice"), proxy, bad).waits(t, 1)
		h.try(t, "alice", right("alice"), "192.0.2.66:1", good).waits(t, 1) // who is no proxy cannot claim her home
		h.try(t, "alice", right("alice"), proxy, good).wants(t, 200, "")
	})
}

// fifty is a house that takes fifty requests a second, as by default.
func fifty(h *house) { h.RateLimit = 50 }

// limited says what the headers of the rate limit are.
func (r *response) limited(t testing.TB, policy string, left int) {
	t.Helper()
	h := r.Header()
	if p, l := h.Get("RateLimit-Policy"), h.Get("RateLimit"); p != fmt.Sprintf(`"%s";q=50;w=1`, policy) || l != fmt.Sprintf(`"%s";r=%d;t=1`, policy, left) {
		t.Errorf("%s: RateLimit-Policy is %s, RateLimit is %s, want %q and %d left", r.request, p, l, policy, left)
	}
}

func (r *response) tooFast(t testing.TB) {
	t.Helper()
	if got := r.wants(t, 429, "rate-limited").Header().Get("Retry-After"); got != "1" {
		t.Errorf("%s: Retry-After is %s", r.request, got)
	}
}

func TestTheFiftyFirstRequestOfASecond(t *testing.T) {
	for name, who := range map[string]func(h *house) (policy string, opts []option){
		"of a guest": func(h *house) (string, []option) { return "guest", []option{h.as(t, "alice"), from(home)} },
		"by cookie": func(h *house) (string, []option) {
			return "guest", []option{cookie("access_token", h.token(t, "alice")), from(home)}
		},
		"of an address":        func(*house) (string, []option) { return "address", []option{from(home)} },
		"with a bad wristband": func(*house) (string, []option) { return "address", []option{bearer("a.b.c"), from(home)} },
		"with a wristband twice": func(*house) (string, []option) {
			return "address", []option{bearer("a.b.c"), bearer("a.b.c"), from(home)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, fifty)
				policy, opts := who(h)
				for i := range 50 {
					res := h.get(t, mePath, opts...)
					if res.Code == 429 {
						t.Fatalf("request %d is too many", i+1)
					}
					res.limited(t, policy, 49-i)
				}
				res := h.get(t, mePath, opts...)
				res.tooFast(t)
				res.limited(t, policy, 0)
				if res.queries(t) != "0" {
					t.Errorf("the refusal costs %s queries", res.queries(t))
				}
				for range 3 {
					h.get(t, mePath, opts...).tooFast(t)
				}
				time.Sleep(20 * time.Millisecond) // one drop
				if res := h.get(t, mePath, opts...); res.Code == 429 {
					t.Error("the bucket does not fill")
				}
				h.get(t, mePath, opts...).tooFast(t)
				time.Sleep(time.Second)
				for i := range 50 {
					if h.get(t, mePath, opts...).Code == 429 {
						t.Fatalf("a second later request %d is too many", i+1)
					}
				}
				h.get(t, mePath, opts...).tooFast(t)
				time.Sleep(10 * time.Second) // and it never holds more than fifty
				h.get(t, mePath, opts...).limited(t, policy, 49)
			})
		})
	}
}

func TestTwoGuestsBehindOneAddressDoNotDisturbEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		alice, bob := h.as(t, "alice"), h.as(t, "bob")
		for i := range 50 {
			h.get(t, mePath, alice, from(home)).limited(t, "guest", 49-i)
		}
		for range 100 {
			h.get(t, mePath, alice, from(home)).tooFast(t)
		}
		for i := range 50 {
			h.get(t, mePath, bob, from(home)).wants(t, 200, "").limited(t, "guest", 49-i)
		}
		h.get(t, "/api/v1/menu", from(home)).wants(t, 200, "").limited(t, "address", 49) // nor those who wear none
		h.get(t, mePath, alice, from(elsewhere)).tooFast(t)                              // and a guest is a guest everywhere
	})
}

func TestAnAddressDoesNotDisturbAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		for range 60 {
			h.get(t, mePath, from(elsewhere))
		}
		h.get(t, mePath, from(elsewhere)).tooFast(t)
		for _, step := range []struct {
			addr string
			left int
		}{
			{home, 49},
			{"[2001:db8::1]:1", 49}, {"[2001:db8::2]:1", 48}, {"[2001:db8:0:1::2]:1", 49}, // 64 bits are one network
			{"[fe80::1%eth0]:1", 49},
			{"[::ffff:203.0.113.1]:1", 48}, // that is home
		} {
			h.get(t, mePath, from(step.addr)).wants(t, 401, "authentication-required").limited(t, "address", step.left)
		}
	})
}

// TestEveryDoorIsLimited counts requests to all paths together, also to those
// that do not exist.
func TestEveryDoorIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		left := 50
		for _, call := range []string{"GET /problems", "GET /nowhere", "BREW /api/v1/menu", "GET /api/v1/menu", "POST " + loginPath, "POST " + refreshPath, "GET /openapi.json", "GET /problems/not-found", "GET /.well-known/jwks.json", "OPTIONS /api/v1/orders"} {
			left--
			method, path, _ := strings.Cut(call, " ")
			h.do(t, method, path, "", from(home)).limited(t, "address", left)
		}
	})
}

// TestAClassBehindOneAddressCanOpenThePage asks for all that a browser fetches to
// show it, thirty times in one second.
func TestAClassBehindOneAddressCanOpenThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		for range 30 {
			for _, path := range []string{"/", "/css/app.css", "/favicon.svg", "/js/main.js"} {
				h.get(t, path, from(home)).wants(t, 200, "")
			}
		}
		h.get(t, "/problems", from(home)).limited(t, "address", 49)
	})
}

func TestHowTheHouseIsDoingIsNeverLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		for range 51 {
			h.get(t, mePath, from("127.0.0.1:1"))
		}
		h.get(t, mePath, from("127.0.0.1:1")).tooFast(t)
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			for range 60 {
				if res := h.get(t, path, from("127.0.0.1:1")).wants(t, 200, ""); res.Header().Get("RateLimit") != "" {
					t.Errorf("%s has a limit", path)
				}
			}
		}
	})
}

func TestTheLimitCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		for range 200 {
			if res := h.get(t, mePath, h.as(t, "alice"), from(home)).wants(t, 200, ""); res.Header().Get("RateLimit") != "" || res.Header().Get("RateLimit-Policy") != "" {
				t.Fatalf("headers %v", res.Header())
			}
		}
		h.fails(t, 5, "alice", home) // the throttle stays on
		h.try(t, "alice", right("alice"), home).waits(t, 1)
	})
}

// TestARefusalIsReadableFromElsewhere: a page of a friendly origin must be able
// to tell that it was too fast.
func TestARefusalIsReadableFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty, withOrigins)
		for range 50 {
			h.get(t, mePath, from(home))
		}
		res := h.get(t, "/api/v1/menu", from(home), with("Origin", friend))
		res.tooFast(t)
		if got := res.Header().Get("Access-Control-Allow-Origin"); got != friend {
			t.Errorf("Access-Control-Allow-Origin is %q", got)
		}
		if got := res.Header().Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Retry-After") {
			t.Errorf("exposed are %q", got)
		}
	})
}

// TestManyRequestsAtOnceGetNoMoreThanTheirShare races for the same bucket. A
// guest may get less: while their requests are on the way to the wristband, they
// hold drops of the address.
func TestManyRequestsAtOnceGetNoMoreThanTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, fifty)
		for name, who := range map[string][]option{"address": {from(home)}, "guest": {h.as(t, "alice"), from(elsewhere)}} {
			var mu sync.Mutex
			answers := map[int]int{}
			var all sync.WaitGroup
			for range 80 {
				all.Go(func() {
					res := h.get(t, mePath, who...)
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
