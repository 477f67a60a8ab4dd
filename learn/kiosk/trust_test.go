package kiosk

import (
	"strings"
	"testing"
)

func TestTrust_coversWholeSegmentsOnly(t *testing.T) {
	for _, tc := range []struct {
		prefix  string
		covered []string
		strange []string
	}{
		{"http://localhost:8080", []string{"http://localhost:8080", "http://localhost:8080/t/07", "http://localhost:8080/restaurant"}, []string{
			"", "localhost:8080", "//localhost:8080", "https://localhost:8080", "http://localhost", "http://localhost:80", "http://localhost:8081", "http://localhost:80800",
			"http://localhost:8080.evil", "http://localhost:8080.evil/", "http://localhost:8080evil", "http://localhost:8080@evil", "http://localhost:8080@evil:8080",
			"http://localhost:8080:8080", "http://evil/http://localhost:8080", "http://evil#http://localhost:8080", "http://evil?http://localhost:8080",
			"http://user@localhost:8080", "http://user:secret@localhost:8080", "http://@localhost:8080", "http://localhost.evil:8080", "http://evil.localhost:8080",
			"http://localhost.:8080", "http://LOCALHOST:8080", "HTTP://localhost:8080", "http://localhost:08080", "http://localhost:+8080", "http://localhost:８０８０",
			"http://localhost:8080/", "http://localhost:8080/t/", "http://localhost:8080//", "http://localhost:8080//evil", "http://localhost:8080/..", "http://localhost:8080/../evil",
			"http://localhost:8080/./t", "http://localhost:8080/t/%2e%2e", "http://localhost:8080/%2e%2e/x", "http://localhost:8080/t%2f07", "http://localhost:8080/t?x", "http://localhost:8080/t?",
			"http://localhost:8080/t#x", "http://localhost:8080#", "http://localhost:8080\\evil", "http:\\\\localhost:8080", "http:localhost:8080", "http:///localhost:8080",
			" http://localhost:8080", "http://localhost:8080 ", "http://localhost:8080\n", "http://localhost:8080/\x00", "http://lоcalhost:8080" /* Cyrillic */, "http://127.0.0.1:8080", "http://[::1]:8080",
			"http://localhost:8080/" + strings.Repeat("a", maxIssuer),
		}},
		{"http://school.example/t/", []string{"http://school.example/t", "http://school.example/t/07", "http://school.example/t/07/x"}, []string{
			"http://school.example", "http://school.example/", "http://school.example/t/", "http://school.example/table", "http://school.example/t07", "http://school.example/T/07",
			"http://school.example/t/../x", "http://school.example/x/t/07", "http://school.example:80/t/07", "http://school.example:/t/07", "http://evil.school.example/t/07",
		}},
		{"HTTPS://School.Example:443", []string{"https://school.example", "https://school.example/t"}, []string{"https://school.example:443", "https://School.example", "http://school.example"}},
		{"http://[::1]:8080", []string{"http://[::1]:8080"}, []string{"http://[0:0:0:0:0:0:0:1]:8080", "http://[::1%25lo]:8080", "http://::1:8080"}},
		{"http://10.0.0.7:8080/t", []string{"http://10.0.0.7:8080/t/01"}, []string{"http://10.0.0.7:8080", "http://10.0.0.77:8080/t", "http://10.0.0.7.evil:8080/t"}},
	} {
		trusted, err := newTrust(tc.prefix)
		if err != nil {
			t.Fatal(tc.prefix, err)
		}
		for _, issuer := range tc.covered {
			if !trusted.covers(issuer) {
				t.Errorf("%s does not cover %q", tc.prefix, issuer)
			}
		}
		for _, issuer := range tc.strange {
			if trusted.covers(issuer) {
				t.Errorf("%s covers %q", tc.prefix, issuer)
			}
		}
	}
}

func TestTrust_refusesWhatIsNoAddress(t *testing.T) {
	for _, prefix := range []string{"", "/", "localhost:8080", "ftp://localhost", "http://", "http://user@localhost", "http://localhost:0", "http://localhost:99999", "http://localhost/a/../b", "http://localhost/?q", "http://*.example"} {
		if _, err := newTrust(prefix); err == nil {
			t.Errorf("%q is taken", prefix)
		}
	}
}
