package main

import (
	"context"
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
	guests     = 32 // that order, so that they do not queue up as one guest
	ownOrders  = 60 // of the guest whose page is read
	pageOrders = "/api/v1/orders?limit=20"
)

// subject is a running program and what a measurement of it needs.
type subject struct {
	*server
	prefix          string // of its rows in the tables
	accounts        []account
	tokens          []string // of the guests
	reader, manager string   // tokens of the guest whose page is read, and of the manager
}

// fixture is everything that a measurement needs: the program, with -before an
// older one to compare it with, and the baseline of both.
type fixture struct {
	options
	subjects []*subject // the program first
	baseline *baseline
	peer     *pocketBase // nil: not measured
	order    string      // the body of an order
	failed   int64       // requests so far
	notIdle  bool        // a kitchen was still busy when it should have been done
}

// throughput measures the program under load and prints the tables.
func throughput(ctx context.Context, o options, dir string, out io.Writer) error {
	f := &fixture{options: o}
	defer f.stop()
	if err := f.prepare(ctx, dir); err != nil {
		return err
	}
	rows, err := f.measureAll(ctx)
	if err != nil {
		return err
	}
	starts, err := f.measureStarts(ctx)
	if err != nil {
		return err
	}
	printThroughput(out, o, rows, starts)
	if f.peer != nil {
		printPeer(out, rows, o.pocketBase)
	}
	if f.notIdle {
		fmt.Fprintln(out, "\nA kitchen was still busy a minute after some measurement, so the next one paid for it, too: measure for a shorter time with -for.")
	}
	if f.failed > 0 {
		return fmt.Errorf("%d requests failed: the lines above the table say when and how", f.failed)
	}
	return nil
}

// prepare starts the programs, registers the guests, and gives the baseline the
// answers that it shall send.
func (f *fixture) prepare(ctx context.Context, dir string) (err error) {
	for i, program := range []string{f.program, f.before} {
		if program == "" {
			continue
		}
		prefix := []string{"", "before: "}[i]
		progress("starting %s", program)
		s := &subject{prefix: prefix}
		if s.server, err = newServer(program, filepath.Join(dir, fmt.Sprint("server", i+1))); err != nil {
			return err
		}
		f.subjects = append(f.subjects, s)
		if err := s.prepare(ctx); err != nil {
			return err
		}
	}
	first := f.subjects[0]
	if f.order, err = first.orderOfTwo(ctx); err != nil {
		return err
	}
	var order []byte
	for _, s := range slices.Backward(f.subjects) {
		if order, err = s.placeOrders(ctx, s.reader, f.order, ownOrders); err != nil {
			return err
		}
	}
	progress("waiting until the first orders are served")
	if err := f.awaitIdle(ctx); err != nil {
		return err
	}
	answers := filepath.Join(dir, "baseline")
	if err := first.copyAnswers(ctx, answers, f.order); err != nil {
		return err
	}
	if f.baseline, err = startBaseline(ctx, answers); err != nil || f.pocketBase == "" {
		return err
	}
	if f.peer, err = startPocketBase(ctx, dir, f.pocketBase); f.peer == nil {
		return err
	}
	return errors.Join(err, f.peer.prepare(ctx, first.accounts, order))
}

func (f *fixture) stop() {
	if f.peer != nil {
		f.peer.stop()
	}
	for _, s := range f.subjects {
		s.stop()
	}
	if f.baseline != nil {
		f.baseline.stop()
	}
}

// prepare starts the program, registers the guests and logs all in.
func (s *subject) prepare(ctx context.Context) (err error) {
	if _, err = s.start(ctx); err != nil {
		return err
	}
	if s.accounts, err = s.register(ctx, "guest", guests); err != nil {
		return err
	}
	return s.renewTokens(ctx)
}

// renewTokens logs all in again: a token lives for minutes only.
func (s *subject) renewTokens(ctx context.Context) error {
	tokens, err := s.loginAll(ctx, append(slices.Clone(s.accounts), demo("alice"), demo("marco")))
	if err != nil {
		return err
	}
	s.tokens, s.reader, s.manager = tokens[:guests], tokens[guests], tokens[guests+1]
	return nil
}

// awaitIdle waits for all kitchens. If one does not come to rest, the figures are
// worth less, and the report says so.
func (f *fixture) awaitIdle(ctx context.Context) error {
	for _, s := range f.subjects {
		idle, err := s.kitchenIdle(ctx, s.manager)
		if err != nil {
			return err
		}
		f.notIdle = f.notIdle || !idle
	}
	return nil
}

