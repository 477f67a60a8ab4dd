package browser

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is one tab of a guest's browser. What must hold for every page (no script
// error, no violation of the policy, no request to another origin) is checked when
// the test ends.
type tab struct {
	t      testing.TB
	ctx    context.Context
	server *server
	origin string
	seen   *observations
}

// observations is what the browser reports by itself while the test runs.
type observations struct {
	origin   string
	mu       sync.Mutex
	faults   []string                   // whatever must never happen
	sent     []string                   // "POST /api/v1/orders", in order
	headers  map[string]network.Headers // of the latest request of each kind
	urls     map[network.RequestID]string
	finished map[network.RequestID]int64 // bytes on the wire of each request that has ended
	refusals map[int]int                 // failed loads by status; 0: not delivered
	expected map[int]bool                // what this test provokes
	allowed  []string                    // parts of faults that this test provokes
	rules    rules
	pause    func(*fetch.EventRequestPaused)
}

// newTab opens a tab in an empty browser context, as of a new guest.
func (s *server) newTab(t testing.TB) *tab {
	t.Helper()
	return openTab(t, s, "http://"+s.Addr, chrome, chromedp.WithNewBrowserContext())
}

// newInsecureTab comes in by a name that browsers do not trust without TLS.
func (s *server) newInsecureTab(t testing.TB) *tab {
	t.Helper()
	return openTab(t, s, insecureOrigin(s), chrome, chromedp.WithNewBrowserContext())
}

// insecureOrigin is the address of a server under such a name.
func insecureOrigin(s *server) string {
	_, port, _ := strings.Cut(s.Addr, ":")
	return "http://" + insecureHost + ":" + port
}

// newTabOfSameUser opens a second tab of the same guest, with the same cookies.
func (p *tab) newTabOfSameUser() *tab {
	p.t.Helper()
	return openTab(p.t, p.server, p.origin, p.ctx)
}

func openTab(t testing.TB, s *server, origin string, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	seen := &observations{
		origin: origin, finished: map[network.RequestID]int64{}, headers: map[string]network.Headers{}, urls: map[network.RequestID]string{}, refusals: map[int]int{}, expected: map[int]bool{},
	}
	ctx, leave := chromedp.NewContext(parent, append(options, chromedp.WithListener(seen.record))...)
	p := &tab{t: t, ctx: ctx, server: s, origin: origin, seen: seen}
	seen.pause = p.handlePaused
	t.Cleanup(func() {
		p.checkNoFaults()
		leave()
	})
	call(p, audits.Enable, cdp.Empty{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: recorder})
	p.emulateMedia("prefers-color-scheme", "light")
	p.resize(1280, 800)
	return p
}

// recordCountdown has documents that are opened from now on keep what a countdown
// shows: each text is there for one second, and a busy machine looks less often.
func (p *tab) recordCountdown() {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		e2e.countdown = [];
		new MutationObserver(() => {
			let [now] = document.body?.textContent.match(/(Try again in|Wait) \d+ s(?!econd)/) ?? [];
			if ([...document.querySelectorAll('button')].find(b => b.textContent === now)?.disabled) now += ', disabled';
			if (now && now !== e2e.countdown.at(-1)) e2e.countdown.push(now);
		}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });`})
}

// waitCountdown waits until a countdown has begun.
func (p *tab) waitCountdown() {
	p.t.Helper()
	p.waitUntil("a countdown", func() bool { return p.isTrue(`e2e.countdown.length > 0`) })
}

// recorder keeps what only the page itself can measure.
const recorder = `
window.e2e = { shifts: [], long: [] };
new PerformanceObserver(list => {
	for (const e of list.getEntries()) if (!e.hadRecentInput)
		e2e.shifts.push(e.value.toFixed(4) + ' ' + e.sources.map(s => s.node?.nodeName + '.' + s.node?.className + JSON.stringify(s.previousRect) + '->' + JSON.stringify(s.currentRect)).join(', '));
}).observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver(list => {
	for (const e of list.getEntries()) e2e.long.push(e.duration);
}).observe({ type: 'longtask', buffered: true });`

// record runs for every event of the tab, in order; it must not block.
func (o *observations) record(event any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		o.recordRequest(e)
	case *network.EventLoadingFinished:
		o.finished[e.RequestID] = int64(e.EncodedDataLength)
	case *network.EventLoadingFailed:
		o.finished[e.RequestID] = 0
	case *log.EventEntryAdded:
		o.recordLog(e.Entry)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			o.faults = append(o.faults, "console error: "+consoleText(e.Args))
		}
	case *runtime.EventExceptionThrown:
		o.faults = append(o.faults, "not caught: "+exceptionText(e.ExceptionDetails))
	case *fetch.EventRequestPaused:
		go o.pause(e)
	case *audits.EventIssueAdded:
		if v := e.Issue.Details.ContentSecurityPolicyIssueDetails; v != nil {
			o.faults = append(o.faults, fmt.Sprintf("policy: %s violates %s (%s)", v.BlockedURL, v.ViolatedDirective, v.ContentSecurityPolicyViolationType))
		}
	}
}

func (o *observations) recordRequest(e *network.EventRequestWillBeSent) {
	u, err := url.Parse(e.Request.URL)
	if err != nil || u.Scheme == "about" || u.Scheme == "data" { // nobody is asked
		return
	}
	if got := u.Scheme + "://" + u.Host; got != o.origin {
		o.faults = append(o.faults, "a request to another origin: "+e.Request.URL)
	}
	o.urls[e.RequestID] = e.Request.URL
	kind := e.Request.Method + " " + u.Path
	o.sent = append(o.sent, kind)
	o.headers[kind] = e.Request.Headers
}

var statusIn = regexp.MustCompile(`status of (\d+)`)

// recordLog sorts out the lines that Chromium itself writes for every answer of 400
// and more; the tests say which of them they provoke.
func (o *observations) recordLog(e *log.Entry) {
	switch {
	case strings.HasPrefix(e.Text, "Failed to load resource"):
		status := 0
		if found := statusIn.FindStringSubmatch(e.Text); found != nil {
			status, _ = strconv.Atoi(found[1])
		}
		o.refusals[status]++
	case e.Level == log.EntryLevelError:
		o.faults = append(o.faults, fmt.Sprintf("%s error: %s (%s)", e.Source, e.Text, e.URL))
	}
}

func consoleText(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, cmp.Or(a.Description, strings.Trim(string(a.Value), `"`)))
	}
	return strings.Join(words, " ")
}

