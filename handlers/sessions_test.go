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

// enter opens a login session as a login does, without the slow password.
func (h *house) enter(t testing.TB, username string) tokens.TokenPair {
	t.Helper()
	u, err := h.Store.UserByUsername(context.Background(), username)
	if err != nil {
		t.Fatal(err)
	}
	grant, err := h.Sessions.Open(context.Background(), u, "", models.DeliverBody, h.Authority.Lifetime())
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// reopened closes the house and opens it again over the same folder.
func (h *house) reopened(t testing.TB, options ...func(*house)) *house {
	t.Helper()
	if err := h.Store.Close(); err != nil {
		t.Fatal(err)
	}
	return openHouse(t, h.dir, h.shelf, "", options...)
}

func refreshTokenOf(token string) string { return fmt.Sprintf(`{"refresh_token":%q}`, token) }

func (h *house) refresh(t testing.TB, token string, opts ...option) *response {
	t.Helper()
	return h.post(t, refreshPath, refreshTokenOf(token), opts...)
}

// refreshed refreshes and wants it to succeed.
func (h *house) refreshed(t testing.TB, token string) tokenResponse {
	t.Helper()
	return decode[tokenResponse](t, h.refresh(t, token).wants(t, 200, ""))
}

// alive and dead say whether a wristband opens a door with the next request.
func (h *house) alive(t testing.TB, access string) {
	t.Helper()
	h.get(t, mePath, bearer(access)).wants(t, 200, "")
}

func (h *house) dead(t testing.TB, access string) {
	t.Helper()
	h.get(t, mePath, bearer(access)).wants(t, 401, "token-revoked")
}

// read gives the claims of a token without checking anything.
func read(t testing.TB, access string) (header, claims map[string]any) {
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
	_, claims := read(t, access)
	return claims["sid"].(string)
}

func TestALoginGivesAVoucher(t *testing.T) {
	h := newHouse(t)
	res := h.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, "")
	first := decode[tokenResponse](t, res)
	raw, err := base64.RawURLEncoding.DecodeString(first.RefreshToken)
	if err != nil || len(raw) != 32 || first.RefreshExpiresIn != 604800 {
		t.Errorf("the voucher is %q of %d bytes (%v) for %d s", first.RefreshToken, len(raw), err, first.RefreshExpiresIn)
	}
	if res.Header().Get("Cache-Control") != "no-store" || len(res.Result().Cookies()) > 0 {
		t.Errorf("headers %v", res.Header())
	}
	second := h.login(t, "alice")
	if second.RefreshToken == first.RefreshToken || sidOf(t, second.AccessToken) == sidOf(t, first.AccessToken) {
		t.Error("two logins share something")
	}
	if !h.refresh(t, first.RefreshToken).wantsPair(t) || !h.refresh(t, second.RefreshToken).wantsPair(t) {
		t.Error("a voucher of a login does not work")
	}
}

func (r *response) wantsPair(t testing.TB) bool {
	t.Helper()
	res := decode[tokenResponse](t, r.wants(t, 200, ""))
	return res.TokenType == "Bearer" && res.ExpiresIn == 900 && res.RefreshExpiresIn == 604800 &&
		res.AccessToken != "" && len(res.RefreshToken) == 43 && r.Header().Get("Cache-Control") == "no-store"
}

func TestAVoucherIsGoodForOneUse(t *testing.T) {
	h := newHouse(t)
	elsewhere, bob := h.enter(t, "alice"), h.enter(t, "bob")
	first := h.enter(t, "alice")
	second := h.refreshed(t, first.RefreshToken)
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken {
		t.Error("the new pair holds something old")
	}
	if sidOf(t, second.AccessToken) != sidOf(t, first.AccessToken) {
		t.Error("a refresh opened another session")
	}
	h.alive(t, first.AccessToken)
	h.alive(t, second.AccessToken)

	h.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")
	h.dead(t, first.AccessToken)
	h.dead(t, second.AccessToken)
	h.refresh(t, second.RefreshToken).wants(t, 401, "refresh-token-invalid")
	h.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")

	for _, other := range []tokens.TokenPair{elsewhere, bob} { // other sessions are no concern of the thief's
		h.alive(t, other.AccessToken)
		h.refreshed(t, other.RefreshToken)
	}
}

