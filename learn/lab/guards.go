package lab

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"time"
)

// guard is one check that a repaired verifier makes. Its texts show how three languages
// write it; they are never executed.
type guard struct {
	id, says                   string
	golang, javaScript, python string
}

// guards are those that a verifier needs, in the order in which they are shown.
var guards = []guard{
	{
		"one-algorithm", "The server decides which algorithm is used, never the token.",
		`jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}))`,
		`await jwtVerify(token, key, { algorithms: ["RS256"] })`,
		`jwt.decode(token, key, algorithms=["RS256"])`,
	},
	{
		"own-keys", "The key comes from the server's own list, never from the token.",
		`key, known := ownKeys[header.KeyID]; if !known { return errUnknownKey }`,
		`const key = ownKeys.get(header.kid); if (!key) throw new Error("unknown key")`,
		`key = own_keys[header["kid"]]  # KeyError: unknown key`,
	},
	{
		"signature", "The signature must fit the first two parts.",
		`err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature)`,
		`const good = await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, text)`,
		`key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())`,
	},
	{
		"exp", "The token must not have expired.",
		`if !now.Before(time.Unix(claims.ExpiresAt, 0)) { return errExpired }`,
		`if (Date.now() / 1000 >= claims.exp) throw new Error("expired")`,
		`if time.time() >= claims["exp"]: raise ValueError("expired")`,
	},
	{
		"issuer-audience", "The token must come from this issuer and be for this server.",
		`if claims.Issuer != issuer || claims.Audience != audience { return errNotForUs }`,
		`if (claims.iss !== issuer || claims.aud !== audience) throw new Error("not for us")`,
		`if claims["iss"] != issuer or claims["aud"] != audience: raise ValueError("not for us")`,
	},
}

// verifier is a verifier that makes the checks of some guards only. Where a guard is
// missing, it believes the token.
type verifier struct {
	guards           map[string]bool
	own              map[string]key // by kid
	elsewhere        key            // what the address in a jku would answer
	issuer, audience string
	now              time.Time
}

// accepts reports whether the verifier lets a token in.
func (v verifier) accepts(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	header, err := decode(parts[0])
	claims, err2 := decode(parts[1])
	if err != nil || err2 != nil {
		return false
	}
	exp, _ := claims["exp"].(float64)
	switch {
	case v.guards["one-algorithm"] && header["alg"] != "RS256",
		v.guards["own-keys"] && !v.knows(header),
		v.guards["signature"] && !v.signatureFits(header, parts),
		v.guards["exp"] && !v.now.Before(time.Unix(int64(exp), 0)),
		v.guards["issuer-audience"] && (claims["iss"] != v.issuer || claims["aud"] != v.audience):
		return false
	}
	return true
}

// knows reports whether the header names a key of our own and brings none along.
func (v verifier) knows(header members) bool {
	id, _ := header["kid"].(string)
	_, known := v.own[id]
	return known && header["jwk"] == nil && header["jku"] == nil
}

// signatureFits checks the signature in the way that the token asks for, as long as no
// other guard forbids it.
func (v verifier) signatureFits(header members, parts []string) bool {
	text := parts[0] + "." + parts[1]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	switch header["alg"] {
	case "none": // the token says that it needs no signature
		return true
	case "HS256": // the key that is published becomes a secret that everybody knows
		id, _ := header["kid"].(string)
		secret, err := v.own[id].publicPEM()
		if err != nil {
			return false
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return hmac.Equal(mac.Sum(nil), signature)
	}
	public := v.publicKey(header)
	digest := sha256.Sum256([]byte(text))
	return public != nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
}

// publicKey finds the key where the token says that it is.
func (v verifier) publicKey(header members) *rsa.PublicKey {
	if embedded, ok := header["jwk"].(map[string]any); ok {
		return publicKeyOf(embedded)
	}
	if header["jku"] != nil {
		return &v.elsewhere.private.PublicKey
	}
	id, _ := header["kid"].(string)
	k, known := v.own[id]
	if !known {
		return nil
	}
	return &k.private.PublicKey
}

func publicKeyOf(jwk map[string]any) *rsa.PublicKey {
	number := func(name string) *big.Int {
		text, _ := jwk[name].(string)
		bytes, _ := base64.RawURLEncoding.DecodeString(text)
		return new(big.Int).SetBytes(bytes)
	}
	return &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
}
