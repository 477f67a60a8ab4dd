package handlers

import (
	"strings"
	"testing"
)

// TestForge_fiveFakesAtTwoDoors: the real door refuses each for its own reason, and the
// sleepy one lets all of them in, beside the genuine token of a VIP.
func TestForge_fiveFakesAtTwoDoors(t *testing.T) {
	srv := newServer(t)
	const sleepy = "/lab/sleepy/lounge"
	for fields, slug := range map[string]string{
		"set=vip=true&alg=none":             "token-algorithm-refused",
		"set=vip=true&alg=HS256&key=public": "token-algorithm-refused",
		"set=vip=true&embed=jwk":            "token-malformed",
		"set=vip=true&key=own":              "token-key-unknown",
		"set=vip=true":                      "token-signature-invalid",
		"set=vip=true&header=kid=of+nobody": "token-key-unknown",
		"set=vip=true&key=own&header=kid=K": "token-signature-invalid",
	} {
		kid := decode[struct{ Keys []struct{ Kid string } }](t, srv.get(t, "/.well-known/jwks.json")).Keys[0].Kid
		line := srv.post(t, "/lab/forge", strings.ReplaceAll(fields, "=K", "="+kid), asForm, srv.as(t, "alice"), with("Accept", "text/plain")).wants(t, 200, "").Body.String()
		fake := with("Authorization", strings.TrimSpace(strings.TrimPrefix(line, "Authorization: ")))
		srv.get(t, "/api/v1/lounge", fake).wants(t, 401, slug)
		if answer := srv.get(t, sleepy, fake).wants(t, 200, "").Body.String(); !strings.Contains(answer, `"real_bouncer":"`+slug+`"`) || !strings.Contains(answer, "Welcome to the VIP lounge, Alice!") {
			t.Errorf("%s: the sleepy door answers %s", fields, answer)
		}
	}
	if answer := srv.get(t, sleepy, srv.as(t, "vera")).wants(t, 200, "").Body.String(); !strings.Contains(answer, `"real_bouncer":null`) {
		t.Errorf("a genuine token: %s", answer)
	}
	srv.get(t, sleepy, srv.as(t, "alice")).wants(t, 403, "vip-only")
	srv.get(t, sleepy).wants(t, 401, "authentication-required")
	srv.get(t, sleepy, with("Authorization", "Bearer a.b")).wants(t, 401, "token-malformed")
	srv.get(t, sleepy, with("Authorization", "Bearer a.???.c")).wants(t, 401, "token-malformed")
}
