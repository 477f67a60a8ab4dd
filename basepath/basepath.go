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

// place is what Handler keeps of a request.
type place struct {
	base string
	bare bool // the path was the base path, without a slash at its end
}

// Handler serves next under a base path: it takes the path off each request that still
// has it.
func Handler(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.WithContext(context.WithValue(r.Context(), key{}, place{base, r.URL.Path == base}))
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

// LacksSlash reports whether a request is for the base path without a slash at its end,
// against which the relative links of the start page would lead elsewhere.
func LacksSlash(r *http.Request) bool {
	p, _ := r.Context().Value(key{}).(place)
	return p.bare
}

// Of returns the base path under which a request is served, or "".
func Of(r *http.Request) string {
	p, _ := r.Context().Value(key{}).(place)
	return p.base
}
