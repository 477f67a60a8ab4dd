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

// recorder collects the news that a house hheard.
type recorder struct {
	mu        sync.Mutex
	ended     []string
	orders    []int64
	keys, any int
	lost      []error
}

func (e *recorder) note(fn func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fn()
}

func (e *recorder) news() Listener {
	return Listener{
		Keys: func(context.Context) error { e.note(func() { e.keys++ }); return nil },
		Orders: func(_ context.Context, ids []int64) error {
			e.note(func() { e.orders = append(e.orders, ids...) })
			return nil
		},
		AnyOrders: func(context.Context) error { e.note(func() { e.any++ }); return nil },
		Lost:      func(err error) { e.note(func() { e.lost = append(e.lost, err) }) },
	}
}

// until waits for news; they come from a server, so no clock can be moved.
func (e *recorder) until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		is := false
		if e.note(func() { is = done() }); is {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was not heard: %+v", what, e)
		}
	}
}

// startFollowing listens to the other houses until the test ends.
func startFollowing(t testing.TB, s *Store) *recorder {
	t.Helper()
	e := new(recorder)
	ctx, stop := context.WithCancel(context.Background())
	var following sync.WaitGroup
	s.OnSessionsEnded(func(list []RevokedSession) {
		e.note(func() {
			for _, one := range list {
				e.ended = append(e.ended, one.ID)
			}
		})
	})
	following.Go(func() { s.Follow(ctx, e.news()) })
	t.Cleanup(func() { stop(); following.Wait() })
	e.until(t, "that it listens", func() bool { return e.any == 1 && e.keys == 1 })
	return e
}

// dropListeners ends the connections over which the houses listen.
func dropListeners(t testing.TB, s *Store) {
	t.Helper()
	if n := queryInt(t, s, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%(news)'"); n == 0 {
		t.Fatal("nobody listens")
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
		own, heard := startFollowing(t, there), startFollowing(t, here)

		t.Run("of sessions that are ended, however many", func(t *testing.T) {
			var sids []string
			for i := range 2*endedPerNotification + 1 {
				sids = append(sids, newSession(t, there, alice, fmt.Sprintf("alice %03d", i)).ID)
			}
			noError(t, there.EndSessions(t.Context(), alice.ID, ""))
			heard.until(t, "the end of all", func() bool { return len(heard.ended) == len(sids) })
			wantSame(t, slices.Sorted(slices.Values(heard.ended)), sids)
		})
		t.Run("of orders that make a step", func(t *testing.T) {
			var ids []int64
			for range ordersPerNotification + 1 {
				ids = append(ids, placeOrder(t, there, alice, dish).ID)
			}
			_, err := there.AdvanceDue(t.Context(), Now(), 2*len(ids))
			noError(t, err)
			_, err = there.AdvanceOrder(t.Context(), ids[0], StatusReady)
			noError(t, err)
			heard.until(t, "the steps", func() bool { return len(heard.orders) == len(ids)+1 })
			wantSame(t, slices.Sorted(slices.Values(heard.orders)), append([]int64{ids[0]}, ids...))
		})
		t.Run("of the menu", func(t *testing.T) {
			other := newDish(t, there, func(m *MenuItem) { m.Name = "Diavola" })
			heard.until(t, "the dish", func() bool { _, shown := here.Menu().Item(other.ID); return shown })
		})
		t.Run("of keys", func(t *testing.T) {
			before := heard.keys
			noError(t, there.AddSigningKey(t.Context(), SigningKey{KID: "first", Instance: "there"}, 0))
			heard.until(t, "the key", func() bool { return heard.keys > before })
		})
		t.Run("but not of what was taken back", func(t *testing.T) {
			newSession(t, there, alice, "taken back")
			changed := errors.New("it thought better of it")
			err := there.write(t.Context(), func(tx *gorm.DB) error {
				_, err := there.endSessions(tx, Now(), "id = ?", "taken back")
				return errors.Join(err, changed)
			})
			if !errors.Is(err, changed) {
				t.Fatal(err)
			}
			newSession(t, there, alice, "the control")
			noError(t, there.EndSession(t.Context(), alice.ID, "the control"))
			heard.until(t, "the control", func() bool { return slices.Contains(heard.ended, "the control") })
			if slices.Contains(heard.ended, "taken back") {
				t.Error("it heard of a transaction that was rolled back")
			}
		})
		if own.note(func() {}); len(own.orders) > 0 {
			t.Errorf("a house heard of itself: %+v", own)
		}
		wantSame(t, slices.Sorted(slices.Values(own.ended)), slices.Sorted(slices.Values(heard.ended))) // once, from itself
	})
}

// Each time the connection for notifications is cut, a change follows at once. It
// is found all the same.
func TestFollow_readsWhatItMissed(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		here, there := stores[0], stores[1]
		alice, dish := newUser(t, there, "alice"), newDish(t, there)
		heard := startFollowing(t, here)
		for i := range 5 {
			sid, again := fmt.Sprint("alice ", i), heard.any
			newSession(t, there, alice, sid)
			dropListeners(t, there)
			start := time.Now()
			noError(t, there.EndSession(t.Context(), alice.ID, sid))
			dish.Name = fmt.Sprint("Pizza ", i)
			noError(t, there.ReplaceMenuItem(t.Context(), &dish, int64(i+1)))
			heard.until(t, sid, func() bool { return slices.Contains(heard.ended, sid) })
			t.Logf("heard after %v", time.Since(start))
			heard.until(t, "that orders may have moved", func() bool { return heard.any > again })
			heard.until(t, "the dish", func() bool { m, _ := here.Menu().Item(dish.ID); return m.Name == dish.Name })
		}
		if len(heard.lost) < 5 {
			t.Errorf("it was lost %d times, and says so %d times", 5, len(heard.lost))
		}
	})
}

func TestFollow_retriesAFailedRefresh(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		stores := newInstances(t, 2)
		alice, dish := newUser(t, stores[1], "alice"), newDish(t, stores[1])
		e := new(recorder)
		news := e.news()
		failed := errors.New("the order book is away")
		news.Orders = func(_ context.Context, ids []int64) error {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.orders = append(e.orders, ids...); len(e.orders) == 1 {
				return failed
			}
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		var following sync.WaitGroup
		following.Go(func() { stores[0].Follow(ctx, news) })
		e.until(t, "that it listens", func() bool { return e.any == 1 })
		o := placeOrder(t, stores[1], alice, dish)
		_, err := stores[1].AdvanceOrder(t.Context(), o.ID, StatusPreparing)
		noError(t, err)
		e.until(t, "the order, twice", func() bool { return slices.Equal(e.orders, []int64{o.ID, o.ID}) })
		stop()
		following.Wait()
		if len(e.lost) != 1 || !errors.Is(e.lost[0], failed) {
			t.Errorf("it says %v", e.lost)
		}
	})
}

// relay passes connections on to a server, until those that are open at some
// moment fall silent: nothing goes through any more, and nobody is told.
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
		heard := startFollowing(t, here)
		for _, sid := range []string{"first", "second"} {
			newSession(t, there, alice, sid)
			r.silence()
			start := time.Now()
			noError(t, there.EndSession(t.Context(), alice.ID, sid))
			heard.until(t, sid, func() bool { return slices.Contains(heard.ended, sid) })
			t.Logf("heard after %v", time.Since(start))
		}
	})
}
