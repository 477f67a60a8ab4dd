package server

import (
	"net"
	"strings"
	"testing"
)

// bindTo returns listeners that end with the test.
func bindTo(t *testing.T, addr string) []net.Listener {
	t.Helper()
	listeners, err := Bind(t.Context(), addr)
	if err != nil {
		t.Fatalf("%s: %v", addr, err)
	}
	t.Cleanup(func() {
		for _, l := range listeners {
			l.Close()
		}
	})
	return listeners
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// needIPv6 skips where [::1] is missing; there localhost is one address.
func needIPv6(t *testing.T) {
	t.Helper()
	if !hasIPv6Loopback(t.Context()) {
		t.Skip("this machine has no [::1]")
	}
}

func TestBind_localhostIsBothLoopbackAddresses(t *testing.T) {
	needIPv6(t)
	both := bindTo(t, "localhost:0")
	if len(both) != 2 || port(both[0]) != port(both[1]) || both[0].Addr().String() != "127.0.0.1:"+port(both[0]) {
		t.Fatalf("got %v", both)
	}
	for _, l := range both {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got, err := l.Accept(); err != nil || got.RemoteAddr().String() != conn.LocalAddr().String() {
			t.Errorf("at %v: %v", l.Addr(), err)
		}
	}
}

// TestBind_refusesHalfOfLocalhost: who holds the other half would get what is meant for
// this server.
func TestBind_refusesHalfOfLocalhost(t *testing.T) {
	needIPv6(t)
	for _, held := range []string{"[::1]:0", "127.0.0.1:0"} {
		other, err := net.Listen("tcp", held)
		if err != nil {
			t.Fatal(err)
		}
		addr := "localhost:" + port(other)
		if got, err := Bind(t.Context(), addr); err == nil || len(got) > 0 || !strings.Contains(err.Error(), other.Addr().String()) {
			t.Errorf("while %s is held: %v, %v", other.Addr(), got, err)
		}
		other.Close()
		if got := bindTo(t, addr); len(got) != 2 {
			t.Errorf("a refusal leaves something behind: %v", got)
		}
	}
}

// TestBind_takesOneAddressAsGiven: who names an address gets that one only.
func TestBind_takesOneAddressAsGiven(t *testing.T) {
	four := bindTo(t, "127.0.0.1:0")
	if len(four) != 1 {
		t.Errorf("got %v", four)
	}
	if hasIPv6Loopback(t.Context()) {
		if six := bindTo(t, "[::1]:"+port(four[0])); len(six) != 1 {
			t.Errorf("got %v", six)
		}
	}
}
