package lab

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

// token is one whose parts can be decoded; the lab does not check the signature.
var token = part(`{"alg":"RS256","kid":"k","typ":"at+jwt"}`) + "." + part(`{"sub":"1","role":"guest","vip":false,"exp":1999999999}`) + ".c2lnbmF0dXJl"

func part(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func post(l *Lab, body, kind, authorization, accept string) *httptest.ResponseRecorder {
	gin.SetMode(gin.TestMode)
	r := gin.New()
	l.Mount(r, nil, func(*gin.Context) {})
	req := httptest.NewRequest("POST", "/lab/forge", strings.NewReader(body))
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", accept)
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec
}

func newLab() *Lab { return New(Options{}) }

const form = "application/x-www-form-urlencoded"

// TestForge_editsClaims: the signature stays.
func TestForge_editsClaims(t *testing.T) {
	for _, tc := range []struct{ body, kind, claims string }{
		{"set=role=manager", form, `{"exp":1999999999,"role":"manager","sub":"1","vip":false}`},
		{"set=vip=true&set=exp=4102444800", form, `{"exp":4102444800,"role":"guest","sub":"1","vip":true}`},
		{"set=name=a=b", form, `{"exp":1999999999,"name":"a=b","role":"guest","sub":"1","vip":false}`},
		{`{"set":["role=chef"]}`, "application/json", `{"exp":1999999999,"role":"chef","sub":"1","vip":false}`},
	} {
		res := post(newLab(), tc.body, tc.kind, "Bearer "+token, "*/*")
		line, isLine := strings.CutPrefix(res.Body.String(), "Authorization: Bearer ")
		parts := strings.Split(strings.TrimSpace(line), ".")
		if res.Code != 200 || !isLine || len(parts) != 3 || res.Header().Get("Lab") != "deliberately-unsafe" || res.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %s %v", tc.body, res.Code, res.Body, res.Header())
		}
		if claims, _ := base64.RawURLEncoding.DecodeString(parts[1]); string(claims) != tc.claims {
			t.Errorf("%s makes %s", tc.body, claims)
		}
		if header := strings.Split(token, "."); parts[0] != header[0] || parts[2] != header[2] {
			t.Errorf("%s changes more than the claims", tc.body)
		}
	}
}

// TestForge_signsWithItsOwnKey checks the signature with the key of the lab, which is
// another one in each server.
func TestForge_signsWithItsOwnKey(t *testing.T) {
	l, other := newLab(), newLab()
	forge := func(l *Lab) []string {
		res := post(l, `{"set":["vip=true"],"key":"own"}`, "application/json", "Bearer "+token, "application/json")
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(res.Body.Bytes(), &answer); err != nil || res.Code != 200 {
			t.Fatalf("%d %s", res.Code, res.Body)
		}
		return strings.Split(answer.AccessToken, ".")
	}
	parts := forge(l)
	key, err := l.key()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if err := rsa.VerifyPKCS1v15(&key.private.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("the signature does not fit: %v", err)
	}
	if again := forge(l); again[0] != parts[0] {
		t.Error("the lab has another key the next time")
	}
	if forge(other)[0] == parts[0] {
		t.Error("two servers have the same key")
	}
}

