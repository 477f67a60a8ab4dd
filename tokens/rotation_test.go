package tokens

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/models"
)

// testServer has a database, and keys on the disk, but no HTTP.
type testServer struct {
	dir   string
	store *models.Store
	keys  *Keys
	*Authority
	sessions *Sessions
}

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

var (
	stores    = testkit.Stores[*models.Store]{SQLite: models.OpenSQLite, Postgres: models.OpenPostgres}
	databases sync.Map // where the database of each folder is
)

// openStore opens the database that belongs to a folder.
func openStore(t testing.TB, dir string) *models.Store {
	t.Helper()
	location, known := databases.Load(dir)
	if !known {
		location = stores.New(t, dir)
		databases.Store(dir, location)
	}
	return stores.Open(t, location.(string))
}

func newServer(t testing.TB, dir string) *testServer {
	t.Helper()
	return newInstance(t, dir, openStore(t, dir), Instance{Issuer: issuer})
}

// newInstance is one of several servers that share a database, with
// keys in a folder of its own.
func newInstance(t testing.TB, dir string, store *models.Store, instance Instance) *testServer {
	t.Helper()
	noError(t, store.SeedUsers(t.Context(), "users", []models.User{vera()}))
	d := &testServer{dir: dir, store: store, keys: openKeys(t, filepath.Join(dir, "keys"))}
	noError(t, d.keys.Register(t.Context(), store, instance))
	d.Authority = NewAuthority(d.keys, instance.Issuer, 15*time.Minute)
	var err error
	d.sessions, err = NewSessions(t.Context(), store, d.Authority, 7*24*time.Hour)
	noError(t, err)
	return d
}

func (d *testServer) restarted(t testing.TB) *testServer {
	t.Helper()
	noError(t, d.store.Close())
	return newServer(t, d.dir)
}

// login gives vera a session and its tokens.
func (d *testServer) login(t testing.TB, life time.Duration) TokenPair {
	t.Helper()
	g, err := d.sessions.Open(t.Context(), vera(), "", models.DeliverBody, life)
	noError(t, err)
	return g
}

func (d *testServer) rotate(t testing.TB) (kid string) {
	t.Helper()
	kid, err := d.keys.Rotate(t.Context(), d.Lifetime())
	noError(t, err)
	return kid
}

// kids are the published keys.
func (d *testServer) kids() (kids []string) {
	for _, k := range d.keys.JWKS() {
		kids = append(kids, k.KeyID)
	}
	return kids
}

// onDisk are the key files, without their ending.
func (d *testServer) onDisk(t testing.TB) (kids []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.dir, "keys"))
	noError(t, err)
	for _, e := range entries {
		kids = append(kids, e.Name()[:len(e.Name())-len(".pem")])
	}
	return kids
}

// inDatabase are the keys in the database; open are those that still sign there.
func (d *testServer) inDatabase(t testing.TB) (kids, open []string) {
	t.Helper()
	rows, err := d.store.SigningKeys(t.Context())
	noError(t, err)
	for _, row := range rows {
		kids = append(kids, row.KID)
		if row.VerifyUntil == nil {
			open = append(open, row.KID)
		}
	}
	return kids, open
}

func sorted(kids []string) []string { return slices.Sorted(slices.Values(kids)) }

func (d *testServer) wantValid(t testing.TB, raws ...string) {
	t.Helper()
	for i, raw := range raws {
		if _, err := d.Verify(raw); err != nil {
			t.Errorf("token %d of %d: %v", i+1, len(raws), err)
		}
	}
}

func TestRotate_manyInARowLoseNoToken(t *testing.T) {
	for _, n := range []int{1, 2, maxKeys - 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			d := newServer(t, t.TempDir())
			kids := d.kids()
			raws := []string{d.login(t, d.Lifetime()).AccessToken}
			for range n {
				kid := d.rotate(t)
				raw := d.login(t, d.Lifetime()).AccessToken
				raws, kids = append(raws, raw), append([]string{kid}, kids...)
				if string(part(t, raw, 0)) != fmt.Sprintf(`{"alg":"RS256","typ":"at+jwt","kid":"%s"}`, kid) {
					t.Errorf("after the rotation the header is %s", part(t, raw, 0))
				}
			}
			d.wantValid(t, raws...)
			if got := d.kids(); !slices.Equal(got, kids) {
				t.Errorf("published are %v, want the newest first: %v", got, kids)
			}
			if got := sorted(d.onDisk(t)); !slices.Equal(got, sorted(kids)) {
				t.Errorf("on the disk are %v, want %v", got, sorted(kids))
			}
			noError(t, d.keys.Sweep(t.Context()))
			d.wantValid(t, raws...)
			d = d.restarted(t)
			d.wantValid(t, raws...)
			if got := d.kids(); got[0] != kids[0] || !slices.Equal(sorted(got), sorted(kids)) {
				t.Errorf("after a restart published are %v, want %v", got, kids)
			}
		})
	}
}

