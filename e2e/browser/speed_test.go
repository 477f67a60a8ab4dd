package browser

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// The tests in this file measure, so they do not run beside others. The machine
// may be busy with other things all the same: what must be quick gets several
// tries, and the best one counts.
const tries = 6

// TestSpeed_firstView bounds the bytes of the first view, and the time until a
// guest sees something: 200 ms, or on a busy machine five times what a bare text
// takes there at that moment. No machine is granted more than four times as long.
func TestSpeed_firstView(t *testing.T) {
	const mostBytes, longestWait, mostBareTexts = 70_000, 200.0, 5
	s := startServer(t)
	quick := false
	var paints []string
	for try := 0; try < 2 || try < 2*tries && !quick; try++ {
		bare, _ := s.firstPaint(t, "/healthz")
		first, guest := s.firstPaint(t, "/")
		guest.find(button("Order"))
		guest.waitUntil("every request is answered", guest.idle)
		size := guest.bytes()
		if size > mostBytes || size < 5000 {
			t.Errorf("the first view takes %d bytes on the wire, more than %d", size, mostBytes)
		}
		paints = append(paints, fmt.Sprintf("%.0f ms, a bare text %.0f, %d bytes", first, bare, size))
		quick = quick || first <= min(max(longestWait, mostBareTexts*bare), 4*longestWait)
		guest.seen.mu.Lock()
		for _, r := range guest.seen.sent {
			if strings.Contains(r, "/auth/") {
				t.Errorf("the first view of a new guest asks %s", r)
			}
		}
		guest.seen.mu.Unlock()
	}
	t.Logf("first paints: %q", paints)
	if !quick {
		t.Errorf("the first paint is late in all of %q", paints)
	}
}

// TestSpeed_slowPhone: over Slow 4G and with a processor four times as slow, the start page
// is painted in two and a half seconds.
func TestSpeed_slowPhone(t *testing.T) {
	const longest = 2500.0
	s := startServer(t)
	var paints []float64
	for range tries {
		p := s.newTab(t)
		p.resize(375, 667)
		call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: 562.5, DownloadThroughput: 1.6e6 / 8 * 0.9, UploadThroughput: 750e3 / 8 * 0.9}}, // "Slow 4G" of DevTools
		})
		call(p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		p.open("/")
		p.waitUntil("the first paint", func() bool { return p.isTrue(`performance.getEntriesByName('first-contentful-paint').length > 0`) })
		paints = append(paints, eval[float64](p, `performance.getEntriesByName('first-contentful-paint')[0].startTime`))
		if paints[len(paints)-1] < longest {
			break
		}
	}
	t.Logf("first paints in milliseconds: %.0f", paints)
	if slices.Min(paints) > longest {
		t.Errorf("the first paint takes %.0f ms, more than %.0f", slices.Min(paints), longest)
	}
}

// TestSpeed_teacherSees: what a table is answered stands before the teacher within a second. The
// table is open before; thirty of them need some time for that.
func TestSpeed_teacherSees(t *testing.T) {
	const longest = time.Second
	room := startClass(t, "-tables", "30")
	teacher := room.asTeacher(t)
	teacher.waitText("Live")
	base := room.take(t, "Alice")
	seen := func(path, words string) time.Duration {
		sent := time.Now()
		room.Do("GET", base+path, "", "")
		teacher.waitForRequest(words)
		return time.Since(sent)
	}
	seen("/api/v1/menu", "200 GET /menu")
	var answers, refusals []time.Duration
	for range tries { // by turns, because the row shows the latest request
		answers = append(answers, seen("/api/v1/menu/1", "200 GET /menu/:id"))
		refusals = append(refusals, seen("/api/v1/orders", "401 authentication-required"))
		if max(slices.Min(answers), slices.Min(refusals)) <= longest {
			break
		}
	}
	t.Logf("seen after: answers %v, refusals %v", answers, refusals)
	if took := max(slices.Min(answers), slices.Min(refusals)); took > longest {
		t.Errorf("it is seen after %v at best, more than %v", took, longest)
	}
}

