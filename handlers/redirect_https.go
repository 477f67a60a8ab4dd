package handlers

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"restaurant/basepath"
	"restaurant/middleware"
	"restaurant/models"
)

// RedirectToHTTPS answers plain HTTP under TLS: with the address of the HTTPS listener,
// and nothing else. It ends the login session of each token that a request carries,
// because everyone on the way could have read it.
func RedirectToHTTPS(a *API) http.Handler {
	_, base := basepath.Split(a.PublicURL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		middleware.SetSecurity(h)
		h.Set(middleware.RequestIDHeader, rand.Text())
		h.Set("Location", a.PublicURL+pathOf(basepath.Strip(base, r.URL)))
		h.Set("Cache-Control", "no-store") // a cached redirect would hide the next token from us
		h.Set("Content-Type", "text/plain; charset=utf-8")
		text := "This server answers only over HTTPS: " + a.PublicURL + "\n"
		if a.revokePlaintextTokens(r) {
			text += "Your wristband (access token) came over plain HTTP, where others can read it. So the server has ended its login session. Log in again over HTTPS.\n"
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		_, _ = fmt.Fprint(w, text) // the client may have gone
	})
}

// pathOf returns the path and query of a URL, and nothing that could become part of a
// host name.
func pathOf(u *url.URL) string {
	if uri := u.RequestURI(); strings.HasPrefix(uri, "/") {
		return uri
	}
	return "/"
}

// revokePlaintextTokens ends the login sessions of all tokens in a request and reports
// whether there were any.
func (a *API) revokePlaintextTokens(r *http.Request) (ended bool) {
	for _, raw := range middleware.TokensIn(r) {
		one, err := a.Sessions.EndByAccess(r.Context(), raw, models.EndPlainHTTP)
		if err != nil {
			a.Log.Error("cannot end the login session of a token sent over plain HTTP", "err", err)
		}
		if one {
			a.Log.Warn("ended the login session of a token sent over plain HTTP")
		}
		ended = ended || one
	}
	return ended
}
