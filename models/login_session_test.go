package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gorm.io/gorm"
)

const week = 7 * 24 * time.Hour

// newSession opens a login session whose first refresh token has the hash "<id>-1".
func newSession(t testing.TB, s *Store, u User, id string, change ...func(*LoginSession)) LoginSession {
	t.Helper()
	now := Now()
	ls := LoginSession{
		ID: id, UserID: u.ID, Delivery: DeliverBody, UserAgent: "curl", CreatedAt: now, LastUsedAt: now,
		AccessUntil: now.Add(15 * time.Minute), ExpiresAt: now.Add(week),
	}
	for _, c := range change {
		c(&ls)
	}
	_, err := s.OpenSession(t.Context(), u, ls, id+"-1")
	noError(t, err)
	return ls
}

// newRotation replaces one refresh token by the next: "alice-1" by "alice-2".
func newRotation(id string, from int) Rotation {
	now := Now()
	return Rotation{
		Now: now, UsedAt: now, Hash: fmt.Sprintf("%s-%d", id, from), NewHash: fmt.Sprintf("%s-%d", id, from+1),
		Life: week, AccessUntil: now.Add(15 * time.Minute),
	}
}

// A refresh spends the token, writes the next one and extends the session.
func TestRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		opened := newSession(t, s, alice, "alice", func(ls *LoginSession) { ls.Delivery = DeliverRefreshCookie })
		other := newSession(t, s, alice, "other")
		time.Sleep(time.Hour)
		ended := watchEnded(s)
		got, u, err := s.Rotate(t.Context(), newRotation("alice", 1))
		noError(t, err)
		want := opened
		want.LastUsedAt, want.AccessUntil, want.ExpiresAt = Now(), Now().Add(15*time.Minute), Now().Add(week)
		if list := ended.take(); got != want || u.Username != "alice" || len(list) != 0 {
			t.Errorf("got\n%+v for %s, want\n%+v; ended %v", got, u.Username, want, list)
		}
		list, err := s.SessionsOf(t.Context(), alice.ID)
		noError(t, err)
		wantSame(t, list, []LoginSession{want, other})
		if n := queryInt(t, s, "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NULL AND hash IN ('alice-2', 'other-1')"); n != 2 {
			t.Errorf("%d refresh tokens are unspent", n)
		}
		if n := queryInt(t, s, "SELECT count(*) FROM refresh_tokens WHERE spent_at = ? AND hash = 'alice-1'", Now()); n != 1 {
			t.Error("the old refresh token is not marked as spent now")
		}
	})
}

func TestRotate_accessUntilNeverShrinks(t *testing.T) {
	s := openStore(t)
	opened := newSession(t, s, newUser(t, s, "alice"), "alice", func(ls *LoginSession) { ls.AccessUntil = Now().Add(30 * time.Minute) })
	short := newRotation("alice", 1)
	short.AccessUntil = Now().Add(5 * time.Second)
	got, _, err := s.Rotate(t.Context(), short)
	noError(t, err)
	if got.AccessUntil != opened.AccessUntil {
		t.Errorf("access until %d, but a token until %d is out", got.AccessUntil, opened.AccessUntil)
	}
	long := newRotation("alice", 2)
	long.AccessUntil = Now().Add(time.Hour)
	if got, _, err = s.Rotate(t.Context(), long); err != nil || got.AccessUntil != long.AccessUntil {
		t.Errorf("access until %d (%v), want %d", got.AccessUntil, err, long.AccessUntil)
	}
}

func TestRotate_noTokenOutlivesMaxSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		opened := newSession(t, s, newUser(t, s, "alice"), "alice")
		for i := 1; i <= 5; i++ {
			time.Sleep(6 * 24 * time.Hour)
			if i == 5 {
				break
			}
			got, _, err := s.Rotate(t.Context(), newRotation("alice", i))
			noError(t, err)
			if want := min(Now().Add(week), opened.CreatedAt.Add(MaxSession)); got.ExpiresAt != want {
				t.Errorf("on day %d it expires at %v, want %v", i*6, got.ExpiresAt.Time(), want.Time())
			}
			if n := queryInt(t, s, "SELECT expires_at FROM refresh_tokens WHERE hash = ?", fmt.Sprintf("alice-%d", i+1)); Millis(n) != got.ExpiresAt {
				t.Errorf("the refresh token of day %d expires at %v", i*6, Millis(n).Time())
			}
		}
		if _, _, err := s.Rotate(t.Context(), newRotation("alice", 5)); !errors.Is(err, ErrRefreshInvalid) {
			t.Errorf("after 30 days: %v", err)
		}
	})
}