func TestRotate_oldKeyGoesWithItsLastToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newServer(t, t.TempDir())
		old := d.kids()[0]
		raw := d.login(t, d.Lifetime()).AccessToken
		time.Sleep(10 * time.Minute)
		last := d.login(t, d.Lifetime()).AccessToken
		kid := d.rotate(t)
		time.Sleep(5*time.Minute - time.Second)
		d.wantValid(t, raw, last)
		time.Sleep(10 * time.Minute)
		d.wantValid(t, last)
		noError(t, d.keys.Sweep(t.Context()))
		if got := d.kids(); !slices.Equal(got, []string{kid, old}) {
			t.Errorf("a second before the last token expires published are %v", got)
		}
		if got := d.onDisk(t); len(got) != 2 {
			t.Errorf("a second before the last token expires on the disk are %v", got)
		}

		time.Sleep(2 * time.Second)
		if got := d.kids(); !slices.Equal(got, []string{kid}) {
			t.Errorf("published are %v, want only %s", got, kid)
		}
		if _, err := d.Verify(last); !errors.Is(err, ErrKeyUnknown) {
			t.Errorf("the last token: %v", err)
		}
		noError(t, d.keys.Sweep(t.Context()))
		if got := d.onDisk(t); !slices.Equal(got, []string{kid}) {
			t.Errorf("on the disk are %v, want only %s", got, kid)
		}
		if got, open := d.inDatabase(t); !slices.Equal(got, []string{kid}) || !slices.Equal(open, got) {
			t.Errorf("in the database are %v, want only %s", got, kid)
		}
		d.wantValid(t, d.login(t, d.Lifetime()).AccessToken)
		time.Sleep(365 * 24 * time.Hour)
		noError(t, d.keys.Sweep(t.Context())) // what signs never goes
		d.wantValid(t, d.login(t, d.Lifetime()).AccessToken)
	})
}

// TestRotate_oldKeyOutlivesTheLongestTokenInTheDatabase: the life of tokens may have
// been shortened since the last one was given out.
func TestRotate_oldKeyOutlivesTheLongestTokenInTheDatabase(t *testing.T) {
	for _, tc := range []struct {
		name      string
		inTheBook time.Duration
		life      time.Duration // of the server that rotates
		want      time.Duration
	}{
		{"the database knows a longer one", MaxLifetime, MinLifetime, MaxLifetime + time.Second},
		{"the server issues longer ones", MinLifetime, 15 * time.Minute, 15*time.Minute + time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newServer(t, t.TempDir())
				old := d.kids()[0]
				raw := d.login(t, tc.inTheBook).AccessToken
				_, err := d.keys.Rotate(t.Context(), tc.life)
				noError(t, err)
				if got := time.Until(d.keys.own[old].until); got != tc.want {
					t.Errorf("the old key counts for %v, want %v", got, tc.want)
				}
				rows, err := d.store.SigningKeys(t.Context())
				noError(t, err)
				for _, row := range rows {
					if row.KID == old && (row.VerifyUntil == nil || time.Until(row.VerifyUntil.Time()) != tc.want) {
						t.Errorf("the database says %v", row.VerifyUntil)
					}
				}
				time.Sleep(tc.inTheBook - time.Second)
				d.wantValid(t, raw)
			})
		})
	}
}

func TestRotate_keepsARefreshedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newServer(t, t.TempDir())
		g := d.login(t, MinLifetime)
		time.Sleep(time.Hour)
		g, err := d.sessions.Refresh(t.Context(), g.RefreshToken)
		noError(t, err)
		_, err = d.keys.Rotate(t.Context(), MinLifetime)
		noError(t, err)
		time.Sleep(15*time.Minute - time.Second)
		d.wantValid(t, g.AccessToken)
	})
}

