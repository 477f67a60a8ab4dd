package handlers

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/problem"
	"restaurant/tokens"
)

const (
	loginPath    = "/api/v1/auth/login"
	registerPath = "/api/v1/auth/register"
	mePath       = "/api/v1/auth/me"
)

var asForm = with("Content-Type", "application/x-www-form-urlencoded")

// login logs in as a guest would.
func (srv *server) login(t testing.TB, username string, opts ...option) tokenResponse {
	t.Helper()
	body := `{"username":"` + username + `","password":"` + username + `-likes-pizza"}`
	return decode[tokenResponse](t, srv.post(t, loginPath, body, opts...).wants(t, 200, ""))
}

// Each demo user can log in, and their token is valid.
func TestLogin_eachDemoUser(t *testing.T) {
	srv := newServer(t)
	for _, want := range []meResponse{
		{Sub: "1", Name: "Alice", Role: "guest", AgeOver18: true},
		{Sub: "2", Name: "Bob", Role: "guest"},
		{Sub: "3", Name: "Vera", Role: "guest", VIP: true, AgeOver18: true},
		{Sub: "4", Name: "Carla", Role: "chef", AgeOver18: true},
		{Sub: "5", Name: "Marco", Role: "manager", AgeOver18: true},
	} {
		token := srv.login(t, strings.ToLower(want.Name))
		if token.TokenType != "Bearer" || token.ExpiresIn != 900 || len(token.AccessToken) >= 900 {
			t.Errorf("%s got %+v", want.Name, token)
		}
		got := decode[meResponse](t, srv.get(t, mePath, bearer(token.AccessToken)).wants(t, 200, ""))
		if got.SID == "" || time.Until(got.ExpiresAt) > 15*time.Minute {
			t.Errorf("%s is %+v", want.Name, got)
		}
		got.SID, got.ExpiresAt = "", time.Time{}
		if got != want {
			t.Errorf("me is %+v, want %+v", got, want)
		}
	}
}

func TestLogin_takesJSONAndForms(t *testing.T) {
	srv := newServer(t)
	for _, tc := range []struct {
		name, body string
		opts       []option
		status     int
		slug       string
	}{
		{"JSON", `{"username":"alice","password":"alice-likes-pizza"}`, nil, 200, ""},
		{"JSON with a charset", `{"username":"alice","password":"alice-likes-pizza"}`, []option{with("Content-Type", "application/json; charset=UTF-8")}, 200, ""},
		{"upper case", `{"username":"ALICE","password":"alice-likes-pizza"}`, nil, 200, ""},
		{"surrounding blanks", `{"username":" Alice\u00a0","password":"alice-likes-pizza"}`, nil, 200, ""},
		{"a line end behind the name", "username=alice%0D%0A&password=alice-likes-pizza", []option{asForm}, 200, ""},
		{"a line end inside the name", "username=al%0Aice&password=alice-likes-pizza", []option{asForm}, 401, "invalid-credentials"},
		{"a letter that is i only in lower case", `{"username":"al\u0130ce","password":"alice-likes-pizza"}`, nil, 401, "invalid-credentials"},
		{"blanks for a name", `{"username":"  ","password":"alice-likes-pizza"}`, nil, 422, "validation-failed"},
		{"a form", "username=alice&password=alice-likes-pizza", []option{asForm}, 200, ""},
		{"what Swagger UI sends", "grant_type=password&username=alice&password=alice-likes-pizza&scope=&client_id=&client_secret=", []option{asForm, with("Authorization", "Basic Og==")}, 200, ""},
		{"a form with expires_in", "username=alice&password=alice-likes-pizza&expires_in=30", []option{asForm}, 200, ""},
		{"an expired token alongside", `{"username":"alice","password":"alice-likes-pizza"}`, []option{bearer("a.b.c")}, 200, ""},

		{"a wrong password", `{"username":"alice","password":"bob-likes-pizza"}`, nil, 401, "invalid-credentials"},
		{"an unknown user", `{"username":"nobody","password":"alice-likes-pizza"}`, nil, 401, "invalid-credentials"},
		{"a username that nobody can have", `{"username":"' OR 1=1 --","password":"alice-likes-pizza"}`, nil, 401, "invalid-credentials"},
		{"no password", `{"username":"alice"}`, nil, 422, "validation-failed"},
		{"nothing", `{}`, nil, 422, "validation-failed"},
		{"a role slipped in", `{"username":"alice","password":"alice-likes-pizza","role":"manager"}`, nil, 400, "unknown-field"},
		{"a form with a role", "username=alice&password=alice-likes-pizza&role=manager", []option{asForm}, 400, "unknown-field"},
		{"a form that names a field twice", "username=alice&username=bob&password=alice-likes-pizza", []option{asForm}, 400, "malformed-form"},
		{"a broken form", "username=%zz", []option{asForm}, 400, "malformed-form"},
		{"a form with a lifetime in words", "username=alice&password=alice-likes-pizza&expires_in=long", []option{asForm}, 422, "validation-failed"},
		{"multipart", "username=alice", []option{with("Content-Type", "multipart/form-data; boundary=x")}, 415, "unsupported-media-type"},
	} {
		t.Run(tc.name, func(t *testing.T) { srv.post(t, loginPath, tc.body, tc.opts...).wants(t, tc.status, tc.slug) })
	}
}