func TestAnOldVoucherOfALongChainEndsTheSession(t *testing.T) {
	h := newHouse(t)
	first := h.enter(t, "alice")
	last := h.refreshed(t, first.RefreshToken)
	for range 10 {
		last = h.refreshed(t, last.RefreshToken)
	}
	h.alive(t, last.AccessToken)
	h.refresh(t, first.RefreshToken).wants(t, 401, "refresh-token-reused")
	h.dead(t, last.AccessToken)
	h.refresh(t, last.RefreshToken).wants(t, 401, "refresh-token-invalid")
}

func TestASavedLoginAnswerIsAVoucher(t *testing.T) {
	h := newHouse(t)
	saved := h.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 200, "").Body.String()
	next := h.post(t, refreshPath, saved).wants(t, 200, "").Body.String()
	h.post(t, refreshPath, next).wants(t, 200, "")
}

func TestARefreshAnswersOneLineToWhoPrefersText(t *testing.T) {
	h := newHouse(t)
	line := h.refresh(t, h.enter(t, "alice").RefreshToken, with("Accept", "text/plain")).wants(t, 200, "").Body.String()
	h.alive(t, strings.TrimSpace(strings.TrimPrefix(line, "Authorization: Bearer ")))
}

func TestVouchersThatAreNoGood(t *testing.T) {
	h := newHouse(t)
	alice, ended := h.enter(t, "alice"), h.enter(t, "alice")
	h.post(t, logoutPath, "", bearer(ended.AccessToken)).wants(t, 204, "")
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
		{"no body", "", 415, "unsupported-media-type"},
		{"half a body", `{"refresh_token":`, 400, "malformed-json"},
	} {
		t.Run(tc.name, func(t *testing.T) { h.post(t, refreshPath, tc.body).wants(t, tc.status, tc.slug) })
	}
	h.post(t, refreshPath, "refresh_token="+alice.RefreshToken, asForm).wants(t, 415, "unsupported-media-type")
	h.post(t, refreshPath+"?refresh_token="+alice.RefreshToken, "{}").wants(t, 401, "refresh-token-invalid")
	h.alive(t, alice.AccessToken) // none of it touched the real one
	h.refreshed(t, alice.RefreshToken)
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

func TestAVoucherExpiresAfterSevenDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		early, late, spent := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "alice")
		living := h.refreshed(t, spent.RefreshToken)
		time.Sleep(7*24*time.Hour - time.Second)
		h.refreshed(t, early.RefreshToken)
		time.Sleep(time.Second)
		h.refresh(t, late.RefreshToken).wants(t, 401, "refresh-token-invalid")
		h.refresh(t, living.RefreshToken).wants(t, 401, "refresh-token-invalid")
		h.get(t, mePath, bearer(late.AccessToken)).wants(t, 401, "token-expired")
	})
}

func TestNoSessionLivesLongerThanThirtyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		refresh := h.enter(t, "alice").RefreshToken
		const step, day = 6 * 24 * time.Hour, 86400
		for _, want := range []int64{7 * day, 7 * day, 7 * day, 6 * day} { // on days 6, 12, 18, 24
			time.Sleep(step)
			next := h.refreshed(t, refresh)
			if next.RefreshExpiresIn != want {
				t.Errorf("the voucher is for %d s, want %d", next.RefreshExpiresIn, want)
			}
			refresh = next.RefreshToken
		}
		time.Sleep(step - time.Second)
		last := h.refreshed(t, refresh)
		if last.RefreshExpiresIn != 1 {
			t.Errorf("a second before the end the voucher is for %d s", last.RefreshExpiresIn)
		}
		time.Sleep(time.Second)
		h.refresh(t, last.RefreshToken).wants(t, 401, "refresh-token-invalid")
		h.refreshed(t, h.login(t, "alice").RefreshToken)
	})
}

