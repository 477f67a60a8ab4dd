package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	logoutCount      = 200 // while all instances listen
	droppedCount     = 30  // right after they have lost the connection over which they do
	streamsPerGuest  = 10  // at each instance, which is as many as one guest may have
	streamsAtOnce    = 64  // are opened
	longestEventWait = 30 * time.Second
)

// logouts measures how long an instance still accepts an access token after its
// guest has logged out at another one, while all guests order.
func (c *cluster) logouts(ctx context.Context, out io.Writer) error {
	progress("logging in %d times, to log out again", logoutCount+droppedCount)
	var tokens []string
	for range logoutCount + droppedCount {
		access, _, err := c.instances[0].login(ctx, demo("alice"))
		if err != nil {
			return err
		}
		tokens = append(tokens, access)
	}
	ordering, stop := context.WithCancel(ctx)
	var load sync.WaitGroup
	load.Go(func() {
		_, _ = c.run(ordering, scenario{at: c.instances, tokens: c.tokens}, 45*time.Second) // it is broken off
	})
	listening, err := c.logoutAll(ctx, tokens[:logoutCount], nil)
	var dropped []time.Duration
	if err == nil {
		dropped, err = c.logoutAll(ctx, tokens[logoutCount:], c.dropListeners)
	}
	stop()
	load.Wait()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "From the answer to a logout until another instance refuses the access token, while 32 guests order at all instances.\n\n")
	var t table
	t.add("ms", "logouts", "median", "p99", "slowest")
	for _, r := range []struct {
		what string
		took []time.Duration
	}{{"all instances listen", listening}, {"all have just lost the connection over which they listen", dropped}} {
		slices.Sort(r.took)
		t.add(r.what, count(len(r.took)), millis(median(r.took)), millis(percentile(r.took, 0.99)), millis(r.took[len(r.took)-1]))
	}
	t.print(out)
	return nil
}

