package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
	"restaurant/tokens"
)

const (
	refreshPath  = "/api/v1/auth/refresh"
	logoutPath   = "/api/v1/auth/logout"
	passwordPath = "/api/v1/auth/password"
	sessionsPath = "/api/v1/auth/sessions"
	rotatePath   = "/api/v1/auth/keys/rotate"
)

// openSession opens a login session as a login does, without the slow password.
func (srv *server) openSession(t testing.TB, username string) tokens.TokenPair {
	t.Helper()
	u, err := srv.Store.UserByUsername(context.Background(), username)
	if err != nil {
		t.Fatal(err)
	}
	grant, err := srv.Sessions.Open(context.Background(), u, "", models.DeliverBody, srv.Authority.Lifetime())
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// restart closes the server and opens it again over the same folder.
func (srv *server) restart(t testing.TB, options ...func(*server)) *server {
	t.Helper()
	if err := srv.Store.Close(); err != nil {
		t.Fatal(err)
	}
	return openServer(t, srv.dir, srv.location, "", options...)
}

func refreshTokenOf(token string) string { return fmt.Sprintf(`{"refresh_token":%q}`, token) }

func (srv *server) refresh(t testing.TB, token string, opts ...option) *response {
	t.Helper()
	return srv.post(t, refreshPath, refreshTokenOf(token), opts...)
}

// mustRefresh refreshes and wants it to succeed.
func (srv *server) mustRefresh(t testing.TB, token string) tokenResponse {
	t.Helper()
	return decode[tokenResponse](t, srv.refresh(t, token).wants(t, 200, ""))
}

// wantsValid and wantsRevoked check whether the next request with an access token passes.
func (srv *server) wantsValid(t testing.TB, access string) {
	t.Helper()
	srv.get(t, mePath, bearer(access)).wants(t, 200, "")
}

func (srv *server) wantsRevoked(t testing.TB, access string) {
	t.Helper()
	srv.get(t, mePath, bearer(access)).wants(t, 401, "token-revoked")
}

// decodeToken gives the claims of a token without checking anything.
func decodeToken(t testing.TB, access string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", access)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func sidOf(t testing.TB, access string) string {
	t.Helper()
	_, claims := decodeToken(t, access)
	return claims["sid"].(string)
}

// Each login gives a refresh token of its own.
func TestLogin_givesARefreshToken(t *testing.T) {
	srv := newServer(t)
	res := srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, "")
	first := decode[tokenResponse](t, res)
	raw, err := base64.RawURLEncoding.DecodeString(first.RefreshToken)
	if err != nil || len(raw) != 32 || first.RefreshExpiresIn != 604800 {
		t.Errorf("the refresh token is %q of %d bytes (%v) for %d s", first.RefreshToken, len(raw), err, first.RefreshExpiresIn)
	}
	if res.Header().Get("Cache-Control") != "no-store" || len(res.Result().Cookies()) > 0 {
		t.Errorf("headers %v", res.Header())
	}
	second := srv.login(t, "alice")
	if second.RefreshToken == first.RefreshToken || sidOf(t, second.AccessToken) == sidOf(t, first.AccessToken) {
		t.Error("two logins share something")
	}
	if !srv.refresh(t, first.RefreshToken).wantsPair(t) || !srv.refresh(t, second.RefreshToken).wantsPair(t) {
		t.Error("a refresh token of a login does not work")
	}
}

func (r *response) wantsPair(t testing.TB) bool {
	t.Helper()
	res := decode[tokenResponse](t, r.wants(t, 200, ""))
	return res.TokenType == "Bearer" && res.ExpiresIn == 900 && res.RefreshExpiresIn == 604800 &&
		res.AccessToken != "" && len(res.RefreshToken) == 43 && r.Header().Get("Cache-Control") == "no-store"
}

// A refresh token is good for one use; reuse ends its login session.
func TestRefresh_reuseEndsSession(t *testing.T) {
	srv := newServer(t)
	elsewhere, bob := srv.openSession(t, "alice"), srv.openSession(t, "bob")
	first := srv.openSession(t, "alice")
	second := srv.mustRefresh(t, first.RefreshToken)
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken {
		t.Error("the new pair holds something old")
	}
	if sidOf(t, second.AccessToken) != sidOf(t, first.AccessToken) {
		t.Error("a refresh opened another session")
	}
	srv.wantsValid(t, first.AccessToken)
	srv.wantsValid(t, second.AccessToken)

	srv.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")
	srv.wantsRevoked(t, first.AccessToken)
	srv.wantsRevoked(t, second.AccessToken)
	srv.refresh(t, second.RefreshToken).wants(t, 401, "refresh-token-invalid")
	srv.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")

	for _, other := range []tokens.TokenPair{elsewhere, bob} { // other sessions are no concern of the thief's
		srv.wantsValid(t, other.AccessToken)
		srv.mustRefresh(t, other.RefreshToken)
	}
}

// An old refresh token ends the session, however often it was refreshed since.
func TestRefresh_oldTokenEndsSession(t *testing.T) {
	srv := newServer(t)
	first := srv.openSession(t, "alice")
	last := srv.mustRefresh(t, first.RefreshToken)
	for range 10 {
		last = srv.mustRefresh(t, last.RefreshToken)
	}
	srv.wantsValid(t, last.AccessToken)
	srv.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")
	srv.wantsRevoked(t, last.AccessToken)
	srv.refresh(t, last.RefreshToken).wants(t, 401, "refresh-token-invalid")
}