// copyAnswers writes the program's answers to files, byte for byte, and the schema of its
// orders.
func (s *subject) copyAnswers(ctx context.Context, dir, order string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, c := range map[string]call{
		menuFile:  {http.MethodGet, "/api/v1/menu", "", "", http.StatusOK},
		pageFile:  {http.MethodGet, pageOrders, s.reader, "", http.StatusOK},
		orderFile: {http.MethodPost, "/api/v1/orders", s.reader, order, http.StatusCreated},
	} {
		a, err := s.whole(ctx, c, "Accept-Encoding", "identity")
		if err == nil {
			err = answer{a.Header, a.Body}.save(filepath.Join(dir, name))
		}
		if err != nil {
			return err
		}
	}
	schema, err := schemaOf(ctx, filepath.Join(s.dir, "data", "restaurant.db"), "orders")
	return errors.Join(err, os.WriteFile(filepath.Join(dir, schemaFile), schema, 0o600))
}

// row is one line of the table: what one measurement gave in each round. That of
// a program knows the one of its baseline, that of the older program's same
// measurement, and that of PocketBase.
type row struct {
	what                   string
	rounds                 []stats
	baseline, before, peer *row
}

// rows are the empty rows of a phase: that of the baseline, then those of each program
// and of PocketBase.
func (ph phase) rows() [][]*row {
	baseline := &row{what: "baseline: " + ph.baseline.what}
	rows := [][]*row{{baseline}}
	for _, m := range ph.whole {
		rows[0] = append(rows[0], &row{what: "baseline: " + m.what, baseline: baseline})
	}
	for _, ms := range ph.contestants() {
		var own []*row
		for _, m := range ms {
			own = append(own, &row{what: m.what, baseline: baseline})
		}
		rows = append(rows, own)
	}
	if len(ph.programs) > 1 {
		for j, r := range rows[1] {
			r.before = rows[2][j]
		}
	}
	if len(ph.peer) > 0 {
		for _, r := range rows[1] {
			r.peer = rows[len(rows)-1][0]
		}
	}
	return rows
}

// contestants are all that are compared with the baseline.
func (ph phase) contestants() [][]measurement {
	if len(ph.peer) == 0 {
		return ph.programs
	}
	return append(slices.Clone(ph.programs), ph.peer)
}

// measureAll measures everything in turn, again and again, so that a slow minute
// of the computer hits programs and baselines alike.
func (f *fixture) measureAll(ctx context.Context) (all []*row, err error) {
	var rows [][][]*row // of each phase
	for _, ph := range f.phases() {
		rows = append(rows, ph.rows())
		all = append(all, slices.Concat(rows[len(rows)-1]...)...)
	}
	for round := range f.rounds {
		for _, s := range f.subjects {
			if err := s.renewTokens(ctx); err != nil {
				return nil, err
			}
		}
		for i, ph := range f.phases() {
			if err := f.compare(ctx, round, ph, rows[i]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// compare measures the baseline and then the others, which take turns in being first.
func (f *fixture) compare(ctx context.Context, round int, ph phase, rows [][]*row) error {
	for i, m := range append([]measurement{ph.baseline}, ph.whole...) {
		if err := f.measureInto(ctx, round, m, rows[0][i]); err != nil {
			return err
		}
	}
	contestants := ph.contestants()
	for i := range contestants {
		i = (i + round) % len(contestants)
		for j := range contestants[i] {
			if ph.inTurns {
				j = (j + round) % len(contestants[i])
			}
			if err := f.measureInto(ctx, round, contestants[i][j], rows[1+i][j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// measureInto measures while the kitchens are idle, unless their work is what is
// to be seen.
func (f *fixture) measureInto(ctx context.Context, round int, m measurement, r *row) error {
	if !strings.HasSuffix(m.what, kitchenBusy) {
		if err := f.awaitIdle(ctx); err != nil {
			return err
		}
	}
	s, err := f.measure(ctx, round, m)
	r.rounds = append(r.rounds, s)
	return err
}

func (f *fixture) measure(ctx context.Context, round int, m measurement) (s stats, err error) {
	u, err := watch(m.pid, func() error {
		s, err = m.run(ctx)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("%s: %w", m.what, err)
	}
	s.usage = u
	f.failed += s.failed()
	progress("round %d of %d: %s: %s/s, p99 %s ms%s", round+1, f.rounds, m.what, count(s.rate()), millis(s.P99), s.failures())
	return s, nil
}

// measureStarts restarts each program on the data that it has now.
func (f *fixture) measureStarts(ctx context.Context) (all []startStats, err error) {
	for _, s := range f.subjects {
		progress("restarting %s %d times", s.program, restarts)
		var st startStats
		if st.ready, st.rest, err = s.restart(ctx); err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	return all, nil
}
