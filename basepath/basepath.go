// Package basepath lets a house stand at the end of a path instead of at the root of
// its host, such as https://school.example/restaurant.
//
// A proxy in front may pass the path on or strip it. Handlers see the same request in
// both cases, and put the path before every address that they give out.
package basepath

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// valid is a path of segments that mean the same in a URL, a cookie, a shell and HTML.
var valid = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

// Valid reports whether a path can be a base path: empty, or segments of letters, digits
// and ._- without a slash at the end.
func Valid(path string) bool { return valid.MatchString(path) }

// Split splits the URL under which clients reach a server into its origin
// (RFC 6454), such as https://school.example, and its base path, such as /restaurant.
func Split(publicURL string) (origin, base string) {
	scheme, rest, _ := strings.Cut(publicURL, "://")
	host, path, found := strings.Cut(rest, "/")
	if path = strings.TrimRight(path, "/"); found && path != "" {
		base = "/" + path
	}
	return scheme + "://" + host, base
}

type key struct{}

// Handler serves next under a base path. It takes the path off each request that still
// has it, and redirects from the path without a slash at its end, because the links of
// the start page are relative.
func Handler(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == base {
			u := url.URL{Path: base + "/", RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, u.String(), http.StatusPermanentRedirect)
			return
		}
		inner := r.WithContext(context.WithValue(r.Context(), key{}, base))
		inner.URL = Strip(base, r.URL)
		next.ServeHTTP(w, inner)
	})
}

// Strip returns a URL without the base path, if it has one.
func Strip(base string, u *url.URL) *url.URL {
	path, found := strings.CutPrefix(u.Path+"/", base+"/")
	raw, rawFound := strings.CutPrefix(u.RawPath, base+"/")
	if !found || u.RawPath != "" && !rawFound {
		return u
	}
	inner := *u
	inner.Path = "/" + strings.TrimSuffix(path, "/")
	if u.RawPath != "" {
		inner.RawPath = "/" + raw
	}
	return &inner
}

// address begins a path of the server in a sentence.
var address = regexp.MustCompile(`(^|[ (])(/[.a-z#])`)

// InText puts the base path before each path of the server in a sentence of ours.
func InText(base, text string) string {
	if base == "" {
		return text
	}
	return address.ReplaceAllString(text, "${1}"+base+"${2}")
}

// Of returns the base path under which a request is served, or "".
func Of(r *http.Request) string {
	base, _ := r.Context().Value(key{}).(string)
	return base
}
