package browser

import (
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// rules say what happens to requests between the page and the server. The browser
// applies them, so the page and the server stay the real ones.
type rules []rule

// rule says what becomes of requests such as "GET /api/v1/menu"; an asterisk at
// its end stands for all that begin like it.
type rule struct {
	request string
	handle  func(p *tab, e *fetch.EventRequestPaused)
}

func (rs rules) match(e *fetch.EventRequestPaused) (rule, bool) {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return rule{}, false
	}
	for _, r := range rs {
		prefix, open := strings.CutSuffix(r.request, "*")
		if is := e.Request.Method + " " + u.Path; is == r.request || open && strings.HasPrefix(is, prefix) {
			return r, true
		}
	}
	return rule{}, false
}

// intercept sets the rules; without any, all requests go their way again.
func (p *tab) intercept(rules ...rule) {
	p.t.Helper()
	p.seen.mu.Lock()
	p.seen.rules = rules
	p.seen.mu.Unlock()
	if len(rules) == 0 {
		call(p, fetch.Disable, cdp.Empty{})
		return
	}
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: p.origin + "/*"}}})
}

// handlePaused applies the rule for a request, if there is one.
func (p *tab) handlePaused(e *fetch.EventRequestPaused) {
	p.seen.mu.Lock()
	r, found := p.seen.rules.match(e)
	p.seen.mu.Unlock()
	if found {
		r.handle(p, e)
		return
	}
	_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
}

// refuse is an answer with a problem document that the server did not send.
func refuse(request string, status int64, slug, title, detail string, headers ...*fetch.HeaderEntry) rule {
	body := `{"type":"/problems/` + slug + `","title":` + quote(title) + `,"status":` + quote(status) + `,"detail":` + quote(detail) + `,"request_id":"made-up"}`
	headers = append(headers, &fetch.HeaderEntry{Name: "Content-Type", Value: "application/problem+json"})
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: status, ResponseHeaders: headers, Body: []byte(body),
		})
	}}
}

// fulfil is a good answer that the server did not send.
func fulfil(request, body string) rule {
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: 200, Body: []byte(body),
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "application/json; charset=utf-8"}},
		})
	}}
}

// hold is a request that waits until it is let go.
func hold(request string) (r rule, letGo func()) {
	gate := make(chan struct{})
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		select {
		case <-gate:
			_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		case <-p.ctx.Done():
		}
	}}, func() { close(gate) }
}

// disconnect takes the network away from the tab, or gives it back.
func (p *tab) disconnect(offline bool) {
	p.t.Helper()
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: offline, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: offline, DownloadThroughput: -1, UploadThroughput: -1})
}
