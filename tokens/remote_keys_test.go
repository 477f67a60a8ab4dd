package tokens

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/models"
)

// onInstances runs test with servers that share a database, each with a folder and a
// name of its own.
func onInstances(t *testing.T, names []string, test func(t *testing.T, servers []*testServer)) {
	testkit.NeedPostgres(t)
	synctest.Test(t, func(t *testing.T) {
		shared := t.TempDir()
		servers := make([]*testServer, len(names))
		for i, name := range names {
			servers[i] = newInstance(t, t.TempDir(), openStore(t, shared), Instance{name, "https://" + name + ".example"})
		}
		test(t, servers)
	})
}

// reregistered is the instance after a restart.
func (d *testServer) reregistered(t testing.TB) *testServer {
	t.Helper()
	return newInstance(t, d.dir, d.store, d.keys.instance)
}

func (d *testServer) heartbeat(t testing.TB) {
	t.Helper()
	noError(t, d.keys.Heartbeat(t.Context()))
}

// wantUnknown wants a token to be refused because its key is unknown.
func (d *testServer) wantUnknown(t testing.TB, raw string) {
	t.Helper()
	if _, err := d.Verify(raw); !errors.Is(err, ErrKeyUnknown) {
		t.Errorf("err = %v, want ErrKeyUnknown", err)
	}
}

// TestRemoteKeys_afterARotationInDoubt: the commit of a rotation has happened, but it
// failed to answer, so its key is not used. The key before it must verify on everywhere.
func TestRemoteKeys_afterARotationInDoubt(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		lost := models.SigningKey{KID: "lost", Instance: "north", CreatedAt: models.Now(), SeenAt: models.Now()}
		noError(t, north.store.AddSigningKey(t.Context(), lost, models.Now().Add(time.Minute)))
		time.Sleep(time.Minute)
		north.heartbeat(t)
		south.heartbeat(t)
		time.Sleep(15 * time.Minute)
		raw := north.login(t, north.Lifetime()).AccessToken
		north.wantValid(t, raw)
		south.wantValid(t, raw)
	})
}

func TestRemoteKeys_anyInstanceVerifiesTokensOfAny(t *testing.T) {
	onInstances(t, []string{"north", "south", "east"}, func(t *testing.T, servers []*testServer) {
		for _, d := range servers { // the first has not heard of those after it
			raw := d.login(t, d.Lifetime()).AccessToken
			for _, other := range servers {
				other.wantValid(t, raw)
			}
		}
		own := servers[0].kids()[0]
		for _, d := range servers {
			if got := d.kids(); len(got) != 3 || !slices.Contains(got, own) || got[0] != d.keys.signing.id {
				t.Errorf("published are %v, want three, its own first", got)
			}
		}
	})
}

// TestRemoteKeys_eachIssuesInItsOwnNameOnly: a token with the iss of another is refused.
func TestRemoteKeys_eachIssuesInItsOwnNameOnly(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		for _, issuer := range []string{"https://south.example", "https://pizza.example"} {
			raw, err := NewAuthority(north.keys, issuer, time.Minute).Issue(vera(), NewID(), time.Now().Add(time.Minute))
			noError(t, err)
			if _, err := south.Verify(raw); !errors.Is(err, ErrClaimsInvalid) {
				t.Errorf("in the name of %s: err = %v, want ErrClaimsInvalid", issuer, err)
			}
		}
		south.wantValid(t, north.login(t, time.Minute).AccessToken)
	})
}

func TestRotate_leavesKeysOfOtherInstancesAlone(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		raws := []string{north.login(t, north.Lifetime()).AccessToken, south.login(t, south.Lifetime()).AccessToken}
		signs := south.kids()[0]
		north.rotate(t)
		raws = append(raws, north.login(t, north.Lifetime()).AccessToken, south.login(t, south.Lifetime()).AccessToken)
		for range 2 {
			north.wantValid(t, raws...)
			south.wantValid(t, raws...)
			north, south = north.reregistered(t), south.reregistered(t)
		}
		if south.kids()[0] != signs {
			t.Error("the other instance signs with another key")
		}
		time.Sleep(north.Lifetime() + time.Second)
		for range 2 {
			for _, d := range servers {
				noError(t, d.keys.Sweep(t.Context()))
				d.heartbeat(t)
			}
		}
		if got, open := north.inDatabase(t); len(got) != 2 || len(open) != 2 {
			t.Errorf("in the database are %v, of which %v sign", got, open)
		}
	})
}

// TestRemoteKeys_unknownKeyIsLookedUpOnceInAWhile, or forged tokens would cause a query
// each.
func TestRemoteKeys_unknownKeyIsLookedUpOnceInAWhile(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		time.Sleep(time.Minute)
		south.wantValid(t, north.login(t, north.Lifetime()).AccessToken) // known since it opened
		stranger := newServer(t, t.TempDir())
		south.wantUnknown(t, stranger.login(t, stranger.Lifetime()).AccessToken)
		looked := south.keys.lastLookup
		if looked != time.Now() {
			t.Fatal("it has not looked for the key")
		}
		north.rotate(t)
		raw := north.login(t, north.Lifetime()).AccessToken
		time.Sleep(lookupInterval - time.Millisecond)
		south.wantUnknown(t, raw)
		if south.keys.lastLookup != looked {
			t.Error("it has looked again")
		}
		time.Sleep(time.Millisecond)
		south.wantValid(t, raw)
	})
}

