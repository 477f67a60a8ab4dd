package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"restaurant/models"
	"restaurant/tokens"
)

// openStore locks the data folder and opens the database, which is in it or in
// PostgreSQL. Two processes never share a folder, because the keys are in it, too. The
// operating system releases the lock when the process ends, however it ends.
func openStore(ctx context.Context, cfg config) (store *models.Store, closeStore func() error, err error) {
	if err := os.MkdirAll(cfg.dataDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("RESTAURANT_DATA_DIR %s cannot be created: %w", cfg.dataDir, errors.Unwrap(err))
	}
	lock := flock.New(filepath.Join(cfg.dataDir, "lock"), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, nil, fmt.Errorf("RESTAURANT_DATA_DIR %s cannot be written to: %w", cfg.dataDir, err)
	case !locked:
		return nil, nil, fmt.Errorf("RESTAURANT_DATA_DIR %s is in use by another restaurant: stop that one first, or choose another folder", cfg.dataDir)
	}
	if cfg.databaseURL != "" {
		store, err = models.OpenPostgres(ctx, cfg.databaseURL)
	} else {
		store, err = models.OpenSQLite(ctx, cfg.databaseFile())
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, errors.Join(errors.New("stopped before the database was open; nothing was changed"), lock.Unlock())
	case err != nil:
		return nil, nil, errors.Join(err, lock.Unlock())
	}
	return store, func() error { return errors.Join(store.Close(), lock.Unlock()) }, nil
}

// withStore opens the database for use only.
func withStore(ctx context.Context, cfg config, use func(*models.Store) error) error {
	store, closeStore, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(use(store), closeStore())
}

// registerKeys enters the keys into the database, under the name of this instance if
// others share the database.
func registerKeys(ctx context.Context, cfg config, store *models.Store, keys *tokens.Keys, issuer string) (err error) {
	instance := tokens.Instance{Issuer: issuer}
	if store.Shared() {
		if instance.Name, err = tokens.InstanceName(cfg.instanceNameFile()); err != nil {
			return err
		}
	}
	return keys.Register(ctx, store, instance)
}
