package models

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// logged keeps what is logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// An operator reads in state and log what happens while the primary dies, is replaced, and
// comes back.
func TestDatabaseState_tellsWhatHappens(t *testing.T) {
	t.Parallel() // it mostly waits
	onPostgres(t, func(t *testing.T) {
		pair, log := testkit.NewPostgresPair(t), new(logged)
		first, second := pair.Servers[0], pair.Servers[1]
		s, err := ReopenPostgres(t.Context(), pair.URL(""), PrimaryMemory{Log: slog.New(slog.NewTextHandler(log, nil))})
		noError(t, err)
		t.Cleanup(func() { noError(t, s.Close()) })
		startFollowing(t, s)
		await := func(what string, is func(DatabaseState) bool) (state DatabaseState) {
			t.Helper()
			for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) { // polled, not raced against
				if state, _ = s.Database(); is(state) {
					return state
				}
				if time.Now().After(deadline) {
					t.Fatalf("it is never %s, but %+v\n%s", what, state, log)
				}
			}
		}
		await("on timeline 1", func(d DatabaseState) bool { return d.Role == DatabasePrimary && d.Primary.Timeline == 1 && d.Away == 0 })
		first.AwaitStandby(true) // which then has all that was migrated
		first.AwaitStandby(false)
		first.Kill()
		await("a standby", func(d DatabaseState) bool { return d.Role == DatabaseStandby && d.Away > 0 })
		promoted := Now() // the instance may notice before the command has ended
		second.Promote()
		state := await("on timeline 2", func(d DatabaseState) bool { return d.Role == DatabasePrimary && d.Primary.Timeline == 2 && d.Away == 0 })
		if state.Primary.Since < promoted {
			t.Errorf("the change was at %v", state.Primary.Since.Time())
		}
		first.Start()
		second.CutConnections()
		await("back", func(DatabaseState) bool { return strings.Contains(log.String(), "an old primary is running") })
		second.Kill()
		await("stale", func(d DatabaseState) bool { return d.Role == DatabaseStale })
		for _, want := range []string{
			"the database is away", first.Addr + ": nothing listens there; " + second.Addr + ": it is a standby", "another database server has become the primary",
			"the database is back", "timeline=2", "pg_rewind", "it is an old primary (timeline 1, the newest is timeline 2)",
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, log)
			}
		}
		if n := strings.Count(log.String(), "\n"); n > 15 {
			t.Errorf("it says so in %d lines:\n%s", n, log)
		}
	})
}
