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

	"restaurant/e2e/testkit/process"
)

// grown is a server with much or little data, and the users that make the calls.
type grown struct {
	*server
	alice, carla, marco string // access tokens
	refresh             string // the next refresh token
	order               string // the body of an order
	orderID             int64  // of an order of alice
	ready               time.Duration
	rest                int64 // bytes
}

// growth compares an empty server with one that has taken very many orders. Every
// call is made at both, one right after the other.
func growth(ctx context.Context, o options, dir string, out io.Writer) error {
	var servers []*grown
	for _, name := range []string{"empty", "filled"} {
		// In a manual kitchen nothing moves by itself, so both kitchens have the
		// same tickets, and none is being cooked while another call is measured.
		s, err := newServer(o.program, filepath.Join(dir, name), "RESTAURANT_KITCHEN=manual")
		if err != nil {
			return err
		}
		defer s.stop()
		servers = append(servers, &grown{server: s})
	}
	if err := fill(ctx, o, servers[1].server); err != nil {
		return err
	}
	for _, b := range servers {
		if err := b.prepare(ctx); err != nil {
			return err
		}
	}
	took, err := alternate(ctx, o.calls, servers)
	if err != nil {
		return err
	}
	printGrowth(out, o, servers, took)
	return nil
}

// fill generates the orders, with the program's own command.
func fill(ctx context.Context, o options, s *server) error {
	progress("filling a database with %s orders of %s guests", count(o.orders), count(o.guests))
	began := time.Now()
	cmd := command(ctx, s.settings, s.program, "seed", "-orders", strconv.Itoa(o.orders), "-guests", strconv.Itoa(o.guests))
	var failure strings.Builder
	cmd.Stdout, cmd.Stderr = os.Stderr, &failure // it shows how far it is
	err := cmd.Run()
	if err != nil && strings.Contains(failure.String(), "not defined: -") {
		return errors.New("this program's seed command does not take -orders and -guests yet, so there is no filled database to compare with: measure a newer one, with -program or from its source")
	}
	if err != nil {
		return process.WithOutput(fmt.Errorf("the database could not be filled: %w", err), failure.String())
	}
	progress("that took %s", time.Since(began).Round(time.Second))
	return nil
}

// prepare starts the server and gives alice orders of her own, as many on each.
func (g *grown) prepare(ctx context.Context) (err error) {
	progress("starting a server %d times", restarts+1)
	if _, err = g.start(ctx); err != nil { // the first start makes the keys
		return err
	}
	if g.ready, g.rest, err = g.restart(ctx); err != nil {
		return err
	}
	var errs [3]error
	g.alice, g.refresh, errs[0] = g.login(ctx, demo("alice"))
	g.carla, _, errs[1] = g.login(ctx, demo("carla"))
	g.marco, _, errs[2] = g.login(ctx, demo("marco"))
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if g.order, err = g.orderOfTwo(ctx); err != nil {
		return err
	}
	answer, err := g.placeOrders(ctx, g.alice, g.order, ownOrders)
	if err != nil {
		return err
	}
	g.orderID, err = orderID(answer)
	return err
}

// callKind is one kind of call.
type callKind struct {
	what string
	make func(ctx context.Context, g *grown) error
}

// callKinds are all of them. Both servers give answers of the same size: the empty
// one has five users.
var callKinds = []callKind{
	{"`GET /menu`", read("/api/v1/menu", noToken)},
	{"`GET /menu/1`", read("/api/v1/menu/1", noToken)},
	{"`GET /orders?limit=20`", read(pageOrders, func(g *grown) string { return g.alice })},
	{"`GET /orders/{id}`", func(ctx context.Context, g *grown) error {
		return read("/api/v1/orders/"+strconv.FormatInt(g.orderID, 10), func(g *grown) string { return g.alice })(ctx, g)
	}},
	{"`GET /kitchen/orders`", read("/api/v1/kitchen/orders", func(g *grown) string { return g.carla })},
	{"`GET /users?limit=5`", read("/api/v1/users?limit=5", func(g *grown) string { return g.marco })},
	{"`POST /orders`", func(ctx context.Context, g *grown) error {
		_, err := g.placeOrders(ctx, g.alice, g.order, 1)
		return err
	}},
	{"`POST /auth/refresh`", func(ctx context.Context, g *grown) (err error) {
		body := fmt.Sprintf(`{"refresh_token":%q}`, g.refresh)
		_, g.refresh, err = g.tokens(ctx, call{http.MethodPost, "/api/v1/auth/refresh", "", body, http.StatusOK})
		return err
	}},
	{"`POST /auth/login`", func(ctx context.Context, g *grown) error {
		_, _, err := g.login(ctx, demo("bob"))
		return err
	}},
}

func noToken(*grown) string { return "" }

func read(path string, token func(*grown) string) func(context.Context, *grown) error {
	return func(ctx context.Context, g *grown) error {
		_, err := g.do(ctx, call{http.MethodGet, path, token(g), "", http.StatusOK})
		return err
	}
}

// alternate makes every call at both servers, which take turns in being first. It
// returns how long each took, by kind and server.
func alternate(ctx context.Context, calls int, servers []*grown) ([][][]time.Duration, error) {
	took := make([][][]time.Duration, len(callKinds))
	for e, kind := range callKinds {
		progress("%d calls at each server: %s", calls, kind.what)
		took[e] = make([][]time.Duration, len(servers))
		for n := range calls {
			for i := range servers {
				i = (i + n) % len(servers)
				began := time.Now()
				if err := kind.make(ctx, servers[i]); err != nil {
					return nil, err
				}
				took[e][i] = append(took[e][i], time.Since(began))
			}
		}
	}
	return took, nil
}

func printGrowth(out io.Writer, o options, servers []*grown, took [][][]time.Duration) {
	empty, filled := servers[0], servers[1]
	fmt.Fprintf(out, "Medians of %d calls of each kind, one after the other, at both servers in turns; alice has as many orders at one as at the other.\n\n", o.calls)
	var t table
	t.add("call", "empty, ms", fmt.Sprintf("with %s orders and %s guests, ms", count(o.orders), count(o.guests)), "ratio")
	for e, kind := range callKinds {
		t.addPair(kind.what, median(took[e][0]), median(took[e][1]))
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
