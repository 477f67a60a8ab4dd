package lab

import (
	"strings"
	"testing"

	"restaurant/learn/lab/wire"
)

// TestWhatIsReadable: a token counts wherever it stands, and words about one do not.
func TestWhatIsReadable(t *testing.T) {
	client := func(texts ...string) (entries []wire.Entry) {
		for _, text := range texts {
			entries = append(entries, wire.Entry{From: "client", Bytes: len(text), Text: text})
		}
		return entries
	}
	long := strings.Repeat("x", 4000)
	for _, tc := range []struct {
		name     string
		entries  []wire.Entry
		answered bool // over TLS
		want     string
	}{
		{"as curl sends it", client("GET / HTTP/1.1\nAuthorization: Bearer a.b.c\n\n"), false, "token-read"},
		{"as HTTP/2 libraries write it", client("GET / HTTP/1.1\nauthorization: bearer a.b.c\n\n"), false, "token-read"},
		{"in two pieces", client("X: "+long+"\nAuthoriz", "ation: Bearer a.b.c\n"), false, "token-read"},
		{"only the words", client("X-Note: Authorization: Bearer \n"), false, ""},
		{"no token", client("Authorization: Bearer \n"), false, ""},
		{"what the server said", []wire.Entry{{From: "server", Text: "Authorization: Bearer a.b.c\n"}}, false, ""},
		{"over TLS", client("encrypted data"), true, "nothing-readable"},
		{"a handshake that was broken off", client("handshake", "encrypted data"), false, ""},
	} {
		if got := whatIsReadable(tc.entries, tc.answered); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
