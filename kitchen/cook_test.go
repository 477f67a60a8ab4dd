package kitchen

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/models"
)

const pace = 3 * time.Second

func TestRun_servesAnOrderInThreeSteps(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		wait time.Duration // from opening the kitchen until the order
	}{
		{"placed before the kitchen opens", -10 * time.Millisecond},
		{"placed as it opens", 0},
		{"placed while the kitchen sleeps", time.Hour},
		{"placed between two milliseconds", 1234567 * time.Nanosecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				k := New(f.store, Mode{Pace: pace}, silent)
				var o models.Order
				if tc.wait < 0 {
					o = f.placeOrder(t)
					time.Sleep(-tc.wait)
				}
				defer run(t, k)()
				if tc.wait >= 0 {
					time.Sleep(tc.wait)
					o = f.placeOrder(t)
					k.Wake()
				}
				changes, cancel := k.Events.Subscribe(o.ID)
				defer cancel()
				for i, want := range []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed} {
					got := <-changes
					if due := o.PlacedAt.Add(time.Duration(i+1) * pace); got.Status != want || got.UpdatedAt != due || models.Now() != due {
						t.Errorf("step %d: %s at %v, told at %v, want %s at %v", i, got.Status, got.UpdatedAt, models.Now(), want, due)
					}
				}
				wantSteps(t, f.order(t, o.ID), 3, 6, 9)
				time.Sleep(time.Hour)
				wantSteps(t, f.order(t, o.ID), 3, 6, 9)
				wantReceived(t, changes, "")
			})
		})
	}
}

// A whole evening: orders come when they like, some in a rush, one is cancelled.
func TestRun_wholeEvening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Pace: pace}, silent)
		defer run(t, k)()
		var orders []models.Order
		for i, pause := range []time.Duration{0, 0, 0, 1, 999, 1000, 1999, 2000, 3000, 3001, 60_000, 0, 0, 2999, 1, 3_600_000, 500, 500} {
			time.Sleep(pause * time.Millisecond)
			o := f.placeOrder(t)
			k.Wake()
			if i == 7 {
				_, err := k.Cancel(t.Context(), f.alice.ID, o.ID)
				noError(t, err)
				continue
			}
			orders = append(orders, o)
		}
		synctest.Wait()
		time.Sleep(3 * pace)
		synctest.Wait()
		for _, o := range orders {
			wantSteps(t, f.order(t, o.ID), 3, 6, 9)
		}
		left, err := f.store.OpenOrders(t.Context(), "", 0, 100)
		if err != nil || len(left) > 0 {
			t.Errorf("%d orders are left over, %v", len(left), err)
		}
	})
}

// More orders than one batch are due at the same moment.
func TestRun_advancesManyOrdersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Pace: pace}, silent)
		defer run(t, k)()
		const many = batch + 1
		for range many {
			f.placeOrder(t)
		}
		k.Wake()
		time.Sleep(3 * pace)
		synctest.Wait()
		served, err := f.store.OpenOrders(t.Context(), models.StatusServed, 0, 2*many)
		noError(t, err)
		if len(served) != many {
			t.Errorf("%d orders are served, want %d", len(served), many)
		}
		for _, o := range served {
			wantSteps(t, f.order(t, o.ID), 3, 6, 9)
		}
	})
}

func TestRun_resumesAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		first := New(f.store, Mode{Pace: pace}, silent)
		closeFirst := run(t, first)
		o := f.placeOrder(t)
		first.Wake()
		time.Sleep(pace + time.Second)
		closeFirst()
		wantSteps(t, f.order(t, o.ID), 3)
		time.Sleep(time.Hour)
		wantSteps(t, f.order(t, o.ID), 3) // no kitchen runs

		second := New(f.store, Mode{Pace: pace}, silent)
		changes, cancel := second.Events.Subscribe(o.ID)
		defer cancel()
		defer run(t, second)() // without Wake: the database itself is the queue
		wantReceivedNext(t, changes, models.StatusReady)
		wantReceivedNext(t, changes, models.StatusServed)
		wantSteps(t, f.order(t, o.ID), 3, 3604, 3607)
	})
}

func TestRun_takesOverOrdersOfADeadInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		defer run(t, New(f.store, Mode{Pace: pace}, silent))()
		time.Sleep(time.Hour)
		o := f.placeOrder(t) // without Wake
		time.Sleep(4 * pace)
		synctest.Wait()
		if f.store.Shared() {
			wantSteps(t, f.order(t, o.ID), 3, 6, 9)
		} else {
			wantSteps(t, f.order(t, o.ID))
		}
	})
}

func wantReceivedNext(t *testing.T, changes <-chan models.Order, want models.Status) {
	t.Helper()
	if got := <-changes; got.Status != want {
		t.Errorf("received %s, want %s", got.Status, want)
	}
}

