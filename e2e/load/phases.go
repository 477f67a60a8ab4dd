package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// measurement is one thing that is measured, of a program or of the baseline.
type measurement struct {
	what string
	pid  int
	run  func(ctx context.Context) (stats, error)
}

// phase compares programs with a baseline. All ways to order have one baseline,
// and a baseline may stand for itself.
type phase struct {
	baseline measurement
	whole    []measurement   // at most one: the baseline with all that the answer holds
	programs [][]measurement // of each subject
	peer     []measurement   // at most one
	inTurns  bool            // also the measurements of one program take turns in being first
}

// phases are what is measured, in this order in every round. Logins come last,
// because a hash takes much memory, and some of it stays for a while. The tokens
// are those of the round.
func (f *fixture) phases() []phase {
	first, b := f.subjects[0], f.baseline
	return []phase{
		{
			baseline: f.ofBaseline("the bytes of the menu", request{method: http.MethodGet, url: b.Menu, status: http.StatusOK, connections: connections}),
			whole:    []measurement{f.ofBaseline("the menu with its headers", request{method: http.MethodGet, url: b.MenuWhole, status: http.StatusOK, connections: connections})},
			programs: f.ofPrograms("`GET /menu`", func(s *subject) request {
				return request{method: http.MethodGet, url: s.URL + "/api/v1/menu", status: http.StatusOK, connections: connections}
			}),
		},
		{
			baseline: f.ofBaseline("RS256 and the bytes of the page", request{method: http.MethodGet, url: b.Page, status: http.StatusOK, connections: connections, tokens: []string{b.Token}}),
			programs: f.ofPrograms("`GET /orders?limit=20`", func(s *subject) request {
				return request{method: http.MethodGet, url: s.URL + pageOrders, status: http.StatusOK, connections: connections, tokens: []string{s.reader}}
			}),
			peer: f.ofPeer("a page of 20 orders", (*pocketBase).page),
		},
		{baseline: f.ofLoop("one durable row, without HTTP", "/inserts", connections)},
		{
			baseline: f.ofBaseline("one durable row", placeOrder(b.Insert, first.tokens, f.order)),
			whole:    []measurement{f.ofBaseline("an order's row with its indexes, and its headers", placeOrder(b.Order, first.tokens, f.order))},
			programs: f.placeOrders(),
			peer:     f.ofPeer("an order", (*pocketBase).place),
		},
		{
			baseline: f.ofLoop("bcrypt, cost 10", "/bcrypt", bcryptWorkers()),
			programs: f.logins(),
			inTurns:  true,
			peer:     f.ofPeer("a login", (*pocketBase).login),
		},
	}
}

// logins are measured twice: alone, and while somebody guesses passwords of an account
// that refuses to be guessed.
func (f *fixture) logins() [][]measurement {
	all := f.ofPrograms("`POST /auth/login`", func(s *subject) request {
		return request{method: http.MethodPost, url: s.URL + "/api/v1/auth/login", status: http.StatusOK, connections: loginConnections, bodies: s.credentials()}
	})
	for i, s := range f.subjects {
		alone := all[i][0]
		all[i] = append(all[i], measurement{alone.what + fmt.Sprintf(", beside %d refused guesses/s", guessRate), alone.pid, func(ctx context.Context) (stats, error) {
			return s.besideGuesses(ctx, alone.run)
		}})
	}
	return all
}

// guessRate is how many passwords somebody tries in a second.
const guessRate = 200

// besideGuesses measures while 127.0.0.2 guesses passwords of one account. The first
// guesses, which cost a hash each, are over before.
func (s *subject) besideGuesses(ctx context.Context, run func(context.Context) (stats, error)) (stats, error) {
	stranger, guesses := clientFrom(2), new(answers)
	guess := func() {
		guesses.post(ctx, stranger, s.URL+"/api/v1/auth/login", "", account{"bob", "bob-likes-cheese"}.credentials())
	}
	for guesses.statuses[http.StatusTooManyRequests] == 0 {
		if guess(); len(guesses.took) > 50 || ctx.Err() != nil {
			return stats{}, fmt.Errorf("passwords can be guessed: %s", guesses)
		}
	}
	guessing, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { openLoop(guessing, answerTimeout+time.Minute, time.Second/guessRate, guess) })
	measured, err := run(ctx)
	stop()
	all.Wait()
	progress("the guesses were answered %s", guesses)
	return measured, err
}

func (s *subject) credentials() (all []string) {
	for _, a := range s.accounts {
		all = append(all, a.credentials())
	}
	return all
}

// placing is measured twice: while nothing is due yet, and right after that,
// when the kitchen works on what came first and writes three times for each order.
const (
	placing     = "`POST /orders`"
	kitchenBusy = ", the kitchen busy with as many"
)

// placeOrder is one request to place an order.
func placeOrder(url string, tokens []string, order string) request {
	return request{method: http.MethodPost, url: url, status: http.StatusCreated, connections: connections, tokens: tokens, bodies: []string{order}}
}

func (f *fixture) placeOrders() [][]measurement {
	place := func(s *subject) request { return placeOrder(s.URL+"/api/v1/orders", s.tokens, f.order) }
	all := f.ofPrograms(placing+" with a key", func(s *subject) request {
		q := place(s)
		q.key = true
		return q
	})
	for _, what := range []string{placing, placing + kitchenBusy} {
		for i, m := range f.ofPrograms(what, place) {
			all[i] = append(all[i], m...)
		}
	}
	return all
}

// ofPrograms measures the same of each program.
func (f *fixture) ofPrograms(what string, of func(*subject) request) (all [][]measurement) {
	for _, s := range f.subjects {
		q := of(s)
		all = append(all, []measurement{{s.prefix + what, s.pid(), func(ctx context.Context) (stats, error) { return q.run(ctx, f.span) }}})
	}
	return all
}

func (f *fixture) ofPeer(what string, of func(*pocketBase) request) []measurement {
	if f.peer == nil {
		return nil
	}
	q := of(f.peer)
	return []measurement{{"PocketBase: " + what, f.peer.pid(), func(ctx context.Context) (stats, error) { return q.run(ctx, f.span) }}}
}

func (f *fixture) ofBaseline(what string, q request) measurement {
	return measurement{what, f.baseline.pid(), func(ctx context.Context) (stats, error) { return q.run(ctx, f.span) }}
}

func (f *fixture) ofLoop(what, name string, workers int) measurement {
	return measurement{what, f.baseline.pid(), func(ctx context.Context) (stats, error) {
		return f.baseline.loop(ctx, name, workers, f.span)
	}}
}