func TestRotate_twentyAtOnce(t *testing.T) {
	d := newServer(t, t.TempDir())
	var mu sync.Mutex
	raws := []string{d.login(t, d.Lifetime()).AccessToken}
	made, refused := d.kids(), 0
	var rotating, working sync.WaitGroup
	done := make(chan struct{})
	for range 2 { // guests come and go meanwhile
		working.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				raw := d.login(t, d.Lifetime()).AccessToken
				d.wantValid(t, raw)
				d.keys.JWKS()
				mu.Lock()
				raws = append(raws, raw)
				mu.Unlock()
			}
		})
	}
	for range 20 {
		rotating.Go(func() {
			kid, err := d.keys.Rotate(t.Context(), d.Lifetime())
			mu.Lock()
			defer mu.Unlock()
			switch _, full := errors.AsType[TooManyKeysError](err); {
			case full:
				refused++
			case err != nil:
				t.Error(err)
			default:
				made = append(made, kid)
			}
		})
	}
	rotating.Wait()
	close(done)
	working.Wait()
	d.wantValid(t, raws...)
	kids, open := d.inDatabase(t)
	if len(kids) != maxKeys || refused != 21-maxKeys || !slices.Equal(open, []string{d.kids()[0]}) {
		t.Errorf("%d keys in the database, %v of them sign, published first is %s", len(kids), open, d.kids()[0])
	}
	if got := d.kids(); !slices.Equal(sorted(got), sorted(made)) || !slices.Equal(sorted(d.onDisk(t)), sorted(made)) {
		t.Errorf("made were %v, published are %v, on the disk %v", made, got, d.onDisk(t))
	}
	d = d.restarted(t)
	d.wantValid(t, raws...)
	if d.kids()[0] != open[0] {
		t.Errorf("after a restart %s signs, want %s", d.kids()[0], open[0])
	}
}

func TestRegister_keepsTheScheduleOverARestart(t *testing.T) {
	d := newServer(t, t.TempDir())
	raw := d.login(t, d.Lifetime()).AccessToken
	old := d.kids()[0]
	kid := d.rotate(t)
	until := d.keys.own[old].until
	// A copied folder may give both files new times; the database decides.
	for name, made := range map[string]time.Time{old: time.Now().Add(time.Hour), kid: time.Unix(1, 0)} {
		noError(t, os.Chtimes(filepath.Join(d.dir, "keys", name+".pem"), made, made))
	}
	for range 2 {
		d = d.restarted(t)
		if got := d.kids(); !slices.Equal(got, []string{kid, old}) {
			t.Errorf("published are %v, want %s and %s", got, kid, old)
		}
		if got := d.keys.own[old].until; got.UnixMilli() != until.UnixMilli() {
			t.Errorf("the old key counts until %v, want %v", got, until)
		}
		d.wantValid(t, raw)
	}
}

func TestRegister_deletesAnExpiredKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newServer(t, t.TempDir())
		kid := d.rotate(t)
		noError(t, d.store.Close())
		time.Sleep(15*time.Minute + time.Second)
		d = newServer(t, d.dir)
		if got := d.onDisk(t); !slices.Equal(got, []string{kid}) {
			t.Errorf("on the disk are %v, want only %s", got, kid)
		}
		if got, _ := d.inDatabase(t); !slices.Equal(got, []string{kid}) {
			t.Errorf("in the database are %v, want only %s", got, kid)
		}
	})
}

func (d *testServer) lose(t testing.TB, kid string) {
	t.Helper()
	noError(t, os.Remove(filepath.Join(d.dir, "keys", kid+".pem")))
}

func TestRegister_lostKeyFile(t *testing.T) {
	t.Run("of an old key", func(t *testing.T) {
		d := newServer(t, t.TempDir())
		old, before := d.kids()[0], d.login(t, d.Lifetime()).AccessToken
		kid := d.rotate(t)
		after := d.login(t, d.Lifetime()).AccessToken
		d.lose(t, old)
		d = d.restarted(t)
		if got := d.kids(); !slices.Equal(got, []string{kid}) {
			t.Errorf("published are %v", got)
		}
		d.wantValid(t, after)
		if _, err := d.Verify(before); !errors.Is(err, ErrKeyUnknown) {
			t.Errorf("a token of the lost key: %v", err)
		}
	})
	t.Run("of the one that signs", func(t *testing.T) {
		d := newServer(t, t.TempDir())
		old, before := d.kids()[0], d.login(t, d.Lifetime()).AccessToken
		d.lose(t, d.rotate(t))
		d = d.restarted(t)
		if got := d.kids(); !slices.Equal(got, []string{old}) {
			t.Errorf("published are %v, want %s, which is left", got, old)
		}
		d.wantValid(t, before, d.login(t, d.Lifetime()).AccessToken)
		kid := d.rotate(t)
		if got := d.kids(); !slices.Equal(got, []string{kid, old}) {
			t.Errorf("after the next rotation published are %v", got)
		}
	})
	t.Run("of all", func(t *testing.T) {
		d := newServer(t, t.TempDir())
		before := d.login(t, d.Lifetime()).AccessToken
		lost := d.kids()[0]
		d.lose(t, lost)
		d = d.restarted(t)
		if got := d.kids(); len(got) != 1 || got[0] == lost {
			t.Errorf("published are %v", got)
		}
		if _, err := d.Verify(before); !errors.Is(err, ErrKeyUnknown) {
			t.Errorf("a token of the lost key: %v", err)
		}
		d.wantValid(t, d.login(t, d.Lifetime()).AccessToken)
		if _, open := d.inDatabase(t); !slices.Equal(open, d.kids()) {
			t.Errorf("in the database %v signs", open)
		}
	})
}