// TestRun_afterTheClockWasSetBack: in the second bubble it is earlier than in the first,
// which has left an order of the future. It is served as if it had just been placed.
func TestRun_afterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "restaurant.db")
	open := func(t *testing.T) *models.Store {
		store, err := models.OpenSQLite(t.Context(), path)
		noError(t, err)
		return store
	}
	var f *fixture
	var old models.Order
	synctest.Test(t, func(t *testing.T) {
		f = fixtureOf(t, open(t))
		time.Sleep(time.Hour)
		old = f.placeOrder(t)
		noError(t, f.store.Close())
	})
	synctest.Test(t, func(t *testing.T) {
		f.store = open(t)
		defer f.store.Close()
		k := New(f.store, Mode{Pace: pace}, silent)
		defer run(t, k)()
		time.Sleep(time.Second)
		o := f.placeOrder(t)
		k.Wake()
		time.Sleep(4 * pace)
		for name, id := range map[string]int64{"a new": o.ID, "the old": old.ID} {
			if got := f.order(t, id); got.Status != models.StatusServed {
				t.Errorf("%s order is %s after %v", name, got.Status, 4*pace)
			}
		}
	})
}

func TestRun_manualAdvancesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Manual: true, Pace: pace}, silent)
		defer run(t, k)()
		o := f.placeOrder(t)
		k.Wake()
		time.Sleep(24 * time.Hour)
		wantSteps(t, f.order(t, o.ID))
		_, err := k.Advance(t.Context(), o.ID, models.StatusPreparing) // the control: a chef does
		noError(t, err)
		wantSteps(t, f.order(t, o.ID), 86400)
	})
}

// The mode changes while the kitchen runs, and the pace with it.
func TestSetMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Pace: pace}, silent)
		defer run(t, k)()
		o := f.placeOrder(t)
		k.Wake()
		time.Sleep(4 * time.Second) // it is preparing since 3 s
		if got := k.SetMode(true, 0); got != (Mode{Manual: true, Pace: pace}) || k.Mode() != got {
			t.Errorf("the mode is %+v", got)
		}
		time.Sleep(6 * time.Second)
		wantSteps(t, f.order(t, o.ID), 3)
		if got := k.SetMode(false, 5*time.Second); got != (Mode{Pace: 5 * time.Second}) || k.Mode() != got {
			t.Errorf("the mode is %+v", got)
		}
		time.Sleep(time.Minute)
		wantSteps(t, f.order(t, o.ID), 3, 10, 15) // what was due meanwhile follows at once
	})
}

// An order that a chef could take stays placed for a minute after the chef has read the
// board, but for no more than a minute of its own. What is cooking goes on.
func TestBoardRead_letsAChefBeFirst(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		pace        time.Duration
		reads       []time.Duration // after the order was placed
		want        []float64       // seconds after it
		another     bool            // a chef takes it at 10 s
		elsewhere   bool            // the board was read in another instance
		readAtFirst time.Duration   // before the order was placed
	}{
		{name: "nobody reads", pace: pace, want: []float64{3, 6, 9}},
		{name: "read after it was placed", pace: pace, reads: []time.Duration{time.Second}, want: []float64{60, 63, 66}},
		{name: "read before", pace: pace, readAtFirst: 20 * time.Second, want: []float64{40, 43, 46}},
		{name: "read long before", pace: pace, readAtFirst: time.Minute, want: []float64{3, 6, 9}},
		{name: "read again and again", pace: pace, reads: []time.Duration{1, 20e9, 40e9, 59e9}, want: []float64{60, 63, 66}},
		{name: "read when it is cooking", pace: pace, reads: []time.Duration{4 * time.Second}, want: []float64{3, 6, 9}},
		{name: "read twice, and the first is over", pace: pace, readAtFirst: 50 * time.Second, reads: []time.Duration{5 * time.Second}, want: []float64{60, 63, 66}},
		{name: "a chef is first", pace: pace, reads: []time.Duration{time.Second}, another: true, want: []float64{10, 13, 16}},
		{name: "a slow kitchen waits no longer for it", pace: 90 * time.Second, reads: []time.Duration{time.Second}, want: []float64{90, 180, 270}},
		{name: "another instance notifies", pace: pace, reads: []time.Duration{time.Second}, elsewhere: true, want: []float64{60, 63, 66}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				k := New(f.store, Mode{Pace: tc.pace}, silent)
				read := func() { k.BoardRead(t.Context()) }
				if tc.elsewhere {
					read = k.NoteBoardRead
				}
				defer run(t, k)()
				if tc.readAtFirst > 0 {
					read()
					time.Sleep(tc.readAtFirst)
				}
				o := f.placeOrder(t)
				k.Wake()
				placed := time.Now()
				for _, at := range tc.reads {
					time.Sleep(time.Until(placed.Add(at)))
					read()
				}
				if tc.another {
					time.Sleep(time.Until(placed.Add(10 * time.Second)))
					_, err := k.Advance(t.Context(), o.ID, models.StatusPreparing)
					noError(t, err)
				}
				time.Sleep(time.Hour)
				wantSteps(t, f.order(t, o.ID), tc.want...)
			})
		})
	}
}

