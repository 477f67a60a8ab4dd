package server

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowReaders_ofStreams: over HTTP/2 each response of a connection is watched for itself.
// One that is not read ends, and those beside it go on for as long as they are read.
func TestSlowReaders_ofStreams(t *testing.T) {
	certificates, err := OpenSelfSigned(t.TempDir(), []string{"localhost"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := servePipes(t, Options{TLS: certificates})
		conns := 0
		transport := &http.Transport{
			ForceAttemptHTTP2: true,
			HTTP2:             &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 4 << 20},
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conns++
				c := tls.Client(p.dial(t, "203.0.113.1"), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // the other end of a pipe
				return c, c.HandshakeContext(ctx)
			},
		}
		t.Cleanup(transport.CloseIdleConnections)
		ask := func(path string) io.ReadCloser {
			res, err := (&http.Client{Transport: transport}).Get("https://localhost" + path) //nolint:noctx // the bubble ends
			if err != nil {
				t.Fatal(err)
			}
			if res.ProtoMajor != 2 {
				t.Fatal("it speaks " + res.Proto)
			}
			return res.Body
		}
		for _, path := range []string{"/", "/later"} {
			conns = 0
			stopped, slow := ask(path), ask(path)
			if conns > 1 {
				t.Fatal("each has a connection")
			}
			var got int64
			for got < bodySize {
				n, err := io.CopyN(io.Discard, slow, bodySize/8)
				if got += n; err != nil {
					t.Fatalf("%s: a client that reads was cut off after %d bytes: %v", path, got, err)
				}
				time.Sleep(maxStall * 2 / 3)
			}
			if n, err := io.Copy(io.Discard, stopped); err == nil || n >= bodySize {
				t.Errorf("%s: what nobody took for minutes came whole: %d bytes, %v", path, n, err)
			}
			_, _ = stopped.Close(), slow.Close() // they are read
			if n := p.inside.Load(); n != 0 {
				t.Errorf("%s: %d handlers wait", path, n)
			}
		}
	})
}
