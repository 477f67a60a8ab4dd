package stage

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// The texts that somebody writes into the guestbook. No other text ever gets there.
const (
	greeting = `Lovely pizza, <b>thank you</b>!`
	steal    = `Lovely pizza!<details open ontoggle="fetch('notepad', {method: 'POST', body: localStorage.wristband || document.cookie.match(/stage_ticket=[^;]*/) || ''})"><summary>More</summary></details>`
	order    = `Lovely pizza!<details open ontoggle="fetch('order', {method: 'POST'})"><summary>More</summary></details>`
)

// The policies of the pages (CSP). The strict one runs only the script that names the nonce,
// and wants to know about others.
const (
	lax    = "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'"
	strict = "default-src 'none'; script-src 'nonce-%'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; report-uri report"
)

// scene is one of the cases.
type scene struct {
	Name, Title string
	// Say is what is different here.
	Say string
	// Text is what the thief writes.
	Text string
	// Cookie says that the token is in an httpOnly cookie. Otherwise it is in localStorage.
	Cookie bool
	// Encoded says that the page shows the text as text.
	Encoded bool
	// Strict says that the page has the strict policy.
	Strict bool
}

var scenes = []scene{
	{Name: "storage", Title: "1. The wristband in localStorage", Text: steal,
		Say: "Alice is logged in. Her wristband (access token) is in localStorage, where every script of this page can read it."},
	{Name: "cookie", Title: "2. The wristband in an httpOnly cookie", Text: steal, Cookie: true,
		Say: "Alice is logged in. Her wristband is in a cookie with HttpOnly. The text of the thief is the same as in case 1."},
	{Name: "order", Title: "3. Let the thief order", Text: order, Cookie: true,
		Say: "The cookie is the same as in case 2. But this text does not ask for the wristband. It orders."},
	{Name: "encoded", Title: "4. Output encoding", Text: steal, Encoded: true,
		Say: "The wristband is in localStorage again, and the text is that of case 1. But this page shows every text as text: a < is only a character."},
	{Name: "strict", Title: "5. A strict policy", Text: steal, Strict: true,
		Say: "This page makes the old mistake again and shows the text as HTML. But its Content-Security-Policy allows only the page's own script."},
}

// view is what the template shows.
type view struct {
	Scene           *scene // nil for the list
	Scenes          []scene
	Token, Greeting string
	Nonce           string
}

// HasCase reports whether there is such a case.
func HasCase(name string) bool { return caseOf(name) != nil }

func caseOf(name string) *scene {
	for i := range scenes {
		if scenes[i].Name == name {
			return &scenes[i]
		}
	}
	return nil
}

// showPage shows one of the cases, or the list of them. Who opens a case is logged in as it
// says.
func (s *Stage) showPage(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("case")
	v := view{Scene: caseOf(name), Scenes: scenes, Token: s.options.Token, Greeting: greeting, Nonce: rand.Text()}
	if name != "" && v.Scene == nil {
		http.Error(w, "There is no such case on the stage.", http.StatusNotFound)
		return
	}
	var body bytes.Buffer
	if err := page.Execute(&body, v); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	s.begin(w, v)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body.Bytes())
}

// begin sets cookie and policy of a page.
func (s *Stage) begin(w http.ResponseWriter, v view) {
	policy := strings.Replace(strict, "%", v.Nonce, 1)
	if v.Scene != nil && !v.Scene.Strict {
		policy = lax
	}
	w.Header().Set("Content-Security-Policy", policy)
	if v.Scene == nil {
		return
	}
	ticket := &http.Cookie{Name: Cookie, Path: s.options.Path + "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: -1} //nolint:gosec // the stage speaks plain HTTP on loopback
	if v.Scene.Cookie {
		ticket.Value, ticket.MaxAge = s.options.Token, 0
	}
	http.SetCookie(w, ticket)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encoded = v.Scene.Encoded
}