func TestRemoteKeys_onlyAKidOfTheRightLengthIsLookedUp(t *testing.T) {
	onInstances(t, []string{"north"}, func(t *testing.T, servers []*testServer) {
		for _, kid := range []string{"", "short", strings.Repeat("long", 5)} {
			if servers[0].keys.lookup(kid) != nil || !servers[0].keys.lastLookup.IsZero() {
				t.Errorf("it looks for %q", kid)
			}
		}
	})
}

func TestRemoteKeys_goneInstanceDropsOut(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		for range 60 {
			time.Sleep(time.Minute)
			north.heartbeat(t)
			south.heartbeat(t)
		}
		south.wantValid(t, north.login(t, MaxLifetime).AccessToken) // an hour later it is still there
		last := north.login(t, MaxLifetime).AccessToken
		for range int(MaxLifetime.Minutes()) { // and then only the other one is
			south.wantValid(t, last)
			time.Sleep(time.Minute - time.Second/2)
			south.heartbeat(t)
		}
		time.Sleep(remoteKeyTTL - MaxLifetime + 30*time.Second)
		if got := south.kids(); len(got) != 1 {
			t.Errorf("published are %v", got)
		}
		south.heartbeat(t)
		if got, _ := south.inDatabase(t); !slices.Equal(got, south.kids()) {
			t.Errorf("in the database are %v", got)
		}
		north.heartbeat(t) // it was only away
		south.wantValid(t, north.login(t, MaxLifetime).AccessToken)
	})
}

func TestRemoteKeys_lostKeyIsValidNowhere(t *testing.T) {
	onInstances(t, []string{"north", "south"}, func(t *testing.T, servers []*testServer) {
		north, south := servers[0], servers[1]
		raw := north.login(t, north.Lifetime()).AccessToken
		south.wantValid(t, raw)
		north.lose(t, north.kids()[0])
		north = north.reregistered(t)
		noError(t, south.keys.Reload(t.Context()))
		south.wantUnknown(t, raw)
		south.wantValid(t, north.login(t, north.Lifetime()).AccessToken)
	})
}

// TestParseRemoteKey_mustMatchItsKid: what can write into the database can add a key, but
// not under the kid of another.
func TestParseRemoteKey_mustMatchItsKid(t *testing.T) {
	der := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	spki, err := x509.MarshalPKIXPublicKey(&strangerKey().PublicKey)
	noError(t, err)
	genuine := models.SigningKey{KID: thumbprint(&strangerKey().PublicKey), Issuer: issuer, PublicKey: base64.StdEncoding.EncodeToString(spki), SeenAt: models.Now()}
	if k, err := parseRemoteKey(genuine); err != nil || !k.public.Equal(&strangerKey().PublicKey) {
		t.Fatalf("the control: %v", err)
	}
	for name, row := range map[string]models.SigningKey{
		"another name":  {KID: thumbprint(&ownKey().PublicKey), Issuer: issuer, PublicKey: genuine.PublicKey},
		"no issuer":     {KID: genuine.KID, PublicKey: genuine.PublicKey},
		"no key":        {KID: genuine.KID},
		"no base64":     {KID: genuine.KID, Issuer: issuer, PublicKey: "§"},
		"no SPKI":       {KID: genuine.KID, Issuer: issuer, PublicKey: der("key")},
		"a private key": {KID: genuine.KID, Issuer: issuer, PublicKey: der(string(pemOf(t, strangerKey())))},
	} {
		if k, err := parseRemoteKey(row); err == nil {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

func TestRegister_storesThePublicHalfOnly(t *testing.T) {
	d := newServer(t, t.TempDir())
	rows, err := d.store.SigningKeys(t.Context())
	noError(t, err)
	for _, row := range rows {
		k, err := parseRemoteKey(row)
		if err != nil || !k.public.Equal(d.keys.signing.public) {
			t.Errorf("%s: %v", row.PublicKey, err)
		}
	}
}

func TestInstanceName_isKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "instance")
	name, err := InstanceName(file)
	noError(t, err)
	again, err := InstanceName(file)
	if noError(t, err); again != name || len(name) != instanceNameLength {
		t.Errorf("%q, then %q", name, again)
	}
	noError(t, os.WriteFile(file, []byte("\ufeff"+name+"\r\n"), 0o600)) // as an editor of Windows saves it
	again, err = InstanceName(file)
	if noError(t, err); again != name {
		t.Errorf("%q, then %q", name, again)
	}
	other, err := InstanceName(filepath.Join(t.TempDir(), "instance"))
	if noError(t, err); other == name {
		t.Error("two instances have one name")
	}
	noError(t, os.WriteFile(file, []byte("x"), 0o600))
	if name, err := InstanceName(file); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("%q, %v", name, err)
	}
}
