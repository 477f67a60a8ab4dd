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

// branches opens desks over one order book, each with a folder and a name of its
// own. It needs a server, see testkit; without one there is only one branch,
// about which there is nothing to say.
func branches(t *testing.T, names []string, test func(t *testing.T, desks []*desk)) {
	testkit.NeedPostgres(t)
	synctest.Test(t, func(t *testing.T) {
		book := t.TempDir()
		desks := make([]*desk, len(names))
		for i, name := range names {
			desks[i] = openBranch(t, t.TempDir(), openBook(t, book), Instance{name, "https://" + name + ".example"})
		}
		test(t, desks)
	})
}

// again opens a branch anew, as after a restart.
func (d *desk) again(t testing.TB) *desk {
	t.Helper()
	return openBranch(t, d.dir, d.store, d.keys.branch)
}

func (d *desk) keepUp(t testing.TB) {
	t.Helper()
	noError(t, d.keys.Heartbeat(t.Context()))
}

// wantUnknown is what a branch says of tokens under keys of which it never heard.
func (d *desk) wantUnknown(t testing.TB, raw string) {
	t.Helper()
	if _, err := d.Verify(raw); !errors.Is(err, ErrKeyUnknown) {
		t.Errorf("err = %v, want ErrKeyUnknown", err)
	}
}

func TestAnyBranchVerifiesTheTokensOfAny(t *testing.T) {
	branches(t, []string{"north", "south", "east"}, func(t *testing.T, desks []*desk) {
		for _, d := range desks { // the first has not heard of those after it
			raw := d.login(t, d.Lifetime()).AccessToken
			for _, other := range desks {
				other.wantValid(t, raw)
			}
		}
		own := desks[0].kids()[0]
		for _, d := range desks {
			if got := d.kids(); len(got) != 3 || !slices.Contains(got, own) || got[0] != d.keys.signing.id {
				t.Errorf("published are %v, want three, its own first", got)
			}
		}
	})
}

