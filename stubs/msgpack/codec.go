// Package codec stands in for MessagePack, in which this program neither reads nor writes.
// Gin links the real one into every program that does not set the build tag nomsgpack.
package codec

import (
	"errors"
	"io"
)

var errAbsent = errors.New("no MessagePack in this program: delete the line of github.com/ugorji/go/codec under replace in go.mod, and run go mod tidy")

// MsgpackHandle has no settings here.
type MsgpackHandle struct{}

// Coder is a decoder and an encoder that do nothing.
type Coder struct{}

// NewDecoder is what Gin decodes with.
func NewDecoder(io.Reader, *MsgpackHandle) Coder { return Coder{} }

// NewEncoder is what Gin encodes with.
func NewEncoder(io.Writer, *MsgpackHandle) Coder { return Coder{} }

// Decode always returns an error.
func (Coder) Decode(any) error { return errAbsent }

// Encode always returns an error.
func (Coder) Encode(any) error { return errAbsent }
