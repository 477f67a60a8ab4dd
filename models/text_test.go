package models

import (
	"strings"
	"testing"
)

func TestIsText(t *testing.T) {
	for _, tc := range []struct {
		name, text         string
		optional, required bool
	}{
		{"a name", "Margherita", true, true},
		{"another alphabet", "Ωμέγα", true, true},
		{"Hebrew", "שלום", true, true},
		{"a digit", "7", true, true},
		{"an emoji", "🍕", true, true},
		{"a family, held together by joiners", "👨\u200d👩\u200d👧", true, true},
		{"a Persian word with a non-joiner", "می\u200cخواهم", true, true},
		{"a flag made of tags", "🏴\U000e0067\U000e0062\U000e007f", true, true},
		{"an accent of its own", "u\u0308", true, true},
		{"nothing", "", true, false},
		{"blanks", " \u00a0\u3000", true, false},
		{"a zero-width space", "\u200b", true, false},
		{"a joiner alone", "\u200d", true, false},
		{"a byte-order mark", "\ufeff", true, false},
		{"a soft hyphen", "\u00ad", true, false},
		{"a Hangul filler", "\u3164", true, false},
		{"a half-width filler", "\uffa0", true, false},
		{"the blank of Braille", "\u2800", true, false},
		{"a mark without a letter", "\u034f\ufe0f", true, false},
		{"a private character", "\ue000", true, false},
		{"a line end", "a\nb", false, false},
		{"a terminal sequence", "\x1b[31mred", false, false},
		{"NUL", "a\x00", false, false},
		{"a control character of Latin-1", "a\u0085b", false, false},
		{"a line separator", "a\u2028b", false, false},
		{"a paragraph separator", "a\u2029b", false, false},
		{"an override of the direction", "a\u202eb", false, false},
		{"an embedding", "a\u202ab\u202c", false, false},
		{"an isolate", "a\u2066b\u2069", false, false},
		{"a mark of direction", "a\u200eb", false, false},
		{"an Arabic mark of direction", "a\u061cb", false, false},
		{"invalid UTF-8", "a\xff", false, false},
		{"too much", strings.Repeat("ü", 21), false, false},
		{"as much as there may be", strings.Repeat("ü", 20), true, true},
	} {
		if got := IsOptionalText(tc.text, 20); got != tc.optional {
			t.Errorf("%s: optional text is %t", tc.name, got)
		}
		if got := IsText(tc.text, 20); got != tc.required {
			t.Errorf("%s: text is %t", tc.name, got)
		}
		if got := IsName(tc.text); tc.name != "too much" && got != tc.required {
			t.Errorf("%s: a name is %t", tc.name, got)
		}
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"Tiramisù": "tiramisu", "TIRAMISU\u0300": "tiramisu", " ragù\t": "ragu", "\nragù\r\n": "ragu", "\u2028ragù\u0085": "ragu", "Straße": "strasse", "Crème brûlée": "creme brulee",
		"jalapeño": "jalapeno", "ﬁoco": "fioco", "": "", "  ": "", "two  words": "two  words",
	} {
		if got := Fold(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// TestUsername: only ASCII letters have two cases. Others that a computer takes for i or
// k in lower case make another name.
func TestUsername(t *testing.T) {
	for text, want := range map[string]string{
		"alice": "alice", "ALICE": "alice", " alice\t\u00a0": "alice", "alice\n": "alice", "\r\nalice\v\u2028": "alice", "al\nice": "", "a.b_c-9": "a.b_c-9", strings.Repeat("A", 32): strings.Repeat("a", 32),
		"al\u0130ce": "", "\u212aevin": "", "ſam": "", "al": "", strings.Repeat("a", 33): "", "al ice": "", "": "", "alicé": "", "alice\x00": "",
	} {
		if got, ok := Username(text); got != want || ok != (want != "") {
			t.Errorf("%q is the username %q, %t, want %q", text, got, ok, want)
		}
	}
}
