package handlers

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// certificatePayload is what the tests read of a certificate.
type certificatePayload struct {
	ISS      string
	ClaimsOf int `json:"claims_of"`
	Claims   []struct {
		ID, Lesson string
		WithHelp   bool `json:"with_help"`
	}
	Lessons []struct {
		ID       string
		WithHelp bool `json:"with_help"`
	}
}

// doLesson02 makes L02 done.
func (srv *server) doLesson02(t *testing.T) {
	t.Helper()
	srv.post(t, ordersPath, margherita).wants(t, 401, "authentication-required")
	srv.get(t, ordersPath).wants(t, 401, "authentication-required")
	srv.do(t, "DELETE", "/api/v1/menu/1", "").wants(t, 401, "authentication-required")
	srv.get(t, "/api/v1/menu/1").wants(t, 200, "")
	srv.post(t, "/learn/lessons/L02/answers", `{"question":"first-check","choice":2}`).wants(t, 200, "")
	if got := srv.lessonState(t, "L02"); got != "done" {
		t.Fatalf("L02 is %s", got)
	}
}

// TestCertificate_isCheckedWithThePublicKeys as a program elsewhere would, and is no token.
func TestCertificate_isCheckedWithThePublicKeys(t *testing.T) {
	srv := newServer(t)
	srv.post(t, "/learn/lessons/L02/hints", `{"number":1}`).wants(t, 200, "")
	srv.doLesson02(t)
	text := strings.TrimSuffix(srv.get(t, "/learn/certificate", with("Accept", "*/*")).wants(t, 200, "").Body.String(), "\n")
	payload, valid := srv.checkWithPublicKeys(t, text)
	if !valid {
		t.Fatalf("the signature is wrong: %s", text)
	}
	if got := fmt.Sprint(payload.Lessons); payload.ISS != testURL || payload.ClaimsOf != 66 || got != "[{L02 true}]" || len(payload.Claims) != 5 || payload.Claims[0].ID != "A2" || !payload.Claims[0].WithHelp {
		t.Errorf("it says %+v", payload)
	}
	parts := strings.Split(text, ".")
	changed, _ := base64.RawURLEncoding.DecodeString(parts[1])
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(changed), "true", "false", 1))) + "." + parts[2]
	if _, valid := srv.checkWithPublicKeys(t, forged); valid {
		t.Error("a changed certificate is taken for a genuine one")
	}
	srv.get(t, mePath, bearer(text)).wants(t, 401, "token-claims-invalid")
	srv.get(t, mePath, srv.as(t, "alice")).wants(t, 200, "")
	saved := srv.get(t, "/learn/certificate", with("Accept", "application/json")).wants(t, 200, "").Body.String()
	for _, body := range []string{`{"token":"` + text + `"}`, `{"certificate":"` + text + `"}`, saved} {
		got := decode[inspectResponse](t, srv.post(t, inspectPath, body).wants(t, 200, ""))
		if got.Active || !got.Signature.Valid || got.Header["typ"] != "certificate+jwt" || fmt.Sprint(got.Reasons) != "[token-claims-invalid]" {
			t.Errorf("inspect says %+v of %s", got, body)
		}
	}
	got := decode[inspectResponse](t, srv.post(t, inspectPath, `{"certificate":"`+text+`A"}`).wants(t, 200, ""))
	if got.Active || got.Signature.Valid || fmt.Sprint(got.Reasons) != "[token-signature-invalid]" {
		t.Errorf("with a letter more, inspect says %+v", got)
	}
	for _, accept := range []string{"application/json", "text/html"} {
		if got := srv.get(t, "/learn/certificate", with("Accept", accept)).wants(t, 200, "").Body.String(); !strings.Contains(got, "L02") || !strings.Contains(got, "eyJ") {
			t.Errorf("as %s it is %s", accept, got)
		}
	}
}

