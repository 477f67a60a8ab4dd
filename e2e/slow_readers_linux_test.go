package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

const (
	slowReaders = 1000
	// mostForReaders is how many MiB they may take; the goal is 40 on two quiet cores.
	mostForReaders = 60
)

// BenchmarkSlowReaders lets a thousand clients ask for the largest file and read nothing, and
// measures the memory that they take. `make readers` measures more ways, and what comes back.
func BenchmarkSlowReaders(b *testing.B) {
	b.Setenv("RESTAURANT_LOG_LEVEL", "error")
	for _, tc := range []struct {
		name  string
		start func(dir string) *testkit.Process
	}{
		{"HTTP", func(dir string) *testkit.Process { return testkit.Start(b, dir) }},
		{"HTTPS", func(dir string) *testkit.Process { server, _ := startTLS(b, dir); return server }},
	} {
		b.Run(tc.name, func(b *testing.B) {
			var added float64
			for b.Loop() {
				server := tc.start(b.TempDir())
				time.Sleep(3 * time.Second) // what the start took is given back
				before := memoryMiB(server, "VmRSS:")
				forgetPeak(b, server)
				readNothing(b, server)
				added += memoryMiB(server, "VmHWM:") - before
				server.Kill()
			}
			added /= float64(b.N)
			b.ReportMetric(added, "MiB-added")
			if added > mostForReaders {
				b.Errorf("%d slow readers take %.0f MiB, at most %d", slowReaders, added, mostForReaders)
			}
		})
	}
}

// forgetPeak lets the system count the peak of a process's memory from now on (proc(5)).
func forgetPeak(b *testing.B, p *testkit.Process) {
	b.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Cmd.Process.Pid), []byte("5"), 0); err != nil {
		b.Skipf("the peak cannot be measured: %v", err)
	}
}

// readNothing opens the connections, asks, and leaves after as long as the server needs to fill
// what it may.
func readNothing(b *testing.B, s *testkit.Process) {
	b.Helper()
	at, err := url.Parse(s.URL)
	if err != nil {
		b.Fatal(err)
	}
	for range slowReaders {
		conn, err := net.Dial("tcp", at.Host)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			b.Fatal(err)
		}
		if at.Scheme == "https" {
			config := s.HTTP.Transport.(*http.Transport).TLSClientConfig.Clone()
			config.ServerName, config.NextProtos = at.Hostname(), []string{"http/1.1"}
			conn = tls.Client(conn, config)
		}
		if _, err := fmt.Fprintf(conn, "GET /swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: %s\r\n\r\n", at.Host); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(3 * time.Second)
}
