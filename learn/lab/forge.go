package lab

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/problem"
)

// @Description	What to change in the token: at least one of these.
type forgeRequest struct {
	// claim=value, such as role=manager. A value that is JSON, such as true or 5, keeps its type. In a form you can send it several times.
	Set []string `json:"set" example:"role=manager"`
	// member=value: the same for the header of the token, such as kid=another.
	Header []string `json:"header" example:"typ=at+jwt"`
	// none: the token says that it needs no signature. HS256: the token says that one secret signs and checks it.
	Alg *string `json:"alg" example:"HS256" enums:"none,HS256"`
	// own: the lab makes a new signature with its own key. public: with alg=HS256, the server's public key is used as the secret. Without it the old signature stays.
	Key *string `json:"key" example:"public" enums:"own,public"`
	// jwk: the token brings along the lab's public key, and the lab signs it.
	Embed *string `json:"embed" example:"jwk" enums:"jwk"`
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
//	@Description	Edits the token in the Authorization header. The signature stays the same, or the lab makes a new one in the ways that attackers have tried. The server refuses all of them. The answer is one line for `curl -H "@file"`, or JSON if you ask for it.
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
	if err := claims.set("set", req.Set); err != nil {
		return "", err
	}
	return l.resign(req, header, claims, parts[2])
}

func readRequest(c *gin.Context) (req forgeRequest, err error) {
	if httpjson.MediaType(c) == httpjson.FormType {
		form, formErr := httpjson.Form(c, []string{"set", "header"}, "alg", "key", "embed")
		req, err = forgeRequest{Set: form["set"], Header: form["header"], Alg: optional(form, "alg"), Key: optional(form, "key"), Embed: optional(form, "embed")}, formErr
	} else {
		err = httpjson.Bind(c, &req)
	}
	if err == nil {
		err = req.check()
	}
	return req, err
}

// optional returns the value of a field of a form, nil without the field.
func optional(form url.Values, name string) *string {
	if !form.Has(name) {
		return nil
	}
	value := form.Get(name)
	return &value
}

func (req forgeRequest) check() error {
	if len(req.Set) == 0 && len(req.Header) == 0 && req.Alg == nil && req.Key == nil && req.Embed == nil {
		return httpjson.Invalid("set", "must be claim=value, such as role=manager, unless there is another field")
	}
	alg, key, embed := value(req.Alg), value(req.Key), value(req.Embed)
	var cs httpjson.Checks
	cs.Require(req.Alg == nil || alg == "none" || alg == "HS256", "alg", "must be none or HS256, or left out")
	cs.Require(req.Key == nil || key == "own" || key == "public", "key", "must be own or public, or left out")
	cs.Require((alg == "HS256") == (key == "public"), "key", "must be public with alg=HS256, and only then")
	cs.Require(alg != "none" || req.Key == nil, "key", "must be left out with alg=none, which needs no signature")
	cs.Require(req.Embed == nil || embed == "jwk" && req.Alg == nil && key != "public", "embed", "must be jwk, with key=own or without key and alg")
	return cs.Err()
}

// value is the text of a field, or "" if it is left out.
func value(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}

// resign signs the edited token as an attacker would. The members that the request names
// come last, so that they may replace what the signature needs.
func (l *Lab) resign(req forgeRequest, header, claims members, signature string) (string, error) {
	sign := func(string) (string, error) { return signature, nil }
	switch {
	case value(req.Alg) == "none":
		header["alg"] = "none"
		sign = func(string) (string, error) { return "", nil }
	case value(req.Alg) == "HS256":
		header["alg"] = "HS256"
		sign = l.signWithPublicKey
	case req.Key != nil || req.Embed != nil:
		key, err := l.key()
		if err != nil {
			return "", err
		}
		header["alg"], sign = "RS256", key.sign
		if req.Embed != nil {
			header["jwk"] = key.jwk()
		} else {
			header["kid"] = key.id
		}
	}
	if err := header.set("header", req.Header); err != nil {
		return "", err
	}
	text := header.encode() + "." + claims.encode()
	signature, err := sign(text)
	return text + "." + signature, err
}

// signWithPublicKey signs as HS256 (RFC 7518, section 3.2), with the bytes of public.pem as
// the secret: a server that lets a token choose its algorithm checks it with them.
func (l *Lab) signWithPublicKey(text string) (string, error) {
	secret, err := l.PublicPEM()
	return signHS256(text, secret), err
}

func signHS256(text string, secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// members are those of the header or the claims of a token.
type members map[string]any

// set changes members, each as name=value. field is where the changes were sent.
func (m members) set(field string, changes []string) error {
	for _, change := range changes {
		name, value, ok := strings.Cut(change, "=")
		if !ok || name == "" {
			return httpjson.Invalid(field, "must be name=value, such as role=manager or kid=another")
		}
		m[name] = valueOf(value)
	}
	return nil
}

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