// firstPaint opens a path in a new tab and returns after how many milliseconds
// there is something to see.
func (s *server) firstPaint(t *testing.T, path string) (milliseconds float64, p *tab) {
	t.Helper()
	p = s.newTab(t)
	p.open(path)
	p.waitUntil("the first paint", func() bool { return p.isTrue(`performance.getEntriesByName('first-paint').length > 0`) })
	return eval[float64](p, `performance.getEntriesByName('first-paint')[0].startTime`), p
}

// bytes is what all requests of the tab took on the wire, headers included.
func (p *tab) bytes() (sum int64) {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	for _, n := range p.seen.finished {
		sum += n
	}
	return sum
}

// idle reports whether all requests of the tab have ended.
func (p *tab) idle() bool {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	return len(p.seen.finished) >= len(p.seen.urls)
}

// TestSpeed_noLayoutShift holds answers back until the page says that it
// waits. What was there before may not move when they come.
func TestSpeed_noLayoutShift(t *testing.T) {
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	s.placeOrder(s.Login("alice"))
	for _, tc := range []struct{ username, view, request, waiting, arrived string }{
		{"", "menu", "GET /api/v1/menu", "Reading the menu", "Margherita"},
		{"alice", "orders", "GET /api/v1/orders", "Reading your orders", "1 × large Margherita"},
		{"alice", "token", "POST /api/v1/auth/inspect", "Not checked yet", "Valid for"},
		{"alice", "sessions", "GET /api/v1/auth/sessions", "Looking for your logins", "This one"},
		{"carla", "kitchen", "GET /api/v1/kitchen/orders", "Looking into the kitchen", "1 × large Margherita"},
		{"marco", "office", "GET /api/v1/users", "Opening the office", "vera"},
	} {
		t.Run(tc.view, func(t *testing.T) {
			guest := s.newTab(t)
			if tc.username != "" {
				guest.openAs(tc.username, "How it works")
			}
			answer, arrives := hold(tc.request)
			guest.intercept(answer)
			guest.open("/?again#/" + tc.view) // another document, without input, which would excuse shifts
			guest.waitText(tc.waiting)
			arrives()
			guest.waitText(tc.arrived)
			guest.waitForPaint()
			if shifts := eval[[]string](guest, `e2e.shifts`); len(shifts) > 0 {
				t.Errorf("what was there moves: %q", shifts)
			}
		})
	}
}

// waitForPaint waits until the browser has painted what there is to paint, for at most
// a second.
func (p *tab) waitForPaint() {
	p.t.Helper()
	eval[bool](p, `Promise.race([
		new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true))))),
		new Promise(done => setTimeout(() => done(true), 1000)), // a busy machine may paint nothing for long
	])`)
}

// scrollDownAndUp turns the wheel down the page and up again.
func (p *tab) scrollDownAndUp() {
	p.t.Helper()
	for _, by := range []float64{700, -700} {
		for range 25 {
			wheel := map[string]any{"type": "mouseWheel", "x": 300, "y": 400, "deltaX": 0, "deltaY": by} // the typed form leaves out zeros
			if err := chromedp.FromContext(p.ctx).Target.Call(p.ctx, input.DispatchMouseEvent.Method, wheel, nil); err != nil {
				p.t.Fatal(err)
			}
		}
		p.waitForPaint()
	}
}

// checkLongTasks wants one try of several without a task of over 50 ms, which is when
// a page begins to feel stuck. On a machine that hands out its cores in slices it
// grants as much more as any other work takes longer there at that moment.
func (p *tab) checkLongTasks(doing string, do func()) {
	p.t.Helper()
	var failed []string
	for range tries {
		slowness := p.slowness()
		p.waitForPaint()
		eval[bool](p, `(e2e.long.length = 0, true)`)
		do()
		p.waitForPaint()
		longest := eval[float64](p, `Math.max(0, ...e2e.long)`)
		limit := 50 * max(1, slowness, p.slowness())
		if longest <= limit {
			p.t.Logf("%s: longest task %.0f ms, limit %.0f; before that %q", doing, longest, limit, failed)
			return
		}
		failed = append(failed, fmt.Sprintf("%.0f ms, limit %.0f", longest, limit))
	}
	p.t.Errorf("%s: longest tasks of %d tries: %q", doing, tries, failed)
}

