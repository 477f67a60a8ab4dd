package tokens

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
)

// Inspection is what anybody can see on a wristband, with or without a key, and
// what this house says about it.
type Inspection struct {
	Header, Claims map[string]any // nil where a part is not JSON
	Algorithm      string
	KeyID          string
	SignatureValid bool
	// Err is why the door would refuse the token; nil if it would not.
	Err error
}

// Inspect reads a token aloud. It grants nothing.
func (a *Authority) Inspect(raw string) Inspection {
	var r Inspection
	r.Header, r.Claims = object(raw, 0), object(raw, 1)
	r.Algorithm, _ = r.Header["alg"].(string)
	r.KeyID, _ = r.Header["kid"].(string)
	_, r.Err = a.Verify(raw)
	r.SignatureValid = r.Err == nil || errors.Is(r.Err, ErrExpired) || errors.Is(r.Err, ErrRevoked) || errors.Is(r.Err, ErrClaimsInvalid)
	return r
}

// UnverifiedID is the jti that stands on a token, whether it holds or not; empty
// where there is none. It is good for recognising a token, not for trusting it.
func UnverifiedID(raw string) string {
	id, _ := object(raw, 1)["jti"].(string)
	return id
}

// object decodes one part of a token as a JSON object, or gives nil.
func object(raw string, part int) map[string]any {
	text, err := segment(raw, part)
	if err != nil {
		return nil
	}
	var o map[string]any
	if json.Unmarshal(text, &o) != nil {
		return nil
	}
	return o
}

var errSegment = errors.New("no such part")

func segment(raw string, part int) ([]byte, error) {
	parts := strings.Split(raw, ".")
	if part >= len(parts) {
		return nil, errSegment
	}
	return base64.RawURLEncoding.Strict().DecodeString(parts[part])
}