// A saved login response is a valid body.
func TestRefresh_takesASavedLoginResponse(t *testing.T) {
	srv := newServer(t)
	saved := srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, "").Body.String()
	next := srv.post(t, refreshPath, saved).wants(t, 200, "").Body.String()
	srv.post(t, refreshPath, next).wants(t, 200, "")
}

func TestRefresh_oneLineOfText(t *testing.T) {
	srv := newServer(t)
	line := srv.refresh(t, srv.openSession(t, "alice").RefreshToken, with("Accept", "text/plain")).wants(t, 200, "").Body.String()
	srv.wantsValid(t, strings.TrimSpace(strings.TrimPrefix(line, "Authorization: Bearer ")))
}

func TestRefresh_invalidTokens(t *testing.T) {
	srv := newServer(t)
	alice, ended := srv.openSession(t, "alice"), srv.openSession(t, "alice")
	srv.post(t, logoutPath, "", bearer(ended.AccessToken)).wants(t, 204, "")
	unknown := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, tc := range []struct {
		name, body string
		status     int
		slug       string
	}{
		{"one that nobody gave out", refreshTokenOf(unknown), 401, "refresh-token-invalid"},
		{"garbage", refreshTokenOf("garbage"), 401, "refresh-token-invalid"},
		{"an access token", refreshTokenOf(alice.AccessToken), 401, "refresh-token-invalid"},
		{"one with padding", refreshTokenOf(alice.RefreshToken + "="), 401, "refresh-token-invalid"},
		{"one with a space", refreshTokenOf(" " + alice.RefreshToken), 401, "refresh-token-invalid"},
		{"one cut short", refreshTokenOf(alice.RefreshToken[:42]), 401, "refresh-token-invalid"},
		{"another text for the same bytes", refreshTokenOf(alice.RefreshToken[:42] + sibling(alice.RefreshToken[42])), 401, "refresh-token-invalid"},
		{"its hash", refreshTokenOf(hashOf(t, alice.RefreshToken)), 401, "refresh-token-invalid"},
		{"one of an ended session", refreshTokenOf(ended.RefreshToken), 401, "refresh-token-invalid"},
		{"an empty one", refreshTokenOf(""), 401, "refresh-token-invalid"},
		{"none", `{}`, 401, "refresh-token-invalid"},
		{"an attack", refreshTokenOf("' OR 1=1 --"), 401, "refresh-token-invalid"},
		{"a number", `{"refresh_token":7}`, 422, "validation-failed"},
		{"two", `{"refresh_token":"a","refresh_token":"b"}`, 400, "malformed-json"},
		{"no body", "", 401, "refresh-token-invalid"},
		{"half a body", `{"refresh_token":`, 400, "malformed-json"},
	} {
		t.Run(tc.name, func(t *testing.T) { srv.post(t, refreshPath, tc.body).wants(t, tc.status, tc.slug) })
	}
	srv.post(t, refreshPath+"?refresh_token="+alice.RefreshToken, "{}").wants(t, 401, "refresh-token-invalid")
	srv.wantsValid(t, alice.AccessToken) // none of it touched the real one
	srv.mustRefresh(t, alice.RefreshToken)
}

// TestRefresh_asOAuthForm: what a client library of OAuth sends, at both calls, and what
// it reads of a refusal.
func TestRefresh_asOAuthForm(t *testing.T) {
	srv := newServer(t)
	for _, path := range []string{refreshPath, loginPath} {
		t.Run(path, func(t *testing.T) {
			pair := srv.login(t, "alice")
			form := "grant_type=refresh_token&client_id=restaurant&scope=&refresh_token="
			next := decode[tokenResponse](t, srv.post(t, path, form+pair.RefreshToken, asForm).wants(t, 200, ""))
			srv.wantsValid(t, next.AccessToken)
			for _, tc := range []struct {
				name, form string
				status     int
				slug, want string
			}{
				{"a spent one", form + pair.RefreshToken, 401, "refresh-token-reused", "invalid_grant"},
				{"of an ended session", form + next.RefreshToken, 401, "refresh-token-invalid", "invalid_grant"},
				{"another grant", "grant_type=authorization_code", 422, "validation-failed", "unsupported_grant_type"},
				{"an unknown field", form + next.RefreshToken + "&role=manager", 400, "unknown-field", "invalid_request"},
				{"a field twice", form + "a&refresh_token=b", 400, "malformed-form", "invalid_request"},
			} {
				res := srv.post(t, path, tc.form, asForm).wants(t, tc.status, tc.slug)
				if got := decode[map[string]any](t, res); got["error"] != tc.want || got["error_description"] == "" {
					t.Errorf("%s: error is %v, %v", tc.name, got["error"], got["error_description"])
				}
			}
		})
	}
	for form, want := range map[string]string{
		"grant_type=client_credentials":          "Some fields cannot be taken. grant_type must be password or refresh_token.",
		"grant_type=password&username=&password": "Some fields cannot be taken. username must be given. password must be given.",
	} {
		got := decode[map[string]any](t, srv.post(t, loginPath, form, asForm).wants(t, 422, "validation-failed"))["error_description"]
		if got != want {
			t.Errorf("%s: the description is %v", form, got)
		}
	}
	if got := decode[map[string]any](t, srv.get(t, mePath).wants(t, 401, "authentication-required")); got["error"] != nil {
		t.Errorf("another call has OAuth's members: %v", got)
	}
	if got := decode[map[string]any](t, srv.post(t, loginPath, `{"username":"alice","password":"wrong"}`).wants(t, 401, "invalid-credentials")); got["error"] != "invalid_grant" {
		t.Errorf("a wrong password: %v", got)
	}
}

