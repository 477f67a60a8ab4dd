package middleware

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/problem"
)

// Origin tells what the server's own pages and clients without a page send from what
// pages of other origins (RFC 6454) let a browser send. Without Sec-Fetch-Site and
// Origin in the request there is no page.
type Origin struct {
	own     *http.CrossOriginProtection
	allowed []string
}

// AnyLoopback stands for every port of http://localhost and http://127.0.0.1 in a list of
// origins: a front end under development is at one of them.
const AnyLoopback = "loopback"

// NewOrigin takes the URL under which clients reach the server, and the origins whose
// pages may call it.
func NewOrigin(publicURL string, allowed []string) (Origin, error) {
	o := Origin{http.NewCrossOriginProtection(), allowed}
	own, _ := basepath.Split(publicURL)
	own = strings.ToLower(own) // as a browser writes it; behind a proxy, Host may be another name
	return o, o.own.AddTrustedOrigin(own)
}

// allows reports whether pages of an origin may call the server.
func (o Origin) allows(origin string) bool {
	if slices.Contains(o.allowed, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && slices.Contains(o.allowed, AnyLoopback) && u.Scheme == "http" &&
		(u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1") && origin == "http://"+u.Host
}

// CrossSite reports whether a page of another origin, allowed or not, has sent a request
// with an unsafe method.
func (o Origin) CrossSite(r *http.Request) bool { return o.own.Check(r) != nil }

// Refuse refuses what changes something and comes from a page of another origin, for calls
// that need no token: the person who has that page open may know nothing of it.
func (o Origin) Refuse(c *gin.Context) {
	if o.CrossSite(c.Request) {
		problem.Write(c, problem.CrossOrigin.New(""))
	}
}

// Note notes whether a page of an origin that is not allowed has sent the request; see
// Foreign.
func (o Origin) Note(c *gin.Context) {
	asUnsafe := *c.Request // what only reads is never refused, so that Check lets it pass
	asUnsafe.Method = http.MethodPost
	factsOf(c).foreign = o.own.Check(&asUnsafe) != nil && !o.allows(c.GetHeader("Origin"))
}

// Foreign reports whether a page that nobody here has allowed made a browser send the
// request, with any method: its guest may know nothing of it.
func Foreign(c *gin.Context) bool { return factsOf(c).foreign }