// TestLogin_namesTheCharset: both bodies are of a type that the call takes, so only their
// charset is refused, and no other type is asked for.
func TestLogin_namesTheCharset(t *testing.T) {
	srv := newServer(t)
	for body, media := range map[string]string{
		"username=alice&password=alice-likes-pizza":           "application/x-www-form-urlencoded",
		`{"username":"alice","password":"alice-likes-pizza"}`: "application/json",
	} {
		for _, charset := range []string{"utf-8", "UTF8", `"utf8"`} {
			srv.post(t, loginPath, body, with("Content-Type", media+"; charset="+charset)).wants(t, 200, "")
		}
		for _, charset := range []string{"ISO-8859-1", "utf-16", "utf-88", `""`} {
			res := srv.post(t, loginPath, body, with("Content-Type", media+"; charset="+charset)).wants(t, 415, "unsupported-media-type")
			if text := res.Body.String(); !strings.Contains(text, "a charset other than UTF-8") || strings.Contains(text, "application/json") {
				t.Errorf("%s in %s: %s", media, charset, text)
			}
		}
	}
}

// TestLogin_ofAnAccountDeletedMeanwhile: a reset comes between the password and the session,
// which is opened in a database where nobody has registered.
func TestLogin_ofAnAccountDeletedMeanwhile(t *testing.T) {
	reset := newServer(t)
	srv := newServer(t, func(srv *server) { srv.Sessions = reset.Sessions })
	srv.post(t, "/api/v1/auth/register", registration("new.guest")).wants(t, 201, "")
	login := func(password string) *response {
		return srv.post(t, loginPath, `{"username":"new.guest","password":"`+password+`"}`)
	}
	wrong := decode[problem.Problem](t, login("wrong").wants(t, 401, "invalid-credentials"))
	deleted := decode[problem.Problem](t, login("a sentence only I know").wants(t, 401, "invalid-credentials"))
	if deleted.Detail != wrong.Detail {
		t.Errorf("the detail is %q, and %q for a wrong password", deleted.Detail, wrong.Detail)
	}
	srv.login(t, "alice")
}

// A login may ask for a shorter lifetime of its access token.
func TestLogin_shorterLifetime(t *testing.T) {
	srv := newServer(t)
	for _, tc := range []struct {
		seconds string
		status  int
		slug    string
	}{
		{"5", 200, ""}, {"60", 200, ""}, {"900", 200, ""},
		{"901", 422, "lifetime-too-long"}, {"9223372036854775807", 422, "lifetime-too-long"},
		{"4", 422, "validation-failed"}, {"0", 422, "validation-failed"}, {"-1", 422, "validation-failed"},
		{"1.5", 422, "validation-failed"}, {`"60"`, 422, "validation-failed"}, {"1e999", 422, "validation-failed"},
	} {
		t.Run(tc.seconds, func(t *testing.T) {
			res := srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza","expires_in":`+tc.seconds+`}`).wants(t, tc.status, tc.slug)
			if tc.status == 200 && strings.TrimSpace(tc.seconds) != "900" && !strings.Contains(res.Body.String(), `"expires_in":`+tc.seconds) {
				t.Errorf("the answer is %s", res.Body)
			}
		})
	}
}