// TestForge_refusals lists what it does not take.
func TestForge_refusals(t *testing.T) {
	good, bearer := "set=role=manager", "Bearer "+token
	for _, tc := range []struct {
		name, body, kind, authorization string
		status                          int
		slug                            string
	}{
		{"no token", good, form, "", 400, "token-missing"},
		{"no JWT", good, form, "Bearer rubbish", 400, "token-missing"},
		{"no base64", good, form, "Bearer ä.b.c", 400, "token-missing"},
		{"parts that are not objects", good, form, "Bearer " + part("[]") + "." + part("1") + ".x", 400, "token-missing"},
		{"nothing to do", "", form, bearer, 422, "validation-failed"},
		{"no value", "set=role", form, bearer, 422, "validation-failed"},
		{"no name", "set==x", form, bearer, 422, "validation-failed"},
		{"no key", "set=a=b&key=", form, bearer, 422, "validation-failed"},
		{"an empty key in JSON", `{"set":["a=b"],"key":""}`, "application/json", bearer, 422, "validation-failed"},
		{"another key", "set=a=b&key=house", form, bearer, 422, "validation-failed"},
		{"another algorithm", "set=a=b&alg=RS256", form, bearer, 422, "validation-failed"},
		{"HS256 without the public key", "alg=HS256", form, bearer, 422, "validation-failed"},
		{"HS256 with the lab's key", "alg=HS256&key=own", form, bearer, 422, "validation-failed"},
		{"the public key without HS256", "key=public", form, bearer, 422, "validation-failed"},
		{"no signature with a key", "alg=none&key=own", form, bearer, 422, "validation-failed"},
		{"something else to embed", "embed=jku", form, bearer, 422, "validation-failed"},
		{"a key to embed and no signature", "embed=jwk&alg=none", form, bearer, 422, "validation-failed"},
		{"a header without a value", "header=kid", form, bearer, 422, "validation-failed"},
		{"an unknown field", "set=a=b&jku=x", form, bearer, 400, "unknown-field"},
		{"an unknown member", `{"set":["a=b"],"jku":"x"}`, "application/json", bearer, 400, "unknown-field"},
		{"two keys", "set=a=b&key=own&key=public", form, bearer, 400, "malformed-form"},
		{"half a body", `{"set":`, "application/json", bearer, 400, "malformed-json"},
		{"half a form", "set=%", form, bearer, 400, "malformed-form"},
		{"bytes that are no text", "set=%ff=1&set=%fe=1", form, bearer, 400, "malformed-form"},
		{"JSON as a form", `{"set":["a=b"]}`, form, bearer, 415, "unsupported-media-type"},
		{"another type", good, "text/plain", bearer, 415, "unsupported-media-type"},
		{"too much", "set=a=" + strings.Repeat("b", httpjson.MaxBody), form, bearer, 413, "body-too-large"},
	} {
		res := post(newLab(), tc.body, tc.kind, tc.authorization, "*/*")
		if res.Code != tc.status || !strings.Contains(res.Body.String(), `"/problems/`+tc.slug+`"`) || res.Header().Get("Lab") == "" {
			t.Errorf("%s: %d %s", tc.name, res.Code, res.Body)
		}
	}
	if res := post(newLab(), good, form, "Bearer "+part("null")+"."+part("null")+".x", "*/*"); res.Code != 200 {
		t.Errorf("parts that are null: %d %s", res.Code, res.Body)
	}
}

// TestRepair_onlyAllGuardsTogether tries every choice of guards: each guard stops fakes that
// no other stops, none stops a genuine token, and only all five are right ten times.
func TestRepair_onlyAllGuardsTogether(t *testing.T) {
	l := newLab()
	stops := map[string][]string{
		"one-algorithm": {"alg is none", "alg is HS256"}, "own-keys": {"(jwk)", "(jku)"},
		"signature": {"vip was changed"}, "exp": {"expired"}, "issuer-audience": {"another issuer", "another server"},
	}
	for n := range 1 << len(guards) {
		chosen := map[string]bool{}
		for i, g := range guards {
			chosen[g.id] = n&(1<<i) != 0
		}
		res, err := l.tryGuards(chosen)
		if err != nil || res.Of != 10 || (res.Right == 10) != (n == 1<<len(guards)-1) {
			t.Fatalf("%v: %d of %d right, %v", chosen, res.Right, res.Of, err)
		}
		for _, row := range res.Rows {
			want := "accept"
			for id, fakes := range stops {
				for _, fake := range fakes {
					if chosen[id] && strings.Contains(row.Token, fake) {
						want = "refuse"
					}
				}
			}
			if row.Did != want || row.Right != (row.Did == row.Should) || row.Genuine != (row.Should == "accept") {
				t.Errorf("%v: %+v, want %s", chosen, row, want)
			}
		}
	}
}
