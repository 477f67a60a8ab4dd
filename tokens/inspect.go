package tokens

import (
	"errors"

	"restaurant/tokens/verify"
)

// Inspection is what anyone can read in a token, and what this server says about it.
type Inspection struct {
	Header, Claims map[string]any // nil where a part is not a JSON object
	Algorithm      string
	KeyID          string
	SignatureValid bool
	// Err is why the token would be refused; nil if it would not.
	Err error
}

// Inspect decodes and verifies a token. It grants nothing.
func (a *Authority) Inspect(raw string) Inspection {
	var r Inspection
	r.Header, r.Claims = object(raw, 0), object(raw, 1)
	r.Algorithm, _ = r.Header["alg"].(string)
	r.KeyID, _ = r.Header["kid"].(string)
	_, r.Err = a.Verify(raw)
	r.SignatureValid = r.Err == nil || errors.Is(r.Err, ErrExpired) || errors.Is(r.Err, ErrRevoked) || errors.Is(r.Err, ErrClaimsInvalid)
	return r
}

// UnverifiedID is the jti of a token that may be invalid, or empty. It serves to
// recognise a token, not to trust it.
func UnverifiedID(raw string) string {
	id, _ := object(raw, 1)["jti"].(string)
	return id
}

// object decodes one part of a token as a JSON object, or returns nil.
func object(raw string, part int) (o map[string]any) {
	if verify.Decode(raw, part, &o) != nil {
		return nil
	}
	return o
}
