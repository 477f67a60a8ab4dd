package tokens

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"restaurant/models"
)

const (
	// remoteKeyTTL is how long a key counts after its branch was last heard of. No
	// token lives for longer, and a branch says every minute that it is there; the
	// rest allows for clocks that differ.
	remoteKeyTTL = MaxLifetime + 5*time.Minute
	// lookupInterval is how long nobody looks for an unknown key after somebody has.
	// Without it, strangers could make the house read the book for each request.
	lookupInterval = 5 * time.Second
)

// Instance is one of several houses over the same order book.
type Instance struct {
	// Name tells its keys from those of others.
	Name string
	// Issuer is the iss claim of its tokens: the address of the branch, or of the
	// gate in front of all of them.
	Issuer string
}

// BranchName reads the name by which a branch tells its keys from those of
// others; if the file is not there, it makes one up. The error is a sentence for
// whoever starts the house.
func BranchName(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		name := strings.ToLower(rand.Text()[:branchLength])
		text, err = []byte(name), writeFileAtomic(file, []byte(name+"\n"))
	}
	name := strings.TrimSpace(string(text))
	if err == nil && len(name) != branchLength {
		err = errors.New("it does not hold the name of a branch; remove it to get a new one")
	}
	if err != nil {
		return "", fmt.Errorf("the file %s cannot be used: %w", file, err)
	}
	return name, nil
}

const branchLength = 10

// Heartbeat says that this branch is still there, forgets those that are not, and
// learns what the others say. It is to be called every minute.
func (ks *Keys) Heartbeat(ctx context.Context) error {
	if !ks.store.Shared() {
		return nil
	}
	err := ks.publish(ctx)
	if err == nil {
		err = ks.store.RemoveGoneBranches(ctx, ks.branch.Name, millis(ks.clock.now().Add(-remoteKeyTTL)))
	}
	return errors.Join(err, ks.Reload(ctx))
}

// Reload learns the keys of other branches anew.
func (ks *Keys) Reload(ctx context.Context) error {
	rows, err := ks.store.SigningKeys(ctx)
	if err == nil {
		ks.setRemote(rows)
	}
	return err
}

// publish tells the other branches which keys this one has.
func (ks *Keys) publish(ctx context.Context) error {
	ks.rotating.Lock() // a key that is just being made must not be called lost
	defer ks.rotating.Unlock()
	rows, err := ks.rows()
	if err != nil {
		return err
	}
	return ks.store.ShowSigningKeys(ctx, ks.branch.Name, rows)
}

// rows are what the order book keeps of the keys of this branch.
func (ks *Keys) rows() (rows []models.SigningKey, err error) {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	for _, k := range ks.own {
		row, err := ks.row(k)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row is what it keeps of one of them.
func (ks *Keys) row(k *key) (models.SigningKey, error) {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	row := models.SigningKey{
		KID: k.id, Branch: ks.branch.Name, Issuer: ks.branch.Issuer, PublicKey: base64.StdEncoding.EncodeToString(der),
		CreatedAt: millis(k.made), SeenAt: millis(ks.clock.now()),
	}
	if !k.until.IsZero() {
		row.VerifyUntil = new(millis(k.until))
	}
	return row, err
}

// setRemote takes over what the book says about the keys of other branches.
func (ks *Keys) setRemote(rows []models.SigningKey) {
	elsewhere := map[string]*key{}
	for _, row := range rows {
		if row.Branch == ks.branch.Name {
			continue
		}
		if k, err := parseRemoteKey(row); err == nil { // no branch writes others
			elsewhere[k.id] = k
		}
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	ks.remote = elsewhere
}

// parseRemoteKey reads the public half of another branch's key. The kid is made from
// the key, so a row cannot lend its name to another one.
func parseRemoteKey(row models.SigningKey) (*key, error) {
	der, err := base64.StdEncoding.DecodeString(row.PublicKey)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok || public.N.BitLen() != keyBits || thumbprint(public) != row.KID || row.Issuer == "" {
		return nil, errors.New("it is not the key that it is called")
	}
	until := row.SeenAt.Time().Add(remoteKeyTTL)
	if row.VerifyUntil != nil && row.VerifyUntil.Time().Before(until) {
		until = row.VerifyUntil.Time()
	}
	return &key{id: row.KID, public: public, issuer: row.Issuer, made: row.CreatedAt.Time(), until: until}, nil
}

// remoteIssuer is the iss of tokens under a key of another branch, or false if
// none has it.
func (ks *Keys) remoteIssuer(id string) (string, bool) {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	if k := ks.remote[id]; k != nil && ks.own[id] == nil {
		return k.issuer, true
	}
	return "", false
}

// lookup is verifying, but looks into the order book for a key that nobody here
// has heard of: another branch may have made it a moment ago.
func (ks *Keys) lookup(id string) *rsa.PublicKey {
	public := ks.publicKey(id)
	if public == nil && len(id) == kidLength && ks.store != nil && ks.store.Shared() {
		ks.reloadOnce()
		public = ks.publicKey(id)
	}
	return public
}

// reloadOnce reads the keys of other branches, unless somebody has just done so.
// Whoever comes meanwhile waits for the answer.
func (ks *Keys) reloadOnce() {
	ks.lookupMu.Lock()
	defer ks.lookupMu.Unlock()
	if time.Since(ks.lastLookup) < lookupInterval {
		return
	}
	_ = ks.Reload(context.Background()) // the guest is told that the key is unknown
	ks.lastLookup = time.Now()
}