// sibling is another last character that decodes to the same bytes.
func sibling(last byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, last)^1])
}

func hashOf(t testing.TB, refresh string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(refresh)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// A refresh token expires after seven days.
func TestRefresh_tokenExpiresAfterSevenDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		early, late, spent := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "alice")
		living := srv.mustRefresh(t, spent.RefreshToken)
		time.Sleep(7*24*time.Hour - time.Second)
		srv.mustRefresh(t, early.RefreshToken)
		time.Sleep(time.Second)
		srv.refresh(t, late.RefreshToken).wants(t, 401, "refresh-token-invalid")
		srv.refresh(t, living.RefreshToken).wants(t, 401, "refresh-token-invalid")
		srv.get(t, mePath, bearer(late.AccessToken)).wants(t, 401, "token-expired")
	})
}

func TestSessions_endAfterThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		refresh := srv.openSession(t, "alice").RefreshToken
		const step, day = 6 * 24 * time.Hour, 86400
		for _, want := range []int64{7 * day, 7 * day, 7 * day, 6 * day} { // on days 6, 12, 18, 24
			time.Sleep(step)
			next := srv.mustRefresh(t, refresh)
			if next.RefreshExpiresIn != want {
				t.Errorf("the refresh token is for %d s, want %d", next.RefreshExpiresIn, want)
			}
			refresh = next.RefreshToken
		}
		time.Sleep(step - time.Second)
		last := srv.mustRefresh(t, refresh)
		if last.RefreshExpiresIn != 1 {
			t.Errorf("a second before the end the refresh token is for %d s", last.RefreshExpiresIn)
		}
		time.Sleep(time.Second)
		srv.refresh(t, last.RefreshToken).wants(t, 401, "refresh-token-invalid")
		srv.mustRefresh(t, srv.login(t, "alice").RefreshToken)
	})
}

func TestRefresh_concurrentUseEndsSession(t *testing.T) {
	srv := newServer(t)
	alice, other := srv.openSession(t, "alice"), srv.openSession(t, "alice")
	answers := make([]*response, 50)
	var racing sync.WaitGroup
	gun := make(chan struct{})
	for i := range answers {
		racing.Go(func() { <-gun; answers[i] = srv.refresh(t, alice.RefreshToken) })
	}
	close(gun)
	racing.Wait()
	var won []tokenResponse
	for _, res := range answers {
		if res.Code == 200 {
			won = append(won, decode[tokenResponse](t, res))
			continue
		}
		res.wants(t, 401, "refresh-token-reused")
	}
	if len(won) != 1 {
		t.Fatalf("%d of 50 refreshes succeeded", len(won))
	}
	srv.wantsRevoked(t, alice.AccessToken)
	srv.wantsRevoked(t, won[0].AccessToken)
	srv.refresh(t, won[0].RefreshToken).wants(t, 401, "refresh-token-invalid")
	srv.wantsValid(t, other.AccessToken)
}

func TestRefresh_longChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		grant := srv.openSession(t, "alice")
		access, refresh := grant.AccessToken, grant.RefreshToken
		for range 50 {
			time.Sleep(20 * time.Minute)
			srv.get(t, mePath, bearer(access)).wants(t, 401, "token-expired")
			next := srv.mustRefresh(t, refresh)
			access, refresh = next.AccessToken, next.RefreshToken
			srv.wantsValid(t, access)
		}
		if sidOf(t, access) != sidOf(t, grant.AccessToken) {
			t.Error("it is another session")
		}
		list := decode[sessionsResponse](t, srv.get(t, sessionsPath, bearer(access)).wants(t, 200, ""))
		if len(list.Items) != 1 {
			t.Errorf("%d sessions after one login", len(list.Items))
		}
	})
}

func TestRefresh_claimsAreCurrent(t *testing.T) {
	srv := newServer(t)
	alice, marco := srv.openSession(t, "alice"), srv.as(t, "marco")
	srv.do(t, "PATCH", usersPath+"/1", `{"name":"Alicia"}`, marco).wants(t, 200, "")
	old := decode[meResponse](t, srv.get(t, mePath, bearer(alice.AccessToken)).wants(t, 200, ""))
	next := srv.mustRefresh(t, alice.RefreshToken)
	fresh := decode[meResponse](t, srv.get(t, mePath, bearer(next.AccessToken)).wants(t, 200, ""))
	if old.Name != "Alice" || fresh.Name != "Alicia" || fresh.Sub != "1" || fresh.SID != old.SID {
		t.Errorf("before %+v, after %+v", old, fresh)
	}
}

func TestRefresh_hasTheDefaultLifetime(t *testing.T) {
	srv := newServer(t)
	short := decode[tokenResponse](t, srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza","expires_in":5}`).wants(t, 200, ""))
	if next := srv.mustRefresh(t, short.RefreshToken); short.ExpiresIn != 5 || next.ExpiresIn != 900 {
		t.Errorf("%d s, then %d s", short.ExpiresIn, next.ExpiresIn)
	}
}

// databaseBytes is what stands in the database: all bytes of its files, or all rows
// of its database.
func (srv *server) databaseBytes(t testing.TB) []byte {
	t.Helper()
	if srv.location.url != "" {
		return []byte(srv.openContents(t).text(t))
	}
	files, _ := filepath.Glob(srv.location.file + "*")
	var content []byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, text...)
	}
	if len(files) < 2 {
		t.Fatalf("only %v: where is the write-ahead log?", files)
	}
	return content
}