// dropListeners breaks the connections over which instances listen.
func (c *cluster) dropListeners(ctx context.Context) error {
	return c.sql(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%(%)'")
}

// logoutAll logs out at one instance after the other, and asks the next one.
func (c *cluster) logoutAll(ctx context.Context, tokens []string, before func(context.Context) error) (took []time.Duration, err error) {
	for i, token := range tokens {
		here, there := c.instances[i%instanceCount], c.instances[(i+1)%instanceCount]
		me := call{http.MethodGet, "/api/v1/auth/me", token, "", http.StatusOK}
		if _, err := there.do(ctx, me); err != nil {
			return nil, err
		}
		if before != nil {
			if err := before(ctx); err != nil {
				return nil, err
			}
		}
		if _, err := here.do(ctx, call{http.MethodPost, "/api/v1/auth/logout", token, "", http.StatusNoContent}); err != nil {
			return nil, err
		}
		began := time.Now()
		me.want = http.StatusUnauthorized
		for err = errors.New("not asked yet"); err != nil; _, err = there.do(ctx, me) {
			if time.Since(began) > longestEventWait {
				return nil, fmt.Errorf("a logout did not arrive: %w", err)
			}
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// memoryReport measures starts and memory, without and with a long denylist, and
// then with very many open streams.
func (c *cluster) memoryReport(ctx context.Context, out io.Writer) error {
	progress("restarting an instance %d times", restarts)
	first := c.instances[0]
	ready, rest, err := first.restart(ctx)
	if err != nil {
		return err
	}
	progress("ending %s login sessions", count(c.ended))
	if err := c.endSessions(ctx); err != nil {
		return err
	}
	long, denied, err := first.restart(ctx)
	if err != nil {
		return err
	}
	for _, other := range c.instances[1:] { // so that all know of them
		if _, _, err := other.restart(ctx); err != nil {
			return err
		}
	}
	open, loaded, took, err := c.streams(ctx)
	if err != nil {
		return err
	}
	var t table
	t.add("one of three instances", "from start to ready, ms", "memory, MiB")
	t.add("at rest", millis(ready), mebibytes(rest))
	t.add(fmt.Sprintf("with %s ended sessions on the denylist", count(c.ended)), millis(long), mebibytes(denied))
	t.add(fmt.Sprintf("and %s of %s open event streams", count(open/instanceCount), count(open)), none, mebibytes(loaded))
	t.print(out)
	slices.Sort(took)
	fmt.Fprintf(out, "\nA step of an order reached the last of its %d streams, at all instances, after %s ms (median), %s ms (slowest of %d).\n",
		streamsPerGuest*instanceCount, millis(median(took)), millis(took[len(took)-1]), len(took))
	return nil
}

// endSessions writes what very many logouts would leave behind. Their tokens
// expire within the next half hour.
func (c *cluster) endSessions(ctx context.Context) error {
	return c.sql(ctx, fmt.Sprintf(`INSERT INTO login_sessions (id, user_id, delivery, user_agent, created_at, last_used_at, access_until, expires_at, ended_at)
		SELECT substr(md5(n::text), 1, 16), 1, 'body', 'curl/8', now, now, now + 900000 + n %% 900000, now + 604800000, now
		FROM generate_series(1, %d) n, (SELECT (extract(epoch FROM now()) * 1000)::bigint AS now) t; ANALYZE login_sessions`, c.ended))
}

// streams opens very many event streams, lets a chef take one step with each
// order, and returns how many were open, the most memory of an instance, and how long
// the events took.
func (c *cluster) streams(ctx context.Context) (open int, memory int64, took []time.Duration, err error) {
	const each = streamsPerGuest * instanceCount
	n := (c.options.streams + each - 1) / each
	progress("registering %d guests, who order and follow", n)
	tokens, err := c.instances[1].newGuests(ctx, "follower", n)
	if err != nil {
		return 0, 0, nil, err
	}
	chef, _, err := c.instances[0].login(ctx, demo("carla"))
	if err != nil {
		return 0, 0, nil, err
	}
	f := followers{http: streamClient(), opening: make(chan struct{}, streamsAtOnce)}
	defer f.close()
	var ids []int64
	for i, token := range tokens {
		answer, err := c.instances[i%instanceCount].placeOrders(ctx, token, c.order, 1)
		if err != nil {
			return 0, 0, nil, err
		}
		id, err := orderID(answer)
		if err != nil {
			return 0, 0, nil, err
		}
		ids = append(ids, id)
		for _, b := range c.instances {
			for range streamsPerGuest {
				f.follow(ctx, b.URL, token, id)
			}
		}
	}
	if open, err = f.await(len(tokens) * each); err != nil {
		return open, 0, nil, err
	}
	progress("%s streams are open", count(open))
	if err := pause(ctx, 3*time.Second); err != nil {
		return open, 0, nil, err
	}
	for _, b := range c.instances {
		now, err := memoryNow(b.pid())
		if err != nil {
			return open, 0, nil, err
		}
		memory = max(memory, now)
	}
	for i, id := range ids {
		d, err := f.step(ctx, c.instances[i%instanceCount], chef, id, each)
		if err != nil {
			return open, memory, nil, err
		}
		took = append(took, d)
	}
	return open, memory, took, nil
}

// followers keep streams open and note when an order is being prepared.
type followers struct {
	http    *http.Client
	opening chan struct{} // limits how many are opened at the same time
	readers sync.WaitGroup
	cancel  []context.CancelFunc

	mu      sync.Mutex
	open    int
	failure error
	seen    map[int64]chan time.Time
}

func (f *followers) follow(ctx context.Context, url, token string, id int64) {
	f.opening <- struct{}{}
	ctx, cancel := context.WithCancel(ctx)
	f.cancel = append(f.cancel, cancel)
	f.mu.Lock()
	if f.seen == nil {
		f.seen = map[int64]chan time.Time{}
	}
	if f.seen[id] == nil {
		f.seen[id] = make(chan time.Time, streamsPerGuest*instanceCount)
	}
	seen := f.seen[id]
	f.mu.Unlock()
	f.readers.Go(func() {
		err := f.read(ctx, url, token, id, seen)
		if err != nil && ctx.Err() == nil {
			f.mu.Lock()
			f.failure = err
			f.mu.Unlock()
		}
	})
}

// read reads a stream until the order is being prepared, and then stays.
func (f *followers) read(ctx context.Context, url, token string, id int64, seen chan<- time.Time) error {
	opened := sync.OnceFunc(func() { <-f.opening })
	defer opened()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/orders/%d/events", url, id), http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := f.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var event struct{ Status string }
		switch {
		case !ok || json.Unmarshal([]byte(data), &event) != nil:
		case event.Status == "placed":
			f.mu.Lock()
			f.open++
			f.mu.Unlock()
			opened()
		case event.Status == "preparing":
			seen <- time.Now()
		}
	}
	return errors.Join(fmt.Errorf("a stream has ended: %s", res.Status), lines.Err())
}

// await waits until so many are open.
func (f *followers) await(want int) (open int, err error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		open, err = f.open, f.failure
		f.mu.Unlock()
		if err != nil || open == want {
			return open, err
		}
	}
	return open, fmt.Errorf("only %d of %d streams are open", open, want)
}

// step lets the chef begin with an order and waits until all streams have shown it.
func (f *followers) step(ctx context.Context, at *server, chef string, id int64, streams int) (time.Duration, error) {
	began := time.Now()
	path := fmt.Sprintf("/api/v1/kitchen/orders/%d", id)
	if _, err := at.do(ctx, call{http.MethodPatch, path, chef, `{"status":"preparing"}`, http.StatusOK}); err != nil {
		return 0, err
	}
	var last time.Time
	for range streams {
		select {
		case last = <-f.seen[id]:
		case <-time.After(longestEventWait):
			return 0, errors.New("not all streams showed a step")
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return last.Sub(began), nil
}

func (f *followers) close() {
	for _, cancel := range f.cancel {
		cancel()
	}
	f.readers.Wait()
}
