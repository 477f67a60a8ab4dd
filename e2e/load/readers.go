package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"restaurant/e2e/testkit/process"
)

const (
	slowReaders = 1000
	// openedFor is how long the readers are there: long enough for the server to fill what it
	// may, and shorter than it waits for them.
	openedFor = 8 * time.Second
	// atRest is how long a server has started before it is measured.
	atRest = 3 * time.Second
	// goneFor is when the memory has to be back.
	goneFor = 30 * time.Second
	// largestFile is the largest that the server has. They ask for it without compression.
	largestFile = "/swagger/swagger-ui-bundle.js"
)

// readers is one way to ask for much and read nothing.
type readers struct {
	what      string
	tls       bool
	streams   int // of a connection over HTTP/2; 0: HTTP/1.1
	addresses int // from which they come
	proxied   bool
}

// slowReading measures the memory of the server before, with and after a thousand clients
// that ask for the largest file and read nothing.
func slowReading(ctx context.Context, o options, dir string, out io.Writer) error {
	if !countable {
		return errors.New("-readers reads the memory of a process from /proc, which only Linux has")
	}
	var t table
	t.add(fmt.Sprintf("%d that read nothing", slowReaders), "before, MiB", "with them", "peak", "30 s later")
	for i, kind := range []readers{
		{what: "HTTP/1.1, one address", addresses: 1},
		{what: "HTTP/1.1, ten addresses", addresses: 10},
		{what: "HTTPS, ten addresses", tls: true, addresses: 10},
		{what: "HTTP/2, 100 streams a connection, one address", tls: true, streams: 100, addresses: 1},
		{what: "HTTP/2, 100 streams a connection, ten addresses", tls: true, streams: 100, addresses: 10},
		{what: "a proxy, for one address", proxied: true, addresses: 1},
		{what: "a proxy, for ten addresses", proxied: true, addresses: 10},
	} {
		progress("%s", kind.what)
		cells, err := kind.measure(ctx, o, filepath.Join(dir, fmt.Sprint("readers-", i)))
		if err != nil {
			return err
		}
		t.add(append([]string{kind.what}, cells...)...)
	}
	t.print(out)
	return nil
}

// measure returns the memory before, with, at most, and after.
func (k readers) measure(ctx context.Context, o options, dir string) (cells []string, err error) {
	s, err := k.server(o, dir)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if _, err := s.start(ctx); err != nil {
		return nil, err
	}
	var open held
	defer open.close()
	for _, step := range []struct {
		do    func() error
		field string
	}{
		{func() error { return pause(ctx, atRest) }, "VmRSS"},
		{func() error {
			return errors.Join(resetPeak(s.pid()), k.open(ctx, s.addr, &open), pause(ctx, openedFor))
		}, "VmRSS"},
		{func() error { return nil }, "VmHWM"},
		{func() error { open.close(); return pause(ctx, goneFor) }, "VmRSS"},
	} {
		if err := step.do(); err != nil {
			return nil, err
		}
		n, err := memory(s.pid(), step.field)
		if err != nil {
			return nil, err
		}
		cells = append(cells, mebibytes(n))
	}
	return cells, nil
}

// server is a server for the readers, with the limits that everybody has.
func (k readers) server(o options, dir string) (*server, error) {
	settings := []string{"RESTAURANT_LOG_LEVEL=warn"}
	if k.proxied {
		settings = append(settings, "RESTAURANT_TRUSTED_PROXIES=127.0.0.1")
	}
	if !k.tls {
		return newServer(o.program, dir, settings...)
	}
	secure, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	s, err := newServer(o.program, dir, append(settings, "RESTAURANT_TLS=self-signed", "RESTAURANT_TLS_ADDR="+secure)...)
	if err == nil {
		s.addr, s.URL = secure, "https://"+secure
		s.HTTP.Transport.(*http.Transport).TLSClientConfig = trustAnything
	}
	return s, err
}

// trustAnything is for the certificate that the server has made a moment ago.
var trustAnything = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}} //nolint:gosec // of this computer

// held are open connections.
type held []net.Conn

func (c *held) close() {
	for _, conn := range *c {
		_ = conn.Close() // nothing was to come
	}
	*c = nil
}

// open opens the connections and asks on each, by turns from the addresses.
func (k readers) open(ctx context.Context, addr string, all *held) error {
	_, port, _ := net.SplitHostPort(addr)
	for i := range slowReaders / max(1, k.streams) {
		guest := net.IPv4(127, 0, 0, byte(2+i%k.addresses)) //nolint:gosec // a few
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: guest}}
		if k.proxied {
			d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
		}
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			return err
		}
		*all = append(*all, conn)
		if err := k.ask(ctx, conn, guest); err != nil {
			return err
		}
	}
	return nil
}

// ask sends the requests of a connection.
func (k readers) ask(ctx context.Context, conn net.Conn, guest net.IP) error {
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		return err
	}
	if k.tls {
		config := trustAnything.Clone()
		if k.streams > 0 {
			config.NextProtos = []string{"h2"}
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = secure
	}
	if k.streams > 0 {
		_, err := conn.Write(http2Requests(k.streams))
		return err
	}
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: %s\r\n\r\n", largestFile, guest)
	return err
}

// http2Requests are the first bytes of a client of HTTP/2 (RFC 9113): what it begins with, its
// settings, and that many requests. The windows stay as they are: 64 KiB for a connection.
func http2Requests(n int) []byte {
	b := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 0, 0, 4, 0, 0, 0, 0, 0)
	const authority = "localhost"
	// GET and https are in the table of HPACK, the others are names of it with a value (RFC 7541).
	header := append([]byte{0x82, 0x87, 0x04, byte(len(largestFile))}, largestFile...)
	header = append(append(header, 0x01, byte(len(authority))), authority...)
	for i := range n {
		id := uint32(2*i + 1)                        // of a stream of the client
		b = append(b, 0, 0, byte(len(header)), 1, 5) //nolint:gosec // short. HEADERS with END_STREAM and END_HEADERS
		b = binary.BigEndian.AppendUint32(b, id)
		b = append(b, header...)
	}
	return b
}