func TestSessions_databaseHoldsOnlyHashes(t *testing.T) {
	srv := newServer(t)
	login := srv.login(t, "alice")
	next := srv.mustRefresh(t, login.RefreshToken)
	srv.refresh(t, login.RefreshToken).wants(t, 401, "refresh-token-reused")
	bob := srv.login(t, "bob")
	content := srv.databaseBytes(t)
	for _, res := range []tokenResponse{login, next, bob} {
		raw, _ := base64.RawURLEncoding.DecodeString(res.RefreshToken)
		if bytes.Contains(content, []byte(res.RefreshToken)) || bytes.Contains(content, raw) {
			t.Error("a refresh token stands in the database")
		}
		if bytes.Contains(content, []byte(res.AccessToken)) || bytes.Contains(content, []byte(strings.Split(res.AccessToken, ".")[2])) {
			t.Error("an access token stands in the database")
		}
		if !bytes.Contains(content, []byte(hashOf(t, res.RefreshToken))) {
			t.Error("the control: its hash is not found")
		}
		if strings.Contains(srv.log.String(), res.RefreshToken) || strings.Contains(srv.log.String(), res.AccessToken) {
			t.Error("a token stands in the log")
		}
	}
}

func TestLogout_countsFromTheNextRequest(t *testing.T) {
	srv := newServer(t)
	alice, elsewhere, bob := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "bob")
	next := srv.mustRefresh(t, alice.RefreshToken)
	srv.post(t, logoutPath, "", bearer(alice.AccessToken)).wants(t, 204, "")
	srv.wantsRevoked(t, alice.AccessToken)
	srv.wantsRevoked(t, next.AccessToken)
	srv.refresh(t, next.RefreshToken).wants(t, 401, "refresh-token-invalid")
	srv.post(t, "/api/v1/orders", margherita, bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	srv.get(t, "/api/v1/menu", bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	srv.post(t, logoutPath, "", bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	srv.post(t, logoutPath, "").wants(t, 401, "authentication-required")
	inspected := decode[inspectResponse](t, srv.post(t, "/api/v1/auth/inspect", fmt.Sprintf(`{"token":%q}`, next.AccessToken)).wants(t, 200, ""))
	if inspected.Active || !slices.Equal(inspected.Reasons, []string{"token-revoked"}) {
		t.Errorf("inspect says %+v", inspected)
	}
	srv.wantsValid(t, elsewhere.AccessToken)
	srv.mustRefresh(t, elsewhere.RefreshToken)
	srv.wantsValid(t, bob.AccessToken)
}

func TestSessions_list(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		start := time.Now().UTC()
		first := srv.login(t, "alice", with("User-Agent", "curl/8.5.0"))
		time.Sleep(time.Minute)
		second := srv.login(t, "alice", with("User-Agent", "Firefox\x00\x1b[31m\u0085\x7f\t/140 \xff"+strings.Repeat("ü", 300)))
		srv.login(t, "bob")
		ended := srv.openSession(t, "alice")
		srv.post(t, logoutPath, "", bearer(ended.AccessToken)).wants(t, 204, "")
		time.Sleep(time.Minute)
		first = srv.mustRefresh(t, first.RefreshToken)

		list := decode[sessionsResponse](t, srv.get(t, sessionsPath, bearer(first.AccessToken)).wants(t, 200, "")).Items
		if len(list) != 2 {
			t.Fatalf("%d sessions, want 2: %+v", len(list), list)
		}
		week := 7 * 24 * time.Hour
		for i, want := range []sessionResponse{
			{sidOf(t, second.AccessToken), false, start.Add(time.Minute), start.Add(time.Minute), start.Add(time.Minute + week), "Firefox[31m/140 " + strings.Repeat("ü", 200-16)},
			{sidOf(t, first.AccessToken), true, start, start.Add(2 * time.Minute), start.Add(2*time.Minute + week), "curl/8.5.0"},
		} {
			if list[i] != want {
				t.Errorf("session %d is\n%+v, want\n%+v", i, list[i], want)
			}
		}
		seen := decode[sessionsResponse](t, srv.get(t, sessionsPath, bearer(second.AccessToken)).wants(t, 200, "")).Items
		if !seen[0].Current || seen[1].Current {
			t.Errorf("from the other session: %+v", seen)
		}
		time.Sleep(week - time.Minute) // the second has expired, the first has a minute left
		access := srv.mustRefresh(t, first.RefreshToken).AccessToken
		left := decode[sessionsResponse](t, srv.get(t, sessionsPath, bearer(access)).wants(t, 200, "")).Items
		if len(left) != 1 || left[0].ID != sidOf(t, access) {
			t.Errorf("an expired session is listed: %+v", left)
		}
	})
}