// A branch may only issue in its own name.
func TestNoBranchSpeaksForAnother(t *testing.T) {
	branches(t, []string{"north", "south"}, func(t *testing.T, desks []*desk) {
		north, south := desks[0], desks[1]
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

func TestARotationInOneBranchLeavesTheKeysOfOthersAlone(t *testing.T) {
	branches(t, []string{"north", "south"}, func(t *testing.T, desks []*desk) {
		north, south := desks[0], desks[1]
		raws := []string{north.login(t, north.Lifetime()).AccessToken, south.login(t, south.Lifetime()).AccessToken}
		signs := south.kids()[0]
		north.rotate(t)
		raws = append(raws, north.login(t, north.Lifetime()).AccessToken, south.login(t, south.Lifetime()).AccessToken)
		for range 2 {
			north.wantValid(t, raws...)
			south.wantValid(t, raws...)
			north, south = north.again(t), south.again(t)
		}
		if south.kids()[0] != signs {
			t.Error("the other branch signs with another key")
		}
		time.Sleep(north.Lifetime() + time.Second)
		for range 2 {
			for _, d := range desks {
				noError(t, d.keys.Sweep(t.Context()))
				d.keepUp(t)
			}
		}
		if got, open := north.inBook(t); len(got) != 2 || len(open) != 2 {
			t.Errorf("in the book are %v, of which %v sign", got, open)
		}
	})
}

// Strangers must not be able to make the house read its book again and again.
func TestAnUnknownKeyIsLookedForOnceInAWhile(t *testing.T) {
	branches(t, []string{"north", "south"}, func(t *testing.T, desks []*desk) {
		north, south := desks[0], desks[1]
		time.Sleep(time.Minute)
		south.wantValid(t, north.login(t, north.Lifetime()).AccessToken) // known since it opened
		stranger := openDesk(t, t.TempDir())
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

func TestAnUnknownKeyIsAQuestionOnlyIfItIsCalledLikeOne(t *testing.T) {
	branches(t, []string{"north"}, func(t *testing.T, desks []*desk) {
		for _, kid := range []string{"", "short", strings.Repeat("long", 5)} {
			if desks[0].keys.lookup(kid) != nil || !desks[0].keys.lastLookup.IsZero() {
				t.Errorf("it looks for %q", kid)
			}
		}
	})
}

func TestABranchThatIsGoneDropsOut(t *testing.T) {
	branches(t, []string{"north", "south"}, func(t *testing.T, desks []*desk) {
		north, south := desks[0], desks[1]
		for range 60 {
			time.Sleep(time.Minute)
			north.keepUp(t)
			south.keepUp(t)
		}
		south.wantValid(t, north.login(t, MaxLifetime).AccessToken) // an hour later it is still there
		last := north.login(t, MaxLifetime).AccessToken
		for range int(MaxLifetime.Minutes()) { // and then only the other one is
			south.wantValid(t, last)
			time.Sleep(time.Minute - time.Second/2)
			south.keepUp(t)
		}
		time.Sleep(remoteKeyTTL - MaxLifetime + 30*time.Second)
		if got := south.kids(); len(got) != 1 {
			t.Errorf("published are %v", got)
		}
		south.keepUp(t)
		if got, _ := south.inBook(t); !slices.Equal(got, south.kids()) {
			t.Errorf("in the book are %v", got)
		}
		north.keepUp(t) // it was only away
		south.wantValid(t, north.login(t, MaxLifetime).AccessToken)
	})
}

func TestAKeyThatABranchHasLostCountsNowhere(t *testing.T) {
	branches(t, []string{"north", "south"}, func(t *testing.T, desks []*desk) {
		north, south := desks[0], desks[1]
		raw := north.login(t, north.Lifetime()).AccessToken
		south.wantValid(t, raw)
		north.lose(t, north.kids()[0])
		north = north.again(t)
		noError(t, south.keys.Reload(t.Context()))
		south.wantUnknown(t, raw)
		south.wantValid(t, north.login(t, north.Lifetime()).AccessToken)
	})
}

// Whoever can write into the book can add a key, but none may borrow a name.
func TestAForeignKeyMustBeWhatItIsCalled(t *testing.T) {
	der := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	spki, err := x509.MarshalPKIXPublicKey(&strangerKey().PublicKey)
	noError(t, err)
	genuine := models.SigningKey{KID: thumbprint(&strangerKey().PublicKey), Issuer: issuer, PublicKey: base64.StdEncoding.EncodeToString(spki), SeenAt: models.Now()}
	if k, err := parseRemoteKey(genuine); err != nil || !k.public.Equal(&strangerKey().PublicKey) {
		t.Fatalf("the control: %v", err)
	}
	for name, row := range map[string]models.SigningKey{
		"another name":  {KID: thumbprint(&houseKey().PublicKey), Issuer: issuer, PublicKey: genuine.PublicKey},
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

func TestOnlyThePublicHalfIsInTheBook(t *testing.T) {
	d := openDesk(t, t.TempDir())
	rows, err := d.store.SigningKeys(t.Context())
	noError(t, err)
	for _, row := range rows {
		k, err := parseRemoteKey(row)
		if err != nil || !k.public.Equal(d.keys.signing.public) {
			t.Errorf("%s: %v", row.PublicKey, err)
		}
	}
}

func TestABranchKeepsItsName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "branch")
	name, err := BranchName(file)
	noError(t, err)
	again, err := BranchName(file)
	if noError(t, err); again != name || len(name) != branchLength {
		t.Errorf("%q, then %q", name, again)
	}
	other, err := BranchName(filepath.Join(t.TempDir(), "branch"))
	if noError(t, err); other == name {
		t.Error("two branches have one name")
	}
	noError(t, os.WriteFile(file, []byte("x"), 0o600))
	if name, err := BranchName(file); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("%q, %v", name, err)
	}
}
