package middleware

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
)

// refreshPath limits the refresh cookie to the endpoints that use it.
const refreshPath = "/api/v1/auth"

// Cookies keep tokens where no script can read them. With TLS their names have prefixes
// by which a browser accepts them from this host and over TLS only (RFC 6265bis,
// section 4.1.3).
type Cookies struct {
	accessName, refreshName string
	base                    string // the base path, with which both paths begin
	secure                  bool
	origin                  Origin
}

// NewCookies makes the cookies of a server that clients reach at publicURL; secure is
// set for HTTPS.
func NewCookies(publicURL string, secure bool, origin Origin) Cookies {
	_, base := basepath.Split(publicURL)
	k := Cookies{accessName: "access_token", refreshName: "refresh_token", base: base, secure: secure, origin: origin}
	switch {
	case secure && base != "": // __Host- is for the path / only
		k.accessName, k.refreshName = "__Secure-access_token", "__Secure-refresh_token"
	case secure:
		k.accessName, k.refreshName = "__Host-access_token", "__Secure-refresh_token"
	}
	return k
}

// SetAccess sets the cookie of an access token.
func (k Cookies) SetAccess(c *gin.Context, token string, life time.Duration) {
	k.set(c, k.accessName, token, k.base+"/", life)
}

// SetRefresh sets the cookie of a refresh token.
func (k Cookies) SetRefresh(c *gin.Context, token string, life time.Duration) {
	k.set(c, k.refreshName, token, k.base+refreshPath, life)
}

// Clear deletes those of the cookies that the request carries.
func (k Cookies) Clear(c *gin.Context) {
	if k.hasAccess(c) {
		k.set(c, k.accessName, "", k.base+"/", 0)
	}
	if k.HasRefresh(c) {
		k.set(c, k.refreshName, "", k.base+refreshPath, 0)
	}
}

func (k Cookies) set(c *gin.Context, name, value, path string, life time.Duration) {
	cookie := &http.Cookie{ //nolint:gosec // Secure is set wherever clients use HTTPS
		Name: name, Value: value, Path: path, MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteStrictMode,
	}
	if cookie.MaxAge == 0 {
		cookie.MaxAge = -1 // delete it
	}
	http.SetCookie(c.Writer, cookie)
}

func (k Cookies) hasAccess(c *gin.Context) bool { return len(c.Request.CookiesNamed(k.accessName)) > 0 }

// HasRefresh reports whether the request carries a refresh cookie.
func (k Cookies) HasRefresh(c *gin.Context) bool {
	return len(c.Request.CookiesNamed(k.refreshName)) > 0
}

var errTwoCookies = errors.New("two cookies of one name")

func (k Cookies) access(c *gin.Context) (string, error) { return singleCookie(c, k.accessName) }

// Refresh is the refresh token in the cookie, or empty.
func (k Cookies) Refresh(c *gin.Context) (string, error) { return singleCookie(c, k.refreshName) }

// singleCookie refuses to choose between two cookies of one name: another host of the
// same domain may have planted one.
func singleCookie(c *gin.Context, name string) (string, error) {
	switch cookies := c.Request.CookiesNamed(name); len(cookies) {
	case 0:
		return "", nil
	case 1:
		return cookies[0].Value, nil
	}
	return "", errTwoCookies
}

// CrossSite reports whether a page of another origin has made a browser send this
// request with an unsafe method: its cookies do not count.
func (k Cookies) CrossSite(c *gin.Context) bool { return k.origin.CrossSite(c.Request) }

// TokensIn returns all access tokens of a request, from headers and from cookies with
// either name.
func TokensIn(r *http.Request) (raws []string) {
	for _, value := range r.Header.Values("Authorization") {
		if raw, p := fromHeader([]string{value}); p == nil {
			raws = append(raws, raw)
		}
	}
	for _, name := range []string{"access_token", "__Host-access_token", "__Secure-access_token"} {
		for _, cookie := range r.CookiesNamed(name) {
			raws = append(raws, cookie.Value)
		}
	}
	return raws
}
