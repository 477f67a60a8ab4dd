package middleware

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/problem"
	"restaurant/queue"
)

// limiterSize bounds the memory: twice as many users and addresses are remembered.
const limiterSize = 1 << 16

// RateLimit gives every user, and every address without a token, a bucket of so many
// requests a second.
type RateLimit struct {
	perSecond int
	mu        sync.Mutex
	buckets   *hashedCache[*rate.Limiter]
}

// NewRateLimit makes full buckets; zero per second means no limit.
func NewRateLimit(perSecond int) *RateLimit {
	return &RateLimit{perSecond: perSecond, buckets: newHashedCache[*rate.Limiter](limiterSize)}
}

// exemptPaths are health checks, and what a browser fetches for the page: a class of
// thirty behind one address opens it in the same second, twenty files each.
var exemptPaths = map[string]bool{
	"/healthz": true, "/readyz": true, "/metrics": true,
	"/": true, "/css/app.css": true, "/favicon.svg": true, "/icons.svg": true, "/js/*file": true,
}

// Address counts the request against the bucket of its address, before anything costly
// is done. What strange pages make a browser send has a bucket of its own, so that they
// cannot use up what the guest at this address may ask.
func (l *RateLimit) Address(c *gin.Context) {
	if l.perSecond > 0 && !exemptPaths[c.FullPath()] {
		l.check(c, "address", addressKey(c))
	}
}

// user counts the request against the user's own bucket instead: one address may
// have many users, and one user many addresses.
func (l *RateLimit) user(c *gin.Context, userID int64) {
	if l.perSecond == 0 || exemptPaths[c.FullPath()] {
		return
	}
	l.refund(addressKey(c))
	l.check(c, "guest", strconv.FormatInt(userID, 10))
}

func addressKey(c *gin.Context) string {
	if Foreign(c) {
		return Address(c) + " foreign"
	}
	return Address(c)
}

// Address is the address of a client, as queue.ClientOf has it.
func Address(c *gin.Context) string {
	ip, err := netip.ParseAddr(c.ClientIP())
	if err != nil { // gin knows no zones
		if ip, err = netip.ParseAddr(c.RemoteIP()); err != nil {
			return c.RemoteIP()
		}
	}
	return queue.ClientOf(ip)
}

// check answers 429 if the bucket is empty. The headers are those of the IETF
// draft draft-ietf-httpapi-ratelimit-headers-10.
func (l *RateLimit) check(c *gin.Context, policy, key string) {
	ok, left := l.allow(policy + "\x00" + key)
	h := c.Writer.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf(`%q;q=%d;w=1`, policy, l.perSecond))
	h.Set("RateLimit", fmt.Sprintf(`%q;r=%d;t=1`, policy, left))
	if !ok {
		problem.Write(c, problem.RateLimited.New(fmt.Sprintf("This guest or address sent more than %d requests within a second.", l.perSecond)).RetryAfter(time.Second))
	}
}

func (l *RateLimit) allow(key string) (ok bool, left int) {
	b := l.bucket(key)
	ok = b.Allow()
	return ok, max(0, int(math.Floor(b.Tokens())))
}

// refund takes a request from the address again, whose user is now known.
func (l *RateLimit) refund(address string) {
	l.bucket("address\x00"+address).AllowN(time.Now(), -1)
}

func (l *RateLimit) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets.get(key)
	if !ok {
		b = rate.NewLimiter(rate.Limit(l.perSecond), l.perSecond)
		l.buckets.put(key, b)
	}
	return b
}