func TestOfFiftyRefreshesAtOnceOneWinsAndTheSessionEnds(t *testing.T) {
	h := newHouse(t)
	alice, other := h.enter(t, "alice"), h.enter(t, "alice")
	answers := make([]*response, 50)
	var racing sync.WaitGroup
	gun := make(chan struct{})
	for i := range answers {
		racing.Go(func() { <-gun; answers[i] = h.refresh(t, alice.RefreshToken) })
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
	h.dead(t, alice.AccessToken)
	h.dead(t, won[0].AccessToken)
	h.refresh(t, won[0].RefreshToken).wants(t, 401, "refresh-token-invalid")
	h.alive(t, other.AccessToken)
}

func TestAChainOfRefreshesOutlivesManyWristbands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		grant := h.enter(t, "alice")
		access, refresh := grant.AccessToken, grant.RefreshToken
		for range 50 {
			time.Sleep(20 * time.Minute)
			h.get(t, mePath, bearer(access)).wants(t, 401, "token-expired")
			next := h.refreshed(t, refresh)
			access, refresh = next.AccessToken, next.RefreshToken
			h.alive(t, access)
		}
		if sidOf(t, access) != sidOf(t, grant.AccessToken) {
			t.Error("it is another session")
		}
		list := decode[sessionsResponse](t, h.get(t, sessionsPath, bearer(access)).wants(t, 200, ""))
		if len(list.Items) != 1 {
			t.Errorf("%d sessions after one login", len(list.Items))
		}
	})
}

func TestARefreshedWristbandSaysWhatIsTrueNow(t *testing.T) {
	h := newHouse(t)
	alice, marco := h.enter(t, "alice"), h.as(t, "marco")
	h.do(t, "PATCH", usersPath+"/1", `{"name":"Alicia"}`, marco).wants(t, 200, "")
	old := decode[meResponse](t, h.get(t, mePath, bearer(alice.AccessToken)).wants(t, 200, ""))
	next := h.refreshed(t, alice.RefreshToken)
	fresh := decode[meResponse](t, h.get(t, mePath, bearer(next.AccessToken)).wants(t, 200, ""))
	if old.Name != "Alice" || fresh.Name != "Alicia" || fresh.Sub != "1" || fresh.SID != old.SID {
		t.Errorf("before %+v, after %+v", old, fresh)
	}
}

func TestAShortLoginRefreshesToTheHousesLife(t *testing.T) {
	h := newHouse(t)
	short := decode[tokenResponse](t, h.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza","expires_in":5}`).wants(t, 200, ""))
	if next := h.refreshed(t, short.RefreshToken); short.ExpiresIn != 5 || next.ExpiresIn != 900 {
		t.Errorf("%d s, then %d s", short.ExpiresIn, next.ExpiresIn)
	}
}

// inTheBook is what stands in the order book: all bytes of its files, or all rows
// of its database.
func (h *house) inTheBook(t testing.TB) []byte {
	t.Helper()
	if h.shelf.url != "" {
		return []byte(h.openBook(t).text(t))
	}
	files, _ := filepath.Glob(h.shelf.file + "*")
	var book []byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		book = append(book, text...)
	}
	if len(files) < 2 {
		t.Fatalf("only %v: where is the write-ahead log?", files)
	}
	return book
}

