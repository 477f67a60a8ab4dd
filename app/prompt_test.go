package app

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// TestReadLine_ctrlCEndsTheQuestion: it does not wait for Enter, and says that nothing
// happened. Answered, the same question goes on.
func TestReadLine_ctrlCEndsTheQuestion(t *testing.T) {
	t.Parallel()
	usersAdd := func(in io.Reader, stopAt string) error {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		out := &stopper{word: stopAt, stop: stop}
		return Run(ctx, []string{"users", "add", "-data-dir", t.TempDir(), "newcomer"}, nil, Stdio{In: in, Out: out, Log: io.Discard})
	}
	silent, writer := io.Pipe() // a terminal at which nobody types
	defer writer.Close()
	if err := usersAdd(silent, "password"); err == nil || err.Error() != "stopped; nothing was changed" {
		t.Errorf("stopped: %v", err)
	}
	if err := usersAdd(strings.NewReader("a long enough secret\n"), "never written"); err != nil {
		t.Errorf("answered: %v", err)
	}
}

// TestStart_ctrlCIsNoFaultOfTheDatabase: a start that is stopped early does not tell
// the operator to restore a backup.
func TestStart_ctrlCIsNoFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := openStore(ctx, config{dataDir: t.TempDir()}, slog.New(slog.DiscardHandler))
	if err == nil || err.Error() != "stopped before the database was open; nothing was changed" {
		t.Errorf("says %v", err)
	}
}
