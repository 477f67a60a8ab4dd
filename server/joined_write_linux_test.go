package server

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/sys/unix"
)

// TestJoinedWrite_isOneWrite counts the segments in which responses come: on loopback each write
// is one, up to 64 KB.
func TestJoinedWrite_isOneWrite(t *testing.T) {
	for path, want := range map[string]uint32{"/?bytes=1000": 1, "/?bytes=25000": 1, "/later?bytes=25000": 1, "/later?bytes=5000": 1, "/pieces?bytes=1000": 2} {
		c, err := net.Dial("tcp", serveSizes(t))
		if err != nil {
			t.Fatal(err)
		}
		checkSize(t, c, bufio.NewReader(c), http.MethodGet, "/?bytes=1", []byte("0"))
		before := segments(t, c)
		if _, err := c.Write([]byte("GET " + path + "&length=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if answer, err := io.ReadAll(c); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200")) {
			t.Fatalf("%.40s %v", answer, err)
		}
		if got := segments(t, c) - before; got != want {
			t.Errorf("%s came in %d segments, want %d", path, got, want)
		}
		_ = c.Close()
	}
}

// segments is how many segments with data have come.
func segments(t *testing.T, c net.Conn) (n uint32) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if failed = err; err == nil {
			n = info.Data_segs_in
		}
	})
	if err != nil || failed != nil {
		t.Skipf("this system does not count segments: %v %v", err, failed)
	}
	return n
}