func TestTheOrderBookHoldsNoTokenOnlyHashes(t *testing.T) {
	h := newHouse(t)
	login := h.login(t, "alice")
	next := h.refreshed(t, login.RefreshToken)
	h.refresh(t, login.RefreshToken).wants(t, 401, "refresh-token-reused")
	bob := h.login(t, "bob")
	book := h.inTheBook(t)
	for _, res := range []tokenResponse{login, next, bob} {
		raw, _ := base64.RawURLEncoding.DecodeString(res.RefreshToken)
		if bytes.Contains(book, []byte(res.RefreshToken)) || bytes.Contains(book, raw) {
			t.Error("a refresh token stands in the order book")
		}
		if bytes.Contains(book, []byte(res.AccessToken)) || bytes.Contains(book, []byte(strings.Split(res.AccessToken, ".")[2])) {
			t.Error("an access token stands in the order book")
		}
		if !bytes.Contains(book, []byte(hashOf(t, res.RefreshToken))) {
			t.Error("the control: its hash is not found")
		}
		if strings.Contains(h.log.String(), res.RefreshToken) || strings.Contains(h.log.String(), res.AccessToken) {
			t.Error("a token stands in the log")
		}
	}
}

func TestALogoutCountsFromTheNextRequestOn(t *testing.T) {
	h := newHouse(t)
	alice, elsewhere, bob := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "bob")
	next := h.refreshed(t, alice.RefreshToken)
	h.post(t, logoutPath, "", bearer(alice.AccessToken)).wants(t, 204, "")
	h.dead(t, alice.AccessToken)
	h.dead(t, next.AccessToken)
	h.refresh(t, next.RefreshToken).wants(t, 401, "refresh-token-invalid")
	h.post(t, "/api/v1/orders", margherita, bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	h.get(t, "/api/v1/menu", bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	h.post(t, logoutPath, "", bearer(next.AccessToken)).wants(t, 401, "token-revoked")
	h.post(t, logoutPath, "").wants(t, 401, "authentication-required")
	inspected := decode[inspectResponse](t, h.post(t, "/api/v1/auth/inspect", fmt.Sprintf(`{"token":%q}`, next.AccessToken)).wants(t, 200, ""))
	if inspected.Active || !slices.Equal(inspected.Reasons, []string{"token-revoked"}) {
		t.Errorf("inspect says %+v", inspected)
	}
	h.alive(t, elsewhere.AccessToken)
	h.refreshed(t, elsewhere.RefreshToken)
	h.alive(t, bob.AccessToken)
}

func TestTheListOfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		start := time.Now().UTC()
		first := h.login(t, "alice", with("User-Agent", "curl/8.5.0"))
		time.Sleep(time.Minute)
		second := h.login(t, "alice", with("User-Agent", "Firefox\x00\x1b[31m\u0085\x7f\t/140 \xff"+strings.Repeat("ü", 300)))
		h.login(t, "bob")
		ended := h.enter(t, "alice")
		h.post(t, logoutPath, "", bearer(ended.AccessToken)).wants(t, 204, "")
		time.Sleep(time.Minute)
		first = h.refreshed(t, first.RefreshToken)

		list := decode[sessionsResponse](t, h.get(t, sessionsPath, bearer(first.AccessToken)).wants(t, 200, "")).Items
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
		seen := decode[sessionsResponse](t, h.get(t, sessionsPath, bearer(second.AccessToken)).wants(t, 200, "")).Items
		if !seen[0].Current || seen[1].Current {
			t.Errorf("from the other session: %+v", seen)
		}
		time.Sleep(week - time.Minute) // the second has expired, the first has a minute left
		access := h.refreshed(t, first.RefreshToken).AccessToken
		left := decode[sessionsResponse](t, h.get(t, sessionsPath, bearer(access)).wants(t, 200, "")).Items
		if len(left) != 1 || left[0].ID != sidOf(t, access) {
			t.Errorf("an expired session is listed: %+v", left)
		}
	})
}

func TestAUserAgentIsCutAtTwoHundredCharacters(t *testing.T) {
	h := newHouse(t)
	for agent, want := range map[string]string{
		strings.Repeat("a", 200):    strings.Repeat("a", 200),
		strings.Repeat("a", 201):    strings.Repeat("a", 200),
		"<script>alert(1)</script>": "<script>alert(1)</script>", // it is data; whoever shows it escapes it
		"":                          "",
	} {
		access := h.login(t, "alice", with("User-Agent", agent)).AccessToken
		list := decode[sessionsResponse](t, h.get(t, sessionsPath, bearer(access)).wants(t, 200, "")).Items
		i := slices.IndexFunc(list, func(s sessionResponse) bool { return s.Current })
		if i < 0 || list[i].UserAgent != want {
			t.Errorf("%q is kept as %+v", agent, list)
		}
	}
}

