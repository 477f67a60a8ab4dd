package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// growing is a house whose growth is measured, and the guest who makes the calls.
type growing struct {
	*server
	alice, carla, marco string // access tokens
	refresh             string // the next refresh token
	order               string // the body of an order
	orderID             int64  // of an order of alice
	ready               time.Duration
	rest                int64 // bytes
}

// growth compares a house that has just opened with one that has taken very many
// orders. Every call is made at both, one right after the other.
func growth(ctx context.Context, o options, dir string, out io.Writer) error {
	var branches []*growing
	for _, name := range []string{"empty", "filled"} {
		// In a manual kitchen nothing moves by itself, so both kitchens have the
		// same tickets, and none is being cooked while another call is measured.
		h, err := newServer(ctx, o.program, filepath.Join(dir, name), "KITCHEN=manual")
		if err != nil {
			return err
		}
		defer h.close()
		branches = append(branches, &growing{server: h})
	}
	if err := fill(ctx, o, branches[1].server); err != nil {
		return err
	}
	for _, b := range branches {
		if err := b.prepare(ctx); err != nil {
			return err
		}
	}
	took, err := alternate(ctx, o.calls, branches)
	if err != nil {
		return err
	}
	printGrowth(out, o, branches, took)
	return nil
}

// fill brings the orders, which the program can do by itself.
func fill(ctx context.Context, o options, h *server) error {
	progress("filling a house with %s orders of %s guests", count(o.orders), count(o.guests))
	began := time.Now()
	cmd := command(ctx, h.settings, h.program, "seed", "-orders", strconv.Itoa(o.orders), "-guests", strconv.Itoa(o.guests))
	var complaints strings.Builder
	cmd.Stdout, cmd.Stderr = os.Stderr, &complaints // it tells how far it is
	err := cmd.Run()
	if err != nil && strings.Contains(complaints.String(), "not defined: -") {
		return errors.New("this restaurant's seed command does not take -orders and -guests yet, so there is no filled house to compare with: measure a newer one, with -program or from its source")
	}
	if err != nil {
		return withOutput(fmt.Errorf("the house could not be filled: %w", err), complaints.String())
	}
	progress("that took %s", time.Since(began).Round(time.Second))
	return nil
}

// prepare opens the house and gives alice orders of her own, as many in each.
func (b *growing) prepare(ctx context.Context) (err error) {
	progress("opening a house %d times", restarts+1)
	if _, err = b.open(ctx); err != nil { // the first start of a house makes its keys
		return err
	}
	if b.ready, b.rest, err = b.reopen(ctx); err != nil {
		return err
	}
	var errs [3]error
	b.alice, b.refresh, errs[0] = b.login(ctx, demo("alice"))
	b.carla, _, errs[1] = b.login(ctx, demo("carla"))
	b.marco, _, errs[2] = b.login(ctx, demo("marco"))
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if b.order, err = b.orderOfTwo(ctx); err != nil {
		return err
	}
	answer, err := b.placeOrders(ctx, b.alice, b.order, ownOrders)
	if err != nil {
		return err
	}
	b.orderID, err = orderID(answer)
	return err
}

// callKind is one kind of call.
type callKind struct {
	what string
	make func(ctx context.Context, b *growing) error
}

// callKinds are all of them. Both houses give answers of the same size: the empty
// one has five users.
var callKinds = []callKind{
	{"`GET /menu`", read("/api/v1/menu", nobody)},
	{"`GET /menu/1`", read("/api/v1/menu/1", nobody)},
	{"`GET /orders?limit=20`", read(pageOrders, func(b *growing) string { return b.alice })},
	{"`GET /orders/{id}`", func(ctx context.Context, b *growing) error {
		return read("/api/v1/orders/"+strconv.FormatInt(b.orderID, 10), func(b *growing) string { return b.alice })(ctx, b)
	}},
	{"`GET /kitchen/orders`", read("/api/v1/kitchen/orders", func(b *growing) string { return b.carla })},
	{"`GET /users?limit=5`", read("/api/v1/users?limit=5", func(b *growing) string { return b.marco })},
	{"`POST /orders`", func(ctx context.Context, b *growing) error {
		_, err := b.placeOrders(ctx, b.alice, b.order, 1)
		return err
	}},
	{"`POST /auth/refresh`", func(ctx context.Context, b *growing) (err error) {
		body := fmt.Sprintf(`{"refresh_token":%q}`, b.refresh)
		_, b.refresh, err = b.tokens(ctx, call{http.MethodPost, "/api/v1/auth/refresh", "", body, http.StatusOK})
		return err
	}},
	{"`POST /auth/login`", func(ctx context.Context, b *growing) error {
		_, _, err := b.login(ctx, demo("bob"))
		return err
	}},
}

func nobody(*growing) string { return "" }

func read(path string, token func(*growing) string) func(context.Context, *growing) error {
	return func(ctx context.Context, b *growing) error {
		_, err := b.do(ctx, call{http.MethodGet, path, token(b), "", http.StatusOK})
		return err
	}
}

// alternate makes every call at every house, and the houses take turns in being
// first. It returns how long each took, by errand and house.
func alternate(ctx context.Context, calls int, branches []*growing) ([][][]time.Duration, error) {
	took := make([][][]time.Duration, len(callKinds))
	for e, errand := range callKinds {
		progress("%d calls at each house: %s", calls, errand.what)
		took[e] = make([][]time.Duration, len(branches))
		for n := range calls {
			for i := range branches {
				i = (i + n) % len(branches)
				began := time.Now()
				if err := errand.make(ctx, branches[i]); err != nil {
					return nil, err
				}
				took[e][i] = append(took[e][i], time.Since(began))
			}
		}
	}
	return took, nil
}

func printGrowth(out io.Writer, o options, branches []*growing, took [][][]time.Duration) {
	empty, filled := branches[0], branches[1]
	fmt.Fprintf(out, "Medians of %d calls of each kind, one after the other and in turn at both houses; alice has as many orders in one as in the other.\n\n", o.calls)
	var t table
	t.add("call", "empty house, ms", fmt.Sprintf("with %s orders and %s guests, ms", count(o.orders), count(o.guests)), "ratio")
	for e, errand := range callKinds {
		t.addPair(errand.what, median(took[e][0]), median(took[e][1]))
	}
	t.addPair(fmt.Sprintf("from start to ready (median of %d)", restarts), empty.ready, filled.ready)
	if countable {
		t.add("memory at rest, MiB", mebibytes(empty.rest), mebibytes(filled.rest), ratio(float64(filled.rest)/float64(empty.rest)))
	}
	t.print(out)
}

func (t *table) addPair(what string, empty, filled time.Duration) {
	t.add(what, millis(empty), millis(filled), ratio(float64(filled)/float64(empty)))
}
