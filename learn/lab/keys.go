package lab

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
)

// key is a key that no server trusts.
type key struct {
	private *rsa.PrivateKey
	id      string // its kid
}

func newKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return key{}, err
	}
	sum := sha256.Sum256(private.N.Bytes())
	return key{private, base64.RawURLEncoding.EncodeToString(sum[:12])}, nil
}

// sign returns the signature of a text as RS256 makes it (RFC 7518, section 3.3).
func (k key) sign(text string) (string, error) {
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	return base64.RawURLEncoding.EncodeToString(signature), err
}

// jwk is the public half as a member of a header (RFC 7517, section 4).
func (k key) jwk() members {
	encode := base64.RawURLEncoding.EncodeToString
	return members{"kty": "RSA", "n": encode(k.private.N.Bytes()), "e": encode(big.NewInt(int64(k.private.E)).Bytes())}
}

// publicPEM is the public half as a server publishes it.
func (k key) publicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}
