package server

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// serveSizes serves responses of the size in the path, head and body together.
func serveSizes(t *testing.T) (url string, client *http.Client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const head = len("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 0000\r\n\r\n")
	server := &http.Server{ConnState: flushWhenIdle, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Content-Type", "text/plain")
		if size -= head; size < 1000 || size > 9999 {
			size += head // the length of Content-Length is not four digits; the sum does not matter
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(bodyOf(size))
	})}
	go func() { _ = server.Serve(coalescingListener{l}) }()
	client = &http.Client{Timeout: 20 * time.Second}
	t.Cleanup(func() { client.CloseIdleConnections(); _ = server.Close() })
	return "http://" + l.Addr().String() + "/", client
}

func bodyOf(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = 'a' + byte(i*i%26)
	}
	return b
}

func TestCoalesce_responsesAreComplete(t *testing.T) {
	url, client := serveSizes(t)
	for _, size := range []int{1100, 4000, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 25_000, 3 << 20} {
		res, err := client.Get(url + strconv.Itoa(size))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !bytes.Equal(body, bodyOf(int(res.ContentLength))) {
			t.Errorf("of %d bytes %d arrived, %v", res.ContentLength, len(body), err)
		}
	}
}

// TestCoalesce_fullBufferDoesNotWait asks often enough that the kernel's own 200 ms
// would add up to a minute.
func TestCoalesce_fullBufferDoesNotWait(t *testing.T) {
	url, client := serveSizes(t)
	start := time.Now()
	for range 300 {
		res, err := client.Get(url + "4096")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("300 answers took %v", took)
	}
}
