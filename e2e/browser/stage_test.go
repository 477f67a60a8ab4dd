package browser

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// stageNotes is what the stage has received.
type stageNotes struct{ Notes, Orders, Reports []string }

// playCase opens a case, lets the thief write, and waits until the page has shown what the
// server received.
func (p *tab) playCase(name string) (got stageNotes, wristband string) {
	p.t.Helper()
	p.open("/?case=" + name)
	p.click(button("Let the thief write*"))
	p.waitUntil("the second look", func() bool {
		return p.isTrue(`performance.getEntriesByName(new URL("notepad", location).href).filter(e => e.initiatorType === "fetch").length >= 3`)
	})
	text := eval[string](p, `fetch("notepad").then(r => r.text())`)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		p.t.Fatal(err)
	}
	return got, eval[string](p, `localStorage.wristband || ""`)
}

// striped is true for a page with the banner of the lab: words beside the stripes,
// and not on them.
const striped = `(e => e.innerText.trim() === 'Lab: unsafe on purpose. Nothing here opens a real door.'
	&& getComputedStyle(e).borderImageSource.startsWith('repeating-linear-gradient'))(document.querySelector('[role=banner]'))`

// TestStage_whatTheThiefGets plays the cases in a browser, each on a stage of its own, with a
// guest of the restaurant in the same browser.
func TestStage_whatTheThiefGets(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	_, port, _ := strings.Cut(s.Addr, ":")
	guest := openTab(t, s, "http://localhost:"+port, chrome, chromedp.WithNewBrowserContext())
	guest.open("/")
	guest.logIn("alice", "in a cookie")
	stage := openTab(t, nil, "", guest.ctx)
	t.Cleanup(stage.seen.reset) // a policy that blocks is what it shows
	for _, tc := range []struct {
		name    string
		stolen  bool // whether the note has the token
		want    stageNotes
		storage bool // whether there was something to steal in localStorage
	}{
		{name: "storage", stolen: true, storage: true},
		{name: "cookie", want: stageNotes{Notes: []string{""}}},
		{name: "order", want: stageNotes{Orders: []string{"One large Margherita, to be paid by Alice"}}},
		{name: "encoded", storage: true},
		{name: "strict", storage: true, want: stageNotes{Reports: []string{"The browser has not run the script of the text: the policy forbids it."}}},
	} {
		var at struct{ URL string }
		s.mustCall("POST", "/lab/stage", "", "", &at)
		stage.origin = strings.TrimSuffix(at.URL, "/")
		got, wristband := stage.playCase(tc.name)
		if !stage.isTrue(striped) {
			t.Errorf("%s: the page has no banner in words and stripes", tc.name)
		}
		stage.checkWidths("the stage, case " + tc.name)
		if (wristband != "") != tc.storage {
			t.Errorf("%s: localStorage has %q", tc.name, wristband)
		}
		if tc.stolen {
			tc.want.Notes = []string{wristband}
		}
		if !slices.Equal(got.Notes, tc.want.Notes) || !slices.Equal(got.Orders, tc.want.Orders) || !slices.Equal(got.Reports, tc.want.Reports) {
			t.Errorf("%s: the stage has received %+v", tc.name, got)
		}
		if tc.name == "order" {
			stage.wantOnlyItsCookie(at.URL)
		}
		stage.seen.reset()
	}
	guest.reload()
	guest.find(button("Log out"))
	if left := eval[string](guest, `JSON.stringify(Object.keys(localStorage).filter(k => k === "wristband"))`); left != "[]" {
		t.Errorf("the stage has written into the storage of the restaurant: %s", left)
	}
}

// wantOnlyItsCookie looks at what the browser would send to the stage, while a guest is logged
// in to the restaurant with a cookie.
func (p *tab) wantOnlyItsCookie(url string) {
	p.t.Helper()
	cookies := call(p, network.GetCookies, network.GetCookiesParams{URLs: []string{url}}).Cookies
	if len(cookies) != 1 || cookies[0].Name != "stage_ticket" || !cookies[0].HTTPOnly {
		p.t.Errorf("the browser sends %v to the stage", cookies)
	}
}
