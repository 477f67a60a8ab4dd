// Package http3 stands in for HTTP/3, which this program does not speak. Gin links the real
// one into every program.
package http3

import (
	"errors"
	"net/http"
)

// ListenAndServeQUIC always returns an error.
func ListenAndServeQUIC(string, string, string, http.Handler) error {
	return errors.New("no HTTP/3 in this program: delete the line of github.com/quic-go/quic-go under replace in go.mod, and run go mod tidy")
}