// TestNoteBoardRead_neverWaits: the one who notes it also hears of logouts. The chef who
// reads the board here, the control, waits until orders that are advancing have done so.
func TestNoteBoardRead_neverWaits(t *testing.T) {
	t.Parallel()
	k := New(newFixture(t).store, Mode{}, slog.New(slog.DiscardHandler))
	k.mu.Lock() // as while Run waits for the database
	noted, read := make(chan struct{}), make(chan struct{})
	go func() { defer close(noted); k.NoteBoardRead() }()
	select {
	case <-noted:
	case <-time.After(5 * time.Second):
		t.Error("it waits for the database")
	}
	go func() { defer close(read); k.BoardRead(t.Context()) }()
	select {
	case <-read:
		t.Error("a chef reads the board while orders move by old rules")
	case <-time.After(100 * time.Millisecond):
	}
	k.mu.Unlock()
	<-noted
	<-read
}

// A chef who is ahead of the kitchen gives the order its next full step.
func TestAdvance_whileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Pace: pace}, silent)
		defer run(t, k)()
		o := f.placeOrder(t)
		k.Wake()
		time.Sleep(time.Second)
		_, err := k.Advance(t.Context(), o.ID, models.StatusPreparing)
		noError(t, err)
		time.Sleep(time.Minute)
		wantSteps(t, f.order(t, o.ID), 1, 4, 7)
	})
}

func TestRun_twoKitchensNeverSkipOrRepeatAStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		kitchens := []*Kitchen{New(f.store, Mode{Pace: pace}, silent), New(f.store, Mode{Pace: pace}, silent)}
		type report struct{ order, step int64 }
		reports := make(chan report, 1000)
		var orders []models.Order
		for range 8 {
			orders = append(orders, f.placeOrder(t))
			time.Sleep(100 * time.Millisecond)
		}
		for _, k := range kitchens {
			for _, o := range orders {
				changes, cancel := k.Events.Subscribe(o.ID)
				defer cancel()
				go func() {
					for n := range changes {
						reports <- report{n.ID, int64(len(n.History()))}
					}
				}()
			}
			defer k.Events.Close()
			defer run(t, k)()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		close(reports)
		told := map[report]int{}
		for r := range reports {
			told[r]++
		}
		for _, o := range orders {
			wantSteps(t, f.order(t, o.ID), 3, 6, 9)
			for step := int64(2); step <= 4; step++ {
				if n := told[report{o.ID, step}]; n != 1 {
					t.Errorf("step %d of order %d was told %d times, want 1", step, o.ID, n)
				}
			}
		}
		if len(told) != 3*len(orders) {
			t.Errorf("%d different reports, want %d", len(told), 3*len(orders))
		}
	})
}

func TestRun_retriesWhenTheDatabaseFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		var log bytes.Buffer
		k := New(f.store, Mode{Pace: pace}, slog.New(slog.NewTextHandler(&log, nil)))
		closeKitchen := run(t, k)
		f.placeOrder(t)
		k.Wake()
		synctest.Wait()
		if logLines(&log) != 0 {
			t.Errorf("they complain about nothing: %s", log.String())
		}
		noError(t, f.store.Close())
		time.Sleep(10*time.Second + time.Millisecond)
		closeKitchen()
		// Due after 3 s, and from then on once a second: not a line less, and above all not a million.
		if got := logLines(&log); got != 8 {
			t.Errorf("%d complaints in 10 s, want 8:\n%s", got, log.String())
		}
		if !bytes.Contains(log.Bytes(), []byte("level=ERROR")) {
			t.Errorf("the log says %s", log.String())
		}
	})
}

func TestRun_endsWithoutAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		var log bytes.Buffer
		k := New(f.store, Mode{Pace: pace}, slog.New(slog.NewTextHandler(&log, nil)))
		for _, busy := range []bool{false, true} {
			closeKitchen := run(t, k)
			if busy {
				f.placeOrder(t)
				k.Wake()
				synctest.Wait()
			}
			closeKitchen()
		}
		if logLines(&log) > 0 {
			t.Errorf("closing was logged: %s", log.String())
		}
	})
}

func TestEvents_subscribersSeeStepsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		k := New(f.store, Mode{Pace: time.Millisecond}, silent) // as fast as it goes
		o := f.placeOrder(t)
		changes, cancel := k.Events.Subscribe(o.ID)
		defer cancel()
		var seen []int
		go func() {
			for n := range changes {
				seen = append(seen, len(n.History()))
			}
		}()
		closeKitchen := run(t, k)
		time.Sleep(time.Second)
		synctest.Wait()
		closeKitchen()
		k.Events.Close()
		synctest.Wait()
		if !slices.Equal(seen, []int{2, 3, 4}) {
			t.Errorf("the listener saw orders with %v steps, want 2, 3, 4", seen)
		}
	})
}