// Unknown, expired and spent tokens are refused; a spent one ends its session.
func TestRotate_refuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		newSession(t, s, alice, "short", func(ls *LoginSession) { ls.ExpiresAt = Now().Add(time.Second) })
		newSession(t, s, alice, "ended")
		noError(t, s.EndSession(t.Context(), alice.ID, "ended", EndLogout))
		newSession(t, s, alice, "spent")
		spent, _, err := s.Rotate(t.Context(), newRotation("spent", 1))
		noError(t, err)
		newSession(t, s, alice, "good")
		time.Sleep(time.Second)
		endings := watchEnded(s)
		for _, tc := range []struct {
			name  string
			r     Rotation
			err   error
			ended []RevokedSession
		}{
			{"unknown", newRotation("nobody", 1), ErrRefreshInvalid, nil},
			{"in another case", newRotation("GOOD", 1), ErrRefreshInvalid, nil},
			{"expired in this moment", newRotation("short", 1), ErrRefreshInvalid, nil},
			{"of an ended session", newRotation("ended", 1), ErrRefreshInvalid, nil},
			{"spent", newRotation("spent", 1), ErrRefreshReused, []RevokedSession{{"spent", alice.ID, spent.AccessUntil, EndReuse}}},
			{"spent, once more", newRotation("spent", 1), ErrRefreshReused, nil},
			{"the one after a spent one", newRotation("spent", 2), ErrRefreshInvalid, nil},
		} {
			tc.r.NewHash = "new-" + tc.name
			_, _, err := s.Rotate(t.Context(), tc.r)
			if ended := endings.take(); !errors.Is(err, tc.err) || !slices.Equal(ended, tc.ended) {
				t.Errorf("%s: %v, ended %v, want %v, ended %v", tc.name, err, ended, tc.err, tc.ended)
			}
			if n := queryInt(t, s, "SELECT count(*) FROM refresh_tokens WHERE hash = ?", tc.r.NewHash); n != 0 {
				t.Errorf("%s: a new refresh token was written all the same", tc.name)
			}
		}
		if _, _, err := s.Rotate(t.Context(), newRotation("good", 1)); err != nil {
			t.Errorf("a good one: %v", err)
		}
	})
}

func TestRotate_concurrentRefreshesHaveOneWinner(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "alice")
	var all sync.WaitGroup
	errs, ended := make([]error, 20), watchEnded(s)
	for i := range errs {
		all.Go(func() {
			r := newRotation("alice", 1)
			r.NewHash = fmt.Sprint("new-", i)
			_, _, errs[i] = s.Rotate(t.Context(), r)
		})
	}
	all.Wait()
	won, ends := 0, len(ended.take())
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrRefreshReused) {
			t.Error(err)
		}
	}
	if won != 1 || ends != 1 {
		t.Errorf("%d won, and the session was ended %d times", won, ends)
	}
	if n := queryInt(t, s, "SELECT count(*) FROM login_sessions WHERE ended_at IS NULL"); n != 0 {
		t.Error("the session lives on")
	}
}

// endedSessions collects what OnSessionsEnded is told.
type endedSessions struct {
	mu   sync.Mutex
	list []RevokedSession
}

func watchEnded(s *Store) *endedSessions {
	e := new(endedSessions)
	s.OnSessionsEnded(func(ended []RevokedSession) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.list = append(e.list, ended...)
	})
	return e
}

// take returns what was told since it was called last.
func (e *endedSessions) take() (list []RevokedSession) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list, e.list = e.list, nil
	return list
}

