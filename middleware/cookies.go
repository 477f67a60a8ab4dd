package middleware

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/httpjson"
)

// refreshPath limits the refresh cookie to the endpoints that use it.
const refreshPath = "/api/v1/auth"

// accessWord is in the name of every cookie that holds an access token.
const accessWord = "access_token"

// Cookies keep tokens where no script can read them. With TLS their names have prefixes
// by which a browser accepts them from this host and over TLS only (RFC 6265bis,
// section 4.1.3). Cookies ignore ports (RFC 6265, section 8.5), so the names hold the
// port: servers on two ports of one host would overwrite each other's.
type Cookies struct {
	accessName, refreshName string
	base                    string // the base path, with which both paths begin
	secure                  bool
	origin                  Origin
}

// NewCookies makes the cookies of a server that clients reach at publicURL.
func NewCookies(publicURL string, origin Origin) (Cookies, error) {
	u, err := url.Parse(publicURL)
	if err != nil {
		return Cookies{}, err
	}
	_, base := basepath.Split(publicURL)
	k := Cookies{accessName: accessWord, refreshName: "refresh_token", base: base, secure: u.Scheme == "https", origin: origin}
	switch {
	case k.secure && base != "": // __Host- is for the path / only
		k.accessName, k.refreshName = "__Secure-"+k.accessName, "__Secure-"+k.refreshName
	case k.secure:
		k.accessName, k.refreshName = "__Host-"+k.accessName, "__Secure-"+k.refreshName
	}
	if port := u.Port(); port != "" {
		k.accessName, k.refreshName = k.accessName+"_"+port, k.refreshName+"_"+port
	}
	return k, nil
}

// Names returns the names of the cookies of an access token and of a refresh token.
func (k Cookies) Names() (access, refresh string) { return k.accessName, k.refreshName }

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
	k.ClearAccess(c)
	k.ClearRefresh(c)
}

// ClearAccess deletes the cookie of an access token, if the request carries it.
func (k Cookies) ClearAccess(c *gin.Context) {
	if k.hasAccess(c) {
		k.set(c, k.accessName, "", k.base+"/", 0)
	}
}

// ClearRefresh deletes the cookie of a refresh token, if the request carries it.
func (k Cookies) ClearRefresh(c *gin.Context) {
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

// Any reports whether the request carries one of the cookies.
func (k Cookies) Any(c *gin.Context) bool { return k.hasAccess(c) || k.HasRefresh(c) }

// All returns every access token and every refresh token in the cookies of a request.
func (k Cookies) All(c *gin.Context) (access, refresh []*http.Cookie) {
	return c.Request.CookiesNamed(k.accessName), c.Request.CookiesNamed(k.refreshName)
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

// TokensIn returns all access tokens of a request, from headers and from cookies of any
// name that such a cookie can have.
func TokensIn(r *http.Request) (raws []string) {
	for _, value := range r.Header.Values("Authorization") {
		if raw, p := httpjson.Bearer([]string{value}); p == nil {
			raws = append(raws, raw)
		}
	}
	for _, cookie := range r.Cookies() {
		if strings.Contains(cookie.Name, accessWord) {
			raws = append(raws, cookie.Value)
		}
	}
	return raws
}
