package course

import "testing"

// TestAdvance_isBounded sends more tokens than partial matches are kept: only the newest
// can still complete the sequence.
func TestAdvance_isBounded(t *testing.T) {
	seq := []Pattern{{Token: "valid", Same: sameToken}, {Token: "token-expired", Same: sameToken}}
	const tokens = 10 * maxPartial
	var partial []PartialMatch
	for n := range tokens {
		partial, _, _ = Advance(partial, seq, 0, &Fact{Token: "valid", TokenHash: uint64(n + 1)})
	}
	if len(partial) > maxPartial {
		t.Errorf("%d partial matches are kept", len(partial))
	}
	for token, want := range map[uint64]bool{1: false, tokens: true} {
		if _, _, further := Advance(partial, seq, 1, &Fact{Token: "token-expired", TokenHash: token}); further != want {
			t.Errorf("token %d of %d completes the sequence: %t", token, tokens, further)
		}
	}
}
