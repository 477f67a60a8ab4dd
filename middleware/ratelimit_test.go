package middleware

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
)

func init() { gin.SetMode(gin.TestMode) }

// newRequest is a request from this address, as a handler sees it.
func newRequest(remote string) *gin.Context {
	c, engine := gin.CreateTestContext(httptest.NewRecorder())
	if err := engine.SetTrustedProxies(nil); err != nil {
		panic(err)
	}
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	c.Request.RemoteAddr = remote
	return c
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"203.0.113.1:80":                       "203.0.113.1",
		"[::ffff:203.0.113.1]:80":              "203.0.113.1",
		"[2001:db8:1:2:3:4:5:6]:80":            "2001:db8:1:2::/64",
		"[2001:db8:1:2::]:80":                  "2001:db8:1:2::/64",
		"[2001:db8:1:3::]:80":                  "2001:db8:1:3::/64",
		"[fe80::1%eth0]:80":                    "fe80::/64",
		"[::1]:80":                             "::/64",
		"127.0.0.1:80":                         "127.0.0.1",
		"rubbish":                              "",
		"":                                     "",
		"[2001:db8:1:2:ffff:ffff:ffff:ffff]:9": "2001:db8:1:2::/64",
	} {
		if got := Address(newRequest(remote)); got != want {
			t.Errorf("%q counts as %q, want %q", remote, got, want)
		}
	}
}

func TestRateLimit_userGivesTheAddressItsRequestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewRateLimit(3)
		for range 3 {
			c := newRequest("203.0.113.1:1")
			if l.Address(c); c.IsAborted() {
				t.Fatal("the address is full")
			}
			if l.user(c, 1); c.IsAborted() {
				t.Fatal("the guest is full")
			}
		}
		c := newRequest("203.0.113.1:1")
		l.Address(c)
		if l.user(c, 1); !c.IsAborted() || c.Writer.Status() != http.StatusTooManyRequests {
			t.Errorf("the fourth of a guest is answered %d", c.Writer.Status())
		}
		for range 10 { // given back are never more than were taken
			c := newRequest("203.0.113.1:1")
			l.Address(c)
			l.user(c, 2)
		}
		for i := range 4 {
			c := newRequest("203.0.113.1:1")
			if l.Address(c); c.IsAborted() != (i == 3) {
				t.Errorf("request %d of the address is refused: %t", i+1, c.IsAborted())
			}
		}
		time.Sleep(time.Second)
		if c := newRequest("203.0.113.1:1"); true {
			if l.Address(c); c.IsAborted() {
				t.Error("a second later the address is still full")
			}
		}
	})
}

func TestRateLimit_userAndAddressOfTheSameNameAreTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewRateLimit(1)
		for _, kind := range []string{"guest", "address"} {
			c := newRequest("203.0.113.1:1")
			if l.check(c, kind, "1"); c.IsAborted() {
				t.Errorf("%s: refused", kind)
			}
			if l.check(c, kind, "1"); !c.IsAborted() {
				t.Errorf("%s: the control passes", kind)
			}
		}
	})
}

func TestRateLimit_remembersABoundedNumber(t *testing.T) {
	l := NewRateLimit(50)
	for i := range 3 * limiterSize {
		l.allow(fmt.Sprint("address\x00", i))
	}
	if n := l.buckets.len(); n > 2*limiterSize {
		t.Errorf("%d are remembered", n)
	}
}

func TestTokensIn(t *testing.T) {
	for _, tc := range []struct {
		name    string
		headers []string // name, value, …
		want    []string
	}{
		{"none", nil, nil},
		{"a header", []string{"Authorization", "Bearer a"}, []string{"a"}},
		{"a header in lower case", []string{"Authorization", "bearer  a "}, []string{"a"}},
		{"two headers", []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}, []string{"a", "b"}},
		{"Basic", []string{"Authorization", "Basic a"}, nil},
		{"an empty header", []string{"Authorization", "Bearer "}, nil},
		{"a cookie", []string{"Cookie", "access_token=a"}, []string{"a"}},
		{"the cookie of TLS", []string{"Cookie", "__Host-access_token=a"}, []string{"a"}},
		{"everything", []string{"Authorization", "Bearer a", "Cookie", "x=y; access_token=b; access_token=c", "Cookie", "__Host-access_token=d"}, []string{"a", "b", "c", "d"}},
		{"another cookie", []string{"Cookie", "jwt=a"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for i := 0; i < len(tc.headers); i += 2 {
				r.Header.Add(tc.headers[i], tc.headers[i+1])
			}
			if got := TokensIn(r); !slices.Equal(got, tc.want) {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
}
