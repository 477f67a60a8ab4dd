package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"
)

// recorder collects what Follow reports.
type recorder struct {
	mu        sync.Mutex
	ended     []string
	orders    []int64
	keys, any int
	boards    int
	lost      []error
}

func (e *recorder) locked(fn func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fn()
}

func (e *recorder) listener() Listener {
	return Listener{
		Keys:      func(context.Context) error { e.locked(func() { e.keys++ }); return nil },
		BoardRead: func() { e.locked(func() { e.boards++ }) },
		Orders: func(_ context.Context, ids []int64) error {
			e.locked(func() { e.orders = append(e.orders, ids...) })
			return nil
		},
		AnyOrders: func(context.Context) error { e.locked(func() { e.any++ }); return nil },
		Lost:      func(err error) { e.locked(func() { e.lost = append(e.lost, err) }) },
	}
}

// waitFor waits for l; they come from a server, so no clock can be moved.
func (e *recorder) waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		is := false
		if e.locked(func() { is = done() }); is {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was not received: %+v", what, e)
		}
	}
}

// startFollowing follows the other instances until the test ends.
func startFollowing(t testing.TB, s *Store) *recorder {
	t.Helper()
	e := new(recorder)
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	s.OnSessionsEnded(func(list []RevokedSession) {
		e.locked(func() {
			for _, one := range list {
				e.ended = append(e.ended, one.ID)
			}
		})
	})
	following.Go(func() { s.Follow(ctx, e.listener()) })
	t.Cleanup(func() { stop(); following.Wait() })
	e.waitFor(t, "that it listens", func() bool { return e.any == 1 && e.keys == 1 })
	return e
}

// dropListeners terminates the connections for notifications.
func dropListeners(t testing.TB, s *Store) {
	t.Helper()
	if n := queryInt(t, s, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%(news)'"); n == 0 {
		t.Fatal("no connection listens")
	}
}

func TestFollow_returnsAtOnceWithSQLite(t *testing.T) {
	openFile(t).Follow(context.Background(), Listener{}) // returns at once
}

func TestFollow_receivesChangesOfOtherInstances(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		here, there := stores[0], stores[1]
		alice, dish := newUser(t, there, "alice"), newDish(t, there)
		own, recorded := startFollowing(t, there), startFollowing(t, here)

		t.Run("of sessions that are ended, however many", func(t *testing.T) {
			var sids []string
			for i := range 2*endedPerNotification + 1 {
				sids = append(sids, newSession(t, there, alice, fmt.Sprintf("alice %03d", i)).ID)
			}
			noError(t, there.EndSessions(t.Context(), alice.ID, "", EndLogout))
			recorded.waitFor(t, "the end of all", func() bool { return len(recorded.ended) == len(sids) })
			wantSame(t, slices.Sorted(slices.Values(recorded.ended)), sids)
		})
		t.Run("of orders that make a step", func(t *testing.T) {
			var ids []int64
			for range ordersPerNotification + 1 {
				ids = append(ids, placeOrder(t, there, alice, dish).ID)
			}
			_, err := there.AdvanceDue(t.Context(), Due{Now(), Now()}, 2*len(ids))
			noError(t, err)
			_, err = there.AdvanceOrder(t.Context(), ids[0], StatusReady)
			noError(t, err)
			recorded.waitFor(t, "the steps", func() bool { return len(recorded.orders) == len(ids)+1 })
			wantSame(t, slices.Sorted(slices.Values(recorded.orders)), append([]int64{ids[0]}, ids...))
		})
		t.Run("of a chef who reads the board", func(t *testing.T) {
			noError(t, there.NotifyBoardRead(t.Context()))
			recorded.waitFor(t, "the reading", func() bool { return recorded.boards == 1 })
		})
		t.Run("of the menu", func(t *testing.T) {
			other := newDish(t, there, func(m *MenuItem) { m.Name = "Diavola" })
			recorded.waitFor(t, "the dish", func() bool { _, shown := here.Menu().Item(other.ID); return shown })
		})
		t.Run("of keys", func(t *testing.T) {
			before := recorded.keys
			noError(t, there.AddSigningKey(t.Context(), SigningKey{KID: "first", Instance: "there"}, 0))
			recorded.waitFor(t, "the key", func() bool { return recorded.keys > before })
		})
		t.Run("but not of what was taken back", func(t *testing.T) {
			newSession(t, there, alice, "taken back")
			changed := errors.New("it thought better of it")
			err := there.write(t.Context(), func(tx *gorm.DB) error {
				_, err := there.endSessions(tx, Now(), EndLogout, "id = ?", "taken back")
				return errors.Join(err, changed)
			})
			if !errors.Is(err, changed) {
				t.Fatal(err)
			}
			newSession(t, there, alice, "the control")
			noError(t, there.EndSession(t.Context(), alice.ID, "the control", EndLogout))
			recorded.waitFor(t, "the control", func() bool { return slices.Contains(recorded.ended, "the control") })
			if slices.Contains(recorded.ended, "taken back") {
				t.Error("it received a change that was rolled back")
			}
		})
		own.waitFor(t, "its own steps", func() bool { return len(own.orders) == len(recorded.orders) })
		if own.boards > 0 {
			t.Error("an instance is told of its own chef")
		}
		wantSame(t, slices.Sorted(slices.Values(own.ended)), slices.Sorted(slices.Values(recorded.ended))) // once, from itself
	})
}

