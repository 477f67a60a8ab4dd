package models

import "testing"

func signingKeys(t testing.TB, s *Store) []SigningKey {
	t.Helper()
	keys, err := s.SigningKeys(t.Context())
	noError(t, err)
	return keys
}

// The newest key signs; the others verify until their time.
func TestAddSigningKey(t *testing.T) {
	s := openStore(t)
	if got := signingKeys(t, s); len(got) != 0 {
		t.Errorf("an empty database has %v", got)
	}
	noError(t, s.AddSigningKey(t.Context(), SigningKey{KID: "first", CreatedAt: 1}, 1000))
	if got := signingKeys(t, s); len(got) != 1 || got[0].VerifyUntil != nil {
		t.Errorf("the first key: %+v", got)
	}
	noError(t, s.AddSigningKey(t.Context(), SigningKey{KID: "second", CreatedAt: 2}, 2000))
	noError(t, s.AddSigningKey(t.Context(), SigningKey{KID: "third", CreatedAt: 3}, 3000))
	noError(t, s.AddSigningKey(t.Context(), SigningKey{KID: "first", CreatedAt: 9}, 9000)) // known: nothing changes
	want := []struct {
		kid     string
		created Millis
		until   Millis
	}{{"first", 1, 2000}, {"second", 2, 3000}, {"third", 3, 0}}
	got := signingKeys(t, s)
	for i, w := range want {
		if len(got) != len(want) || got[i].KID != w.kid || got[i].CreatedAt != w.created || (got[i].VerifyUntil == nil) != (w.until == 0) || w.until != 0 && *got[i].VerifyUntil != w.until {
			t.Fatalf("the database has %+v", got)
		}
	}
}

func TestRemoveSigningKey(t *testing.T) {
	s := openStore(t)
	for i, kid := range []string{"first", "second"} {
		noError(t, s.AddSigningKey(t.Context(), SigningKey{KID: kid, CreatedAt: Millis(i)}, 1000))
	}
	for range 2 { // once more changes nothing
		noError(t, s.RemoveSigningKey(t.Context(), "first"))
		if got := signingKeys(t, s); len(got) != 1 || got[0].KID != "second" || got[0].VerifyUntil != nil {
			t.Errorf("the database has %+v", got)
		}
	}
	noError(t, s.RemoveSigningKey(t.Context(), "none"))
}