func TestSessions_userAgentIsCut(t *testing.T) {
	srv := newServer(t)
	for agent, want := range map[string]string{
		strings.Repeat("a", 200):    strings.Repeat("a", 200),
		strings.Repeat("a", 201):    strings.Repeat("a", 200),
		"<script>alert(1)</script>": "<script>alert(1)</script>", // it is data; pages escape it
		"":                          "",
	} {
		access := srv.login(t, "alice", with("User-Agent", agent)).AccessToken
		list := decode[sessionsResponse](t, srv.get(t, sessionsPath, bearer(access)).wants(t, 200, "")).Items
		i := slices.IndexFunc(list, func(s sessionResponse) bool { return s.Current })
		if i < 0 || list[i].UserAgent != want {
			t.Errorf("%q is kept as %+v", agent, list)
		}
	}
}

func TestSessions_endOne(t *testing.T) {
	srv := newServer(t)
	here, there, bob := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "bob")
	end := func(sid string) *response {
		return srv.do(t, "DELETE", sessionsPath+"/"+sid, "", bearer(here.AccessToken))
	}
	for _, strange := range []string{sidOf(t, bob.AccessToken), "none", tokens.NewID(), "%00", "1%20OR%201=1"} {
		end(strange).wants(t, 404, "not-found")
	}
	srv.wantsValid(t, bob.AccessToken)
	srv.mustRefresh(t, bob.RefreshToken)

	end(sidOf(t, there.AccessToken)).wants(t, 204, "")
	srv.wantsRevoked(t, there.AccessToken)
	srv.refresh(t, there.RefreshToken).wants(t, 401, "refresh-token-invalid")
	end(sidOf(t, there.AccessToken)).wants(t, 404, "not-found")
	srv.wantsValid(t, here.AccessToken)

	end(sidOf(t, here.AccessToken)).wants(t, 204, "")
	srv.wantsRevoked(t, here.AccessToken)
}

func TestSessions_endAll(t *testing.T) {
	srv := newServer(t)
	here, there, bob := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "bob")
	srv.do(t, "DELETE", sessionsPath, "", bearer(here.AccessToken)).wants(t, 204, "")
	for _, g := range []tokens.TokenPair{here, there} {
		srv.wantsRevoked(t, g.AccessToken)
		srv.refresh(t, g.RefreshToken).wants(t, 401, "refresh-token-invalid")
	}
	srv.wantsValid(t, bob.AccessToken)
	srv.wantsValid(t, srv.openSession(t, "alice").AccessToken)
}

func TestPassword_change(t *testing.T) {
	srv := newServer(t)
	here, there, bob := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "bob")
	const fresh = "a sentence only I know"
	change := func(current, next string) *response {
		return srv.post(t, passwordPath, fmt.Sprintf(`{"current":%q,"new":%q}`, current, next), bearer(here.AccessToken))
	}
	change("bob-likes-pizza", fresh).wants(t, 401, "invalid-credentials")
	for _, bad := range []string{"short", "password123", "Alice", strings.Repeat("x", 129)} {
		res := change("alice-likes-pizza", bad).wants(t, 422, "validation-failed")
		if got := res.fields(t); !slices.Equal(got, []string{"new"}) {
			t.Errorf("%q: fault is found with %v", bad, got)
		}
	}
	for body, want := range map[string][]string{
		`{"new":"` + fresh + `"}`: {"current"}, `{"current":"","new":"` + fresh + `"}`: {"current"}, `{}`: {"current", "new"},
	} {
		res := srv.post(t, passwordPath, body, bearer(here.AccessToken)).wants(t, 422, "validation-failed")
		if got := res.fields(t); !slices.Equal(got, want) {
			t.Errorf("%s: fault is found with %v", body, got)
		}
	}
	srv.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"`+fresh+`","username":"bob"}`, bearer(here.AccessToken)).wants(t, 400, "unknown-field")
	srv.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"`+fresh+`"}`).wants(t, 401, "authentication-required")
	srv.wantsValid(t, there.AccessToken)
	srv.login(t, "alice")

	change("alice-likes-pizza", fresh).wants(t, 204, "")
	srv.wantsRevoked(t, there.AccessToken)
	srv.refresh(t, there.RefreshToken).wants(t, 401, "refresh-token-invalid")
	srv.wantsValid(t, here.AccessToken)
	srv.mustRefresh(t, here.RefreshToken)
	srv.wantsValid(t, bob.AccessToken)
	srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 401, "invalid-credentials")
	srv.post(t, loginPath, `{"username":"alice","password":"`+fresh+`"}`).wants(t, 200, "")
	srv.login(t, "bob")
}

// TestPassword_inEitherUnicodeForm: an ü is one character or two, depending on the
// keyboard; wherever a password is taken, both are the same.
func TestPassword_inEitherUnicodeForm(t *testing.T) {
	srv := newServer(t)
	forms := []string{"M\u00fcnchen, per favore", "Mu\u0308nchen, per favore"}
	fresh := []string{"Caff\u00e8 e tiramis\u00f9", "Caffe\u0300 e tiramisu\u0300"}
	logsIn := func(username, password string, status int, slug string) {
		t.Helper()
		srv.post(t, loginPath, fmt.Sprintf(`{"username":%q,"password":"%s"}`, username, password)).wants(t, status, slug)
		form := url.Values{"username": {username}, "password": {password}}.Encode()
		srv.post(t, loginPath, form, asForm).wants(t, status, slug)
	}
	for n, username := range []string{"composed", "decomposed"} {
		srv.post(t, registerPath, fmt.Sprintf(`{"username":%q,"password":"%s","name":"Guest"}`, username, forms[n])).wants(t, 201, "")
		logsIn(username, forms[0], 200, "")
		logsIn(username, forms[1], 200, "")
		logsIn(username, "Munchen, per favore", 401, "invalid-credentials")
		change := fmt.Sprintf(`{"current":"%s","new":"%s"}`, forms[1-n], fresh[n])
		srv.post(t, passwordPath, change, srv.as(t, username)).wants(t, 204, "")
		logsIn(username, fresh[0], 200, "")
		logsIn(username, fresh[1], 200, "")
	}
}