func exceptionText(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

// notDelivered stands for a request that got no answer.
const notDelivered = 0

// expectStatus says which refusals belong to the test. All others are faults.
func (p *tab) expectStatus(statuses ...int) {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	for _, s := range statuses {
		p.seen.expected[s] = true
	}
}

// expectFaults says which faults belong to the test, by a part of their words.
func (p *tab) expectFaults(parts ...string) {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	p.seen.allowed = append(p.seen.allowed, parts...)
}

// checkNoFaults is what every test asserts at its end.
func (p *tab) checkNoFaults() {
	p.t.Helper()
	for _, fault := range p.seen.problems() {
		p.t.Error(fault)
	}
}

// problems is everything that must not have happened, once each.
func (o *observations) problems() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(o.faults), func(fault string) bool {
		return slices.ContainsFunc(o.allowed, func(part string) bool { return strings.Contains(fault, part) })
	})
	for _, status := range slices.Sorted(maps.Keys(o.refusals)) {
		if !o.expected[status] {
			found = append(found, fmt.Sprintf("refused with %d, %d times, which the test did not provoke; it sent %s", status, o.refusals[status], strings.Join(o.sent, ", ")))
		}
	}
	return found
}

// reset forgets what was seen so far.
func (o *observations) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = nil
	clear(o.refusals)
}

// sent counts the requests of one kind, as in "POST /api/v1/auth/refresh".
func (p *tab) sent(request string) (n int) {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	for _, r := range p.seen.sent {
		if r == request {
			n++
		}
	}
	return n
}

// header is a header of the latest request of one kind.
func (p *tab) header(request, name string) string {
	p.seen.mu.Lock()
	defer p.seen.mu.Unlock()
	value, _ := p.seen.headers[request][name].(string)
	return value
}

// call sends one protocol command that must work.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	result, err := chromedp.Call(p.ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// isTrue evaluates a condition; while the page changes it does not hold.
func (p *tab) isTrue(expression string) bool {
	ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
	return err == nil && ok
}

// open goes to a path of the server, such as "/#/menu", as if typed.
func (p *tab) open(path string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.origin+path)); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
}

func (p *tab) reload() {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Reload()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) resize(width, height int64) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// emulateMedia sets a media feature, such as "prefers-color-scheme" to "dark". Nobody
// here waits for movements.
func (p *tab) emulateMedia(feature, value string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-reduced-motion", Value: "reduce"}, {Name: feature, Value: value},
	}})
}

// waitUntil waits for a condition, and shows the page if it never comes.
func (p *tab) waitUntil(what string, holds func() bool) {
	p.t.Helper()
	if !eventually(p.t, holds) {
		p.fail("never happened: " + what)
	}
}

// fail ends the test with a picture of the page and its text.
func (p *tab) fail(message string) {
	p.t.Helper()
	text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText.replace(/\s*\n\s*/g, ' / ').slice(0, 1500)`))
	p.t.Fatalf("%s\nsee %s; the page at %s says:\n%s", message, p.screenshot("failure"), eval[string](p, `location.href`), text)
}

// screenshot takes a picture of what is in view. They are kept with -artifacts.
func (p *tab) screenshot(name string) string {
	p.t.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err.Error()
	}
	return saveScreenshot(p.t, name, picture)
}

func saveScreenshot(t testing.TB, name string, picture []byte) string {
	path := filepath.Join(t.ArtifactDir(), strings.ReplaceAll(t.Name(), "/", "-")+"-"+strings.ReplaceAll(name, " ", "-")+".png")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		return err.Error()
	}
	return path
}
