package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// serveSizes answers as many bytes as the query says, on a real port.
func serveSizes(t *testing.T) (addr string) { return serve(t, answerSize) }

func serve(t *testing.T, answer http.HandlerFunc) (addr string) {
	t.Helper()
	listeners, err := Bind(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Log: slog.New(slog.DiscardHandler)}, listeners...)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(answer) })
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return s.Addr()
}

func answerSize(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("bytes"))
	body := sizedBody(n)
	if r.FormValue("length") != "" {
		w.Header().Set("Content-Length", strconv.Itoa(n))
	}
	switch r.URL.Path {
	case "/later":
		w.(interface{ WriteLater([]byte) }).WriteLater(body)
	case "/writes":
		for piece := range slices.Chunk(body, max(1, n/3)) {
			_, _ = w.Write(piece)
		}
	case "/pieces": // of which the last is long
		_, _ = w.Write(body[:n/3])
		w.(http.Flusher).Flush()
		_, _ = w.Write(body[n/3:])
	default:
		_, _ = w.Write(body)
	}
}

// sizedBody is a body of which no part looks like another.
func sizedBody(n int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return []byte(b.String()[:n])
}

// TestJoinedWrite_isComplete reads responses of all sizes around those of the buffers, all
// over one connection: a start that stays behind would be missing there.
func TestJoinedWrite_isComplete(t *testing.T) {
	c, err := net.Dial("tcp", serveSizes(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(c)
	for _, n := range []int{0, 1, 2047, 2049, 3800, 3900, 3990, 4000, 4095, 4096, 4097, 8191, 8193, 15_000, 25_000, writeChunk - 1, writeChunk + 1, 3 * writeChunk} {
		for _, path := range []string{"/", "/later", "/writes", "/pieces"} {
			for _, length := range []string{"", "&length=1"} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					checkSize(t, c, in, method, fmt.Sprintf("%s?bytes=%d%s", path, n, length), sizedBody(n))
				}
			}
		}
	}
}

func checkSize(t *testing.T, c net.Conn, in *bufio.Reader, method, path string, want []byte) {
	t.Helper()
	if method == http.MethodHead {
		want = nil
	}
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != string(want) {
		t.Fatalf("%s %s: got %d bytes, %v", method, path, len(got), err)
	}
}

// send returns a connection over which a request was sent.
func send(t *testing.T, addr, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, request) // a failure is seen where the answer is read
	return c
}

// TestJoinedWrite_besideAContinue reads the body in another goroutine, as a proxy does: net/http
// says "100 Continue" there while the handler writes.
func TestJoinedWrite_besideAContinue(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		reads, read := make(chan bool), make(chan int64)
		go func() {
			close(reads)
			n, _ := io.Copy(io.Discard, r.Body)
			read <- n
		}()
		<-reads
		_, _ = io.WriteString(w, "begin ")
		_, _ = fmt.Fprint(w, <-read)
	})
	for range 200 {
		c := send(t, addr, "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
		if text, err := io.ReadAll(c); err != nil || !strings.Contains(string(text), "begin ") {
			t.Errorf("got %q, %v", text, err)
		}
		c.Close()
	}
}

// TestJoinedWrite_hijacked: whoever has taken the connection writes while the server ends
// the request.
func TestJoinedWrite_hijacked(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			_, _ = io.WriteString(c, "hello")
			_, _ = c.Read(make([]byte, 1))
			c.Close()
		}()
	})
	for range 200 {
		c := send(t, addr, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}

// TestJoiner_goesOnWhereItStopped lets the network take a start and its rest in pieces of
// every size.
func TestJoiner_goesOnWhereItStopped(t *testing.T) {
	all := sizedBody(httpBuffer + 1000)
	start, rest := all[:httpBuffer], all[httpBuffer:]
	for _, piece := range []int{1, 7, 1000, httpBuffer - 1, httpBuffer, httpBuffer + 1, len(all) - 1, len(all)} {
		var j joiner
		var network shortWrites
		network.most = piece
		j.expects = true
		if j.keep(start[1:]) || j.keep(all) || !j.keep(start) || j.keep(start) {
			t.Fatal("one start has to wait, and nothing else")
		}
		rest := rest
		for len(rest) > 0 {
			n, _ := j.writeTo(&network, rest)
			rest = rest[n:]
		}
		if network.String() != string(all) {
			t.Errorf("in pieces of %d: got %d bytes", piece, network.Len())
		}
	}
}

// shortWrites is a network that takes only so much at a time.
type shortWrites struct {
	net.Conn
	strings.Builder
	most, taken int
}

func (w *shortWrites) Write(p []byte) (int, error) {
	if len(p) <= w.most-w.taken {
		w.taken += len(p)
		return w.Builder.Write(p)
	}
	p = p[:w.most-w.taken]
	w.taken = 0
	_, _ = w.Builder.Write(p)
	return len(p), io.ErrShortWrite
}
