// Package toml stands in for TOML, in which this program neither reads nor writes. Gin links the
// real one into every program.
package toml

import (
	"errors"
	"io"
)

var errAbsent = errors.New("no TOML in this program: delete the line of github.com/pelletier/go-toml/v2 under replace in go.mod, and run go mod tidy")

// Marshal always returns an error.
func Marshal(any) ([]byte, error) { return nil, errAbsent }

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder is what Gin decodes with.
func NewDecoder(io.Reader) Decoder { return Decoder{} }

// Decode always returns an error.
func (Decoder) Decode(any) error { return errAbsent }