// A client that prefers text gets one line, the Authorization header.
func TestLogin_oneLineOfText(t *testing.T) {
	srv := newServer(t)
	body := `{"username":"alice","password":"alice-likes-pizza"}`
	for accept, text := range map[string]bool{
		"text/plain":                               true,
		"text/plain, application/json;q=0.5":       true,
		"text/*, application/json;q=0.1":           true,
		"application/json, text/plain, */*":        false, // Swagger UI
		"application/json;q=0.5, text/plain;q=0.4": false,
		"*/*":                          false,
		"text/plain;q=0":               false,
		"text/html":                    false,
		"":                             false,
		"text/plain, application/json": false,
		"application/json;q=nonsense, text/plain;q=1": false,
	} {
		res := srv.post(t, loginPath, body, with("Accept", accept)).wants(t, 200, "")
		line := res.Body.String()
		isLine := strings.HasPrefix(line, "Authorization: Bearer ey") && strings.Count(line, "\n") == 1
		if isLine != text {
			t.Errorf("Accept: %s answers %q", accept, line)
		}
		if cc := res.Header().Get("Cache-Control"); cc != "no-store" {
			t.Errorf("Accept: %s: Cache-Control is %q", accept, cc)
		}
		if isLine {
			token := strings.TrimSpace(strings.TrimPrefix(line, "Authorization: Bearer "))
			srv.get(t, mePath, bearer(token)).wants(t, 200, "")
		}
	}
}

// TestLogin_revealsNoUsernames holds the answers to an unknown user and to a
// wrong password against each other. The equal time comes from hashing in both
// cases, which Matches is tested for.
func TestLogin_revealsNoUsernames(t *testing.T) {
	srv := newServer(t)
	var bodies []string
	for _, name := range []string{"alice", "nobody", "not a username"} {
		res := srv.post(t, loginPath, `{"username":"`+name+`","password":"wrong-password"}`).wants(t, 401, "invalid-credentials")
		if n := res.queries(t); n != srv.plus(1, 2) { // the failures so far, and this one
			t.Errorf("%s costs %s queries", name, n)
		}
		bodies = append(bodies, strings.Replace(res.Body.String(), res.Header().Get("X-Request-ID"), "", 1))
	}
	if bodies[0] != bodies[1] || bodies[0] != bodies[2] {
		t.Errorf("the answers differ: %v", bodies)
	}
}

// Authentication makes no query.
func TestAuthenticate_makesNoQuery(t *testing.T) {
	srv := newServer(t)
	if n := srv.get(t, mePath, srv.as(t, "alice")).wants(t, 200, "").queries(t); n != "0" {
		t.Errorf("me costs %s queries", n)
	}
	if n := srv.get(t, "/api/v1/lounge", srv.as(t, "alice")).wants(t, 403, "vip-only").queries(t); n != "0" {
		t.Errorf("the decision about the lounge costs %s queries", n)
	}
	if n := srv.get(t, "/api/v1/orders", srv.as(t, "alice")).wants(t, 200, "").queries(t); n != "1" {
		t.Errorf("the control costs %s queries", n)
	}
}

// An access token expires on the second.
func TestAuthenticate_expiresOnTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close() // inside the bubble
		alice := srv.as(t, "alice")
		time.Sleep(15*time.Minute - time.Second)
		srv.get(t, mePath, alice).wants(t, 200, "")
		time.Sleep(time.Second)
		res := srv.get(t, mePath, alice).wants(t, 401, "token-expired")
		if got := res.Header().Get("WWW-Authenticate"); got != `Bearer error="invalid_token", error_description="expired"` {
			t.Errorf("WWW-Authenticate is %q", got)
		}
		srv.get(t, mePath, srv.as(t, "alice")).wants(t, 200, "")
	})
}

