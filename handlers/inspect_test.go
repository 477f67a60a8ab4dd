package handlers

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const inspectPath = "/api/v1/auth/inspect"

func TestInspect_anyToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		good := srv.token(t, "vera")
		parts := strings.Split(good, ".")
		inspect := func(body string) inspectResponse {
			return decode[inspectResponse](t, srv.post(t, inspectPath, body).wants(t, 200, ""))
		}
		for _, body := range []string{
			`{"token":"` + good + `"}`, `{"access_token":"` + good + `","token_type":"Bearer","expires_in":900,"refresh_token":"x"}`,
			`{"token":" Bearer ` + good + `\n"}`, `{"token":"Authorization: Bearer ` + good + `"}`,
		} {
			r := inspect(body)
			if !r.Active || len(r.Reasons) != 0 || !r.Signature.Valid || *r.Signature.Alg != "RS256" || r.SizeBytes != len(good) || *r.ExpiresIn != 900 {
				t.Errorf("a good token is read as %+v", r)
			}
			if r.Claims["name"] != "Vera" || r.Claims["vip"] != true || r.Header["typ"] != "at+jwt" || *r.Signature.KID != r.Header["kid"] {
				t.Errorf("it says %v %v", r.Header, r.Claims)
			}
		}
		forged := inspect(`{"token":"` + parts[0] + "." + encodeJSON(`{"role":"manager"}`) + "." + parts[2] + `"}`)
		if forged.Active || forged.Signature.Valid || !slices.Equal(forged.Reasons, []string{"token-signature-invalid"}) || forged.Claims["role"] != "manager" || forged.ExpiresIn != nil {
			t.Errorf("a forged token is read as %+v", forged)
		}
		garbage := inspect(`{"token":"garbage"}`)
		if garbage.Active || garbage.Signature.Valid || !slices.Equal(garbage.Reasons, []string{"token-malformed"}) || garbage.Header != nil || garbage.Claims != nil {
			t.Errorf("garbage is read as %+v", garbage)
		}
		huge := inspect(`{"token":"` + parts[0] + "." + encodeJSON(`{"exp":1e300}`) + `.AA"}`)
		if huge.ExpiresIn != nil {
			t.Errorf("a huge exp is read as %d", *huge.ExpiresIn)
		}
		time.Sleep(15*time.Minute + 12*time.Second)
		expired := inspect(`{"token":"` + good + `"}`)
		if expired.Active || !expired.Signature.Valid || *expired.ExpiresIn != -12 || !slices.Equal(expired.Reasons, []string{"token-expired"}) {
			t.Errorf("an expired token is read as %+v", expired)
		}
		for body, want := range map[string]struct {
			status int
			slug   string
		}{
			`{}`: {400, "token-missing"}, `{"token":""}`: {400, "token-missing"}, `{"token":"  "}`: {400, "token-missing"},
			`{"token":null}`: {400, "token-missing"}, `{"other":"x"}`: {400, "token-missing"}, `{"token":5}`: {422, "validation-failed"},
		} {
			srv.post(t, inspectPath, body).wants(t, want.status, want.slug)
		}
		if res := srv.post(t, inspectPath, `{"token":"a.b.c"}`); res.Header().Get("Cache-Control") != "no-store" || res.queries(t) != "0" {
			t.Errorf("headers are %v", res.Header())
		}
	})
}
