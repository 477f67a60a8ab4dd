package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

// checkAccessibility checks what is on the page now against the WCAG, in light and dark. What
// is dark differs in its colours only. The window is as high as the page, or axe
// would take what the lowest bar hides until one scrolls for hidden.
func (p *tab) checkAccessibility(state string) {
	p.t.Helper()
	p.resize(1280, min(6000, eval[int64](p, `document.documentElement.scrollHeight`)+100))
	defer p.resize(1280, 800)
	for _, look := range []struct{ scheme, rules string }{
		{"light", `['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']`},
		{"dark", `['color-contrast']`},
	} {
		p.emulateMedia("prefers-color-scheme", look.scheme)
		for _, violation := range p.violations(look.rules) {
			p.t.Errorf("%s, %s: %s", state, look.scheme, violation)
		}
	}
	p.emulateMedia("prefers-color-scheme", "light")
}

// violations runs axe in a world of its own: the page's policy does not change,
// and the page does not see it. The first rows of a long list stand for all.
func (p *tab) violations(rules string) []string {
	p.t.Helper()
	frame := call(p, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.ID
	world := call(p, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "axe"}).ExecutionContextID
	run := `axe.run({ exclude: [['.dish:nth-of-type(n+20)'], ['.dish-list > li:nth-child(n+10)']] }, { runOnly: ` + rules + `, resultTypes: ['violations'] })
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ' ' + n.failureSummary.replace(/\s+/g, ' '))))`
	call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: "window.axe || (() => {" + axe + "})()", ContextID: world})
	result := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: run, ContextID: world, AwaitPromise: new(true), ReturnByValue: new(true)})
	if result.ExceptionDetails != nil {
		p.t.Fatalf("axe: %s", exceptionText(result.ExceptionDetails))
	}
	var found []string
	if err := json.Unmarshal(result.Result.Value, &found); err != nil {
		p.t.Fatal(err)
	}
	return found
}

// checkNoHorizontalScroll holds for every width that a guest may have.
func (p *tab) checkNoHorizontalScroll(state string) {
	p.t.Helper()
	if over := eval[[]string](p, `(() => {
		const width = document.documentElement.clientWidth
		if (document.documentElement.scrollWidth <= width) return []
		const over = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
			.map(e => e.nodeName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right))
		return over.length ? over : ['a text without a box, up to ' + document.documentElement.scrollWidth]
	})()`); len(over) > 0 {
		p.t.Errorf("%s: the page scrolls sideways because of %s", state, strings.Join(over[:min(5, len(over))], ", "))
	}
}

// checkWidths takes a picture at each width and checks each.
func (p *tab) checkWidths(state string) {
	p.t.Helper()
	for _, width := range []int64{320, 768, 1280} {
		p.resize(width, 900)
		p.waitForPaint()
		p.checkNoHorizontalScroll(fmt.Sprintf("%s at %d px", state, width))
		p.screenshot(fmt.Sprintf("%s-%d", state, width))
	}
	p.resize(320, 256)
	p.checkStickyParts(state + " at 400 % zoom")
	p.resize(1280, 800)
}

// checkStickyParts wants at least half of the window for what one reads, whatever
// sticks to its edges. 320 by 256 is a window of 1280 by 1024 at 400 %.
func (p *tab) checkStickyParts(state string) {
	p.t.Helper()
	p.waitForPaint()
	if covered := eval[float64](p, `(() => {
		let stuck = 0
		for (let y = 0; y < innerHeight; y++) {
			for (let e = document.elementFromPoint(innerWidth / 2, y); e; e = e.parentElement) {
				if (e.localName === 'dialog' || !['fixed', 'sticky'].includes(getComputedStyle(e).position)) continue
				stuck++
				break
			}
		}
		return stuck / innerHeight
	})()`); covered > 0.5 {
		p.t.Errorf("%s: %.0f %% of the window are covered by things that stick", state, covered*100)
	}
}