// TestPassword_changeDuringALogin is a login that was checked before
// a change and opens its session after it.
func TestPassword_changeDuringALogin(t *testing.T) {
	t.Run("of the password", func(t *testing.T) {
		srv := newServer(t)
		before, err := srv.Store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		here := srv.openSession(t, "alice")
		srv.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, bearer(here.AccessToken)).wants(t, 204, "")
		if grant, err := srv.Sessions.Open(t.Context(), before, "", models.DeliverBody, time.Minute); err == nil {
			t.Errorf("the old password has a session: %d", srv.get(t, mePath, bearer(grant.AccessToken)).Code)
		}
		srv.wantsValid(t, srv.openSession(t, "alice").AccessToken)
	})
	t.Run("of the role", func(t *testing.T) {
		srv := newServer(t)
		before, err := srv.Store.UserByUsername(t.Context(), "carla")
		if err != nil {
			t.Fatal(err)
		}
		srv.do(t, "PATCH", usersPath+"/4", `{"role":"guest"}`, srv.as(t, "marco")).wants(t, 200, "")
		grant, err := srv.Sessions.Open(t.Context(), before, "", models.DeliverBody, time.Minute)
		if err != nil {
			return
		}
		if _, claims := decodeToken(t, grant.AccessToken); claims["role"] != "guest" {
			t.Errorf("the access token says %v", claims["role"])
		}
	})
}

func TestUsers_changeEndsSessions(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		ends                     bool
	}{
		{"the role", "PATCH", "/2", `{"role":"chef"}`, 200, true},
		{"vip", "PATCH", "/2", `{"vip":true}`, 200, true},
		{"role and name", "PATCH", "/2", `{"role":"chef","name":"Roberto"}`, 200, true},
		{"all sessions", "DELETE", "/2/sessions", "", 204, true},
		{"the name", "PATCH", "/2", `{"name":"Roberto"}`, 200, false},
		{"the same role", "PATCH", "/2", `{"role":"guest","vip":false}`, 200, false},
		{"what cannot be", "PATCH", "/2", `{"role":"owner"}`, 422, false},
		{"somebody else's role", "PATCH", "/1", `{"role":"chef"}`, 200, false},
		{"somebody else's sessions", "DELETE", "/1/sessions", "", 204, false},
		{"nobody's sessions", "DELETE", "/999/sessions", "", 404, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := newServer(t)
			bob, elsewhere, marco := srv.openSession(t, "bob"), srv.openSession(t, "bob"), srv.openSession(t, "marco")
			if res := srv.do(t, tc.method, usersPath+tc.path, tc.body, bearer(marco.AccessToken)); res.Code != tc.status {
				t.Fatalf("answered %d %s", res.Code, res.Body)
			}
			for _, g := range []tokens.TokenPair{bob, elsewhere} {
				if tc.ends {
					srv.wantsRevoked(t, g.AccessToken)
					srv.refresh(t, g.RefreshToken).wants(t, 401, "refresh-token-invalid")
				} else {
					srv.wantsValid(t, g.AccessToken)
					srv.mustRefresh(t, g.RefreshToken)
				}
			}
			srv.wantsValid(t, marco.AccessToken)
		})
	}
}

func TestUsers_onlyManagersEndSessions(t *testing.T) {
	srv := newServer(t)
	bob := srv.openSession(t, "bob")
	for _, name := range []string{"alice", "bob", "vera", "carla"} {
		srv.do(t, "DELETE", usersPath+"/2/sessions", "", srv.as(t, name)).wants(t, 403, "role-required")
	}
	srv.wantsValid(t, bob.AccessToken)
	srv.do(t, "DELETE", usersPath+"/2/sessions", "", srv.as(t, "marco")).wants(t, 204, "")
	srv.wantsRevoked(t, bob.AccessToken)
}

// A revoked access token stays revoked over a restart.
func TestSessions_revocationSurvivesARestart(t *testing.T) {
	srv := newServer(t)
	out, reused, living := srv.openSession(t, "alice"), srv.openSession(t, "alice"), srv.openSession(t, "alice")
	srv.post(t, logoutPath, "", bearer(out.AccessToken)).wants(t, 204, "")
	next := srv.mustRefresh(t, reused.RefreshToken)
	srv.refresh(t, reused.RefreshToken).wants(t, 401, "refresh-token-reused")
	for range 2 {
		srv = srv.restart(t)
		srv.wantsRevoked(t, out.AccessToken)
		srv.wantsRevoked(t, next.AccessToken)
		srv.refresh(t, out.RefreshToken).wants(t, 401, "refresh-token-invalid")
		srv.wantsValid(t, living.AccessToken)
	}
	n := 0
	if err := srv.Store.ListRevoked(t.Context(), func(models.RevokedSession) { n++ }); err != nil || n != 2 {
		t.Errorf("%d sessions are on the list, %v", n, err)
	}
	srv.mustRefresh(t, living.RefreshToken)
}

