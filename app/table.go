package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"restaurant/basepath"
	"restaurant/class"
	"restaurant/learn"
	"restaurant/models"
	"restaurant/queue"
	"restaurant/tokens"
)

// table is what a restaurant knows of the class that it is a table of. The zero value is a
// restaurant of its own.
type table struct {
	// issuer is the iss of its tokens, which does not hold the code of the table; empty:
	// the address for clients.
	issuer string
	// kiosk is the address of the kiosk for all tables.
	kiosk string
	// passwordEnding is what new passwords must end with.
	passwordEnding string
	// longestWait bounds the login throttle.
	longestWait time.Duration
	// hashing is where all tables wait that hash a password.
	hashing *queue.Queue
	// lessons are what the class has the lessons do.
	lessons learn.Options
}

// isTable reports whether the restaurant is a table of a class.
func (c config) isTable() bool { return c.table.issuer != "" }

// stagePath is where the stage of the lab is at the address of a table, or empty outside of a
// class: other computers do not reach a port of 127.0.0.1.
func (t table) stagePath(url string) string {
	if t.issuer == "" {
		return ""
	}
	_, base := basepath.Split(url)
	return base + "/stage"
}

const (
	// classPassword is what new passwords must end with in a class.
	classPassword = "-likes-pizza"
	// classWait is the longest wait of a class after wrong passwords.
	classWait = 5 * time.Second
	// hashersOfAClass is how many passwords are hashed at a time for all tables together.
	hashersOfAClass = 2
)

// tableOpener opens the restaurants of a class.
type tableOpener struct {
	cfg     config
	hosts   []string
	hashing *queue.Queue
	log     *slog.Logger
}

// open opens the restaurant of a table, with its workers.
func (o tableOpener) open(ctx context.Context, at class.Place) (class.Restaurant, error) {
	cfg, log := o.cfg, o.log.With("table", at.Number)
	cfg.dataDir, cfg.publicURL, cfg.allowedHosts, cfg.lab, cfg.demoData = at.Folder, at.URL, o.hosts, true, true
	cfg.table = table{issuer: at.Issuer, kiosk: at.Kiosk, passwordEnding: classPassword, longestWait: classWait, hashing: o.hashing, lessons: at.Lessons}
	folder, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	holder, err := newHolder(ctx, cfg, folder, at.URL, nil, log)
	if err != nil {
		return nil, errors.Join(err, folder.close(err))
	}
	_, base := basepath.Split(at.Issuer)
	h := &tableRestaurant{holder: holder, documents: holder.entrance(func(o *opened) http.Handler { return o.api.HandlerUnder(base) })}
	h.start()
	return h, nil
}

// at returns the settings of the restaurant in a folder.
func (o tableOpener) at(folder string) config {
	cfg := o.cfg
	cfg.dataDir = folder
	return cfg
}

// copy copies the database and the progress of a table.
func (o tableOpener) copy(ctx context.Context, folder, to string) error {
	cfg, into := o.at(folder), o.at(to)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	if err := models.BackupSQLite(ctx, cfg.databaseFile(), into.databaseFile()); err != nil {
		return err
	}
	return models.CopyOpenDatabase(ctx, cfg.lessonsFile(), into.lessonsFile())
}

// putBack puts what copy has copied back into the folder of a table that is closed. After a
// database was put back, all users must log in again.
func (o tableOpener) putBack(ctx context.Context, folder, from string, database, progress bool) (err error) {
	cfg := o.at(folder)
	lock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	r := restoration{call: call{cfg: cfg, arg: o.at(from).databaseFile()}, database: filepath.Join(folder, "restoring.db")}
	defer func() { err = errors.Join(err, r.cleanUp(), lock.Unlock()) }()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if !database {
		return models.InstallDatabase(r.lessons, cfg.lessonsFile())
	}
	if !progress {
		err = models.RemoveDatabase(r.lessons)
		r.lessons = ""
	}
	r.replaces, _ = models.ContentsOf(ctx, cfg.databaseFile()) // there may be none, or one that cannot be read
	return errors.Join(err, r.install())
}

// readLessons reads the progress of a table that is not open.
func (o tableOpener) readLessons(ctx context.Context, folder string, isOpen func(part string) bool) ([]learn.LessonOverview, error) {
	return learn.ReadOverview(ctx, o.at(folder).lessonsFile(), isOpen)
}

// setAside moves what is damaged of a table that is closed into another folder: each part is a file
// or a folder of its own, and the others may be whole.
func (o tableOpener) setAside(ctx context.Context, folder, aside string) (kept class.Kept, err error) {
	cfg, to := o.at(folder), o.at(aside)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return kept, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return kept, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	_, lost := o.readLessons(ctx, folder, nil)
	kept = class.Kept{Database: models.CheckSQLite(ctx, cfg.databaseFile()) == nil, Progress: lost == nil}
	if !kept.Progress {
		err = models.MoveDatabase(cfg.lessonsFile(), to.lessonsFile())
	}
	if !kept.Database {
		err = errors.Join(err, models.MoveDatabase(cfg.databaseFile(), to.databaseFile()))
	}
	if _, broken := tokens.OpenKeys(cfg.keysDir()); broken != nil || !kept.Database { // they have signed for this database
		err = errors.Join(err, os.Rename(cfg.keysDir(), to.keysDir()))
	}
	return kept, err
}

// tableRestaurant is the restaurant of a table.
type tableRestaurant struct {
	holder    *holder
	documents http.Handler
	stop      context.CancelFunc
	running   sync.WaitGroup
}

func (h *tableRestaurant) start() {
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.Background())
	h.running.Go(func() {
		if err := h.holder.run(ctx); err != nil {
			h.holder.log.Error("the restaurant of a table is closed until the teacher closes and opens the table; the others go on", "err", err)
		}
	})
}

// Handler makes tableRestaurant a class.Restaurant, as the methods below do.
func (h *tableRestaurant) Handler() http.Handler { return h.holder.at.entrance }

// Documents answers below the issuer.
func (h *tableRestaurant) Documents() http.Handler { return h.documents }

// Lessons are those of the table.
func (h *tableRestaurant) Lessons() *learn.Handler { return h.holder.now.Load().lessons }

// AdvanceClock moves the clock of the tokens ahead.
func (h *tableRestaurant) AdvanceClock(d time.Duration) bool {
	return h.holder.now.Load().api.Authority.Advance(d)
}

// ClockAhead is how far the clock of the tokens is ahead, also by the lab of the table.
func (h *tableRestaurant) ClockAhead() time.Duration {
	return h.holder.now.Load().api.Authority.Ahead()
}

// SetPace changes how long tokens are valid, and how the kitchen works. A learner who closes
// and opens the server does not undo it.
func (h *tableRestaurant) SetPace(p class.Pace) { h.holder.setPace(p) }

func (a *App) setPace(p class.Pace) {
	if p.TokenTTL > 0 {
		a.api.Authority.SetLifetime(p.TokenTTL)
	}
	manual := a.api.Kitchen.Mode().Manual
	if p.ManualKitchen != nil {
		manual = *p.ManualKitchen
	}
	if p.ManualKitchen != nil || p.KitchenPace > 0 {
		a.api.Kitchen.SetMode(manual, p.KitchenPace)
	}
}

// Drain ends event streams.
func (h *tableRestaurant) Drain() { h.holder.now.Load().drain(context.Background(), 0) }

// Close stops the workers and closes all files.
func (h *tableRestaurant) Close() error {
	h.stop()
	h.running.Wait()
	err := h.holder.close()
	return errors.Join(err, h.holder.folder.close(err))
}
