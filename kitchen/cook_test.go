package kitchen

import (
	"bytes"
	"log/slog"
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
		{"placed when the cooks have fallen asleep", time.Hour},
		{"placed between two milliseconds", 1234567 * time.Nanosecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newFixture(t)
				k := New(h.store, pace, silent)
				var o models.Order
				if tc.wait < 0 {
					o = h.placeOrder(t)
					time.Sleep(-tc.wait)
				}
				defer run(t, k)()
				if tc.wait >= 0 {
					time.Sleep(tc.wait)
					o = h.placeOrder(t)
					k.Wake()
				}
				news, cancel := k.Events.Subscribe(o.ID)
				defer cancel()
				for i, want := range []models.Status{models.StatusPreparing, models.StatusReady, models.StatusServed} {
					got := <-news
					if due := o.PlacedAt.Add(time.Duration(i+1) * pace); got.Status != want || got.UpdatedAt != due || models.Now() != due {
						t.Errorf("step %d: %s at %v, told at %v, want %s at %v", i, got.Status, got.UpdatedAt, models.Now(), want, due)
					}
				}
				wantSteps(t, h.order(t, o.ID), 3, 6, 9)
				time.Sleep(time.Hour)
				wantSteps(t, h.order(t, o.ID), 3, 6, 9)
				wantReceived(t, news, "")
			})
		})
	}
}

// A whole evening: orders come when they like, some in a rush, one is cancelled.
func TestRun_wholeEvening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		k := New(h.store, pace, silent)
		defer run(t, k)()
		var orders []models.Order
		for i, pause := range []time.Duration{0, 0, 0, 1, 999, 1000, 1999, 2000, 3000, 3001, 60_000, 0, 0, 2999, 1, 3_600_000, 500, 500} {
			time.Sleep(pause * time.Millisecond)
			o := h.placeOrder(t)
			k.Wake()
			if i == 7 {
				_, err := k.Cancel(t.Context(), h.alice.ID, o.ID)
				noError(t, err)
				continue
			}
			orders = append(orders, o)
		}
		synctest.Wait()
		time.Sleep(3 * pace)
		synctest.Wait()
		for _, o := range orders {
			wantSteps(t, h.order(t, o.ID), 3, 6, 9)
		}
		left, err := h.store.OpenOrders(t.Context(), "", 0, 100)
		if err != nil || len(left) > 0 {
			t.Errorf("%d orders are left over, %v", len(left), err)
		}
	})
}

// More orders than the cooks take at once are due at one moment.
func TestRun_advancesManyOrdersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		k := New(h.store, pace, silent)
		defer run(t, k)()
		const rush = batch + 1
		for range rush {
			h.placeOrder(t)
		}
		k.Wake()
		time.Sleep(3 * pace)
		synctest.Wait()
		served, err := h.store.OpenOrders(t.Context(), models.StatusServed, 0, 2*rush)
		noError(t, err)
		if len(served) != rush {
			t.Errorf("%d orders are served, want %d", len(served), rush)
		}
		for _, o := range served {
			wantSteps(t, h.order(t, o.ID), 3, 6, 9)
		}
	})
}

func TestRun_resumesAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		first := New(h.store, pace, silent)
		closeFirst := run(t, first)
		o := h.placeOrder(t)
		first.Wake()
		time.Sleep(pace + time.Second)
		closeFirst()
		wantSteps(t, h.order(t, o.ID), 3)
		time.Sleep(time.Hour)
		wantSteps(t, h.order(t, o.ID), 3) // nobody cooks in a closed kitchen

		second := New(h.store, pace, silent)
		news, cancel := second.Events.Subscribe(o.ID)
		defer cancel()
		defer run(t, second)() // nobody rings: the book itself is the queue
		wantReceivedNext(t, news, models.StatusReady)
		wantReceivedNext(t, news, models.StatusServed)
		wantSteps(t, h.order(t, o.ID), 3, 3604, 3607)
	})
}

func TestRun_takesOverOrdersOfADeadInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		defer run(t, New(h.store, pace, silent))()
		time.Sleep(time.Hour)
		o := h.placeOrder(t) // and nobody rings
		time.Sleep(4 * pace)
		synctest.Wait()
		if h.store.Shared() {
			wantSteps(t, h.order(t, o.ID), 3, 6, 9)
		} else {
			wantSteps(t, h.order(t, o.ID))
		}
	})
}

func wantReceivedNext(t *testing.T, news <-chan models.Order, want models.Status) {
	t.Helper()
	if got := <-news; got.Status != want {
		t.Errorf("heard %s, want %s", got.Status, want)
	}
}

func TestRun_manualAdvancesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		k := New(h.store, Manual, silent)
		k.Run(t.Context()) // returns at once: nobody is there to go home
		o := h.placeOrder(t)
		k.Wake()
		time.Sleep(24 * time.Hour)
		wantSteps(t, h.order(t, o.ID))
		_, err := k.Advance(t.Context(), o.ID, models.StatusPreparing) // the control: a chef does
		noError(t, err)
		wantSteps(t, h.order(t, o.ID), 86400)
	})
}

// A chef who is ahead of the cooks gives the order its next full step.
func TestAdvance_whileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		k := New(h.store, pace, silent)
		defer run(t, k)()
		o := h.placeOrder(t)
		k.Wake()
		time.Sleep(time.Second)
		_, err := k.Advance(t.Context(), o.ID, models.StatusPreparing)
		noError(t, err)
		time.Sleep(time.Minute)
		wantSteps(t, h.order(t, o.ID), 1, 4, 7)
	})
}

func TestRun_twoKitchensNeverSkipOrRepeatAStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newFixture(t)
		kitchens := []*Kitchen{New(h.store, pace, silent), New(h.store, pace, silent)}
		type report struct{ order, step int64 }
		reports := make(chan report, 1000)
		var orders []models.Order
		for range 8 {
			orders = append(orders, h.placeOrder(t))
			time.Sleep(100 * time.Millisecond)
		}
		for _, k := range kitchens {
			for _, o := range orders {
				news, cancel := k.Events.Subscribe(o.ID)
				defer cancel()
				go func() {
					for n := range news {
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
			wantSteps(t, h.order(t, o.ID), 3, 6, 9)
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
		h := newFixture(t)
		var log bytes.Buffer
		k := New(h.store, pace, slog.New(slog.NewTextHandler(&log, nil)))
		closeKitchen := run(t, k)
		h.placeOrder(t)
		k.Wake()
		synctest.Wait()
		if logLines(&log) != 0 {
			t.Errorf("they complain about nothing: %s", log.String())
		}
		noError(t, h.store.Close())
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
		h := newFixture(t)
		var log bytes.Buffer
		k := New(h.store, pace, slog.New(slog.NewTextHandler(&log, nil)))
		for _, busy := range []bool{false, true} {
			closeKitchen := run(t, k)
			if busy {
				h.placeOrder(t)
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
		h := newFixture(t)
		k := New(h.store, time.Millisecond, silent) // as fast as it goes
		o := h.placeOrder(t)
		news, cancel := k.Events.Subscribe(o.ID)
		defer cancel()
		var seen []int
		go func() {
			for n := range news {
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
