package lab

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"restaurant/problem"
)

// signer makes signatures with a key that nobody else has, and that nobody trusts.
type signer func() (*rsa.PrivateKey, error)

const keyBits = 2048

func newPress() signer {
	return sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })
}

type forgeRequest struct {
	// claim=value, such as role=manager; a value that is JSON (true, 5) is taken as such. In a form it may come several times.
	Set []string `json:"set" example:"role=manager" validate:"required"`
	// Empty leaves the old signature; own signs anew with the key of the lab.
	Key string `json:"key" example:"own" enums:"own"`
} //@name ForgeRequest

type forgeResponse struct {
	// The forged token. No door of the house opens to it.
	AccessToken string `json:"access_token" example:"eyJhbGciOi…" validate:"required"`
	TokenType   string `json:"token_type" example:"Bearer" validate:"required"`
} //@name ForgeResponse

// forge is the forger's bench: it edits the claims of the token that comes in the
// Authorization header. It never looks whether that token is genuine.
//
//	@Summary		Forge a token
//	@Description	Edits the claims of the token in the Authorization header. The signature stays what it was, or is made with a key of the lab's own; the house refuses both. Answers one line for `curl -H "@file"`, or JSON for whoever asks for it.
//	@ID				forge
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json,plain
//	@Param			Authorization	header		string			true	"Bearer and the token to edit"
//	@Param			body			body		forgeRequest	true	"What to change"
//	@Success		200				{object}	forgeResponse
//	@Header			200				{string}	Lab				"deliberately-unsafe"
//	@Failure		400				{object}	problem.Problem	"token-missing, malformed-json, malformed-form, unknown-field"
//	@Failure		413				{object}	problem.Problem	"body-too-large"
//	@Failure		415				{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422				{object}	problem.Problem	"validation-failed"
//	@Router			/lab/forge [post]
func (l *Lab) forge(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	forged, p := l.edit(c)
	if p != nil {
		problem.Write(c, p)
		return
	}
	if strings.Contains(c.GetHeader("Accept"), "application/json") {
		c.JSON(http.StatusOK, forgeResponse{forged, "Bearer"})
		return
	}
	c.String(http.StatusOK, "Authorization: Bearer %s\n", forged)
}

func (l *Lab) edit(c *gin.Context) (forged string, p *problem.Problem) {
	req, p := read(c)
	if p != nil {
		return "", p
	}
	_, raw, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	parts := strings.Split(strings.TrimSpace(raw), ".")
	if len(parts) != 3 {
		return "", problem.TokenMissing.New("Send the token to edit in the header Authorization: Bearer <access token>.")
	}
	header, err := object(parts[0])
	claims, err2 := object(parts[1])
	if err != nil || err2 != nil {
		return "", problem.TokenMissing.New("What came in the Authorization header cannot be read as a token: three parts in base64url, with dots between them.")
	}
	for _, change := range req.Set {
		name, value, ok := strings.Cut(change, "=")
		if !ok || name == "" {
			return "", invalid("set", "must be claim=value, such as role=manager")
		}
		claims[name] = valueOf(value)
	}
	switch req.Key {
	case "":
		return header.part() + "." + claims.part() + "." + parts[2], nil
	case "own":
		return l.signer.sign(header, claims)
	}
	return "", invalid("key", "must be own, or left out")
}

// sign signs anew, and says which key it was: none that the house knows.
func (p signer) sign(header, claims members) (string, *problem.Problem) {
	key, err := p()
	if err != nil {
		return "", problem.InternalError.New("").Because(err)
	}
	sum := sha256.Sum256(key.N.Bytes())
	header["alg"], header["kid"] = "RS256", base64.RawURLEncoding.EncodeToString(sum[:12])
	text := header.part() + "." + claims.part()
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", problem.InternalError.New("").Because(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// members are those of one part of a token.
type members map[string]any

func object(part string) (m members, err error) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if m == nil { // the text was null
		m = members{}
	}
	return m, err
}

func (m members) part() string {
	text, err := json.Marshal(m, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil { // it was read from JSON
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// valueOf takes what is JSON as such, and everything else as text.
func valueOf(text string) (v any) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n // a float64 would write large ones with an exponent
	}
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// maxBody bounds a body in bytes.
const maxBody = 64 << 10

func read(c *gin.Context) (req forgeRequest, p *problem.Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if err != nil {
		return req, problem.BodyTooLarge.New("")
	}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch kind {
	case "application/json":
		if err := json.Unmarshal(body, &req, json.RejectUnknownMembers(true)); errors.Is(err, json.ErrUnknownName) {
			return req, problem.UnknownField.New("").Because(err)
		} else if err != nil {
			return req, problem.MalformedJSON.New("").Because(err)
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return req, problem.MalformedForm.New("").Because(err)
		}
		for name := range form {
			if name != "set" && name != "key" {
				return req, problem.UnknownField.New("")
			}
		}
		req.Set, req.Key = form["set"], form.Get("key")
	default:
		return req, problem.UnsupportedMediaType.New("")
	}
	if len(req.Set) == 0 && req.Key == "" {
		return req, invalid("set", "must be claim=value, such as role=manager")
	}
	return req, nil
}

func invalid(field, message string) *problem.Problem {
	return problem.ValidationFailed.New("").Fields(problem.FieldError{Field: field, Message: message})
}
