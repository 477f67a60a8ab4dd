package course

import "slices"

// maxPartial bounds the partial matches of a sequence: so many tokens or orders with
// which it may still be completed.
const maxPartial = 32

// PartialMatch is a match of the first Steps patterns of a sequence, with the token
// and the order that it is bound to (0 for none).
type PartialMatch struct {
	Steps int    `json:"steps"`
	Token uint64 `json:"token,string,omitzero"`
	Order uint64 `json:"order,string,omitzero"`
	// Guest is the user who placed the order.
	Guest int64 `json:"guest,string,omitzero"`
}

// extend returns the match with a fact for the next pattern added, if it fits.
func (m PartialMatch) extend(p *Pattern, f *Fact) (next PartialMatch, ok bool) {
	if !p.Matches(f) {
		return m, false
	}
	next = m
	next.Steps++
	if p.Same == "" || p.isAlso(f) {
		return next, true
	}
	bound := &next.Token
	if p.Same == sameOrder {
		bound = &next.Order
	}
	switch {
	case *bound != 0 && *bound != p.sameIn(f):
		return m, false
	case p.Same == sameOrder && *bound == 0:
		next.Guest = f.Who
	}
	*bound = p.sameIn(f)
	return next, true
}

// Advance extends the partial matches of a sequence by a fact from the endpoint of
// seq[i], and reports whether there is something new to store, and whether a match has
// become longer than all before. A match that binds nothing new replaces its prefix, which
// could not lead to anything else.
func Advance(partial []PartialMatch, seq []Pattern, i int, f *Fact) (after []PartialMatch, changed, further bool) {
	longest := 0
	for _, m := range partial {
		longest = max(longest, m.Steps)
	}
	if i == 0 && len(partial) == 0 {
		partial = []PartialMatch{{}}
	}
	for n, m := range slices.Backward(partial) {
		if m.Steps != i {
			continue
		}
		next, ok := m.extend(&seq[i], f)
		switch {
		case !ok || slices.Contains(partial, next):
			continue
		case next.Token == m.Token && next.Order == m.Order:
			partial[n] = next
		default:
			partial = append(partial, next)
		}
		changed, further = true, further || next.Steps > longest
	}
	if len(partial) > maxPartial {
		partial = slices.Delete(partial, 1, len(partial)-maxPartial+1) // the first is where new matches begin
		changed = further                                              // with so many, each request changes them: too often to store
	}
	return partial, changed, further
}