func TestAuthenticate_revocationMakesNoQuery(t *testing.T) {
	srv := newServer(t)
	alice := srv.openSession(t, "alice")
	if n := srv.get(t, mePath, bearer(alice.AccessToken)).wants(t, 200, "").queries(t); n != "0" {
		t.Errorf("before the logout me costs %s queries", n)
	}
	if n := srv.post(t, logoutPath, "", bearer(alice.AccessToken)).wants(t, 204, "").queries(t); n != srv.plus(1, notifyStatements) {
		t.Errorf("the logout costs %s queries", n)
	}
	if n := srv.get(t, mePath, bearer(alice.AccessToken)).wants(t, 401, "token-revoked").queries(t); n != "0" {
		t.Errorf("after the logout me costs %s queries", n)
	}
}

// guarded are requests that pass the guards and are refused by the handler
// before it opens the database, or that need as many statements as it says.
var guarded = map[string]struct{ path, body, queries string }{
	"POST /api/v1/auth/password":        {"", "", "0"},
	"GET /api/v1/auth/me":               {"", "", "0"},
	"GET /api/v1/auth/sessions":         {"", "", "1"},
	"DELETE /api/v1/auth/sessions/:id":  {"/api/v1/auth/sessions/none", "", "1"},
	"POST /api/v1/menu":                 {"", "", "0"},
	"PUT /api/v1/menu/:id":              {"/api/v1/menu/x", "", "0"},
	"DELETE /api/v1/menu/:id":           {"/api/v1/menu/x", "", "0"},
	"GET /api/v1/lounge":                {"", "", "0"},
	"POST /api/v1/orders":               {"", "", "0"},
	"GET /api/v1/orders":                {"/api/v1/orders?limit=0", "", "0"},
	"GET /api/v1/orders/:id":            {"/api/v1/orders/x", "", "0"},
	"POST /api/v1/orders/:id/cancel":    {"/api/v1/orders/x/cancel", "", "0"},
	"GET /api/v1/orders/:id/events":     {"/api/v1/orders/x/events", "", "0"},
	"GET /api/v1/kitchen/orders":        {"/api/v1/kitchen/orders?limit=0", "", "0"},
	"PATCH /api/v1/kitchen/orders/:id":  {"/api/v1/kitchen/orders/x", "", "0"},
	"GET /api/v1/kitchen/mode":          {"/api/v1/kitchen/mode", "", "0"},
	"PUT /api/v1/kitchen/mode":          {"/api/v1/kitchen/mode", `{"mode":"manual"}`, "0"},
	"GET /api/v1/users":                 {"/api/v1/users?limit=0", "", "0"},
	"PATCH /api/v1/users/:id":           {"/api/v1/users/x", "", "0"},
	"DELETE /api/v1/users/:id/sessions": {"/api/v1/users/x/sessions", "", "0"},
	"GET /metrics":                      {"", "", "0"},
	"GET /learn/facts":                  {"", "", "0"}, // the lesson store is no database of the server
	"POST /learn/reopen":                {"", "", "0"},
	"POST /api/v1/auth/logout":          {"", "", "1+"},
	"DELETE /api/v1/auth/sessions":      {"", "", "1+"},
	"POST /api/v1/auth/keys/rotate":     {"", "", "3+"}, // the last token in the database, the new key, the old one
}

