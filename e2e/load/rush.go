package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	guests     = 32 // that order, so that they are not one guest's queue
	ownOrders  = 60 // of the guest whose page is read
	pageOrders = "/api/v1/orders?limit=20"
)

// party is everything that a rush hour needs.
type party struct {
	options
	house    *house
	limits   *limits
	wrk      *generator
	guests   []account
	tokens   []string // of the guests
	reader   string   // token of the guest whose page is read
	chef     string
	order    string // the body of an order
	failed   int64  // requests so far
	restless bool   // the kitchen was still cooking when it should have been done
}

// measurement is one thing that is measured, of the house or of a limit.
type measurement struct {
	what string
	pid  int
	run  func(ctx context.Context) (figures, error)
}

// phase compares the house with a limit. All ways to order have one limit, and
// one limit stands for itself.
type phase struct {
	limit measurement
	house []measurement
}

// rush measures the house under load and prints the tables.
func rush(ctx context.Context, o options, dir string, out io.Writer) error {
	wrk, err := newGenerator(filepath.Join(dir, "wrk"))
	if err != nil {
		return err
	}
	h, err := newHouse(ctx, o.program, filepath.Join(dir, "house"))
	if err != nil {
		return err
	}
	defer h.close()
	p := &party{options: o, house: h, wrk: wrk}
	if err := p.prepare(ctx, filepath.Join(dir, "limits")); err != nil {
		return err
	}
	defer p.limits.close()

	rows, err := p.measureAll(ctx)
	if err != nil {
		return err
	}
	progress("closing and opening the house %d times on what it has now", reopenings)
	ready, rest, err := h.reopen(ctx)
	if err != nil {
		return err
	}
	printRush(out, o, rows, ready, rest)
	if p.restless {
		fmt.Fprintln(out, "\nThe kitchen had not served everything a minute after some measurement, so the next one paid for it, too: measure for a shorter time with -for.")
	}
	if p.failed > 0 {
		return fmt.Errorf("%d requests failed: the lines above the table say when and how", p.failed)
	}
	return nil
}

// prepare opens the house, invites the guests, and hands the limits what they
// are to answer.
func (p *party) prepare(ctx context.Context, dir string) (err error) {
	progress("opening the house")
	if _, err = p.house.open(ctx); err != nil {
		return err
	}
	if err := p.invite(ctx); err != nil {
		return err
	}
	if err := p.admit(ctx); err != nil {
		return err
	}
	if p.order, err = p.house.orderOfTwo(ctx); err != nil {
		return err
	}
	order, err := p.house.placeOrders(ctx, p.reader, p.order, ownOrders)
	if err != nil {
		return err
	}
	progress("waiting for the kitchen to serve the first orders")
	if err := p.settle(ctx); err != nil {
		return err
	}
	if err := p.copyAnswers(ctx, dir, order); err != nil {
		return err
	}
	p.limits, err = openLimits(ctx, dir)
	return err
}

// invite opens an account for each guest.
func (p *party) invite(ctx context.Context) error {
	progress("opening accounts for %d guests", guests)
	for i := range guests {
		a := account{fmt.Sprintf("guest-%d", i+1), rand.Text()}
		body := fmt.Sprintf(`{"username":%q,"password":%q,"name":%q}`, a.username, a.password, a.username)
		if _, err := p.house.do(ctx, call{http.MethodPost, "/api/v1/auth/register", "", body, http.StatusCreated}); err != nil {
			return err
		}
		p.guests = append(p.guests, a)
	}
	return nil
}

// admit logs everybody in anew: a token lives for minutes only.
func (p *party) admit(ctx context.Context) error {
	p.tokens = nil
	for _, a := range append(slices.Clone(p.guests), demo("alice"), demo("carla")) {
		access, _, err := p.house.login(ctx, a)
		if err != nil {
			return err
		}
		p.tokens = append(p.tokens, access)
	}
	p.reader, p.chef = p.tokens[guests], p.tokens[guests+1]
	p.tokens = p.tokens[:guests]
	return nil
}

// settle waits for the kitchen. If it does not come to rest, the figures are
// worth less, and the report says so.
func (p *party) settle(ctx context.Context) error {
	quiet, err := p.house.awaitQuiet(ctx, p.chef)
	p.restless = p.restless || !quiet && err == nil
	return err
}

// copyAnswers writes down what the house answers, byte for byte.
func (p *party) copyAnswers(ctx context.Context, dir string, order []byte) error {
	menu, err := p.house.do(ctx, call{http.MethodGet, "/api/v1/menu", "", "", http.StatusOK})
	if err != nil {
		return err
	}
	page, err := p.house.do(ctx, call{http.MethodGet, pageOrders, p.reader, "", http.StatusOK})
	return errors.Join(err, os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, menuFile), menu, 0o600),
		os.WriteFile(filepath.Join(dir, pageFile), page, 0o600),
		os.WriteFile(filepath.Join(dir, orderFile), order, 0o600))
}

