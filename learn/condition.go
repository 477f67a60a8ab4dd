package learn

import (
	"slices"
	"strings"
)

// Pattern describes something that the server sees. What a pattern leaves out
// may be anything.
type Pattern struct {
	// See says it in words, for "still to see".
	See string `json:"see"`
	// Step is the step of the lesson that shows it, if one does.
	Step string `json:"step,omitzero"`
	// Route is method and pattern of the address, such as "GET /api/v1/menu/:id".
	Route   string `json:"route,omitzero"`
	Status  []int  `json:"status,omitzero"`
	Problem string `json:"problem,omitzero"`
	// Token is none, valid, or the slug with which it was refused.
	Token string `json:"token,omitzero"`
	Role  string `json:"role,omitzero"`
	VIP   *bool  `json:"vip,omitzero"`
	// Replayed tells that an order was one of before, sent again.
	Replayed *bool `json:"replayed,omitzero"`
	// OrderStatus is the status in which an order was shown.
	OrderStatus string `json:"order_status,omitzero"`
	// KeyFile tells that somebody asked for a file of keys.
	KeyFile bool `json:"key_file,omitzero"`
	// Answer is a question that was answered rightly.
	Answer string `json:"answer,omitzero"`
	// Same is token or order: what must be the same wherever a sequence says so.
	Same string `json:"same,omitzero"`
	// Different is client or subject: it must have been seen with two of them.
	Different string `json:"different,omitzero"`
}

// The words of Same and Different.
const (
	sameToken, sameOrder              = "token", "order"
	differentClient, differentSubject = "client", "subject"
)

func (p Pattern) validate() string {
	method, route, _ := strings.Cut(p.Route, " ")
	switch {
	case p.See == "":
		return "has no words"
	case (p.Route == "") == (p.Answer == ""):
		return "needs a route or an answer, and not both"
	case p.Route != "" && (method == "" || route == ""):
		return `needs a route such as "GET /api/v1/menu"`
	case !slices.Contains([]string{"", sameToken, sameOrder}, p.Same):
		return "may be the same token or the same order"
	case !slices.Contains([]string{"", differentClient, differentSubject}, p.Different):
		return "may be a different client or a different subject"
	}
	return ""
}

// What a Fact says of a request's token, apart from the slug of a refusal.
const (
	tokenNone  = "none"
	tokenValid = "valid"
)

// Fact is what is kept of a request: nothing that would open a door.
type Fact struct {
	At            int64 // Unix milliseconds
	Method, Route string
	Status        int
	Problem       string
	Who           int64  // user id, 0 for nobody
	Role          string // as the token says, like VIP
	VIP           bool
	Token         string // none, valid, or the slug of the refusal
	TokenHash     uint64 // of the jti; 0 for none
	Order         int64
	OrderStatus   string
	Replayed      bool
	KeyFile       bool
	Client        uint64 // hash of the User-Agent
	Subject       uint64 // hash of the sub of a token that was asked about
}

// answered is the method under which a right answer becomes a fact; its route is
// lesson and question.
const answered = "answer"

// endpoint is where a pattern and a fact can meet.
type endpoint struct{ method, route string }

func (p Pattern) endpoint(l *Lesson) endpoint {
	if p.Answer != "" {
		return endpoint{answered, l.ID + "/" + p.Answer}
	}
	method, route, _ := strings.Cut(p.Route, " ")
	return endpoint{method, route}
}

// matches tells whether a fact from the right place fits, apart from what it must
// share with others.
func (p *Pattern) matches(f *Fact) bool {
	switch {
	case len(p.Status) > 0 && !slices.Contains(p.Status, f.Status),
		p.Problem != "" && p.Problem != f.Problem,
		p.Token != "" && p.Token != f.Token,
		p.Role != "" && p.Role != f.Role,
		p.VIP != nil && (*p.VIP != f.VIP || f.Token != tokenValid),
		p.Replayed != nil && *p.Replayed != f.Replayed,
		p.OrderStatus != "" && p.OrderStatus != f.OrderStatus,
		p.KeyFile && !f.KeyFile,
		p.Same != "" && f.boundBy(p.Same) == 0,
		p.Different != "" && f.distinctBy(p.Different) == 0:
		return false
	}
	return true
}

func (f *Fact) boundBy(what string) uint64 {
	if what == sameToken {
		return f.TokenHash
	}
	return uint64(f.Order) //nolint:gosec // order numbers are positive
}

func (f *Fact) distinctBy(apart string) uint64 {
	if apart == differentClient {
		return f.Client
	}
	return f.Subject
}

// maxTrails bounds what is remembered of a sequence: so many tokens or orders
// with which it may still be completed.
const maxTrails = 32

// partialMatch is a way through the first Steps patterns of a sequence, and the token
// and the order that it was gone with.
type partialMatch struct {
	Steps int    `json:"steps"`
	Token uint64 `json:"token,string,omitzero"`
	Order uint64 `json:"order,string,omitzero"`
}

// extend goes one step on with a fact, if it can.
func (t partialMatch) extend(p *Pattern, f *Fact) (next partialMatch, ok bool) {
	if !p.matches(f) {
		return t, false
	}
	next = t
	next.Steps++
	bound := &next.Token
	switch p.Same {
	case "":
		return next, true
	case sameOrder:
		bound = &next.Order
	}
	if *bound != 0 && *bound != f.boundBy(p.Same) {
		return t, false
	}
	*bound = f.boundBy(p.Same)
	return next, true
}

// advance takes the trails of a sequence on with a fact that is at patterns[i],
// and tells whether one of them has come further than any before. Where a trail
// goes on without settling for a token or an order, the shorter one has nothing
// that the longer has not.
func advance(trails []partialMatch, seq []Pattern, i int, f *Fact) (after []partialMatch, further bool) {
	best := furthest(trails)
	if i == 0 && len(trails) == 0 {
		trails = []partialMatch{{}}
	}
	for n := len(trails) - 1; n >= 0; n-- {
		t := trails[n]
		if t.Steps != i {
			continue
		}
		next, ok := t.extend(&seq[i], f)
		switch {
		case !ok || slices.Contains(trails, next):
			continue
		case next.Token == t.Token && next.Order == t.Order:
			trails[n] = next
		default:
			trails = append(trails, next)
		}
		further = further || next.Steps > best
	}
	if len(trails) > maxTrails {
		trails = slices.Delete(trails, 1, len(trails)-maxTrails+1) // the first is where everybody begins
	}
	return trails, further
}

func furthest(trails []partialMatch) (steps int) {
	for _, t := range trails {
		steps = max(steps, t.Steps)
	}
	return steps
}
