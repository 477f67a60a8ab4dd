package verify

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
)

// KeyBits is the size of the keys: less is too weak (RFC 7518, section 3.3), more makes
// the token longer than 900 bytes.
const KeyBits = 2048

// JWK is the public half of a key (RFC 7517, section 4).
//
//	@Description	One RSA public key (RFC 7517, and RFC 7518, section 6.3).
type JWK struct {
	KeyType   string `json:"kty" example:"RSA" validate:"required"`
	Use       string `json:"use" example:"sig" validate:"required"`
	Algorithm string `json:"alg" example:"RS256" validate:"required"`
	KeyID     string `json:"kid" example:"6ECkTXx5kkcOK3wR" validate:"required"`
	Modulus   string `json:"n" example:"0vx7agoebGcQSuu…" validate:"required"`
	Exponent  string `json:"e" example:"AQAB" validate:"required"`
} //@name JWK

// NewJWK describes a public key.
func NewJWK(id string, public *rsa.PublicKey) JWK {
	return JWK{
		KeyType: "RSA", Use: "sig", Algorithm: "RS256", KeyID: id,
		Modulus:  base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}
}

// PublicKey returns the key, or an error if it is not one that signs access tokens.
func (j JWK) PublicKey() (*rsa.PublicKey, error) {
	n, err := base64.RawURLEncoding.Strict().DecodeString(j.Modulus)
	e, err2 := base64.RawURLEncoding.Strict().DecodeString(j.Exponent)
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	exponent := new(big.Int).SetBytes(e)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	if j.KeyType != "RSA" || j.Use != "sig" || j.Algorithm != "RS256" || j.KeyID == "" || public.N.BitLen() != KeyBits ||
		exponent.BitLen() > 31 || exponent.Int64() < 3 {
		return nil, errors.New("not an RSA key of 2048 bits for RS256 signatures")
	}
	public.E = int(exponent.Int64())
	return public, nil
}