// checkWithPublicKeys verifies a JWS with what /.well-known/jwks.json publishes.
func (srv *server) checkWithPublicKeys(t *testing.T, text string) (payload certificatePayload, valid bool) {
	t.Helper()
	parts := strings.Split(text, ".")
	var header struct{ Alg, Typ, KID string }
	read := func(part string, into any) {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		if into != nil {
			err = json.Unmarshal(raw, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read(parts[0], &header)
	read(parts[1], &payload)
	keys := decode[struct{ Keys []struct{ KID, N, E string } }](t, srv.get(t, "/.well-known/jwks.json").wants(t, 200, ""))
	for _, k := range keys.Keys {
		if k.KID != header.KID || header.Alg != "RS256" || header.Typ != "certificate+jwt" {
			continue
		}
		n, _ := base64.RawURLEncoding.DecodeString(k.N)
		e, _ := base64.RawURLEncoding.DecodeString(k.E)
		signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		return payload, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	}
	t.Fatalf("no public key fits the header %+v", header)
	return payload, false
}

// TestCertificate_confirmsOnlyWhatWasSeen here, and not what a file says.
func TestCertificate_confirmsOnlyWhatWasSeen(t *testing.T) {
	srv := newServer(t)
	lessons := func() string {
		return fmt.Sprint(decode[struct{ Payload certificatePayload }](t, srv.get(t, "/learn/certificate", with("Accept", "application/json")).wants(t, 200, "")).Payload.Lessons)
	}
	srv.doLesson02(t)
	if got := lessons(); got != "[{L02 false}]" {
		t.Errorf("seen here: %s", got)
	}
	saved := srv.get(t, "/learn/progress").wants(t, 200, "").Body.String()
	srv.do(t, "PUT", "/learn/progress", saved).wants(t, 200, "")
	if got := lessons(); got != "[]" || srv.lessonState(t, "L02") != "done" {
		t.Errorf("from a file: %s", got)
	}
	srv.post(t, "/learn/reset", `{"what":"lesson","lesson":"L02"}`).wants(t, 200, "")
	srv.doLesson02(t)
	if got := lessons(); got != "[{L02 false}]" {
		t.Errorf("seen again: %s", got)
	}
}

// TestComparison_showsWhatWasMeasured in each form, and what is still to measure.
func TestComparison_showsWhatWasMeasured(t *testing.T) {
	srv := newServer(t)
	forms := []string{"*/*", "text/html", "application/json"}
	for _, accept := range forms {
		if got := srv.get(t, "/learn/comparison", with("Accept", accept)).wants(t, 200, "").Body.String(); strings.Contains(got, "712") || !strings.Contains(got, "Revocation") {
			t.Errorf("before, %s is %s", accept, got)
		}
	}
	for distance, median := range map[int]int{0: 241, 5: 5307} {
		result := json.RawMessage(fmt.Sprintf(`{"n":100,"distance_ms":%d,"simulated":true,"doors":[
			{"door":"jwt","bytes":712,"queries":0,"median_us":183,"p95_us":240,"at_once":{"median_us":300,"p95_us":500}},
			{"door":"session","bytes":43,"queries":100,"median_us":%d,"p95_us":400,"at_once":{"median_us":900,"p95_us":990}}]}`, distance, median))
		var answer any
		if err := json.Unmarshal(result, &answer); err != nil {
			t.Fatal(err)
		}
		if err := srv.lessons.Measured(t.Context(), fmt.Sprint("compare/", distance), answer); err != nil {
			t.Fatal(err)
		}
	}
	for _, accept := range forms {
		got := srv.get(t, "/learn/comparison", with("Accept", accept)).wants(t, 200, "").Body.String()
		for _, number := range []string{"712 bytes with each request, against 43", "queries for a request: 0 against 100", "183", "241", "5307"} {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), number) {
				t.Errorf("%s lacks %s: %s", accept, number, got)
			}
		}
	}
}
