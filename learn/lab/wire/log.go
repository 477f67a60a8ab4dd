package wire

import (
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

// maxLog bounds what a log keeps of all connections together.
const maxLog = 64 << 10 // bytes

// Entry is one thing that was seen on the wire.
type Entry struct {
	At time.Time
	// From is client or server, or empty for a note.
	From string
	// Bytes is how many bytes went over the wire.
	Bytes int
	// Text is what they said. Under TLS it is the kind of the record.
	Text string
}

// Log is what was seen on a wire.
type Log struct {
	mu      sync.Mutex
	entries []Entry
	size    int
}

// Entries returns what was seen so far, and whether the log is full and left something out.
func (l *Log) Entries() (entries []Entry, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry(nil), l.entries...), l.size > maxLog
}

func (l *Log) note(text string) { l.add(Entry{Text: text}) }

func (l *Log) add(e Entry) {
	const overhead = 64 // bytes that an entry takes besides its text
	e.At = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size += len(e.Text) + overhead
	if l.size <= maxLog {
		l.entries = append(l.entries, e)
	}
}

// tapped is a connection whose bytes are recorded.
type tapped struct {
	net.Conn
	log       *Log
	secure    bool
	sent, got records
	// asked is whether a request has begun, and ended whether this server has ended the
	// connection, because it was closed or its time was over.
	asked, ended bool
	closed       sync.Once
	afterwards   func()
}

func (l *Log) tap(c net.Conn, secure bool, afterwards func()) *tapped {
	return &tapped{Conn: c, log: l, secure: secure, afterwards: afterwards}
}

func (t *tapped) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.record("client", b[:n], &t.got)
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.ended = true
	}
	return n, err
}

func (t *tapped) Write(b []byte) (int, error) {
	t.record("server", b, &t.sent)
	return t.Conn.Write(b)
}

func (t *tapped) Close() error {
	t.closed.Do(t.afterwards)
	return t.Conn.Close()
}

func (t *tapped) record(from string, b []byte, r *records) {
	if !t.secure {
		if len(b) > 0 {
			t.log.add(Entry{From: from, Bytes: len(b), Text: printable(b)})
		}
		return
	}
	for _, e := range r.read(b) {
		e.From = from
		t.log.add(e)
	}
}

// printable keeps the lines of a text and replaces what a terminal could misunderstand.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r':
			return -1
		case !unicode.IsPrint(r):
			return '.'
		}
		return r
	}, strings.ToValidUTF8(string(b), "."))
}

// records finds the records of TLS in a stream of bytes (RFC 8446, section 5.1): a byte
// for the kind, two for the version, two for the length, and then the content.
type records struct {
	head []byte // of the record that has begun
	left int    // bytes of its content that have not come yet
	// handshake is whether a record of a handshake was among them. A server that refuses
	// what the client offers sends an alert instead.
	handshake bool
}

const (
	recordHead      = 5 // bytes
	handshakeRecord = 22
)

var recordKinds = map[byte]string{
	20:              "change cipher spec: from here on it is encrypted",
	21:              "alert",
	handshakeRecord: "handshake",
	23:              "encrypted data: without the key nobody can read it",
}

// read returns the records that b has begun. Their size is known before they are complete.
func (r *records) read(b []byte) (found []Entry) {
	for len(b) > 0 {
		if r.left > 0 {
			n := min(r.left, len(b))
			r.left, b = r.left-n, b[n:]
			continue
		}
		n := min(recordHead-len(r.head), len(b))
		r.head, b = append(r.head, b[:n]...), b[n:]
		if len(r.head) < recordHead {
			break
		}
		r.left = int(r.head[3])<<8 | int(r.head[4])
		r.handshake = r.handshake || r.head[0] == handshakeRecord
		kind, known := recordKinds[r.head[0]]
		if !known {
			kind = "not TLS"
		}
		found = append(found, Entry{Bytes: recordHead + r.left, Text: kind})
		r.head = r.head[:0]
	}
	return found
}