// TestAuthenticate_addsNoStatementToAnyRoute holds the table above against the
// access table, so that a new guarded route cannot be forgotten.
func TestAuthenticate_addsNoStatementToAnyRoute(t *testing.T) {
	srv := newServer(t)
	marco := srv.openSession(t, "marco") // also a VIP, so that every guard lets them pass
	srv.do(t, "PATCH", usersPath+"/5", `{"vip":true}`, bearer(marco.AccessToken)).wants(t, 200, "")
	cut := marco.AccessToken
	for route, who := range routeAccess {
		if who == "all" || route == "GET /lab/sleepy/lounge" { // which believes every token
			continue
		}
		call, known := guarded[route]
		if !known {
			t.Errorf("%s is not in the table", route)
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		if call.path != "" {
			path = call.path
		}
		access := srv.openSession(t, "marco").AccessToken
		for caller, opts := range map[string][]option{
			"nobody": {}, "garbage": {bearer("a.b.c")}, "a cut access token": {bearer(cut)}, "a stranger's": {bearer(srv.foreignToken(t, "http://elsewhere", time.Minute))},
		} {
			if res := srv.do(t, method, path, call.body, opts...); res.Code != 401 || res.queries(t) != "0" {
				t.Errorf("%s as %s: %d after %s queries", route, caller, res.Code, res.queries(t))
			}
		}
		if !strings.Contains(who, "alice") {
			if res := srv.do(t, method, path, call.body, srv.as(t, "alice")); res.Code != 403 || res.queries(t) != "0" {
				t.Errorf("%s as alice: %d after %s queries", route, res.Code, res.queries(t))
			}
		}
		res := srv.do(t, method, path, call.body, bearer(access))
		want, tells := strings.CutSuffix(call.queries, "+")
		if tells {
			count, _ := strconv.Atoi(want)
			want = srv.plus(count, notifyStatements)
		}
		if isGuardRefusal(res) || res.queries(t) != want {
			t.Errorf("%s: %d after %s queries, want %s", route, res.Code, res.queries(t), want)
		}
	}
	for _, path := range []string{"/api/v1/menu", "/api/v1/menu/1"} { // an access token may be shown
		if with, without := srv.get(t, path, srv.as(t, "alice")).queries(t), srv.get(t, path).queries(t); with != without {
			t.Errorf("%s costs %s queries with an access token and %s without", path, with, without)
		}
	}
}

// TestEvents_endWithTheSession opens two streams of two sessions and ends
// one of the sessions in every way there is.
func TestEvents_endWithTheSession(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, srv *server, mine, other tokens.TokenPair){
		"by logout": func(t *testing.T, srv *server, mine, _ tokens.TokenPair) {
			srv.post(t, logoutPath, "", bearer(mine.AccessToken)).wants(t, 204, "")
		},
		"from another session": func(t *testing.T, srv *server, mine, other tokens.TokenPair) {
			srv.do(t, "DELETE", sessionsPath+"/"+sidOf(t, mine.AccessToken), "", bearer(other.AccessToken)).wants(t, 204, "")
		},
		"by a refresh token used twice": func(t *testing.T, srv *server, mine, _ tokens.TokenPair) {
			srv.mustRefresh(t, mine.RefreshToken)
			srv.refresh(t, mine.RefreshToken).wants(t, 401, "refresh-token-reused")
		},
		"by a new password": func(t *testing.T, srv *server, _, other tokens.TokenPair) {
			srv.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, bearer(other.AccessToken)).wants(t, 204, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				mine, other := srv.openSession(t, "alice"), srv.openSession(t, "alice")
				srv.newOrder(t, bearer(mine.AccessToken))
				open := func(g tokens.TokenPair) chan time.Time {
					done := make(chan time.Time, 1)
					go func() {
						res := srv.get(t, "/api/v1/orders/1/events", bearer(g.AccessToken))
						if res.Code != 200 || eventSteps(t, res.Body.String()) != "1 placed" && g.AccessToken == mine.AccessToken {
							t.Errorf("the stream says %d %s", res.Code, res.Body)
						}
						done <- time.Now()
					}()
					return done
				}
				cut, kept := open(mine), open(other)
				time.Sleep(time.Minute)
				at := time.Now()
				end(t, srv, mine, other)
				if closed := <-cut; closed.Sub(at) > 0 {
					t.Errorf("the stream closed %v late", closed.Sub(at))
				}
				synctest.Wait()
				select {
				case <-kept:
					t.Error("the stream of the other session closed, too")
				default:
				}
				srv.get(t, "/api/v1/orders/1/events", bearer(mine.AccessToken)).wants(t, 401, "token-revoked")
				srv.Kitchen.Events.Close()
				<-kept
			})
		})
	}
}

// A user has at most ten streams.
func TestEvents_tenForEachUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		alice, carla := srv.openSession(t, "alice"), srv.as(t, "carla")
		srv.newOrder(t, bearer(alice.AccessToken))
		const path = "/api/v1/orders/1/events"
		var open sync.WaitGroup
		ctx, leave := context.WithCancel(t.Context())
		for i := range 10 {
			session := alice // ten streams of a guest, not of a session
			if i%2 == 1 {
				session = srv.openSession(t, "alice")
			}
			open.Go(func() {
				srv.get(t, path, bearer(session.AccessToken), func(r *http.Request) {
					if i == 0 {
						*r = *r.WithContext(ctx)
					}
				}).wants(t, 200, "")
			})
		}
		synctest.Wait()
		srv.get(t, path, bearer(alice.AccessToken)).wants(t, 429, "too-many-streams")
		srv.wantsValid(t, alice.AccessToken)
		open.Go(func() { srv.get(t, path, carla).wants(t, 200, "") })
		synctest.Wait()
		leave()
		synctest.Wait()
		open.Go(func() { srv.get(t, path, bearer(alice.AccessToken)).wants(t, 200, "") })
		synctest.Wait()
		srv.get(t, path, bearer(alice.AccessToken)).wants(t, 429, "too-many-streams")
		srv.Kitchen.Events.Close()
		open.Wait()
	})
}

// TestTokens_clockNeverGoesBack opens the server a second time with the computer's
// clock set back by two hours: each bubble begins at the same moment.
func TestTokens_clockNeverGoesBack(t *testing.T) {
	dir, shelf := copySeeded(t) // for both bubbles
	var expired, living tokens.TokenPair
	synctest.Test(t, func(t *testing.T) {
		srv := openServer(t, dir, shelf, "")
		expired = srv.openSession(t, "alice")
		time.Sleep(2 * time.Hour)
		srv.get(t, mePath, bearer(expired.AccessToken)).wants(t, 401, "token-expired")
		living = srv.openSession(t, "alice")
		srv.wantsValid(t, living.AccessToken)
	})
	synctest.Test(t, func(t *testing.T) {
		srv := openServer(t, dir, shelf, "")
		srv.get(t, mePath, bearer(expired.AccessToken)).wants(t, 401, "token-expired")
		srv.wantsValid(t, living.AccessToken)
		if behind := srv.Authority.Keys().ClockBehind(); behind != 2*time.Hour {
			t.Errorf("the clock is said to be %v behind", behind)
		}
		time.Sleep(15 * time.Minute)
		srv.get(t, mePath, bearer(living.AccessToken)).wants(t, 401, "token-expired")
		next := srv.mustRefresh(t, living.RefreshToken)
		srv.wantsValid(t, next.AccessToken)
		time.Sleep(15 * time.Minute)
		srv.get(t, mePath, bearer(next.AccessToken)).wants(t, 401, "token-expired")
	})
}