// phases are what is measured, in this order in every round. Logins come last,
// because a hash takes much memory, and some of it stays for a while. The tokens
// are those of the round.
func (p *party) phases() []phase {
	api := p.house.url + "/api/v1"
	var logins []string
	for _, a := range p.guests {
		logins = append(logins, a.credentials())
	}
	reader, limitToken, anybody := []string{p.reader}, []string{p.limits.Token}, []string{"-"}
	return []phase{
		{
			limit: p.ofLimit("the bytes of the menu", visit{"menu.lua", p.limits.Menu, http.StatusOK, connections, anybody, ""}),
			house: []measurement{p.ofHouse("`GET /menu`", visit{"menu.lua", api + "/menu", http.StatusOK, connections, anybody, ""})},
		},
		{
			limit: p.ofLimit("RS256 and the bytes of the page", visit{"orders.lua", p.limits.Page, http.StatusOK, connections, limitToken, ""}),
			house: []measurement{p.ofHouse("`GET /orders?limit=20`", visit{"orders.lua", p.house.url + pageOrders, http.StatusOK, connections, reader, ""})},
		},
		{limit: p.ofLoop("one durable row, without HTTP", "/inserts", connections)},
		{
			limit: p.ofLimit("one durable row", visit{"place.lua", p.limits.Insert, http.StatusCreated, connections, p.tokens, p.order}),
			house: []measurement{
				p.ofHouse("`POST /orders` with a key", visit{"place_with_key.lua", api + "/orders", http.StatusCreated, connections, p.tokens, p.order}),
				p.ofHouse(placing, visit{"place.lua", api + "/orders", http.StatusCreated, connections, p.tokens, p.order}),
				p.ofHouse(placing+whileCooking, visit{"place.lua", api + "/orders", http.StatusCreated, connections, p.tokens, p.order}),
			},
		},
		{
			limit: p.ofLoop("bcrypt, cost 10", "/bcrypt", hashers()),
			house: []measurement{p.ofHouse("`POST /auth/login`", visit{"login.lua", api + "/auth/login", http.StatusOK, loginConnections, logins, ""})},
		},
	}
}

// placing is measured twice: while nothing is due yet, and right after that, when
// the kitchen cooks what came first and writes three times for each order.
const (
	placing      = "`POST /orders`"
	whileCooking = ", the kitchen busy with as many"
)

func (p *party) ofHouse(what string, v visit) measurement {
	return measurement{what, p.house.process.pid(), func(ctx context.Context) (figures, error) { return p.wrk.run(ctx, v, p.span) }}
}

func (p *party) ofLimit(what string, v visit) measurement {
	return measurement{what, p.limits.process.pid(), func(ctx context.Context) (figures, error) { return p.wrk.run(ctx, v, p.span) }}
}

func (p *party) ofLoop(what, name string, atOnce int) measurement {
	return measurement{what, p.limits.process.pid(), func(ctx context.Context) (figures, error) {
		return p.limits.loop(ctx, name, atOnce, p.span)
	}}
}

// row is one line of the table: what one measurement gave in each round. That of
// the house knows the one of its limit.
type row struct {
	what   string
	rounds []figures
	limit  *row
}

// rows are the empty rows of a phase, that of the limit first.
func (ph phase) rows() []*row {
	limit := &row{what: "limit: " + ph.limit.what}
	rows := []*row{limit}
	for _, m := range ph.house {
		rows = append(rows, &row{what: m.what, limit: limit})
	}
	return rows
}

// measureAll measures everything in turn, again and again, so that a slow minute
// of the computer hits the house and the limits alike.
func (p *party) measureAll(ctx context.Context) (all []*row, err error) {
	var rows [][]*row // of each phase
	for _, ph := range p.phases() {
		rows = append(rows, ph.rows())
		all = append(all, rows[len(rows)-1]...)
	}
	for round := range p.rounds {
		if err := p.admit(ctx); err != nil {
			return nil, err
		}
		for i, ph := range p.phases() {
			if err := p.compare(ctx, round, ph, rows[i]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// compare measures the limit and then the house, each while the kitchen rests,
// unless its work is what is to be seen.
func (p *party) compare(ctx context.Context, round int, ph phase, rows []*row) error {
	for i, m := range append([]measurement{ph.limit}, ph.house...) {
		if !strings.HasSuffix(m.what, whileCooking) {
			if err := p.settle(ctx); err != nil {
				return err
			}
		}
		f, err := p.measure(ctx, round, m)
		if err != nil {
			return err
		}
		rows[i].rounds = append(rows[i].rounds, f)
	}
	return nil
}

func (p *party) measure(ctx context.Context, round int, m measurement) (f figures, err error) {
	u, err := watch(m.pid, func() error {
		f, err = m.run(ctx)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("%s: %w", m.what, err)
	}
	f.usage = u
	p.failed += f.failed()
	progress("round %d of %d: %s: %s/s, p99 %s ms%s", round+1, p.rounds, m.what, count(f.rate()), millis(f.P99), f.faults())
	return f, nil
}
