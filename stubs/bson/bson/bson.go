// Package bson stands in for BSON, in which this program neither reads nor writes. Gin links
// the real one into every program.
package bson

import "errors"

var errAbsent = errors.New("no BSON in this program: delete the line of go.mongodb.org/mongo-driver/v2 under replace in go.mod, and run go mod tidy")

// Marshal always returns an error.
func Marshal(any) ([]byte, error) { return nil, errAbsent }

// Unmarshal always returns an error.
func Unmarshal([]byte, any) error { return errAbsent }