func TestAGuestEndsOneSession(t *testing.T) {
	h := newHouse(t)
	here, there, bob := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "bob")
	end := func(sid string) *response {
		return h.do(t, "DELETE", sessionsPath+"/"+sid, "", bearer(here.AccessToken))
	}
	for _, strange := range []string{sidOf(t, bob.AccessToken), "none", tokens.NewID(), "%00", "1%20OR%201=1"} {
		end(strange).wants(t, 404, "not-found")
	}
	h.alive(t, bob.AccessToken)
	h.refreshed(t, bob.RefreshToken)

	end(sidOf(t, there.AccessToken)).wants(t, 204, "")
	h.dead(t, there.AccessToken)
	h.refresh(t, there.RefreshToken).wants(t, 401, "refresh-token-invalid")
	end(sidOf(t, there.AccessToken)).wants(t, 404, "not-found")
	h.alive(t, here.AccessToken)

	end(sidOf(t, here.AccessToken)).wants(t, 204, "")
	h.dead(t, here.AccessToken)
}

func TestAGuestEndsAllSessions(t *testing.T) {
	h := newHouse(t)
	here, there, bob := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "bob")
	h.do(t, "DELETE", sessionsPath, "", bearer(here.AccessToken)).wants(t, 204, "")
	for _, g := range []tokens.TokenPair{here, there} {
		h.dead(t, g.AccessToken)
		h.refresh(t, g.RefreshToken).wants(t, 401, "refresh-token-invalid")
	}
	h.alive(t, bob.AccessToken)
	h.alive(t, h.enter(t, "alice").AccessToken)
}

func TestANewPassword(t *testing.T) {
	h := newHouse(t)
	here, there, bob := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "bob")
	const fresh = "a sentence only I know"
	change := func(current, next string) *response {
		return h.post(t, passwordPath, fmt.Sprintf(`{"current":%q,"new":%q}`, current, next), bearer(here.AccessToken))
	}
	change("bob-likes-pizza", fresh).wants(t, 401, "invalid-credentials")
	for _, bad := range []string{"short", "password123", "Alice", strings.Repeat("x", 129)} {
		res := change("alice-likes-pizza", bad).wants(t, 422, "validation-failed")
		if got := res.fields(t); !slices.Equal(got, []string{"new"}) {
			t.Errorf("%q: fault is found with %v", bad, got)
		}
	}
	h.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"`+fresh+`","username":"bob"}`, bearer(here.AccessToken)).wants(t, 400, "unknown-field")
	h.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"`+fresh+`"}`).wants(t, 401, "authentication-required")
	h.alive(t, there.AccessToken)
	h.login(t, "alice")

	change("alice-likes-pizza", fresh).wants(t, 204, "")
	h.dead(t, there.AccessToken)
	h.refresh(t, there.RefreshToken).wants(t, 401, "refresh-token-invalid")
	h.alive(t, here.AccessToken)
	h.refreshed(t, here.RefreshToken)
	h.alive(t, bob.AccessToken)
	h.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza"}`).wants(t, 401, "invalid-credentials")
	h.post(t, loginPath, `{"username":"alice","password":"`+fresh+`"}`).wants(t, 200, "")
	h.login(t, "bob")
}

