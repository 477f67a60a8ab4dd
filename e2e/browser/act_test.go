package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// thing is something on the page, named as a screen reader names it. An asterisk
// in a name stands for anything.
type thing struct {
	role, name string
	in         *thing // nil: anywhere on the page
}

func button(name string) thing   { return thing{role: "button", name: name} }
func link(name string) thing     { return thing{role: "link", name: name} }
func heading(name string) thing  { return thing{role: "heading", name: name} }
func textbox(name string) thing  { return thing{role: "textbox", name: name} }
func radio(name string) thing    { return thing{role: "radio", name: name} }
func checkbox(name string) thing { return thing{role: "checkbox", name: name} }

// within looks only inside another thing.
func (x thing) within(in thing) thing {
	x.in = &in
	return x
}

func (x thing) String() string {
	s := fmt.Sprintf("%s %q", x.role, x.name)
	if x.in != nil {
		s += " in " + x.in.String()
	}
	return s
}

func (x thing) matches(name string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(x.name), `\*`, ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(name)
}

// all finds every such thing that is there now, in the order of the document.
func (p *tab) all(x thing) []*accessibility.Node {
	query := accessibility.QueryAXTreeParams{Role: x.role}
	if x.in == nil {
		root, err := chromedp.Call(p.ctx, dom.GetDocument, dom.GetDocumentParams{Depth: new(int64(0))})
		if err != nil {
			return nil
		}
		query.BackendNodeID = root.Root.BackendNodeID
	} else if outer := p.all(*x.in); len(outer) > 0 {
		query.BackendNodeID = outer[0].BackendDOMNodeID
	} else {
		return nil
	}
	found, err := chromedp.Call(p.ctx, accessibility.QueryAXTree, query)
	if err != nil {
		return nil // the page is just changing
	}
	return slices.DeleteFunc(found.Nodes, func(n *accessibility.Node) bool {
		return n.Ignored || n.BackendDOMNodeID == 0 || !x.matches(text(n.Name))
	})
}

// text is the string in a value of the accessibility tree.
func text(v *accessibility.Value) string {
	var s string
	if v != nil {
		_ = json.Unmarshal(v.Value, &s)
	}
	return s
}

// property is a state such as "disabled", "checked" or "expanded", as JSON.
func property(n *accessibility.Node, name accessibility.PropertyName) string {
	for _, p := range n.Properties {
		if p.Name == name {
			return strings.Trim(string(p.Value.Value), `"`)
		}
	}
	return ""
}

func (p *tab) has(x thing) bool { return len(p.all(x)) > 0 }

// finds waits until the thing is there.
func (p *tab) finds(x thing) *accessibility.Node {
	p.t.Helper()
	var found []*accessibility.Node
	p.until("there is a "+x.String(), func() bool { found = p.all(x); return len(found) > 0 })
	return found[0]
}

// misses waits until the thing is gone.
func (p *tab) misses(x thing) {
	p.t.Helper()
	p.until("there is no more "+x.String(), func() bool { return !p.has(x) })
}

// sees waits until all of this can be read on the page.
func (p *tab) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until(fmt.Sprintf("the page says %q", text), func() bool { return p.says(text) })
	}
}

// says compares without regard to case, which a style sheet may change, and to
// how words are spaced.
func (p *tab) says(text string) bool {
	return p.holds(fmt.Sprintf(`document.body.innerText.replace(/\s+/g, ' ').toLowerCase().includes(%s)`, quote(strings.ToLower(text))))
}

func quote(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// clicks presses the mouse on the middle of the thing, once it is there, enabled
// and not covered by anything.
func (p *tab) clicks(x thing) {
	p.t.Helper()
	why, misses := "it is not there", 0
	if !eventually(p.t, func() bool {
		if found := p.all(x); len(found) > 0 {
			why = p.press(found[0])
		} else if misses++; misses%looks == 0 {
			p.looksAround(misses / looks)
		}
		return why == ""
	}) {
		p.fail(fmt.Sprintf("the %s cannot be clicked: %s", x, why))
	}
}

// looks is how often a thing is missed before somebody looks elsewhere.
const looks = 50

// looksAround scrolls to the beginning of the page, to its middle or to its end.
// What is far out of sight is not painted (content-visibility), and a busy Chromium
// may be late in telling of it.
func (p *tab) looksAround(turn int) {
	p.holds(fmt.Sprintf(`(scrollTo(0, document.documentElement.scrollHeight * %d / 2), true)`, (turn-1)%3))
}

// press clicks, or says why it cannot.
func (p *tab) press(n *accessibility.Node) string {
	if property(n, "disabled") == "true" {
		return "it is disabled"
	}
	id := n.BackendDOMNodeID
	if _, err := chromedp.Call(p.ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
		return err.Error()
	}
	x, y, err := p.middle(id)
	if err != nil {
		return err.Error()
	}
	callOn[bool](p, id, `function() { return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))) }`)
	if laterX, laterY, err := p.middle(id); err != nil || laterX != x || laterY != y {
		return "it does not keep still"
	}
	if !p.onTop(id, x, y) {
		return "something covers it"
	}
	if err := chromedp.Do(p.ctx, chromedp.MouseClickXY(x, y)); err != nil {
		return err.Error()
	}
	return ""
}

func (p *tab) middle(id cdp.BackendNodeID) (x, y float64, err error) {
	quads, err := chromedp.Call(p.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id})
	if err != nil || len(quads.Quads) == 0 {
		return 0, 0, fmt.Errorf("it has no place on the page: %v", err)
	}
	q := quads.Quads[0]
	return (q[0] + q[4]) / 2, (q[1] + q[5]) / 2, nil
}

