package lab

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/problem"
)

// @Description	What to change in the token: set, key, or both.
type forgeRequest struct {
	// claim=value, such as role=manager. A value that is JSON, such as true or 5, keeps its type. In a form you can send it several times.
	Set []string `json:"set" example:"role=manager"`
	// own: the lab makes a new signature with its own key. Without it the old signature stays.
	Key *string `json:"key" example:"own" enums:"own"`
} //@name ForgeRequest

// @Description	The edited token. Calls that need a token refuse it.
type forgeResponse struct {
	// The forged token. No call accepts it.
	AccessToken string `json:"access_token" example:"eyJhbGciOi…" validate:"required"`
	TokenType   string `json:"token_type" example:"Bearer" validate:"required"`
} //@name ForgedToken

// forge edits the claims of the token in the Authorization header. It does not check
// whether that token is genuine.
//
//	@Summary		Forge a token
//	@Description	Edits the claims of the token in the Authorization header. The signature stays the same, or the lab makes a new one with its own key. The server refuses both. The answer is one line for `curl -H "@file"`, or JSON if you ask for it.
//	@ID				forgeToken
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Security		Bearer
//	@Param			body			body		forgeRequest	true	"What to change"
//	@Success		200				{object}	forgeResponse
//	@Failure		400				{object}	problem.Problem	"token-missing, malformed-json, malformed-form, unknown-field"
//	@Failure		413				{object}	problem.Problem	"body-too-large"
//	@Failure		415				{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422				{object}	problem.Problem	"validation-failed"
//	@Router			/lab/forge [post]
func (l *Lab) forge(c *gin.Context) error {
	httpjson.NoStore(c)
	forged, err := l.edit(c)
	if err != nil {
		return err
	}
	if httpjson.Names(c, "Accept", "application/json") {
		c.JSON(http.StatusOK, forgeResponse{forged, "Bearer"})
	} else {
		c.String(http.StatusOK, "Authorization: Bearer %s\n", forged)
	}
	return nil
}

func (l *Lab) edit(c *gin.Context) (forged string, err error) {
	req, err := readRequest(c)
	if err != nil {
		return "", err
	}
	_, raw, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	parts := strings.Split(strings.TrimSpace(raw), ".")
	if len(parts) != 3 {
		return "", problem.TokenMissing.New("Send the token that you want to edit in the header: Authorization: Bearer <access token>.")
	}
	header, err := decode(parts[0])
	claims, err2 := decode(parts[1])
	if err != nil || err2 != nil {
		return "", problem.TokenMissing.New("The Authorization header does not contain a token. A token has three parts in base64url with dots between them.")
	}
	for _, change := range req.Set {
		name, value, ok := strings.Cut(change, "=")
		if !ok || name == "" {
			return "", httpjson.Invalid("set", "must be claim=value, such as role=manager")
		}
		claims[name] = valueOf(value)
	}
	switch {
	case req.Key == nil:
		return header.encode() + "." + claims.encode() + "." + parts[2], nil
	case *req.Key == "own":
		return l.sign(header, claims)
	}
	return "", httpjson.Invalid("key", "must be own, or left out")
}

func readRequest(c *gin.Context) (req forgeRequest, err error) {
	if httpjson.MediaType(c) == httpjson.FormType {
		form, formErr := httpjson.Form(c, "set", "key")
		req, err = forgeRequest{Set: form["set"]}, formErr
		if form.Has("key") {
			key := form.Get("key")
			req.Key = &key
		}
	} else {
		err = httpjson.Bind(c, &req)
	}
	if err == nil && len(req.Set) == 0 && req.Key == nil {
		err = httpjson.Invalid("set", "must be claim=value, such as role=manager")
	}
	return req, err
}

// sign signs with the lab's own key. The header names it, and no server knows it.
func (l *Lab) sign(header, claims members) (string, error) {
	key, err := l.key()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(key.N.Bytes())
	header["alg"], header["kid"] = "RS256", base64.RawURLEncoding.EncodeToString(sum[:12])
	text := header.encode() + "." + claims.encode()
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// members are those of the header or the claims of a token.
type members map[string]any

func decode(part string) (m members, err error) {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if m == nil { // the text was null
		m = members{}
	}
	return m, err
}

func (m members) encode() string {
	text, err := json.Marshal(m, json.Deterministic(true))
	if err != nil { // it was read from JSON and from forms, whose texts are UTF-8
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// valueOf returns the value of a JSON text, and any other text as it is.
func valueOf(text string) (v any) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n // a float64 would write large ones with an exponent
	}
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}