// TestALoginUnderWayGetsNoSessionAfterAChange is a login that was checked before
// a change and opens its session after it.
func TestALoginUnderWayGetsNoSessionAfterAChange(t *testing.T) {
	t.Run("of the password", func(t *testing.T) {
		h := newHouse(t)
		before, err := h.Store.UserByUsername(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		here := h.enter(t, "alice")
		h.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, bearer(here.AccessToken)).wants(t, 204, "")
		if grant, err := h.Sessions.Open(t.Context(), before, "", models.DeliverBody, time.Minute); err == nil {
			t.Errorf("the old password has a session: %d", h.get(t, mePath, bearer(grant.AccessToken)).Code)
		}
		h.alive(t, h.enter(t, "alice").AccessToken)
	})
	t.Run("of the role", func(t *testing.T) {
		h := newHouse(t)
		before, err := h.Store.UserByUsername(t.Context(), "carla")
		if err != nil {
			t.Fatal(err)
		}
		h.do(t, "PATCH", usersPath+"/4", `{"role":"guest"}`, h.as(t, "marco")).wants(t, 200, "")
		grant, err := h.Sessions.Open(t.Context(), before, "", models.DeliverBody, time.Minute)
		if err != nil {
			return
		}
		if _, claims := read(t, grant.AccessToken); claims["role"] != "guest" {
			t.Errorf("the wristband says %v", claims["role"])
		}
	})
}

func TestWhatAManagerChangesEndsTheSessions(t *testing.T) {
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
			h := newHouse(t)
			bob, elsewhere, marco := h.enter(t, "bob"), h.enter(t, "bob"), h.enter(t, "marco")
			if res := h.do(t, tc.method, usersPath+tc.path, tc.body, bearer(marco.AccessToken)); res.Code != tc.status {
				t.Fatalf("answered %d %s", res.Code, res.Body)
			}
			for _, g := range []tokens.TokenPair{bob, elsewhere} {
				if tc.ends {
					h.dead(t, g.AccessToken)
					h.refresh(t, g.RefreshToken).wants(t, 401, "refresh-token-invalid")
				} else {
					h.alive(t, g.AccessToken)
					h.refreshed(t, g.RefreshToken)
				}
			}
			h.alive(t, marco.AccessToken)
		})
	}
}

func TestOnlyAManagerEndsTheSessionsOfOthers(t *testing.T) {
	h := newHouse(t)
	bob := h.enter(t, "bob")
	for _, name := range []string{"alice", "bob", "vera", "carla"} {
		h.do(t, "DELETE", usersPath+"/2/sessions", "", h.as(t, name)).wants(t, 403, "role-required")
	}
	h.alive(t, bob.AccessToken)
	h.do(t, "DELETE", usersPath+"/2/sessions", "", h.as(t, "marco")).wants(t, 204, "")
	h.dead(t, bob.AccessToken)
}

func TestACutWristbandStaysCutOverARestart(t *testing.T) {
	h := newHouse(t)
	out, reused, living := h.enter(t, "alice"), h.enter(t, "alice"), h.enter(t, "alice")
	h.post(t, logoutPath, "", bearer(out.AccessToken)).wants(t, 204, "")
	next := h.refreshed(t, reused.RefreshToken)
	h.refresh(t, reused.RefreshToken).wants(t, 401, "refresh-token-reused")
	for range 2 {
		h = h.reopened(t)
		h.dead(t, out.AccessToken)
		h.dead(t, next.AccessToken)
		h.refresh(t, out.RefreshToken).wants(t, 401, "refresh-token-invalid")
		h.alive(t, living.AccessToken)
	}
	n := 0
	if err := h.Store.ListRevoked(t.Context(), func(models.RevokedSession) { n++ }); err != nil || n != 2 {
		t.Errorf("%d sessions are on the list, %v", n, err)
	}
	h.refreshed(t, living.RefreshToken)
}

func TestRevocationCostsNoQuery(t *testing.T) {
	h := newHouse(t)
	alice := h.enter(t, "alice")
	if n := h.get(t, mePath, bearer(alice.AccessToken)).wants(t, 200, "").queries(t); n != "0" {
		t.Errorf("before the logout me costs %s queries", n)
	}
	if n := h.post(t, logoutPath, "", bearer(alice.AccessToken)).wants(t, 204, "").queries(t); n != h.plus(1, telling) {
		t.Errorf("the logout costs %s queries", n)
	}
	if n := h.get(t, mePath, bearer(alice.AccessToken)).wants(t, 401, "token-revoked").queries(t); n != "0" {
		t.Errorf("after the logout me costs %s queries", n)
	}
}

