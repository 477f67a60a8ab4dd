package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"restaurant/server"
)

// startAt starts a command at an address, ends it when it is running, and returns why it does not.
func startAt(t *testing.T, command, addr string, more ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	args := append([]string{command, "-data-dir", t.TempDir(), "-addr", addr}, more...)
	return textOf(Run(ctx, args, nil, Stdio{In: strings.NewReader(""), Out: whenWritten(stop), Log: io.Discard}))
}

// takenPort is a port of an address that something else uses.
func takenPort(t *testing.T, host string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestListen_namesAnotherPort: of the same host, because another one may not be reached by those
// for whom the command is.
func TestListen_namesAnotherPort(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ command, host, want string }{
		{"serve", "127.0.0.1", "-addr 127.0.0.1:"},
		{"serve", "localhost", "-addr localhost:"},
		{"kiosk", "localhost", "-addr localhost:"},
		{"class", "127.0.0.1", "-addr 127.0.0.1:"},
	} {
		port := takenPort(t, "127.0.0.1")
		got := startAt(t, tc.command, net.JoinHostPort(tc.host, port))
		if want := "Stop what uses the port, or choose another port: " + tc.want + portInstead(port); !strings.HasSuffix(got, want) {
			t.Errorf("%s at %s: %q, want %q", tc.command, tc.host, got, want)
		}
		if got := startAt(t, tc.command, "127.0.0.1:0"); got != "" {
			t.Errorf("%s at a free port: %s", tc.command, got)
		}
	}
}

// TestListen_keepsAllAddresses: where the learners of a class are. A class itself refuses them on a
// computer that has a public address.
func TestListen_keepsAllAddresses(t *testing.T) {
	t.Parallel()
	port := takenPort(t, "0.0.0.0")
	_, err := config{class: true}.listenOn(t.Context(), "addr", server.Options{Addr: "0.0.0.0:" + port, Log: slog.New(slog.DiscardHandler)})
	if want := "-addr 0.0.0.0:" + portInstead(port); !strings.HasSuffix(textOf(err), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestPortInstead(t *testing.T) {
	t.Parallel()
	for port, want := range map[string]string{"80": "8080", "443": "8443", "8080": "8090", "8081": "8091", "65535": "65525"} {
		if got := portInstead(port); got != want {
			t.Errorf("%s: %s, want %s", port, got, want)
		}
	}
}

// TestListen_atNoAddressOfThisComputer: another port would not help. 192.168.255.77 is private,
// and no computer of a test has it.
func TestListen_atNoAddressOfThisComputer(t *testing.T) {
	t.Parallel()
	const elsewhere = "192.168.255.77:9090"
	for command, want := range map[string]string{"class": "-addr 0.0.0.0:9090", "serve": "-tls-addr localhost:9090"} {
		addr, more := elsewhere, []string(nil)
		if command == "serve" {
			addr, more = "127.0.0.1:0", []string{"-tls", "self-signed", "-tls-addr", elsewhere}
		}
		got := startAt(t, command, addr, more...)
		if !strings.HasSuffix(got, "No network of this computer has this address now: choose one that it has: "+want) {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}

// TestKiosk_isNotToldOfTLS: it has none.
func TestKiosk_isNotToldOfTLS(t *testing.T) {
	t.Parallel()
	got := startAt(t, "kiosk", "0.0.0.0:8081")
	if strings.Contains(got, "TLS") || !strings.HasSuffix(got, "use -addr localhost:8081") {
		t.Errorf("the kiosk: %q", got)
	}
	if got := startAt(t, "serve", "0.0.0.0:8081"); !strings.Contains(got, "RESTAURANT_TLS=self-signed") {
		t.Errorf("the control, serve: %q", got)
	}
}
