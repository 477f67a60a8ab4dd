package wire

import "testing"

func TestNameNote(t *testing.T) {
	for host, want := range map[string]string{
		"localhost": "The client asks for the host name localhost. TLS does not hide it.",
		"":          "The client asks for no host name: it uses an IP address.",
		"a\x1b[2Jb": "The client asks for the host name a.[2Jb. TLS does not hide it.",
	} {
		if got := nameNote(host); got != want {
			t.Errorf("for %q the log says %q", host, got)
		}
	}
}
