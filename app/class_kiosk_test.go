package app

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// madeUp is a token that nobody has signed. It only says who its issuer is.
func madeUp(issuer string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256","kid":"x","typ":"at+jwt"}`) + "." + part(`{"iss":"`+issuer+`"}`) + "." + part("signature")
}

// TestClass_kioskWritesToNoStranger: who shows a made-up token that names a table writes nothing into its
// lessons. At the kiosk of one's own table it counts there, as the lesson asks.
func TestClass_kioskWritesToNoStranger(t *testing.T) {
	t.Parallel()
	c := openClass(t, 2)
	first, second := c.join(t), c.join(t)
	facts := func(table string) int {
		return strings.Count(c.asTeacher(t, http.StatusOK, http.MethodGet, "/teach/tables/"+table, "").body, `"route":"GET kiosk:/me"`)
	}
	show := func(at, token string, want int) {
		t.Helper()
		if res := c.send(t, http.MethodGet, at+"/kiosk/me", "", token); res.status != want {
			t.Fatalf("%s: %d %s", at, res.status, res.body)
		}
	}
	fake, genuine := "Authorization: Bearer "+madeUp(c.server.URL+"/t/01"), c.logIn(t, first, "alice")
	show("", fake, http.StatusUnauthorized)
	show(second, fake, http.StatusUnauthorized)
	if n := facts("01"); n != 0 {
		t.Errorf("strangers have written %d facts", n)
	}
	if n := facts("02"); n != 1 {
		t.Errorf("the table where it was shown has %d facts", n)
	}
	show(first, fake, http.StatusUnauthorized)
	show("", genuine, http.StatusOK)
	if n := facts("01"); n != 2 {
		t.Errorf("a fake at the own kiosk and a genuine token are %d facts", n)
	}
}