func TestRegister(t *testing.T) {
	srv := newServer(t)
	res := srv.post(t, registerPath, `{"username":"New.Guest\n","password":"a sentence only I know","name":"New guest","birth_date":"1999-12-31"}`).wants(t, 201, "")
	u := decode[userResponse](t, res)
	if u.ID != 6 || u.Username != "new.guest" || u.Role != "guest" || u.VIP || !u.AgeOver18 || time.Since(u.CreatedAt) > time.Minute {
		t.Errorf("the account is %+v", u)
	}
	srv.post(t, loginPath, `{"username":"new.guest","password":"a sentence only I know"}`).wants(t, 200, "")
	srv.post(t, loginPath, `{"username":"new.guest","password":"a sentence only i know"}`).wants(t, 401, "invalid-credentials")

	for _, tc := range []struct {
		name, body string
		status     int
		slug       string
		field      string
	}{
		{"the same username in another case", `{"username":"NEW.GUEST","password":"a sentence only I know","name":"N"}`, 409, "username-taken", ""},
		{"a role", `{"username":"somebody","password":"a sentence only I know","name":"N","role":"manager"}`, 400, "unknown-field", ""},
		{"vip", `{"username":"somebody","password":"a sentence only I know","name":"N","vip":true}`, 400, "unknown-field", ""},
		{"an id", `{"username":"somebody","password":"a sentence only I know","name":"N","id":1}`, 400, "unknown-field", ""},
		{"a field in another case", `{"Username":"somebody","password":"a sentence only I know","name":"N"}`, 400, "unknown-field", ""},
		{"a field twice", `{"username":"somebody","username":"alice","password":"a sentence only I know","name":"N"}`, 400, "malformed-json", ""},
		{"a short username", `{"username":"al","password":"a sentence only I know","name":"N"}`, 422, "validation-failed", "username"},
		{"a username with spaces", `{"username":"al ice","password":"a sentence only I know","name":"N"}`, 422, "validation-failed", "username"},
		{"a username that only looks like alice", `{"username":"аlice","password":"a sentence only I know","name":"N"}`, 422, "validation-failed", "username"},
		{"a short password", `{"username":"somebody","password":"seven77","name":"N"}`, 422, "validation-failed", "password"},
		{"a password of 129 characters", `{"username":"somebody","password":"` + strings.Repeat("ü", 129) + `","name":"N"}`, 422, "validation-failed", "password"},
		{"the commonest password", `{"username":"somebody","password":"PassWord123","name":"N"}`, 422, "validation-failed", "password"},
		{"the username as password", `{"username":"somebody.else","password":"Somebody.Else","name":"N"}`, 422, "validation-failed", "password"},
		{"no name", `{"username":"somebody","password":"a sentence only I know"}`, 422, "validation-failed", "name"},
		{"a name of spaces", `{"username":"somebody","password":"a sentence only I know","name":"  "}`, 422, "validation-failed", "name"},
		{"a name of 65 bytes", `{"username":"somebody","password":"a sentence only I know","name":"` + strings.Repeat("x", 65) + `"}`, 422, "validation-failed", "name"},
		{"a name with a line break", `{"username":"somebody","password":"a sentence only I know","name":"a\nb"}`, 422, "validation-failed", "name"},
		{"a name with NUL", `{"username":"somebody","password":"a sentence only I know","name":"a\u0000b"}`, 422, "validation-failed", "name"},
		{"a birth date that is none", `{"username":"somebody","password":"a sentence only I know","name":"N","birth_date":"2001-02-30"}`, 422, "validation-failed", "birth_date"},
		{"a birth date to come", `{"username":"somebody","password":"a sentence only I know","name":"N","birth_date":"2999-01-01"}`, 422, "validation-failed", "birth_date"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := srv.post(t, registerPath, tc.body).wants(t, tc.status, tc.slug)
			if got := strings.Join(res.fields(t), " "); got != tc.field {
				t.Errorf("fault is found with %q, want %q", got, tc.field)
			}
		})
	}
	t.Run("128 characters and a name of 64 bytes", func(t *testing.T) {
		srv.post(t, registerPath, `{"username":"longest","password":"`+strings.Repeat("ü", 128)+`","name":"`+strings.Repeat("<", 64)+`"}`).wants(t, 201, "")
		if n := len(srv.token(t, "longest")); n >= 900 {
			t.Errorf("the token has %d bytes", n)
		}
	})
}

