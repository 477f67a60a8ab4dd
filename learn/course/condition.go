package course

import (
	"slices"
	"strings"
)

// Condition says what the server must have seen: All in any order, and Seq in this
// order, with anything in between.
type Condition struct {
	All []Pattern `json:"all,omitzero"`
	Seq []Pattern `json:"seq,omitzero"`
}

// Patterns returns all of them, those of All first.
func (c Condition) Patterns() []Pattern { return slices.Concat(c.All, c.Seq) }

// Pattern describes something that the server sees. What a pattern leaves out may be
// anything.
type Pattern struct {
	// See says it in words, for "still to see".
	See string `json:"see,omitzero"`
	// Step is the id of the step that shows it, if one does.
	Step string `json:"step,omitzero"`
	// Route is method and route, such as "GET /api/v1/menu/:id"; "START server" is a start of
	// the server.
	Route   string `json:"route,omitzero"`
	Status  []int  `json:"status,omitzero"`
	Problem string `json:"problem,omitzero"`
	// Token is none, valid, or the slug with which it was refused.
	Token string `json:"token,omitzero"`
	// TokenAlso is another slug that is as good. Such a token may be too broken to have an
	// id, so it need not be the Same.
	TokenAlso string `json:"token_also,omitzero"`
	Role      string `json:"role,omitzero"`
	VIP       *bool  `json:"vip,omitzero"`
	// Replayed is whether the order was placed before and this request repeated it.
	Replayed *bool `json:"replayed,omitzero"`
	// OrderStatus is the status in which an order was shown.
	OrderStatus string `json:"order_status,omitzero"`
	// LoginName is known or unknown: whether a refused login named an account.
	LoginName string `json:"login_name,omitzero"`
	// Active is true if the request must have asked about a token that guards would take.
	Active bool `json:"active,omitzero"`
	// KeyFile is true if the request must have asked for a file of keys.
	KeyFile bool `json:"key_file,omitzero"`
	// Foreign is true if a page of another origin must have sent the request, as Origin
	// says. What such a page sends counts for no other pattern: the learner may know nothing
	// of it.
	Foreign bool `json:"foreign,omitzero"`
	// Min is how many such requests there must have been; 0 and 1 mean one.
	Min int `json:"min,omitzero"`
	// Via is where it happened: kiosk, wire or stage. Without it, a request to the server.
	Via string `json:"via,omitzero"`
	// Noted is a word in which the lab has said what was seen.
	Noted string `json:"noted,omitzero"`
	// Answer is the id of a question that was answered rightly, or a group of questions of
	// which Min were.
	Answer string `json:"answer,omitzero"`
	// Same is token or order: what must be the same wherever a sequence says so.
	Same string `json:"same,omitzero"`
	// Different is client or subject: two of them must have been seen.
	Different string `json:"different,omitzero"`
}

// The values of Same and Different.
const (
	sameToken, sameOrder              = "token", "order"
	differentClient, differentSubject = "client", "subject"
)

// What a Fact says of a request's token, apart from the slug of a refusal.
const (
	TokenNone  = "none"
	TokenValid = "valid"
)

// What a Fact says of the name of a refused login. No response says it.
const (
	NameKnown   = "known"
	NameUnknown = "unknown"
)

// Fact is what is kept of a request: no token, password, body or address.
type Fact struct {
	At int64 // Unix milliseconds
	Endpoint
	Status      int
	Problem     string
	Who         int64  // user id, 0 for none
	Role        string // as the token says, like VIP
	VIP         bool
	Token       string // TokenNone, TokenValid, or the slug of the refusal
	TokenHash   uint64 // of the jti; 0 for none
	Order       int64
	OrderStatus string
	Replayed    bool
	KeyFile     bool
	Foreign     bool   // a page of another origin sent it
	Via         string // kiosk, wire or stage; empty for a request to the server
	Noted       string // what the lab says was seen
	Client      uint64 // hash of the User-Agent
	Program     string // what kind of program that is, such as curl or Firefox
	Subject     uint64 // hash of the sub of a token that was asked about, if its signature is right
	Active      bool   // guards would take the token that was asked about
	LoginName   string // NameKnown or NameUnknown for a refused login
	Asked       bool   // a lesson that the learner has begun asks for such a refusal
}

// Endpoint is where a pattern and a fact can meet.
type Endpoint struct{ Method, Route string }

// AnswerFact returns the fact that a question, or one of a group, was answered rightly. Its endpoint is none of
// HTTP.
func AnswerFact(l *Lesson, question string, at int64) Fact {
	return Fact{At: at, Endpoint: Endpoint{"answer", l.ID + "/" + question}}
}

// StartFact returns the fact that the server has started. Its endpoint is none of HTTP,
// either.
func StartFact(at int64) Fact { return Fact{At: at, Endpoint: Endpoint{"START", "server"}} }

// Endpoint returns where a lesson's pattern waits for facts.
func (p *Pattern) Endpoint(l *Lesson) Endpoint {
	if p.Answer != "" {
		return AnswerFact(l, p.Answer, 0).Endpoint
	}
	method, route, _ := strings.Cut(p.Route, " ")
	return Endpoint{method, route}
}

// Matches reports whether a fact from the pattern's endpoint fits, apart from what it
// must have in common with others.
func (p *Pattern) Matches(f *Fact) bool {
	switch {
	case len(p.Status) > 0 && !slices.Contains(p.Status, f.Status),
		p.Problem != "" && p.Problem != f.Problem,
		p.Token != "" && p.Token != f.Token && !p.isAlso(f),
		p.Role != "" && p.Role != f.Role,
		p.VIP != nil && (*p.VIP != f.VIP || f.Token != TokenValid),
		p.Replayed != nil && *p.Replayed != f.Replayed,
		p.OrderStatus != "" && p.OrderStatus != f.OrderStatus,
		p.LoginName != "" && p.LoginName != f.LoginName,
		p.Active && !f.Active,
		p.KeyFile && !f.KeyFile,
		p.Foreign != f.Foreign,
		p.Via != f.Via,
		p.Noted != "" && p.Noted != f.Noted,
		p.Same != "" && p.sameIn(f) == 0 && !p.isAlso(f),
		p.Different != "" && p.DifferentIn(f) == 0:
		return false
	}
	return true
}

// isAlso reports whether the token was refused with TokenAlso.
func (p *Pattern) isAlso(f *Fact) bool { return p.TokenAlso != "" && p.TokenAlso == f.Token }

// sameIn returns what a fact says of p.Same, 0 for nothing.
func (p *Pattern) sameIn(f *Fact) uint64 {
	if p.Same == sameToken {
		return f.TokenHash
	}
	return uint64(f.Order) //nolint:gosec // order numbers are positive
}

// IsOfClients reports whether the pattern needs two different clients.
func (p *Pattern) IsOfClients() bool { return p.Different == differentClient }

// DifferentIn returns what a fact says of p.Different, 0 for nothing.
func (p *Pattern) DifferentIn(f *Fact) uint64 {
	if p.IsOfClients() {
		return f.Client
	}
	return f.Subject
}