// TestOnSessionsEnded_noMethodForgets: no method leaves the announcement to its
// caller, by returning what has ended, and no statement ends a session but the one
// that is announced.
func TestOnSessionsEnded_noMethodForgets(t *testing.T) {
	for m := range reflect.TypeFor[*Store]().Methods() {
		for i := range m.Type.NumOut() {
			if m.Type.Out(i) == reflect.TypeFor[[]RevokedSession]() {
				t.Errorf("%s returns ended sessions, which its callers may drop", m.Name)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	noError(t, err)
	ends := regexp.MustCompile(`SET ended_at|"ended_at"|\bEndedAt\b`)
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		noError(t, err)
		if !strings.HasSuffix(file, "_test.go") {
			found = append(found, ends.FindAllString(string(text), -1)...)
		}
	}
	wantSame(t, slices.Sorted(slices.Values(found)), []string{"EndedAt", "SET ended_at"}) // the column, and endSessions
}

// TestOnSessionsEnded_onlyAfterTheCommit: a transaction that is rolled back ends
// nothing, one that may have been committed does, and outside of write no session can
// be ended.
func TestOnSessionsEnded_onlyAfterTheCommit(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "alice")
	ended, changed := watchEnded(s), errors.New("changed its mind")
	for failure, want := range map[error]int{changed: 0, ErrStorageFull: 0, ErrDatabaseUnavailable: 1} {
		err := s.write(t.Context(), func(tx *gorm.DB) error {
			_, err := s.endSessions(tx, Now(), EndLogout, "id = ?", "alice")
			return errors.Join(err, failure)
		})
		if list := ended.take(); !errors.Is(err, failure) || len(list) != want {
			t.Errorf("a transaction that failed with %v ended %v: %v", failure, list, err)
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a session was ended unannounced")
			}
		}()
		_ = s.writeStatement(t.Context(), func(tx *gorm.DB) error {
			_, err := s.endSessions(tx, Now(), EndLogout, "id = ?", "alice")
			return err
		})
	}()
	wantSame(t, sessionIDs(t, s, alice), []string{"alice"})
}

func TestEndSession(t *testing.T) {
	s := openStore(t)
	alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
	one := newSession(t, s, alice, "one")
	newSession(t, s, alice, "two")
	newSession(t, s, bob, "his")
	ended := watchEnded(s)
	for _, id := range []string{"his", "none", "", "ONE"} {
		err := s.EndSession(t.Context(), alice.ID, id, EndLogout)
		if list := ended.take(); !errors.Is(err, ErrNotFound) || len(list) != 0 {
			t.Errorf("%q: %v, %v", id, list, err)
		}
	}
	noError(t, s.EndSession(t.Context(), alice.ID, "one", EndLogout))
	wantSame(t, ended.take(), []RevokedSession{{"one", alice.ID, one.AccessUntil, EndLogout}})
	if err := s.EndSession(t.Context(), alice.ID, "one", EndLogout); !errors.Is(err, ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	wantSame(t, sessionIDs(t, s, alice), []string{"two"})
	wantSame(t, sessionIDs(t, s, bob), []string{"his"})
}

func sessionIDs(t testing.TB, s *Store, u User) (ids []string) {
	t.Helper()
	list, err := s.SessionsOf(t.Context(), u.ID)
	noError(t, err)
	for _, ls := range list {
		ids = append(ids, ls.ID)
	}
	return ids
}

func TestEndSessions(t *testing.T) {
	for except, left := range map[string][]string{"": nil, "two": {"two"}, "his": nil} {
		t.Run("all but "+except, func(t *testing.T) {
			s := openStore(t)
			alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
			for _, id := range []string{"one", "two", "three"} {
				newSession(t, s, alice, id)
			}
			newSession(t, s, bob, "his")
			ended := watchEnded(s)
			noError(t, s.EndSessions(t.Context(), alice.ID, except, EndLogout))
			if list := ended.take(); len(list) != 3-len(left) {
				t.Errorf("ended are %v", list)
			}
			wantSame(t, sessionIDs(t, s, alice), left)
			wantSame(t, sessionIDs(t, s, bob), []string{"his"})
		})
	}
}

func TestSessionsOf_newestFirstAndLimited(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	var want []string
	for i := range maxSessionsListed + 5 {
		id := fmt.Sprintf("s%03d", i)
		newSession(t, s, alice, id, func(ls *LoginSession) { ls.CreatedAt = Now() + Millis(i) })
		want = append([]string{id}, want...)
	}
	wantSame(t, sessionIDs(t, s, alice), want[:maxSessionsListed])
}

func TestSessionOfRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		newSession(t, s, alice, "alice")
		newSession(t, s, alice, "ended")
		noError(t, s.EndSession(t.Context(), alice.ID, "ended", EndLogout))
		_, _, err := s.Rotate(t.Context(), newRotation("alice", 1))
		noError(t, err)
		if ls, err := s.SessionOfRefresh(t.Context(), "alice-2"); err != nil || ls.ID != "alice" || ls.UserID != alice.ID {
			t.Errorf("%+v, %v", ls, err)
		}
		for _, hash := range []string{"alice-1", "ended-1", "none", ""} {
			if _, err := s.SessionOfRefresh(t.Context(), hash); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %v", hash, err)
			}
		}
		time.Sleep(week)
		if _, err := s.SessionOfRefresh(t.Context(), "alice-2"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an expired one: %v", err)
		}
	})
}

