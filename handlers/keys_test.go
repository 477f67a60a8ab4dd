package handlers

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRotatingLosesNoToken rotates twice in a row through the door, and looks
// when the old keys leave the list.
func TestRotatingLosesNoToken(t *testing.T) {
	const rotatePath = "/api/v1/auth/keys/rotate"
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.Store.Close()
		published := func() (kids []string) {
			for _, k := range decode[jwksResponse](t, h.get(t, "/.well-known/jwks.json").wants(t, 200, "")).Keys {
				kids = append(kids, k.KeyID)
			}
			return kids
		}
		first := published()
		marco := h.as(t, "marco")
		wristbands := []option{h.as(t, "alice")}
		h.post(t, rotatePath, "", wristbands[0]).wants(t, 403, "role-required")
		for range 2 {
			kid := decode[rotateResponse](t, h.post(t, rotatePath, "", marco).wants(t, 201, "")).KID
			if now := published(); now[0] != kid {
				t.Errorf("%s should sign, published are %v", kid, now)
			}
			wristbands = append(wristbands, h.as(t, "alice"))
		}
		if len(first) != 1 || len(published()) != 3 {
			t.Errorf("published were %v and are %v", first, published())
		}
		time.Sleep(14 * time.Minute)
		for i, alice := range wristbands {
			if res := h.get(t, mePath, alice); res.Code != 200 {
				t.Errorf("wristband %d is answered %d", i, res.Code)
			}
		}
		time.Sleep(2 * time.Minute)
		if now := published(); len(now) != 1 || now[0] == first[0] {
			t.Errorf("after all of them have expired, published are %v", now)
		}
		h.get(t, mePath, wristbands[0]).wants(t, 401, "token-key-unknown")
		h.get(t, mePath, h.as(t, "alice")).wants(t, 200, "")
	})
}
