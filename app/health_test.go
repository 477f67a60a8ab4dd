package app

import "testing"

func TestHealth_url(t *testing.T) {
	for addr, want := range map[string]string{
		"localhost:8080": "http://127.0.0.1:8080", ":8080": "http://127.0.0.1:8080", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::]:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080", "192.0.2.1:8080": "http://192.0.2.1:8080",
	} {
		if got := (config{addr: addr, tls: "off"}).localURL(); got != want {
			t.Errorf("%s: asks %s, want %s", addr, got, want)
		}
	}
}