// Credentials count only where and how they are documented.
func TestAuthenticate_howCredentialsMustCome(t *testing.T) {
	srv := newServer(t)
	token := srv.token(t, "alice")
	for _, tc := range []struct {
		name   string
		opts   []option
		status int
		slug   string
	}{
		{"Bearer", []option{bearer(token)}, 200, ""},
		{"bearer in lower case", []option{with("Authorization", "bearer "+token)}, 200, ""},
		{"BEARER with more spaces", []option{with("Authorization", "BEARER   "+token+" ")}, 200, ""},
		{"nothing", nil, 401, "authentication-required"},
		{"an empty header", []option{with("Authorization", "")}, 401, "authentication-required"},
		{"Basic", []option{with("Authorization", "Basic YWxpY2U6YWxpY2U=")}, 401, "authentication-required"},
		{"the token alone", []option{with("Authorization", token)}, 401, "authentication-required"},
		{"Bearer alone", []option{with("Authorization", "Bearer")}, 401, "token-malformed"},
		{"Bearer and rubbish", []option{bearer("rubbish")}, 401, "token-malformed"},
		{"two tokens in one header", []option{bearer(token + " " + token)}, 401, "token-malformed"},
		{"two headers", []option{bearer(token), bearer(token)}, 400, "ambiguous-credentials"},
		{"in the query", []option{func(r *http.Request) { r.URL.RawQuery = "access_token=" + token }}, 401, "authentication-required"},
		{"in a cookie that this server does not give", []option{with("Cookie", "jwt="+token)}, 401, "authentication-required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := srv.get(t, mePath, tc.opts...).wants(t, tc.status, tc.slug)
			challenge := res.Header().Get("WWW-Authenticate")
			switch {
			case tc.slug == "authentication-required" && challenge != "Bearer",
				strings.HasPrefix(tc.slug, "token-") && !strings.HasPrefix(challenge, `Bearer error="invalid_token", error_description="`),
				tc.status != 401 && challenge != "":
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
		})
	}
}

// TestAuthenticate_slugOfEachRefusal is the short form of what tokens tests at
// length: that the reasons arrive at the guest, and nothing is ordered.
func TestAuthenticate_slugOfEachRefusal(t *testing.T) {
	srv := newServer(t)
	good := srv.token(t, "alice")
	parts := strings.Split(good, ".")
	for slug, token := range map[string]string{
		"token-malformed":         parts[0] + "." + parts[1],
		"token-algorithm-refused": encodeJSON(`{"alg":"none","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"token-key-unknown":       encodeJSON(`{"alg":"RS256","typ":"at+jwt","kid":"another"}`) + "." + parts[1] + "." + parts[2],
		"token-signature-invalid": parts[0] + "." + encodeJSON(`{"role":"manager"}`) + "." + parts[2],
		"token-claims-invalid":    srv.foreignToken(t, "http://localhost:9999", 15*time.Minute),
	} {
		t.Run(slug, func(t *testing.T) {
			srv.post(t, "/api/v1/orders", margherita, bearer(token)).wants(t, 401, slug)
			srv.get(t, "/api/v1/menu", bearer(token)).wants(t, 401, slug)
		})
	}
	orders := decode[ordersResponse](t, srv.get(t, "/api/v1/orders", bearer(good)).wants(t, 200, ""))
	if len(orders.Items) != 0 {
		t.Errorf("refused tokens ordered %+v", orders.Items)
	}
	srv.post(t, "/api/v1/orders", margherita, bearer(good)).wants(t, 201, "")
}

func encodeJSON(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// foreignToken is an access token of another server that uses the same key.
func (srv *server) foreignToken(t testing.TB, issuer string, life time.Duration) string {
	t.Helper()
	u, err := srv.Store.UserByUsername(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	token, err := tokens.NewAuthority(srv.Authority.Keys(), issuer, life).Issue(u, tokens.NewID(), time.Now().Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return token
}
