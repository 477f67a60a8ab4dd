package kiosk

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"restaurant/tokens/verify"
)

const (
	// fetchTimeout is how long an issuer may take to answer.
	fetchTimeout = 2 * time.Second
	// maxKeySet bounds the keys of an issuer: five take 2 KiB.
	maxKeySet = 64 << 10
	// maxEnded bounds the list of ended sessions: ten thousand take 1 MiB.
	maxEnded = 1 << 20
	// maxIssuers bounds the memory; a class has up to 100.
	maxIssuers = 256
	// maxAhead is how far the clock of an issuer's lab may be ahead.
	maxAhead = 24 * time.Hour
)

// issuers are those that the kiosk has heard of, all below its prefix.
type issuers struct {
	client *http.Client
	limit  *rate.Limiter // of requests for keys that tokens cause, to all issuers together

	mu    sync.Mutex
	known map[string]*issuer
}

func newIssuers(transport http.RoundTripper) *issuers {
	return &issuers{
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		limit: rate.NewLimiter(10, 100),
		known: map[string]*issuer{},
	}
}

// of returns the issuer with an address that the kiosk trusts, or nil if there is no room.
// One of which no key is known makes room for another: anybody can make up addresses.
func (all *issuers) of(url string) *issuer {
	all.mu.Lock()
	defer all.mu.Unlock()
	if is := all.known[url]; is != nil {
		return is
	}
	if len(all.known) >= maxIssuers && !all.dropOne() {
		return nil
	}
	is := &issuer{url: url, all: all, limit: rate.NewLimiter(rate.Every(5*time.Second), 5)}
	all.known[url] = is
	return is
}

func (all *issuers) dropOne() bool {
	for url, is := range all.known {
		if !is.hasKeys() {
			delete(all.known, url)
			return true
		}
	}
	return false
}

// list returns the issuers of which the kiosk has keys.
func (all *issuers) list() (list []*issuer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, is := range all.known {
		if is.hasKeys() {
			list = append(list, is)
		}
	}
	return list
}

// Key returns the key of any issuer. Together with Issues this is for tokens that name an
// issuer which is not trusted: the signature may be good, the issuer is not.
func (all *issuers) Key(id string) *rsa.PublicKey {
	for _, is := range all.list() {
		if key := is.Key(id); key != nil {
			return key
		}
	}
	return nil
}

// Issues is false: see Key.
func (*issuers) Issues(string, string) bool { return false }

// issuer is one server whose tokens the kiosk takes, and what is known of it. All of it
// stays while that server is away.
type issuer struct {
	url   string
	all   *issuers
	limit *rate.Limiter // of requests for its keys that tokens cause

	fetching sync.Mutex // one request for keys at a time

	mu      sync.RWMutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when keys were asked for last, with or without success
	ahead   time.Duration
	ended   map[string]bool // SHA-256 of the sid, as the list says it
	asOf    time.Time
}

func (is *issuer) hasKeys() bool {
	is.mu.RLock()
	defer is.mu.RUnlock()
	return len(is.keys) > 0
}

// Key returns the key with this id, or nil.
func (is *issuer) Key(id string) *rsa.PublicKey {
	is.mu.RLock()
	defer is.mu.RUnlock()
	return is.keys[id]
}

// Issues reports whether the issuer is this one: each signs in its own name only.
func (is *issuer) Issues(_, issuer string) bool { return issuer == is.url }

// now is the time of the issuer: its lab can set the clock for tokens ahead.
func (is *issuer) now() time.Time {
	is.mu.RLock()
	defer is.mu.RUnlock()
	return time.Now().Add(is.ahead)
}

func (is *issuer) revoked(sid string) error {
	sum := sha256.Sum256([]byte(sid))
	is.mu.RLock()
	defer is.mu.RUnlock()
	if is.ended[hex.EncodeToString(sum[:])] {
		return verify.ErrRevoked
	}
	return nil
}

func (is *issuer) verify(raw string) (verify.Token, error) {
	return verify.Verifier{Keys: is, Now: is.now, Revoked: is.revoked}.Verify(raw)
}

// refresh fetches the keys because of a token, unless that happens too often. It reports
// whether they were fetched since the call.
func (is *issuer) refresh(ctx context.Context) bool {
	called := time.Now()
	is.fetching.Lock()
	defer is.fetching.Unlock()
	is.mu.RLock()
	fetched := is.fetched
	is.mu.RUnlock()
	if fetched.After(called) {
		return true // by the request that this one has waited for
	}
	return is.limit.Allow() && is.all.limit.Allow() && is.fetchKeys(ctx) == nil
}

// fetchKeys replaces the keys by those that the issuer publishes. After an error they stay.
func (is *issuer) fetchKeys(ctx context.Context) error {
	var set struct {
		Keys []verify.JWK `json:"keys"`
	}
	header, err := is.get(ctx, "/.well-known/jwks.json", maxKeySet, &set)
	keys := map[string]*rsa.PublicKey{}
	for _, jwk := range set.Keys {
		if public, err := jwk.PublicKey(); err == nil { // others are not for access tokens
			keys[jwk.KeyID] = public
		}
	}
	if err == nil && len(keys) == 0 {
		err = errors.New("the answer has no keys for access tokens")
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.fetched = time.Now()
	if err == nil {
		is.keys, is.ahead = keys, aheadOf(header)
	}
	return err
}

// aheadOf is how far the clock for tokens is ahead, by the header that says so.
func aheadOf(header http.Header) time.Duration {
	t, err := http.ParseTime(header.Get("Restaurant-Time"))
	if err != nil {
		return 0
	}
	return min(max(0, time.Until(t)), maxAhead)
}

// fetchEnded replaces the list of ended sessions. After an error it stays.
func (is *issuer) fetchEnded(ctx context.Context) error {
	var list struct {
		AsOf  time.Time `json:"as_of"`
		Ended []struct {
			SIDSHA256 string `json:"sid_sha256"`
		} `json:"ended"`
	}
	if _, err := is.get(ctx, "/.well-known/ended.json", maxEnded, &list); err != nil {
		return err
	}
	ended := make(map[string]bool, len(list.Ended))
	for _, e := range list.Ended {
		ended[e.SIDSHA256] = true
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.ended, is.asOf = ended, list.AsOf
	return nil
}

// sync fetches keys and ended sessions.
func (is *issuer) sync(ctx context.Context) error {
	is.fetching.Lock()
	err := is.fetchKeys(ctx)
	is.fetching.Unlock()
	return cmp.Or(err, is.fetchEnded(ctx))
}

// get reads a JSON document of the issuer. It follows no redirect: that would lead away
// from the address that is trusted.
func (is *issuer) get(ctx context.Context, path string, limit int64, into any) (http.Header, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout) // others wait for the answer, too
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, is.url+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := is.all.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", is.url+path, res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", is.url+path, limit)
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return res.Header, err
}
