package app

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// logDelay is how old a line may become before it is written out.
const logDelay = time.Second

// logBuffer collects the lines of the log: in a rush, writing each by itself
// would cost as much as the answer that it speaks of. On a quiet evening every
// line goes out at once; otherwise all of them do every second, and when the
// house closes.
type logBuffer struct {
	out     io.Writer
	mu      sync.Mutex
	buf     *bufio.Writer
	flushed time.Time
}

func newLogBuffer(out io.Writer) *logBuffer {
	return &logBuffer{out: out, buf: bufio.NewWriterSize(out, 64<<10)}
}

// Write takes a line on. It never fails: guests are served whether somebody can
// write it down or not.
func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.buf.Write(line); err != nil || time.Since(l.flushed) >= logDelay {
		l.flush()
	}
	return len(line), nil
}

// Flush writes out what has been collected.
func (l *logBuffer) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
}

func (l *logBuffer) flush() {
	l.flushed = time.Now()
	if l.buf.Flush() != nil {
		l.buf.Reset(l.out) // these lines are lost; the next may find room on the disk again
	}
}

// flushLoop writes out every second, until ctx ends.
func (l *logBuffer) flushLoop(ctx context.Context) {
	ticks := time.NewTicker(logDelay)
	defer ticks.Stop()
	defer l.Flush()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			l.Flush()
		}
	}
}

// flushOnWarn writes warnings and errors out at once: the next second may not come.
type flushOnWarn struct {
	slog.Handler
	buffer *logBuffer
}

func (u flushOnWarn) Handle(ctx context.Context, r slog.Record) error {
	err := u.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		u.buffer.Flush()
	}
	return err
}

func (u flushOnWarn) WithAttrs(attrs []slog.Attr) slog.Handler {
	return flushOnWarn{u.Handler.WithAttrs(attrs), u.buffer}
}

func (u flushOnWarn) WithGroup(name string) slog.Handler {
	return flushOnWarn{u.Handler.WithGroup(name), u.buffer}
}