// Each time the connection for notifications is cut, a change follows at once. It
// is found all the same.
// TestFollow_hearsItsOwnCommits: an error may hide that a commit has happened. So here the
// writes leave out what follows a commit that is known to have happened.
func TestFollow_hearsItsOwnCommits(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		s := newInstances(t, 1)[0]
		alice, dish := newUser(t, s, "alice"), newDish(t, s)
		order := placeOrder(t, s, alice, dish)
		recorded := startFollowing(t, s)
		noError(t, s.write(t.Context(), func(tx *gorm.DB) error {
			err := tx.Model(&MenuItem{}).Where("id = ?", dish.ID).Update("name", "Quattro formaggi").Error
			return errors.Join(err, s.notify(tx, notification{Menu: true, Orders: []int64{order.ID}}))
		}))
		recorded.waitFor(t, "the menu", func() bool { item, _ := s.Menu().Item(dish.ID); return item.Name == "Quattro formaggi" })
		recorded.waitFor(t, "the order", func() bool { return slices.Contains(recorded.orders, order.ID) })
	})
}

func TestFollow_readsWhatItMissed(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		here, there := stores[0], stores[1]
		alice, dish := newUser(t, there, "alice"), newDish(t, there)
		recorded := startFollowing(t, here)
		for i := range 5 {
			sid, again := fmt.Sprint("alice ", i), recorded.any
			newSession(t, there, alice, sid)
			dropListeners(t, there)
			start := time.Now()
			noError(t, there.EndSession(t.Context(), alice.ID, sid, EndLogout))
			dish.Name = fmt.Sprint("Pizza ", i)
			noError(t, there.ReplaceMenuItem(t.Context(), &dish, int64(i+1)))
			recorded.waitFor(t, sid, func() bool { return slices.Contains(recorded.ended, sid) })
			t.Logf("recorded after %v", time.Since(start))
			recorded.waitFor(t, "that orders may have moved", func() bool { return recorded.any > again })
			recorded.waitFor(t, "the dish", func() bool { m, _ := here.Menu().Item(dish.ID); return m.Name == dish.Name })
		}
		if len(recorded.lost) < 5 {
			t.Errorf("it was lost %d times, and says so %d times", 5, len(recorded.lost))
		}
	})
}

func TestFollow_retriesAFailedRefresh(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		alice, dish := newUser(t, stores[1], "alice"), newDish(t, stores[1])
		e := new(recorder)
		l := e.listener()
		failed := errors.New("the database is away")
		l.Orders = func(_ context.Context, ids []int64) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.orders = append(e.orders, ids...); len(e.orders) == 1 {
				return failed
			}
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		var following sync.WaitGroup
		following.Go(func() { stores[0].Follow(ctx, l) })
		e.waitFor(t, "that it listens", func() bool { return e.any == 1 })
		o := placeOrder(t, stores[1], alice, dish)
		_, err := stores[1].AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		noError(t, err)
		e.waitFor(t, "the order, twice", func() bool { return slices.Equal(e.orders, []int64{o.ID, o.ID}) })
		stop()
		following.Wait()
		if len(e.lost) != 1 || !errors.Is(e.lost[0], failed) {
			t.Errorf("it says %v", e.lost)
		}
	})
}

// relay passes connections on to a server, until those that are open at some
// moment fall silent: nothing goes through any more, and no connection is closed.
type relay struct {
	net.Listener
	to     string
	silent atomic.Pointer[atomic.Bool] // of the connections that are taken now
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { l.Close() })
	r := &relay{Listener: l, to: to}
	r.silent.Store(new(atomic.Bool))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.pass(conn)
		}
	}()
	return r
}

func (r *relay) silence() { r.silent.Swap(new(atomic.Bool)).Store(true) }

func (r *relay) pass(conn net.Conn) {
	silent := r.silent.Load()
	defer conn.Close()
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer server.Close()
	go copyUnlessSilent(conn, server, silent)
	copyUnlessSilent(server, conn, silent)
}

// copyUnlessSilent copies what comes in, unless it is silent.
func copyUnlessSilent(to io.Writer, from io.Reader, silent *atomic.Bool) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if !silent.Load() {
			_, _ = to.Write(buf[:n]) // the other side will notice by itself
		}
	}
}

// A broken connection is as silent as one without notifications, so it is pinged.
func TestFollow_detectsASilentConnection(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		t.Parallel()
		address := stores.New(t, t.TempDir())
		u, err := url.Parse(address)
		noError(t, err)
		there, r := openPostgres(t, address), newRelay(t, u.Host)
		u.Host = r.Addr().String()
		here := openPostgres(t, u.String())
		alice := newUser(t, there, "alice")
		recorded := startFollowing(t, here)
		for _, sid := range []string{"first", "second"} {
			newSession(t, there, alice, sid)
			r.silence()
			start := time.Now()
			noError(t, there.EndSession(t.Context(), alice.ID, sid, EndLogout))
			recorded.waitFor(t, sid, func() bool { return slices.Contains(recorded.ended, sid) })
			t.Logf("recorded after %v", time.Since(start))
		}
	})
}
