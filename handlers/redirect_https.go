package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"restaurant/middleware"
)

// RedirectToHTTPS is what plain HTTP gets under TLS: the way to the other door, and
// nothing else. A wristband that came along was carried openly over the street,
// so its login session ends.
func RedirectToHTTPS(a *API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Location", a.PublicURL+pathOf(r))
		h.Set("Cache-Control", "no-store") // or the next token would come here again, unseen
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		said := "This house speaks HTTPS only: " + a.PublicURL + "\n"
		if a.revokePlaintextTokens(r) {
			said += "Your wristband came over plain HTTP, where everybody on the way could read it, so its login session has been ended. Log in again over HTTPS.\n"
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		_, _ = fmt.Fprint(w, said) // whoever has gone need not hear it
	})
}

// pathOf is the path and query of a request, and never anything that could
// become part of a host name.
func pathOf(r *http.Request) string {
	if uri := r.URL.RequestURI(); strings.HasPrefix(uri, "/") {
		return uri
	}
	return "/"
}

// revokePlaintextTokens ends the login sessions of all tokens in a request and tells
// whether there were any.
func (a *API) revokePlaintextTokens(r *http.Request) (ended bool) {
	for _, raw := range middleware.TokensIn(r) {
		one, err := a.Sessions.EndByAccess(r.Context(), raw)
		if err != nil {
			a.Log.Error("the login session of a token that came in the clear cannot be ended", "err", err)
		}
		if one {
			a.Log.Warn("a token came over plain HTTP; its login session has been ended")
		}
		ended = ended || one
	}
	return ended
}