// Each kind of session meets the sweep just before and just after it becomes
// useless.
func TestSweepSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		newSession(t, s, alice, "living")
		newSession(t, s, alice, "expires", func(ls *LoginSession) { ls.ExpiresAt = Now().Add(time.Hour) })
		newSession(t, s, alice, "expires, its access token does not", func(ls *LoginSession) { ls.ExpiresAt = Now().Add(time.Minute) })
		newSession(t, s, alice, "ended")
		noError(t, s.EndSession(t.Context(), alice.ID, "ended", EndLogout))
		_, _, err := s.Rotate(t.Context(), newRotation("living", 1)) // two refresh tokens
		noError(t, err)

		left := func() (ids []string) {
			noError(t, s.read(t.Context()).Raw("SELECT id FROM login_sessions ORDER BY id").Scan(&ids).Error)
			var of []string
			noError(t, s.read(t.Context()).Raw("SELECT DISTINCT session_id FROM refresh_tokens ORDER BY session_id").Scan(&of).Error)
			wantSame(t, of, ids) // the refresh tokens go with their session
			return ids
		}
		start := time.Now()
		for _, step := range []struct {
			after time.Duration
			swept int
			want  []string
		}{
			{0, 0, []string{"ended", "expires", "expires, its access token does not", "living"}},
			{15*time.Minute - time.Millisecond, 0, []string{"ended", "expires", "expires, its access token does not", "living"}},
			{15 * time.Minute, 2, []string{"expires", "living"}},
			{time.Hour - time.Millisecond, 0, []string{"expires", "living"}},
			{time.Hour, 1, []string{"living"}},
			{week - time.Millisecond, 0, []string{"living"}},
			{week, 1, nil},
		} {
			time.Sleep(step.after - time.Since(start))
			n, err := s.SweepSessions(t.Context())
			noError(t, err)
			if n != step.swept {
				t.Errorf("after %v %d were swept, want %d", step.after, n, step.swept)
			}
			wantSame(t, left(), step.want)
		}
		if n := queryInt(t, s, "SELECT count(*) FROM refresh_tokens"); n != 0 {
			t.Errorf("%d refresh tokens are left", n)
		}
		if n := queryInt(t, s, "SELECT count(*) FROM users"); n != 1 {
			t.Error("the guest was swept, too")
		}
	})
}

