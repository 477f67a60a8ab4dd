package e2e

import (
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// weather is what happens between the page and the house. Bad weather is made in
// the browser, so the page and the house stay the real ones.
type weather []rule

// rule says what becomes of requests such as "GET /api/v1/menu"; an asterisk at
// its end stands for all that begin like it.
type rule struct {
	request string
	becomes func(p *tab, e *fetch.EventRequestPaused)
}

func (w weather) meets(e *fetch.EventRequestPaused) (rule, bool) {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return rule{}, false
	}
	for _, r := range w {
		prefix, open := strings.CutSuffix(r.request, "*")
		if is := e.Request.Method + " " + u.Path; is == r.request || open && strings.HasPrefix(is, prefix) {
			return r, true
		}
	}
	return rule{}, false
}

// sends sets the weather; without rules it is fine again.
func (p *tab) sends(rules ...rule) {
	p.t.Helper()
	p.seen.mu.Lock()
	p.seen.weather = rules
	p.seen.mu.Unlock()
	if len(rules) == 0 {
		call(p, fetch.Disable, cdp.Empty{})
		return
	}
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: p.origin + "/*"}}})
}

// paused lets a request go on as the weather has it.
func (p *tab) paused(e *fetch.EventRequestPaused) {
	p.seen.mu.Lock()
	r, met := p.seen.weather.meets(e)
	p.seen.mu.Unlock()
	if met {
		r.becomes(p, e)
		return
	}
	_, _ = chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
}

// refused is an answer with a problem document that the house did not send.
func refused(request string, status int64, slug, title, detail string, headers ...*fetch.HeaderEntry) rule {
	body := `{"type":"/problems/` + slug + `","title":` + quote(title) + `,"status":` + quote(status) + `,"detail":` + quote(detail) + `,"request_id":"made-up"}`
	headers = append(headers, &fetch.HeaderEntry{Name: "Content-Type", Value: "application/problem+json"})
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: status, ResponseHeaders: headers, Body: []byte(body),
		})
	}}
}

// answered is a good answer that the house did not send.
func answered(request, body string) rule {
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: 200, Body: []byte(body),
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "application/json; charset=utf-8"}},
		})
	}}
}

// lost is a request that never arrives.
func lost(request string) rule {
	return rule{request, func(p *tab, e *fetch.EventRequestPaused) {
		_, _ = chromedp.Call(p.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonInternetDisconnected})
	}}
}

// held is a request that waits until it is let go.
func held(request string) (r rule, letGo func()) {
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
