package handlers

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestKeys_rotationLosesNoToken rotates twice in a row with requests, and looks
// when the old keys leave the list.
func TestKeys_rotationLosesNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		published := func() (kids []string) {
			for _, k := range decode[jwksResponse](t, srv.get(t, "/.well-known/jwks.json").wants(t, 200, "")).Keys {
				kids = append(kids, k.KeyID)
			}
			return kids
		}
		first := published()
		marco := srv.as(t, "marco")
		accessTokens := []option{srv.as(t, "alice")}
		srv.post(t, rotatePath, "", accessTokens[0]).wants(t, 403, "role-required")
		for range 2 {
			kid := decode[rotateResponse](t, srv.post(t, rotatePath, "", marco).wants(t, 201, "")).KID
			if now := published(); now[0] != kid {
				t.Errorf("%s should sign, published are %v", kid, now)
			}
			accessTokens = append(accessTokens, srv.as(t, "alice"))
		}
		if len(first) != 1 || len(published()) != 3 {
			t.Errorf("published were %v and are %v", first, published())
		}
		time.Sleep(14 * time.Minute)
		for i, alice := range accessTokens {
			if res := srv.get(t, mePath, alice); res.Code != 200 {
				t.Errorf("access token %d is answered %d", i, res.Code)
			}
		}
		time.Sleep(2 * time.Minute)
		if now := published(); len(now) != 1 || now[0] == first[0] {
			t.Errorf("after all of them have expired, published are %v", now)
		}
		srv.get(t, mePath, accessTokens[0]).wants(t, 401, "token-key-unknown")
		srv.get(t, mePath, srv.as(t, "alice")).wants(t, 200, "")
	})
}

// TestKeys_fiveAreHonouredAtMost rotates in a hurry: the fifth time waits until the first
// key has expired, and then one more can be made.
func TestKeys_fiveAreHonouredAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		defer srv.Store.Close()
		marco := srv.as(t, "marco")
		for range 4 {
			srv.post(t, rotatePath, "", marco).wants(t, 201, "")
			time.Sleep(time.Minute)
		}
		marco = srv.as(t, "marco")
		for range 3 {
			res := srv.post(t, rotatePath, "", marco).wants(t, 429, "rate-limited")
			if got := res.Header().Get("Retry-After"); got != "661" { // 15 minutes and a second, less four minutes
				t.Errorf("Retry-After is %s", got)
			}
		}
		if keys, files := srv.Authority.Keys().JWKS(), srv.keyFiles(t); len(keys) != 5 || files != 5 {
			t.Errorf("%d keys are published and %d are on the disk", len(keys), files)
		}
		time.Sleep(661 * time.Second)
		srv.post(t, rotatePath, "", marco).wants(t, 201, "")
		srv.post(t, rotatePath, "", marco).wants(t, 429, "rate-limited")
	})
}

func (srv *server) keyFiles(t testing.TB) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(srv.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
