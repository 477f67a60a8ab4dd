package browser

import (
	"slices"
	"strings"
	"testing"
)

// TestChecks_findFaults makes each fault that the helpers look for, on a page
// that has none: a check that never fails proves nothing.
func TestChecks_findFaults(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/problems")
	defer guest.seen.reset()
	for fault, script := range map[string]string{
		"console error: on purpose":          `console.error('on purpose')`,
		"not caught: Error: on purpose":      `setTimeout(() => { throw new Error('on purpose') })`,
		"not caught: Error: nobody listens":  `void Promise.reject(new Error('nobody listens'))`,
		"violates style-src":                 `document.body.setAttribute('style', 'color: red')`,
		"violates require-trusted-types-for": `try { document.body.innerHTML = '<b>' } catch {}`,
		"violates connect-src":               `fetch('http://127.0.0.1:9/').catch(() => {})`,
		"violates img-src":                   `new Image().src = 'http://127.0.0.1:9/a.png'`,
		"refused with 404, 1 times":          `fetch('/not/there')`,
	} {
		guest.seen.reset()
		eval[any](guest, "void ("+"() => { "+script+" })()")
		guest.waitUntil(fault, func() bool {
			return slices.ContainsFunc(guest.seen.problems(), func(v string) bool { return strings.Contains(v, fault) })
		})
	}
	guest.seen.reset()
	eval[any](guest, `void open(location.href.replace('localhost', '127.0.0.1'), '_self')`)
	guest.waitUntil("a request to another origin", func() bool {
		return slices.ContainsFunc(guest.seen.problems(), func(v string) bool { return strings.HasPrefix(v, "a request to another origin") })
	})
	guest.seen.reset()
	guest.expectStatus(404)
	guest.open("/problems")
	eval[int](guest, `fetch('/not/there').then(r => r.status)`)
	if found := guest.seen.problems(); len(found) > 0 {
		t.Errorf("a provoked refusal is held against the page: %q", found)
	}
	if found := guest.violations(`['image-alt', 'color-contrast']`); len(found) > 0 {
		t.Errorf("before anything was broken: %q", found)
	}
	eval[any](guest, `void setTimeout(() => { for (const began = performance.now(); performance.now() - began < 80;); document.body.prepend(Object.assign(document.createElement('p'), { textContent: 'A late heading' })) })`)
	guest.waitUntil("a long task and a shift", func() bool { return guest.isTrue(`e2e.long.length > 0 && e2e.shifts.length > 0`) })
	eval[any](guest, `void (document.body.append(document.createElement('img')), document.querySelector('h1').style.color = '#bbb')`)
	if found := guest.violations(`['image-alt', 'color-contrast']`); len(found) != 2 || !strings.HasPrefix(found[0], "color-contrast") || !strings.HasPrefix(found[1], "image-alt") {
		t.Errorf("a pale heading, and a picture without a text for those who do not see it: %q", found)
	}
}
