package middleware

import (
	"crypto/sha256"
	"sync"

	"restaurant/tokens"
)

// tokenCacheSize bounds the memory: so many wristbands are remembered at the
// most, times two. That is about 5 MB.
const tokenCacheSize = 1 << 13

// TokenCache remembers wristbands that the guard has accepted, so that their
// signatures are not checked again: an RS256 verification costs more than
// everything else at the door. A token is known by the SHA-256 of its whole text;
// with one bit changed it is another token. What can change while the text stays
// the same is asked every time: expiry, the denylist, and whether its key still
// counts.
type TokenCache struct {
	authority *tokens.Authority
	metrics   *Metrics
	mu        sync.Mutex
	accepted  *generationCache[[sha256.Size]byte, tokens.Principal]
}

// NewTokenCache makes an empty cache beside a guard that trusts this authority.
func NewTokenCache(authority *tokens.Authority, metrics *Metrics) *TokenCache {
	return &TokenCache{authority: authority, metrics: metrics, accepted: newGenerationCache[[sha256.Size]byte, tokens.Principal](tokenCacheSize)}
}

// find gives the principal of a token that was accepted before and holds now.
// Whatever it does not answer for is the guard's to decide. A nil cache answers
// for nothing.
func (tc *TokenCache) find(raw string) (tokens.Principal, bool) {
	if tc == nil {
		return tokens.Principal{}, false
	}
	tc.mu.Lock()
	p, known := tc.accepted.get(sha256.Sum256([]byte(raw)))
	tc.mu.Unlock()
	known = known && tc.authority.StillValid(p)
	tc.metrics.tokenLookup(known)
	return p, known
}

// accept remembers a token that the guard has verified.
func (tc *TokenCache) accept(raw string, p tokens.Principal) {
	if tc == nil {
		return
	}
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.accepted.put(sha256.Sum256([]byte(raw)), p)
}
