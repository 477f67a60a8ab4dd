package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"restaurant/models"
	"restaurant/seed"
)

// The most that seed generates at once: a book of some 40 GB, and 140 MB of
// memory for knowing all the guests.
const (
	maxGuests = 1_000_000
	maxOrders = 100_000_000
)

// generateOptions is how many guests and orders seed shall generate.
type generateOptions struct{ guests, orders int }

// flags adds the flags of the crowd to those of the command.
func (c *generateOptions) flags(f *flag.FlagSet) {
	f.Func("guests", "generate guests who cannot log in", intUpTo(&c.guests, maxGuests))
	f.Func("orders", "generate orders of theirs that are over", intUpTo(&c.orders, maxOrders))
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

func (c generateOptions) requested() bool { return c.guests > 0 || c.orders > 0 }

// check refuses what does not belong together.
func (c generateOptions) check(cfg config) error {
	if c.requested() && cfg.public {
		return errors.New("PUBLIC=on refuses generated guests and orders, because real guests and real bills would get lost among them: leave -guests and -orders out, or try them in another DATA_DIR without PUBLIC=on")
	}
	return nil
}

// generate brings the guests first and then their orders.
func (c generateOptions) generate(ctx context.Context, store *models.Store, out io.Writer) error {
	var added int
	if c.guests > 0 {
		bar := showProgress(out, "guests", c.guests)
		fresh, taken, err := seed.Guests(ctx, store, c.guests, bar.done)
		bar.stop()
		if added = fresh; err != nil {
			return c.explainInterrupt(err, added, 0)
		}
		fmt.Fprintf(out, "%d guests are new; nobody can log in as one of them. %d names were taken already and are left alone.\n", added, taken)
	}
	if c.orders > 0 {
		bar := showProgress(out, "orders", c.orders)
		written, from, err := seed.Orders(ctx, store, c.orders, bar.done)
		bar.stop()
		if err != nil {
			return c.explainInterrupt(err, added, written)
		}
		fmt.Fprintf(out, "%d orders are new, from %s until yesterday, all of them served or cancelled. The same command again adds as many more.\n",
			written, from.Format(time.DateOnly))
	}
	return nil
}

// explainInterrupt says what the book holds of the crowd and how to go on.
func (c generateOptions) explainInterrupt(err error, guests, orders int) error {
	switch {
	case errors.Is(err, seed.ErrNoGuests), errors.Is(err, seed.ErrNoDishes):
		return err
	case errors.Is(err, context.Canceled):
		err = errors.New("stopped before the end")
	case errors.Is(err, models.ErrStorageFull):
		err = errors.New("the disk is full; make room first")
	}
	return fmt.Errorf("%w. The order book is whole, with %d new guests and %d new orders. To go on: restaurant seed -guests %d -orders %d, with the same settings",
		err, guests, orders, c.guests, c.orders-orders)
}
