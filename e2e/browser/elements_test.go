package browser

import (
	"cmp"
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

// element is something on the page, named as a screen reader names it. An asterisk
// in a name stands for anything.
type element struct {
	role, name string
	in         *element // nil: anywhere on the page
}

func button(name string) element   { return element{role: "button", name: name} }
func link(name string) element     { return element{role: "link", name: name} }
func heading(name string) element  { return element{role: "heading", name: name} }
func textbox(name string) element  { return element{role: "textbox", name: name} }
func radio(name string) element    { return element{role: "radio", name: name} }
func checkbox(name string) element { return element{role: "checkbox", name: name} }

// within looks only inside another element.
func (x element) within(in element) element {
	x.in = &in
	return x
}

func (x element) String() string {
	s := fmt.Sprintf("%s %q", x.role, x.name)
	if x.in != nil {
		s += " in " + x.in.String()
	}
	return s
}

func (x element) matches(name string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(x.name), `\*`, ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(name)
}

// all returns every such element that is there now, in the order of the document.
func (p *tab) all(x element) []*accessibility.Node {
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

func (p *tab) has(x element) bool { return len(p.all(x)) > 0 }

// find waits until the element is there.
func (p *tab) find(x element) *accessibility.Node {
	p.t.Helper()
	var found []*accessibility.Node
	p.waitUntil("there is a "+x.String(), func() bool { found = p.inSight(x); return len(found) > 0 })
	return found[0]
}

// inSight returns all such elements. If there is none it scrolls to what may hold
// one: Chromium knows no names and no buttons in a row that is far out of sight,
// because content-visibility skips it.
func (p *tab) inSight(x element) []*accessibility.Node {
	found := p.all(x)
	for at := &x; at != nil && len(found) == 0; at = at.in {
		if p.isTrue(fmt.Sprintf(`(() => {
			const row = [...document.querySelectorAll('main li, main article')].find(row =>
				row.checkVisibility() && row.firstElementChild?.checkVisibility({ contentVisibilityAuto: true }) === false
				&& [row.textContent, ...Array.from(row.querySelectorAll('[aria-label]'), e => e.ariaLabel), row.ariaLabel].some(text => text?.includes(%s)))
			row?.scrollIntoView({ block: 'center' })
			return !!row
		})()`, quote(at.longestPart()))) {
			break
		}
	}
	return found
}

// longestPart is the longest part of the name between asterisks.
func (x element) longestPart() string {
	return slices.MaxFunc(strings.Split(x.name, "*"), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

// waitGone waits until the element is gone.
func (p *tab) waitGone(x element) {
	p.t.Helper()
	p.waitUntil("there is no more "+x.String(), func() bool { return !p.has(x) })
}

// waitText waits until all of this can be read on the page.
func (p *tab) waitText(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.waitUntil(fmt.Sprintf("the page says %q", text), func() bool { return p.hasText(text) })
	}
}

// hasText compares without regard to case, which a style sheet may change, and to
// how words are spaced, nor to the characters that isolate names.
func (p *tab) hasText(text string) bool {
	return p.isTrue(fmt.Sprintf(`document.body.innerText.replace(/[\u2068\u2069]/g, '').replace(/\s+/g, ' ').toLowerCase().includes(%s)`, quote(strings.ToLower(text))))
}

func quote(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// click presses the mouse on the middle of the element, once it is there, enabled
// and not covered by anything.
func (p *tab) click(x element) {
	p.t.Helper()
	why := "it is not there"
	if !eventually(p.t, func() bool {
		if found := p.inSight(x); len(found) > 0 {
			why = p.tryClick(found[0])
		}
		return why == ""
	}) {
		p.fail(fmt.Sprintf("the %s cannot be clicked: %s", x, why))
	}
}

// tryClick clicks, or says why it cannot.
func (p *tab) tryClick(n *accessibility.Node) string {
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
	if p.isTrue(`window.e2e?.missed === true`) {
		return "it moved away under the mouse"
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

// onTop reports whether a click at this place would meet the node, and has the page
// note whether it does.
func (p *tab) onTop(id cdp.BackendNodeID, x, y float64) bool {
	return callOn[bool](p, id, fmt.Sprintf(`function() {
		const x = %f, y = %f, hit = document.elementFromPoint(x, y), labels = [...(this.labels ?? [])]
		const there = [...this.getClientRects()].some(r => r.left <= x && x <= r.right && r.top <= y && y <= r.bottom) // it may have moved meanwhile
		e2e.missed = true // until the click arrives: the page may move what is under the mouse
		addEventListener('click', e => { e2e.missed = !(e.target === hit || [this, ...labels].some(l => l.contains(e.target))) }, { once: true, capture: true })
		return there && !!hit && (this.contains(hit) || hit.contains(this) || labels.some(l => l.contains(hit)))
	}`, x, y))
}

// callOn runs a function with the node as this. For a node that is gone
// it returns the zero value.
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

// fill clicks into a field, selects what is in it, and types.
func (p *tab) fill(x element, words string) {
	p.t.Helper()
	p.click(x)
	callOn[bool](p, p.find(x).BackendDOMNodeID, `function() { this.select() }`)
	p.typeText(words)
}

// clickToCopy clicks a button that copies, and waits until it has the focus and says that it is
// copied. It says so for two seconds, so the page records it.
func (p *tab) clickToCopy(x element) {
	p.t.Helper()
	eval[any](p, `void new MutationObserver(changes => {
		for (const { target } of changes)
			if (target.matches('.copied') && target === document.activeElement) e2e.copied = target.ariaLabel ?? target.textContent
	}).observe(document.body, { subtree: true, attributeFilter: ['class'] })`)
	p.click(x)
	p.waitUntil("the button says that it is copied", func() bool { return p.isTrue(`e2e.copied === ` + quote(x.name)) })
}

// scrollTo brings the row of a long list into view that holds a text. What is far
// below is not laid out before (content-visibility), so it has no name yet.
func (p *tab) scrollTo(words string) {
	p.t.Helper()
	p.waitUntil("there is a row with "+words, func() bool {
		return p.isTrue(fmt.Sprintf(`(() => {
			const row = [...document.querySelectorAll('main :is(li, article):not(nav *)')].find(e => e.textContent.includes(%s))
			row?.scrollIntoView({ block: 'center' })
			return !!row
		})()`, quote(words)))
	})
}

// allowClipboard lets the tab use the clipboard.
func (p *tab) allowClipboard() {
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

// typeText sends each character as a key.
func (p *tab) typeText(words string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(words)); err != nil {
		p.t.Fatal(err)
	}
}

var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Space": " ", "Escape": kb.Escape,
	"Down": kb.ArrowDown, "Up": kb.ArrowUp, "Left": kb.ArrowLeft, "Right": kb.ArrowRight,
}

// pressKey sends one key, such as "Tab" or "Shift+Tab".
func (p *tab) pressKey(key string) {
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

// focused is the element that has the keyboard's focus.
func (p *tab) focused() element {
	p.t.Helper()
	result := call(p, runtime.Evaluate, runtime.EvaluateParams{
		Expression: `(() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e })()`,
	})
	if result.Result.ObjectID == "" {
		return element{}
	}
	tree, err := chromedp.Call(p.ctx, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: result.Result.ObjectID, FetchRelatives: new(false)})
	if err != nil || len(tree.Nodes) == 0 {
		return element{}
	}
	return element{role: text(tree.Nodes[0].Role), name: text(tree.Nodes[0].Name)}
}

// tabTo presses Tab until the element has the focus.
func (p *tab) tabTo(x element) { p.t.Helper(); p.moveFocusTo(x, "Tab") }

// moveFocusTo presses a key until the element has the focus.
func (p *tab) moveFocusTo(x element, key string) {
	p.t.Helper()
	var passed []string
	for range 300 {
		at := p.focused()
		if at.role == x.role && x.matches(at.name) {
			return
		}
		passed = append(passed, at.String())
		p.pressKey(key)
	}
	p.fail(fmt.Sprintf("%s never reaches the %s, only\n%s", key, x, strings.Join(passed[:min(60, len(passed))], "\n")))
}
