package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"restaurant/models"
	"restaurant/seed"
)

// The most that seed generates at once: a database of some 40 GB, and 140 MB of memory
// to hold all guests.
const (
	maxGuests = 1_000_000
	maxOrders = 100_000_000
)

func seedCommand(ctx context.Context, c call) error {
	if c.cfg.public && c.generate != (generateOptions{}) {
		return errors.New("RESTAURANT_PUBLIC=on refuses generated guests and orders, because they would be mixed with real ones: leave -guests and -orders out, or use them with another RESTAURANT_DATA_DIR and without RESTAURANT_PUBLIC=on")
	}
	return withStore(ctx, c, func(store *models.Store) error {
		if err := seedOnce(ctx, store, c.cfg.demoData); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, "The menu is loaded. What was loaded before is unchanged.")
		return c.generate.run(ctx, store, c.Out)
	})
}

// seedOnce loads the menu, and the demo accounts if users is set, unless they have been
// loaded before.
func seedOnce(ctx context.Context, store *models.Store, users bool) error {
	if err := seed.Menu(ctx, store); err != nil || !users {
		return err
	}
	return seed.Users(ctx, store)
}

// generateOptions is how many guests and orders to generate.
type generateOptions struct{ guests, orders int }

func generateFlags(c *call, f *flag.FlagSet) {
	f.Func("guests", "generate guests who cannot log in", intUpTo(&c.generate.guests, maxGuests))
	f.Func("orders", "generate finished orders of theirs", intUpTo(&c.generate.orders, maxOrders))
}

// intUpTo reads a whole number from 0 to most.
func intUpTo(n *int, most int) func(string) error {
	return func(v string) (err error) {
		if *n, err = strconv.Atoi(v); err != nil || *n < 0 || *n > most || strconv.Itoa(*n) != v {
			return fmt.Errorf("must be a whole number from 0 to %d, written in digits only", most)
		}
		return nil
	}
}

// run generates the guests first, because the orders are theirs.
func (o generateOptions) run(ctx context.Context, store *models.Store, out io.Writer) error {
	var added int
	if o.guests > 0 {
		p := newProgress(out, "guests", o.guests)
		fresh, taken, err := seed.Guests(ctx, store, o.guests, p.report)
		p.stop()
		if added = fresh; err != nil {
			return o.explainInterrupt(err, added, 0)
		}
		fmt.Fprintf(out, "%d guests are new. Nobody can log in as one of them. %d names were taken already and did not change.\n", added, taken)
	}
	if o.orders > 0 {
		p := newProgress(out, "orders", o.orders)
		written, from, err := seed.Orders(ctx, store, o.orders, p.report)
		p.stop()
		if err != nil {
			return o.explainInterrupt(err, added, written)
		}
		fmt.Fprintf(out, "%d orders are new, from %s until yesterday, all of them served or cancelled. If you run the same command again, it adds the same number.\n",
			written, from.Format(time.DateOnly))
	}
	return nil
}

// explainInterrupt says how much was generated and how to go on.
func (o generateOptions) explainInterrupt(err error, guests, orders int) error {
	switch {
	case errors.Is(err, seed.ErrNoGuests), errors.Is(err, seed.ErrNoDishes):
		return err
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped before the end")
	case errors.Is(err, models.ErrStorageFull):
		err = errors.New("the disk is full: free some space first")
	}
	return fmt.Errorf("%w. The database is intact, with %d new guests and %d new orders. To go on: restaurant seed -guests %d -orders %d, with the same settings",
		err, guests, orders, o.guests, o.orders-orders)
}

// lineEvery is how often progress is shown in a file or a pipe, where each line stays.
const lineEvery = 3 * time.Second

// progress shows how far a long piece of work is: on a terminal in one line that is
// rewritten, elsewhere in a line now and then.
type progress struct {
	out          io.Writer
	what         string
	total        int
	terminal     bool
	start, shown time.Time
}

// newProgress shows the first line. Call stop before writing anything else to out.
func newProgress(out io.Writer, what string, total int) *progress {
	p := &progress{out: out, what: what, total: total, start: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	p.report(0)
	return p
}

func (p *progress) report(done int) {
	if !p.terminal && done < p.total && time.Since(p.shown) < lineEvery {
		return
	}
	p.shown = time.Now()
	line := fmt.Sprintf("%s: %d of %d, %d%%", p.what, done, p.total, 100*done/p.total)
	if done > 0 && done < p.total {
		left := time.Duration(float64(time.Since(p.start)) * float64(p.total-done) / float64(done))
		line += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	if p.terminal {
		fmt.Fprintf(p.out, "\r%-70s", line)
	} else {
		fmt.Fprintln(p.out, line)
	}
}

func (p *progress) stop() {
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}