// guarded are requests that pass the guards and are refused by the handler
// before it opens the order book, or that need as many statements as it says.
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
	"GET /api/v1/users":                 {"/api/v1/users?limit=0", "", "0"},
	"PATCH /api/v1/users/:id":           {"/api/v1/users/x", "", "0"},
	"DELETE /api/v1/users/:id/sessions": {"/api/v1/users/x/sessions", "", "0"},
	"GET /metrics":                      {"", "", "0"},
	"GET /learn/facts":                  {"", "", "0"}, // the lesson book is no database of the house
	"POST /api/v1/auth/logout":          {"", "", "1+"},
	"DELETE /api/v1/auth/sessions":      {"", "", "1+"},
	"POST /api/v1/auth/keys/rotate":     {"", "", "3+"}, // the last token in the book, the new key, the old one
}

// TestAuthenticationAddsNoStatementToAnyRoute holds the table above against the
// door table, so that a new guarded route cannot be forgotten.
func TestAuthenticationAddsNoStatementToAnyRoute(t *testing.T) {
	h := newHouse(t)
	marco := h.enter(t, "marco") // also a VIP, so that every door opens
	h.do(t, "PATCH", usersPath+"/5", `{"vip":true}`, bearer(marco.AccessToken)).wants(t, 200, "")
	cut := marco.AccessToken
	for route, who := range doors {
		if who == "all" {
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
		access := h.enter(t, "marco").AccessToken
		for caller, opts := range map[string][]option{
			"nobody": {}, "garbage": {bearer("a.b.c")}, "a cut wristband": {bearer(cut)}, "a stranger's": {bearer(h.foreign(t, "http://elsewhere", time.Minute))},
		} {
			if res := h.do(t, method, path, call.body, opts...); res.Code != 401 || res.queries(t) != "0" {
				t.Errorf("%s as %s: %d after %s queries", route, caller, res.Code, res.queries(t))
			}
		}
		if !strings.Contains(who, "alice") {
			if res := h.do(t, method, path, call.body, h.as(t, "alice")); res.Code != 403 || res.queries(t) != "0" {
				t.Errorf("%s as alice: %d after %s queries", route, res.Code, res.queries(t))
			}
		}
		res := h.do(t, method, path, call.body, bearer(access))
		want, tells := strings.CutSuffix(call.queries, "+")
		if tells {
			count, _ := strconv.Atoi(want)
			want = h.plus(count, telling)
		}
		if isGuards(res) || res.queries(t) != want {
			t.Errorf("%s: %d after %s queries, want %s", route, res.Code, res.queries(t), want)
		}
	}
	for _, path := range []string{"/api/v1/menu", "/api/v1/menu/1"} { // a wristband may be shown
		if with, without := h.get(t, path, h.as(t, "alice")).queries(t), h.get(t, path).queries(t); with != without {
			t.Errorf("%s costs %s queries with a wristband and %s without", path, with, without)
		}
	}
}

// TestAnOpenStreamEndsWithItsSession opens two streams of two sessions and ends
// one of the sessions in every way there is.
func TestAnOpenStreamEndsWithItsSession(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, h *house, mine, other tokens.TokenPair){
		"by logout": func(t *testing.T, h *house, mine, _ tokens.TokenPair) {
			h.post(t, logoutPath, "", bearer(mine.AccessToken)).wants(t, 204, "")
		},
		"from another session": func(t *testing.T, h *house, mine, other tokens.TokenPair) {
			h.do(t, "DELETE", sessionsPath+"/"+sidOf(t, mine.AccessToken), "", bearer(other.AccessToken)).wants(t, 204, "")
		},
		"by a voucher used twice": func(t *testing.T, h *house, mine, _ tokens.TokenPair) {
			h.refreshed(t, mine.RefreshToken)
			h.refresh(t, mine.RefreshToken).wants(t, 401, "refresh-token-reused")
		},
		"by a new password": func(t *testing.T, h *house, _, other tokens.TokenPair) {
			h.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, bearer(other.AccessToken)).wants(t, 204, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				mine, other := h.enter(t, "alice"), h.enter(t, "alice")
				h.order(t, bearer(mine.AccessToken))
				open := func(g tokens.TokenPair) chan time.Time {
					done := make(chan time.Time, 1)
					go func() {
						res := h.get(t, "/api/v1/orders/1/events", bearer(g.AccessToken))
						if res.Code != 200 || steps(t, res.Body.String()) != "1 placed" && g.AccessToken == mine.AccessToken {
							t.Errorf("the stream says %d %s", res.Code, res.Body)
						}
						done <- time.Now()
					}()
					return done
				}
				cut, kept := open(mine), open(other)
				time.Sleep(time.Minute)
				at := time.Now()
				end(t, h, mine, other)
				if closed := <-cut; closed.Sub(at) > 0 {
					t.Errorf("the stream closed %v late", closed.Sub(at))
				}
				synctest.Wait()
				select {
				case <-kept:
					t.Error("the stream of the other session closed, too")
				default:
				}
				h.get(t, "/api/v1/orders/1/events", bearer(mine.AccessToken)).wants(t, 401, "token-revoked")
				h.Kitchen.Events.Close()
				<-kept
			})
		})
	}
}

func TestAGuestHasTenStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		alice, carla := h.enter(t, "alice"), h.as(t, "carla")
		h.order(t, bearer(alice.AccessToken))
		const path = "/api/v1/orders/1/events"
		var open sync.WaitGroup
		ctx, leave := context.WithCancel(t.Context())
		for i := range 10 {
			session := alice // ten streams of a guest, not of a session
			if i%2 == 1 {
				session = h.enter(t, "alice")
			}
			open.Go(func() {
				h.get(t, path, bearer(session.AccessToken), func(r *http.Request) {
					if i == 0 {
						*r = *r.WithContext(ctx)
					}
				}).wants(t, 200, "")
			})
		}
		synctest.Wait()
		h.get(t, path, bearer(alice.AccessToken)).wants(t, 429, "too-many-streams")
		h.alive(t, alice.AccessToken)
		open.Go(func() { h.get(t, path, carla).wants(t, 200, "") })
		synctest.Wait()
		leave()
		synctest.Wait()
		open.Go(func() { h.get(t, path, bearer(alice.AccessToken)).wants(t, 200, "") })
		synctest.Wait()
		h.get(t, path, bearer(alice.AccessToken)).wants(t, 429, "too-many-streams")
		h.Kitchen.Events.Close()
		open.Wait()
	})
}

// TestTheClockNeverGoesBack opens the house a second time with the computer's
// clock set back by two hours: each bubble begins at the same moment.
func TestTheClockNeverGoesBack(t *testing.T) {
	dir, shelf := moveIn(t) // for both bubbles
	var expired, living tokens.TokenPair
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, dir, shelf, "")
		expired = h.enter(t, "alice")
		time.Sleep(2 * time.Hour)
		h.get(t, mePath, bearer(expired.AccessToken)).wants(t, 401, "token-expired")
		living = h.enter(t, "alice")
		h.alive(t, living.AccessToken)
	})
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, dir, shelf, "")
		h.get(t, mePath, bearer(expired.AccessToken)).wants(t, 401, "token-expired")
		h.alive(t, living.AccessToken)
		if behind := h.Authority.Keys().ClockBehind(); behind != 2*time.Hour {
			t.Errorf("the clock is said to be %v behind", behind)
		}
		time.Sleep(15 * time.Minute)
		h.get(t, mePath, bearer(living.AccessToken)).wants(t, 401, "token-expired")
		next := h.refreshed(t, living.RefreshToken)
		h.alive(t, next.AccessToken)
		time.Sleep(15 * time.Minute)
		h.get(t, mePath, bearer(next.AccessToken)).wants(t, 401, "token-expired")
	})
}
