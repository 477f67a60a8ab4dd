package models

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// surveyTimeout is how long an address has time to say what it is.
	surveyTimeout = time.Second
	// surveyValid is how long an answer counts for others who connect, too.
	surveyValid = 200 * time.Millisecond
	// primaryWatchEvery is how often, at most, all addresses are asked while all is well:
	// a standby may be promoted while the old primary still answers.
	primaryWatchEvery = 5 * time.Second
)

// address is a host and port of the URL, with the ways to connect there: with TLS and
// without, for example.
type address struct {
	name string
	ways []*pgconn.FallbackConfig
}

func addressesOf(cfg *pgconn.Config) (list []address) {
	ways := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	for _, way := range ways {
		name := net.JoinHostPort(way.Host, strconv.Itoa(int(way.Port)))
		i := slices.IndexFunc(list, func(a address) bool { return a.name == name })
		if i < 0 {
			list, i = append(list, address{name: name}), len(list)
		}
		list[i].ways = append(list[i].ways, way)
	}
	return list
}

// use makes this the only address of a connection.
func (a address) use(cfg *pgconn.Config) {
	cfg.Host, cfg.Port, cfg.TLSConfig, cfg.Fallbacks = a.ways[0].Host, a.ways[0].Port, a.ways[0].TLSConfig, a.ways[1:]
}

// find returns the address of the newest primary. Those who ask at the same moment share
// one survey; after one that found none, the next has to wait a little.
func (f *fence) find(ctx context.Context) (address, error) {
	f.mu.Lock()
	best, failed, valid := f.best, f.failed, time.Now().Before(f.until)
	f.mu.Unlock()
	if valid {
		return best, failed
	}
	select {
	case <-f.surveys.DoChan("", func() (any, error) { return nil, f.survey() }): // it is for all who wait
	case <-ctx.Done():
		return address{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.best, f.failed
}

// survey asks all addresses and keeps what it found.
func (f *fence) survey() error {
	began := time.Now()
	best, err := f.askAll()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.best, f.failed = best, err
	if err == nil {
		f.until, f.retry = began.Add(surveyValid), 0
		return nil
	}
	f.retry = min(max(2*f.retry, firstRetry), lastRetry)
	f.until = time.Now().Add(jitter(f.retry))
	return err
}

// jitter returns between half of d and all of it, so that many instances do not come at
// the same moment.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) } // #nosec G404 -- not a secret

// answer is what one address says, or why it says nothing.
type answer struct {
	address
	serverState
	err error
}

// askAll asks all addresses at the same time and waits for each.
func (f *fence) askAll() (address, error) {
	answers := make([]answer, len(f.addresses))
	var asking sync.WaitGroup
	for i, a := range f.addresses {
		asking.Go(func() { answers[i] = f.askOne(a) })
	}
	asking.Wait()
	known := f.newest()
	var newest *answer
	for i := range answers {
		a := &answers[i]
		if a.err == nil {
			a.err = a.judge(known)
		}
		if a.err == nil && (newest == nil || a.Timeline > newest.Timeline) {
			newest = a
		}
	}
	for _, a := range answers {
		if a.err == nil && (a.System != newest.System || a.Timeline == newest.Timeline && a.started != newest.started) {
			return address{}, &unsuitableError{kind: ErrStalePrimary, text: fmt.Sprintf("%s and %s both take writes, and neither is the standby of the other: stop the one whose writes are not wanted", newest.name, a.name)}
		}
	}
	if newest == nil {
		return address{}, noneOf(answers)
	}
	err := f.admit(newest.serverState, newest.name)
	f.reportStale(answers, newest)
	return newest.address, err
}

func (f *fence) askOne(a address) answer {
	ctx, cancel := context.WithTimeout(context.Background(), surveyTimeout)
	defer cancel()
	cfg := f.cfg.Copy()
	a.use(cfg)
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return answer{address: a, err: err}
	}
	s, err := f.ask(ctx, conn)
	_ = conn.Close(ctx) // it has answered
	return answer{a, s, err}
}

// reportStale logs old primaries that still take writes, each once.
func (f *fence) reportStale(answers []answer, newest *answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range answers {
		if a.System == "" || a.standby || a.System == newest.System && a.Timeline == newest.Timeline {
			delete(f.stale, a.name)
		} else if f.stale[a.name] != a.Timeline {
			f.stale[a.name] = a.Timeline
			f.log.Error("an old primary is running, which would lose what is written to it; this instance does not use it", "at", a.name, "timeline", a.Timeline,
				"primary", newest.name, "next", "stop it, and make it a standby of the primary with pg_rewind")
		}
	}
}

// noneOf says of each address why it cannot be used.
func noneOf(answers []answer) error {
	var parts []string
	failed := &unsuitableError{kind: ErrDatabaseUnavailable}
	for _, a := range answers {
		parts, failed.causes = append(parts, a.name+": "+whyNot(a.err)), append(failed.causes, a.err)
	}
	failed.text = strings.Join(parts, "; ")
	return failed
}

// whyNot puts into words for an operator why a server cannot be used.
func whyNot(err error) string {
	if e, ok := errors.AsType[*unsuitableError](err); ok {
		return e.text
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return "it answers: " + e.Message
	}
	if fault := tlsFault(err); fault != "" {
		return fault
	}
	if errors.Is(err, errMoved) {
		return "another server has become the primary"
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "nothing listens there"
	}
	return "it does not answer"
}

// watchPrimary asks all addresses now and then until ctx ends, and enters a new primary
// into the database.
func (w *postgresWriter) watchPrimary(ctx context.Context) {
	for shared := (Primary{}); ctx.Err() == nil; sleep(ctx, jitter(primaryWatchEvery)) {
		if len(w.fence.addresses) > 1 {
			_, _ = w.fence.find(ctx) // what it finds is logged; that it finds none is noticed elsewhere
		}
		if now := w.fence.newest(); now != shared && w.sharePrimary(ctx, now) == nil { // or it is tried again
			shared = now
		}
	}
}