func TestSweepSessions_inBatches(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	exec(t, s, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
		INSERT INTO login_sessions SELECT 'old-' || i, ?, 'body', '', 1, 1, 1, 1, NULL, NULL FROM n`, alice.ID)
	newSession(t, s, alice, "living")
	for _, want := range []int{sweepBatch, sweepBatch, 100, 0} {
		n, err := s.SweepSessions(t.Context())
		noError(t, err)
		if n != want {
			t.Errorf("%d were swept, want %d", n, want)
		}
	}
	wantSame(t, sessionIDs(t, s, alice), []string{"living"})
}

// listRevoked lists what is on the denylist.
func listRevoked(t testing.TB, s *Store) (list []RevokedSession, err error) {
	t.Helper()
	err = s.ListRevoked(t.Context(), func(e RevokedSession) { list = append(list, e) })
	return list, err
}

// Only ended sessions with an access token that has not expired are listed.
func TestListRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		alice := newUser(t, s, "alice")
		newSession(t, s, alice, "living")
		for _, id := range []string{"short", "long"} {
			newSession(t, s, alice, id, func(ls *LoginSession) {
				if id == "long" {
					ls.AccessUntil = Now().Add(30 * time.Minute)
				}
			})
			noError(t, s.EndSession(t.Context(), alice.ID, id, EndLogout))
		}
		denied := func() (ids []string) {
			list, err := listRevoked(t, s)
			noError(t, err)
			for _, e := range list {
				ids = append(ids, e.ID)
				if e.UserID != alice.ID || e.AccessUntil <= Now() || e.EndReason != EndLogout {
					t.Errorf("%+v", e)
				}
			}
			slices.Sort(ids)
			return ids
		}
		wantSame(t, denied(), []string{"long", "short"})
		time.Sleep(15 * time.Minute)
		wantSame(t, denied(), []string{"long"})
		time.Sleep(15 * time.Minute)
		wantSame(t, denied(), nil)
	})
}

// Many sessions may end in one millisecond.
func TestListRevoked_inBatches(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	const count = 2*revokedBatch + 1
	exec(t, s, `INSERT INTO login_sessions (id, user_id, delivery, user_agent, created_at, last_used_at, access_until, expires_at, ended_at)
		WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)
		SELECT 'sid-' || i, $2, 'body', '', 1, 1, 4000000000000 + i / 30000, 4000000000000, 1 FROM numbers`, count, alice.ID)
	list, err := listRevoked(t, s)
	noError(t, err)
	seen := map[string]bool{}
	for _, e := range list {
		seen[e.ID] = true
	}
	if len(list) != count || len(seen) != count {
		t.Errorf("%d entries, %d of them different, want %d", len(list), len(seen), count)
	}
}

func TestAccessWatermarks(t *testing.T) {
	s := openStore(t)
	if until, used, err := s.AccessWatermarks(t.Context()); until != 0 || used != 0 || err != nil {
		t.Errorf("an empty database says %d, %d, %v", until, used, err)
	}
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "a", func(ls *LoginSession) { ls.AccessUntil, ls.LastUsedAt = 9000, 1000 })
	newSession(t, s, alice, "b", func(ls *LoginSession) { ls.AccessUntil, ls.LastUsedAt = 5000, 4000 })
	if until, used, err := s.AccessWatermarks(t.Context()); until != 9000 || used != 4000 || err != nil {
		t.Errorf("it says %d, %d, %v", until, used, err)
	}
	noError(t, s.EndSession(t.Context(), alice.ID, "a", EndLogout))
	if until, _, err := s.AccessWatermarks(t.Context()); until != 9000 || err != nil { // its token still needs its key
		t.Errorf("with an ended session it says %d, %v", until, err)
	}
}

func TestChangePassword(t *testing.T) {
	s := openStore(t)
	alice, bob := newUser(t, s, "alice"), newUser(t, s, "bob")
	for _, id := range []string{"here", "there"} {
		newSession(t, s, alice, id)
	}
	newSession(t, s, bob, "his")
	stale := alice
	stale.PasswordHash = "another"
	ended := watchEnded(s)
	err := s.ChangePassword(t.Context(), stale, "new", "here")
	if list := ended.take(); !errors.Is(err, ErrStale) || len(list) != 0 {
		t.Errorf("with an old hash: %v, %v", list, err)
	}
	wantSame(t, slices.Sorted(slices.Values(sessionIDs(t, s, alice))), []string{"here", "there"})
	noError(t, s.ChangePassword(t.Context(), alice, "new", "here"))
	if list := ended.take(); len(list) != 1 || list[0].ID != "there" {
		t.Errorf("ended are %v", list)
	}
	wantSame(t, sessionIDs(t, s, alice), []string{"here"})
	wantSame(t, sessionIDs(t, s, bob), []string{"his"})
	for name, want := range map[string]string{"alice": "new", "bob": bob.PasswordHash} {
		if u, err := s.UserByUsername(t.Context(), name); err != nil || u.PasswordHash != want {
			t.Errorf("%s has %q, %v", name, u.PasswordHash, err)
		}
	}
	if err := s.ChangePassword(t.Context(), alice, "newer", "here"); !errors.Is(err, ErrStale) {
		t.Errorf("a second change at the same moment: %v", err)
	}
}

func TestOpenSession_needsAUserAndAUniqueID(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "alice")
	for name, ls := range map[string]LoginSession{
		"of nobody":        {ID: "new", UserID: 99, Delivery: DeliverBody},
		"with a taken id":  {ID: "alice", UserID: alice.ID, Delivery: DeliverBody},
		"in a strange way": {ID: "new", UserID: alice.ID, Delivery: "pigeon"},
	} {
		if _, err := s.OpenSession(t.Context(), User{ID: ls.UserID, PasswordHash: alice.PasswordHash}, ls, "new-1"); err == nil {
			t.Errorf("a session %s was opened", name)
		}
	}
	if _, err := s.OpenSession(t.Context(), alice, LoginSession{ID: "new", UserID: alice.ID, Delivery: DeliverBody}, "alice-1"); err == nil {
		t.Error("a refresh token was issued twice")
	}
	if n := queryInt(t, s, "SELECT count(*) FROM login_sessions") + 10*queryInt(t, s, "SELECT count(*) FROM refresh_tokens"); n != 11 {
		t.Errorf("a failed login left something: %d", n)
	}
}

func TestStatements_ofSessions(t *testing.T) {
	s := openStore(t)
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "a")
	for _, tc := range []struct {
		name string
		want int64
		call func(ctx context.Context) error
	}{
		{"a login", 3, func(ctx context.Context) error {
			_, err := s.OpenSession(ctx, alice, LoginSession{ID: "b", UserID: alice.ID, Delivery: DeliverBody}, "b-1")
			return err
		}},
		{"a refresh", 4, func(ctx context.Context) error {
			_, _, err := s.Rotate(ctx, newRotation("a", 1))
			return err
		}},
		{"a refresh token used twice", 3 + notifyStatements(s), func(ctx context.Context) error {
			if _, _, err := s.Rotate(ctx, newRotation("a", 1)); !errors.Is(err, ErrRefreshReused) {
				return errors.Join(errors.New("it was taken"), err)
			}
			return nil
		}},
		{"a logout", 1 + notifyStatements(s), func(ctx context.Context) error {
			return s.EndSession(ctx, alice.ID, "b", EndLogout)
		}},
		{"a logout everywhere", 1, func(ctx context.Context) error {
			return s.EndSessions(ctx, alice.ID, "", EndLogout)
		}},
	} {
		ctx, sql := CountStatements(t.Context())
		noError(t, tc.call(ctx))
		if got := sql.Count(); got != tc.want {
			t.Errorf("%s costs %d statements, want %d", tc.name, got, tc.want)
		}
	}
}

func TestSessions_queriesUseAnIndex(t *testing.T) {
	s := openFile(t)
	alice := newUser(t, s, "alice")
	newSession(t, s, alice, "alice")
	recorded := recordStatements(t, s)
	for name, call := range map[string]func() error{
		"a refresh":                      func() error { _, _, err := s.Rotate(t.Context(), newRotation("alice", 1)); return err },
		"a refresh token used twice":     func() error { _, _, err := s.Rotate(t.Context(), newRotation("none", 1)); return err },
		"the session of a refresh token": func() error { _, err := s.SessionOfRefresh(t.Context(), "none"); return err },
		"the list":                       func() error { _, err := s.SessionsOf(t.Context(), alice.ID); return err },
		"the end of one":                 func() error { return s.EndSession(t.Context(), alice.ID, "none", EndLogout) },
		"the end of all":                 func() error { return s.EndSessions(t.Context(), 99, "", EndLogout) },
		"the denylist":                   func() error { _, err := listRevoked(t, s); return err },
		"the last access":                func() error { _, _, err := s.AccessWatermarks(t.Context()); return err },
		"the sweep":                      func() error { _, err := s.SweepSessions(t.Context()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			*recorded = nil
			if err := call(); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrRefreshInvalid) {
				t.Fatal(err)
			}
			if len(*recorded) == 0 {
				t.Fatal("no statement was recorded")
			}
			for _, stmt := range *recorded {
				plan := planOf(t, s, stmt)
				for line := range strings.Lines(plan) {
					if strings.Contains(line, "SCAN") && !strings.HasPrefix(line, "SCAN useless") && !strings.Contains(line, "USING") && !strings.Contains(line, "CONSTANT ROW") {
						t.Errorf("%s\nplan: %s", stmt.sql, plan)
					}
				}
				if strings.Contains(plan, "TEMP B-TREE") && name != "the list" {
					t.Errorf("%s\nplan: %s", stmt.sql, plan)
				}
			}
		})
	}
}