// onTop tells whether a click at this place would meet the node.
func (p *tab) onTop(id cdp.BackendNodeID, x, y float64) bool {
	return callOn[bool](p, id, fmt.Sprintf(`function() {
		const hit = document.elementFromPoint(%f, %f)
		return !!hit && (this.contains(hit) || hit.contains(this) || [...(this.labels ?? [])].some(l => l.contains(hit)))
	}`, x, y))
}

// callOn runs a function with the node as this. A node that is gone gives zero.
func callOn[T any](p *tab, id cdp.BackendNodeID, function string) (value T) {
	node, err := chromedp.Call(p.ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: id})
	if err != nil {
		return value
	}
	result, err := chromedp.Call(p.ctx, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: function, ObjectID: node.Object.ObjectID, ReturnByValue: new(true), AwaitPromise: new(true),
	})
	if err == nil && result.ExceptionDetails == nil {
		_ = json.Unmarshal(result.Result.Value, &value)
	}
	return value
}

// fills clicks into a field, selects what is in it, and types.
func (p *tab) fills(x thing, words string) {
	p.t.Helper()
	p.clicks(x)
	callOn[bool](p, p.finds(x).BackendDOMNodeID, `function() { this.select() }`)
	p.types(words)
}

// scrollsTo brings the row of a long list into view that holds a text. What is far
// below is not laid out before (content-visibility), so it has no name yet.
func (p *tab) scrollsTo(words string) {
	p.t.Helper()
	p.until("there is a row with "+words, func() bool {
		return p.holds(fmt.Sprintf(`(() => {
			const row = [...document.querySelectorAll('main li, main article')].find(e => e.textContent.includes(%s))
			row?.scrollIntoView({ block: 'center' })
			return !!row
		})()`, quote(words)))
	})
}

// mayCopy lets the tab use the clipboard.
func (p *tab) mayCopy() {
	p.t.Helper()
	for _, permission := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(p.ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
			Permission: &cdpbrowser.PermissionDescriptor{Name: permission}, Setting: cdpbrowser.PermissionSettingGranted,
			Origin: p.origin, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// types sends each character as a key.
func (p *tab) types(words string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(words)); err != nil {
		p.t.Fatal(err)
	}
}

var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Space": " ", "Escape": kb.Escape,
	"Down": kb.ArrowDown, "Up": kb.ArrowUp, "Left": kb.ArrowLeft, "Right": kb.ArrowRight,
}

// presses sends one key, such as "Tab" or "Shift+Tab".
func (p *tab) presses(key string) {
	p.t.Helper()
	name, shifted := strings.CutPrefix(key, "Shift+")
	var options []chromedp.KeyOption
	if shifted {
		options = append(options, chromedp.KeyModifiers(kb.ModifierShift))
	}
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(keys[name], options...)); err != nil {
		p.t.Fatal(err)
	}
}

// focused is the thing that the keyboard talks to.
func (p *tab) focused() thing {
	p.t.Helper()
	result := call(p, runtime.Evaluate, runtime.EvaluateParams{
		Expression: `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e })()`,
	})
	if result.Result.ObjectID == "" {
		return thing{}
	}
	tree, err := chromedp.Call(p.ctx, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: result.Result.ObjectID, FetchRelatives: new(false)})
	if err != nil || len(tree.Nodes) == 0 {
		return thing{}
	}
	return thing{role: text(tree.Nodes[0].Role), name: text(tree.Nodes[0].Name)}
}

// tabsTo presses Tab until the thing has the focus.
func (p *tab) tabsTo(x thing) { p.t.Helper(); p.walksTo(x, "Tab") }

// walksTo presses a key until the thing has the focus.
func (p *tab) walksTo(x thing, key string) {
	p.t.Helper()
	var passed []string
	for range 300 {
		at := p.focused()
		if at.role == x.role && x.matches(at.name) {
			return
		}
		passed = append(passed, at.String())
		p.presses(key)
	}
	p.fail(fmt.Sprintf("%s never reaches the %s, only\n%s", key, x, strings.Join(passed[:min(60, len(passed))], "\n")))
}