// slowness returns the median time of a fixed piece of work as a multiple of its
// shortest time. Less than half as much again is nothing, and no machine is granted
// more than four times.
func (p *tab) slowness() float64 {
	p.t.Helper()
	times := eval[float64](p, `(() => {
		const times = []
		for (let i = 0; i < 20; i++) {
			const began = performance.now()
			let sum = 0
			for (let k = 0; k < 2e6; k++) sum += k % 7
			times.push(performance.now() - began + sum * 0)
		}
		times.sort((a, b) => a - b)
		return times[10] / times[0]
	})()`)
	if times < 1.5 {
		return 1
	}
	return min(times, 4)
}

// startFullServer starts a server with 500 dishes, and 1,000 orders of alice that wait
// for a chef.
func startFullServer(t *testing.T) (s *server, alice string) {
	t.Helper()
	s = startServer(t, "RESTAURANT_RATE_LIMIT=off", "RESTAURANT_KITCHEN=manual")
	marco := s.Login("marco")
	var menu struct{ Items []struct{ ID int64 } }
	s.mustCall("GET", "/api/v1/menu", "", "", &menu)
	inParallel(500-len(menu.Items), func(i int) {
		i += len(menu.Items)
		s.mustCall("POST", "/api/v1/menu", marco, fmt.Sprintf(`{"name":"Pizza number %d","description":"Tomato, mozzarella and a number","category":"pizza",
			"sizes":[{"size":"regular","price_cents":%d}],"vegetarian":true,"allergens":["milk","gluten"],"vip_only":false,"age_restricted":false,"available":true}`, i, 700+i), nil)
	})
	alice = s.Login("alice")
	inParallel(1000, func(int) { s.placeOrder(alice) })
	return s, alice
}

// inParallel does n things, sixteen at a time: those who write share a commit.
func inParallel(n int, do func(i int)) {
	var workers sync.WaitGroup
	next := make(chan int)
	for range 16 {
		workers.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
}

// TestSpeed_noLongTasks scrolls through 500 dishes, 1,000 orders and the board, and follows events.
func TestSpeed_noLongTasks(t *testing.T) {
	start := time.Now()
	s, alice := startFullServer(t)
	t.Logf("seeded in %v", time.Since(start))
	carla, next := s.Login("carla"), int64(1)
	events := func() { // ten orders take two steps each, one after the other
		for range 10 {
			s.advance(carla, next, "preparing")
			s.advance(carla, next, "ready")
			next++
		}
	}

	guest := s.newTab(t)
	guest.open("/#/menu")
	guest.scrollTo("Pizza number 499")
	guest.checkLongTasks("scrolling 500 dishes", guest.scrollDownAndUp)
	guest.logIn("alice")
	guest.goTo("My orders")
	for shown := 50; shown < 1000; shown += 50 {
		guest.click(button("Show more orders"))
		guest.waitUntil("more orders", func() bool {
			return guest.isTrue(fmt.Sprintf(`document.querySelectorAll('.order').length === %d`, shown+50))
		})
	}
	guest.checkLongTasks("scrolling 1,000 orders", guest.scrollDownAndUp)
	guest.checkLongTasks("events of 1,000 orders", func() {
		followed := s.placeOrder(alice)
		guest.goTo("Menu")
		guest.goTo("My orders")
		guest.waitText("live")
		eval[bool](guest, `(e2e.long.length = 0, true)`) // opening a view is not what is asked here
		for _, status := range []string{"preparing", "ready", "served"} {
			s.advance(carla, followed, status)
			guest.waitUntil(status, func() bool { return guest.step(fmt.Sprintf("Order %d", followed)) == status })
		}
	})
	guest.click(button("Log out"))
	guest.logIn("carla")
	guest.goTo("Kitchen")
	guest.find(button("Start cooking order *"))
	guest.checkLongTasks("scrolling the kitchen pass", guest.scrollDownAndUp)
	guest.checkLongTasks("the pass while orders move", func() {
		before := guest.sent("GET /api/v1/kitchen/orders")
		events()
		guest.waitUntil("the board has asked again", func() bool { return guest.sent("GET /api/v1/kitchen/orders") > before })
		guest.waitUntil("the last order stands in its new column", func() bool {
			return guest.isTrue(fmt.Sprintf(`document.querySelector('[data-key="go-%d"]')?.textContent === 'Serve order %d'`, next-1, next-1))
		})
	})
	guest.goTo("Office")
	guest.expectStatus(403)
	guest.waitText("403")
}
