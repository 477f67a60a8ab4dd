package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"restaurant/models"
	"restaurant/tokens"
)

// dataFolder is the open data folder with its lock and the database, which is in it or
// in PostgreSQL. Two processes never share a folder, because the keys are in it, too.
type dataFolder struct {
	cfg   config
	lock  *flock.Flock
	store *models.Store
	files *openFiles
	// remembered is the number of commits that remember has taken into account; -1 if the
	// note is not of this database.
	remembered int64
	last       models.Identity // what remember has noted, since the database was opened
	wentBack   bool            // the database has, since then
}

// openStore locks the data folder and opens the database. If that is a copy that was put
// back, the log says so, and nobody is logged in any more, see recognize.
func openStore(ctx context.Context, cfg config, log *slog.Logger) (*dataFolder, error) {
	lock, err := lockFolder(cfg.dataDir)
	if err != nil {
		return nil, err
	}
	f := &dataFolder{cfg: cfg, lock: lock}
	if err := f.open(ctx, log); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return f, nil
}

// open opens the database of a folder that is locked.
func (f *dataFolder) open(ctx context.Context, log *slog.Logger) (err error) {
	var store *models.Store
	if f.cfg.databaseURL != "" {
		store, err = openPostgres(ctx, f.cfg, log)
	} else {
		store, err = f.cfg.openSQLite(ctx)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("stopped before the database was open; nothing was changed")
	case err != nil:
		return err
	}
	f.store, f.files, f.remembered, f.last, f.wentBack = store, new(openFiles), -1, models.Identity{}, false
	f.store.GuardWrites(f.files.check)
	if err = f.recognize(ctx, log); err == nil {
		err = f.files.add(f.paths()...)
	}
	if err != nil {
		f.store = nil
		return errors.Join(err, store.Close(), f.files.close())
	}
	return nil
}

// openPostgres opens PostgreSQL. The folder of the keys remembers which server was the
// primary, so that an old one is recognized.
func openPostgres(ctx context.Context, cfg config, log *slog.Logger) (*models.Store, error) {
	known, err := tokens.KnownPrimary(cfg.keysDir())
	if err != nil {
		return nil, err
	}
	return models.ReopenPostgres(ctx, cfg.databaseURL, models.PrimaryMemory{
		Known: known, Log: log, Remember: func(p models.Primary) error { return tokens.RememberPrimary(cfg.keysDir(), p) },
	})
}

// lockFolder creates the folder, if it is missing, and locks it. The operating system
// releases the lock when the process ends, however it ends. Then it ends what a restore that
// was interrupted has left there.
func lockFolder(dir string) (*flock.Flock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("RESTAURANT_DATA_DIR %s cannot be created: %w", dir, errors.Unwrap(err))
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("RESTAURANT_DATA_DIR %s cannot be written to: %w", dir, err)
	case !locked:
		return nil, fmt.Errorf("RESTAURANT_DATA_DIR %s is in use by another restaurant: stop that one first, or choose another folder", dir)
	}
	here := config{dataDir: dir}
	if err := errors.Join(models.SettleInstall(here.databaseFile()), models.SettleInstall(here.lessonsFile())); err != nil {
		return nil, errors.Join(fmt.Errorf("a restore was interrupted, and cannot be brought to an end: %w. Close the program that holds that file, and try again", err), lock.Unlock())
	}
	return lock, nil
}

// paths are the files that are open now.
func (f *dataFolder) paths() []string {
	paths := []string{f.lock.Path()}
	if !f.store.Shared() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			paths = append(paths, f.cfg.databaseFile()+suffix)
		}
	}
	return paths
}

// close closes the database and releases the lock, after what has failed with an error
// or not: a start that is refused changes nothing. The error of close says if what was
// written went into files that are no longer in the folder.
func (f *dataFolder) close(failed error) error {
	return errors.Join(f.closeStore(failed), f.lock.Unlock())
}

// closeStore is close, but for the lock. It does nothing if the database is not open.
func (f *dataFolder) closeStore(failed error) error {
	store := f.store
	if store == nil {
		return nil
	}
	err := f.files.check()
	if err != nil {
		err = fmt.Errorf("what was written after that may be lost: %w", err)
	} else if failed == nil && !store.Shared() { // PostgreSQL may be away, and the other instances go on anyway
		_ = f.remember(context.Background()) // the one from a second ago is good enough
	}
	f.store = nil
	return errors.Join(err, store.Close(), f.files.close())
}

// reopen closes the database and opens it again. No other program gets the folder meanwhile.
func (f *dataFolder) reopen(ctx context.Context, log *slog.Logger) error {
	if err := f.closeStore(nil); err != nil {
		return err
	}
	return f.open(ctx, log)
}

// withStore opens the database for use only.
func withStore(ctx context.Context, c call, use func(*models.Store) error) error {
	f, err := openStore(ctx, c.cfg, slog.New(slog.NewTextHandler(c.Log, nil)))
	if err != nil {
		return err
	}
	err = c.cfg.explainFull(use(f.store))
	return errors.Join(err, f.close(err))
}

// explainFull makes a sentence for the operator of an error that says that nothing can be
// written, and leaves others as they are.
func (c config) explainFull(err error) error {
	where := "data folder " + c.dataDir
	if c.databaseURL != "" {
		where = "PostgreSQL server"
	}
	if errors.Is(err, models.ErrStorageFull) {
		return fmt.Errorf("the disk of the %s is full: free some space there and try again. Nothing is lost", where)
	}
	return err
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

// openSQLite opens the file. Thirty tables of a class share one disk, and orders of one moment must
// not wait for each other.
func (c config) openSQLite(ctx context.Context) (*models.Store, error) {
	if c.isTable() {
		return models.OpenSQLiteOfMany(ctx, c.databaseFile())
	}
	return models.OpenSQLite(ctx, c.databaseFile())
}
