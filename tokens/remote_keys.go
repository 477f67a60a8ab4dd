package tokens

import (
	"bytes"
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
	// remoteKeyTTL is how long a key is valid after the last heartbeat of its instance.
	// No token lives longer, and a heartbeat comes every minute; the rest allows for
	// clocks that differ.
	remoteKeyTTL = MaxLifetime + 5*time.Minute
	// lookupInterval is the shortest time between two look-ups of unknown keys. Without
	// it, forged tokens could cause a query each.
	lookupInterval = 5 * time.Second
)

// Instance is one of several servers that share a database.
type Instance struct {
	// Name distinguishes its keys from those of others; empty for a single instance.
	Name string
	// Issuer is the iss claim of its tokens: its address, or that of the proxy in front
	// of all instances.
	Issuer string
}

const instanceNameLength = 10

// InstanceName reads the name of this instance from file, which it creates with a
// random name if it is missing. The error is a sentence for the operator.
func InstanceName(file string) (string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(strings.ToLower(rand.Text()[:instanceNameLength]) + "\n")
		err = writeFileAtomic(file, text)
	}
	name := strings.TrimSpace(string(bytes.TrimPrefix(text, byteOrderMark)))
	if err == nil && len(name) != instanceNameLength {
		err = errors.New("it does not contain the name of an instance: remove it, and the server makes a new one")
	}
	if err != nil {
		return "", fmt.Errorf("the file %s cannot be used: %w", file, err)
	}
	return name, nil
}

// Heartbeat publishes our keys again, removes instances that are gone, and reloads the
// keys of the others. Call it every minute.
func (ks *Keys) Heartbeat(ctx context.Context) error {
	if !ks.store.Shared() {
		return nil
	}
	err := ks.publishSigning(ctx)
	if err == nil {
		err = ks.store.RemoveAbandonedKeys(ctx, ks.instance.Name, millis(ks.clock.now().Add(-remoteKeyTTL)))
	}
	return errors.Join(err, ks.Reload(ctx))
}

// publishSigning is publish, and lets the key that signs verify for ever again: the commit
// of a rotation that has failed may have happened, and retired it for the others.
func (ks *Keys) publishSigning(ctx context.Context) error {
	ks.rotating.Lock()
	defer ks.rotating.Unlock()
	if err := ks.publish(ctx); err != nil {
		return err
	}
	ks.mu.RLock()
	kid := ks.signing.id
	ks.mu.RUnlock()
	return ks.store.ReviveSigningKey(ctx, kid)
}

// Reload reads the keys of other instances from the database.
func (ks *Keys) Reload(ctx context.Context) error {
	rows, err := ks.store.SigningKeys(ctx)
	if err == nil {
		ks.setRemote(rows)
	}
	return err
}

// publish writes our public keys into the database. No key may be created meanwhile: it
// would be removed as lost.
func (ks *Keys) publish(ctx context.Context) error {
	rows, err := ks.rows()
	if err != nil {
		return err
	}
	return ks.store.PublishSigningKeys(ctx, ks.instance.Name, rows)
}

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

// row is what the database holds of a key of ours.
func (ks *Keys) row(k *key) (models.SigningKey, error) {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	row := models.SigningKey{
		KID: k.id, Instance: ks.instance.Name, Issuer: ks.instance.Issuer, PublicKey: base64.StdEncoding.EncodeToString(der),
		CreatedAt: millis(k.created), SeenAt: millis(ks.clock.now()),
	}
	if !k.until.IsZero() {
		row.VerifyUntil = new(millis(k.until))
	}
	return row, err
}

// setRemote takes the keys of other instances from rows.
func (ks *Keys) setRemote(rows []models.SigningKey) {
	remote := map[string]*key{}
	for _, row := range rows {
		if row.Instance == ks.instance.Name {
			continue
		}
		if k, err := parseRemoteKey(row); err == nil { // no instance writes an invalid one
			remote[k.id] = k
		}
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	ks.remote = remote
}

// parseRemoteKey reads the public key of another instance. The kid is the thumbprint
// of the key, so a row cannot claim the kid of another key.
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
		return nil, errors.New("the key does not match its kid")
	}
	until := row.SeenAt.Time().Add(remoteKeyTTL)
	if row.VerifyUntil != nil && row.VerifyUntil.Time().Before(until) {
		until = row.VerifyUntil.Time()
	}
	return &key{id: row.KID, public: public, issuer: row.Issuer, created: row.CreatedAt.Time(), until: until}, nil
}

// remoteIssuer is the iss of tokens under a key of another instance, or false if the
// key is none.
func (ks *Keys) remoteIssuer(id string) (string, bool) {
	ks.mu.RLock()
	defer ks.mu.RUnlock()
	if k := ks.remote[id]; k != nil && ks.own[id] == nil {
		return k.issuer, true
	}
	return "", false
}

// lookup is publicKey with one look into the database for an unknown id: another
// instance may have created the key a moment ago.
func (ks *Keys) lookup(id string) *rsa.PublicKey {
	public := ks.publicKey(id)
	if public == nil && len(id) == kidLength && ks.store != nil && ks.store.Shared() {
		ks.reloadOnce()
		public = ks.publicKey(id)
	}
	return public
}

// reloadOnce reloads the keys of other instances, at most once in lookupInterval.
// Callers that come meanwhile wait for the result.
func (ks *Keys) reloadOnce() {
	ks.lookupMu.Lock()
	defer ks.lookupMu.Unlock()
	if time.Since(ks.lastLookup) < lookupInterval {
		return
	}
	_ = ks.Reload(context.Background()) // the client is told that the key is unknown
	ks.lastLookup = time.Now()
}