// TestRegister_revivedKeyKeepsItsTokens: the newest key is lost long after the
// one before it was retired, so that one signs again and is then replaced.
func TestRegister_revivedKeyKeepsItsTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newServer(t, t.TempDir())
		d.lose(t, d.rotate(t))
		time.Sleep(10 * time.Minute)
		d = d.restarted(t)
		g := d.login(t, d.Lifetime()) // under the key that signs again
		time.Sleep(time.Minute)
		d.rotate(t)
		d.wantValid(t, g.AccessToken)
		time.Sleep(10 * time.Minute)
		d.wantValid(t, g.AccessToken)
		d = d.restarted(t)
		d.wantValid(t, g.AccessToken)
	})
}

func TestRegister_keyThatTheDatabaseDoesNotKnow(t *testing.T) {
	d := newServer(t, t.TempDir())
	raw := d.login(t, d.Lifetime()).AccessToken
	old := d.kids()[0]
	other := openKeys(t, t.TempDir()) // a file that the operator puts there
	kid := other.signing.id
	text, err := os.ReadFile(filepath.Join(other.dir, kid+".pem"))
	noError(t, err)
	put(t, filepath.Join(d.dir, "keys"), kid+".pem", text)
	d = d.restarted(t)
	if got := d.kids(); !slices.Equal(got, []string{kid, old}) {
		t.Errorf("published are %v, want %s and %s", got, kid, old)
	}
	d.wantValid(t, raw, d.login(t, d.Lifetime()).AccessToken)
	if got := time.Until(d.keys.own[old].until); got < 29*time.Minute {
		t.Errorf("the old key counts for %v only", got)
	}
}

func TestRotate_failureLeavesNothing(t *testing.T) {
	d := newServer(t, t.TempDir())
	raw, kids, before := d.login(t, d.Lifetime()).AccessToken, d.kids(), listing(t, filepath.Join(d.dir, "keys"))
	noError(t, d.store.Close())
	if kid, err := d.keys.Rotate(t.Context(), d.Lifetime()); err == nil || kid != "" {
		t.Fatalf("%q, %v", kid, err)
	}
	if got := d.kids(); !slices.Equal(got, kids) || listing(t, filepath.Join(d.dir, "keys")) != before {
		t.Errorf("published are %v, on the disk %v", got, d.onDisk(t))
	}
	d.wantValid(t, raw)
	d = newServer(t, d.dir)
	d.rotate(t)
	d.wantValid(t, raw)
}

func TestSweep_finishesAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newServer(t, t.TempDir())
		old := d.kids()[0]
		kid := d.rotate(t)
		time.Sleep(time.Hour)
		d.lose(t, old) // already removed
		noError(t, d.keys.Sweep(t.Context()))
		if got, _ := d.inDatabase(t); !slices.Equal(got, []string{kid}) {
			t.Errorf("in the database are %v", got)
		}
	})
}

// TestDatabaseTime_isBelievedWithinReason lets the database be ahead of the clock by a
// little, and by so much that the clock must have been wrong before.
func TestDatabaseTime_isBelievedWithinReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for lead, believed := range map[time.Duration]bool{
			-time.Hour: true, 0: true, time.Hour: true, 24 * time.Hour: true, 25 * time.Hour: false, 4 * 365 * 24 * time.Hour: false,
		} {
			ks := &Keys{}
			used := time.Now().Add(lead)
			if got := ks.databaseTime(used); got.Equal(used) != believed {
				t.Errorf("%v ahead is taken for %v", lead, got)
			}
			if got := ks.DatabaseClockLead(); got != max(0, lead) {
				t.Errorf("%v ahead is said to be %v", lead, got)
			}
		}
	})
}
