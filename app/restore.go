package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"restaurant/learn"
	"restaurant/models"
	"restaurant/tokens"
)

func restoreFlags(c *call, f *flag.FlagSet) {
	f.BoolVar(&c.yes, "yes", false, "do not ask")
}

// restoreCommand puts a backup in the place of the database. Everything that may fail
// because of the backup is done with a copy of it, before anything is replaced.
func restoreCommand(ctx context.Context, c call) (err error) {
	if c.cfg.databaseURL != "" {
		return fmt.Errorf("restore puts back only a database file, and this one is %s: stop all instances and use pg_restore of PostgreSQL. The next start notices that it is an old copy", c.cfg.databaseName())
	}
	if sameFile(c.arg, c.cfg.databaseFile()) {
		return fmt.Errorf("%s is the database itself: give the name of a backup", c.arg)
	}
	if owner, another := ownedByAnother(c.cfg.databaseFile()); another {
		return fmt.Errorf("%s belongs to the user with the number %d, whose server could not open what root restores. Run the command as that user (sudo -u '#%[2]d' …), who must be able to read %s. Nothing was changed", c.cfg.databaseFile(), owner, c.arg)
	}
	lock, err := lockFolder(c.cfg.dataDir)
	if err != nil {
		return err
	}
	r := restoration{call: c, database: filepath.Join(c.cfg.dataDir, "restoring.db")}
	defer func() { err = errors.Join(err, r.cleanUp(), lock.Unlock()) }()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.confirm(ctx); err != nil {
		return err
	}
	if err := r.install(); err != nil {
		return fmt.Errorf("the database cannot be replaced: %w. Run the same command again", err)
	}
	// The copy is marked, so opening it ends all login sessions and replaces the keys.
	f := &dataFolder{cfg: c.cfg, lock: lock}
	if err := f.open(ctx, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if err := f.closeStore(nil); err != nil { // notes the database, or the next start would distrust it again
		return err
	}
	fmt.Fprintln(c.Out, "Done. All users must log in again. You can start the server now.")
	return nil
}

// restoration is what restore has prepared in the data folder.
type restoration struct {
	call
	database      string // the copy that will be the database
	lessons       string // the copy that will be the lessons' progress; empty: that stays
	lessonsBackup string // where it comes from
	holds         models.Contents
	replaces      models.Contents
}

func (r *restoration) prepare(ctx context.Context) (err error) {
	if r.holds, err = models.PrepareRestore(ctx, r.arg, r.database); err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	beside := filepath.Join(filepath.Dir(r.arg), filepath.Base(r.cfg.lessonsFile()))
	if _, err := os.Stat(beside); errors.Is(err, fs.ErrNotExist) || sameFile(beside, r.cfg.lessonsFile()) {
		return nil
	}
	r.lessons, r.lessonsBackup = filepath.Join(r.cfg.dataDir, "restoring-lessons.db"), beside
	if err := models.CopyDatabase(beside, r.lessons); err != nil {
		return fmt.Errorf("the progress of the lessons beside the backup cannot be read: %w. Nothing was changed. To restore only the database, move %s away", err, beside)
	}
	return checkLessons(ctx, r.lessons)
}

// checkLessons opens the progress of lessons, as the server would.
func checkLessons(ctx context.Context, file string) error {
	lessons, err := learn.Open(ctx, file, learn.Options{PublicURL: "http://localhost", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return lessons.Close()
}

// confirm shows what will be replaced by what, and asks.
func (r *restoration) confirm(ctx context.Context) error {
	fmt.Fprintf(r.Out, "The backup %s, made on %s:\n  %s\n", r.arg, inWords(*r.holds.CopiedAt), contentsInWords(r.holds))
	var err error
	r.replaces, err = models.ContentsOf(ctx, r.cfg.databaseFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(r.Out, "becomes %s, where there is no database yet.\n", r.cfg.databaseFile())
	case err != nil:
		fmt.Fprintf(r.Out, "replaces %s, which cannot be read.\n", r.cfg.databaseFile())
	default:
		fmt.Fprintf(r.Out, "replaces %s:\n  %s\n", r.cfg.databaseFile(), contentsInWords(r.replaces))
	}
	if r.lessons != "" {
		fmt.Fprintf(r.Out, "%s, the progress of the lessons beside it, replaces %s.\n", r.lessonsBackup, r.cfg.lessonsFile())
	}
	fmt.Fprintln(r.Out, "All users will have to log in again, and a new key will sign their tokens. You cannot get back what is replaced.")
	return r.call.confirm(ctx)
}

// confirm asks if the command may go on, unless it was started with -yes.
func (c call) confirm(ctx context.Context) error {
	if c.yes {
		return nil
	}
	fmt.Fprintln(c.Out, "Type yes, then Enter, to go on:")
	answer, err := readLine(ctx, c.In)
	if err == nil && !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		return errors.New("the answer was not yes, so nothing was changed. With -yes the command does not ask")
	}
	return err
}

// install replaces the files. The keys remember the ids of the database that goes: what
// they were used for in the last second before the server was killed is known only there.
func (r *restoration) install() error {
	known, err := tokens.KnownDatabase(r.cfg.keysDir())
	if err != nil {
		return err
	}
	for table, id := range r.replaces.LastIDs {
		if known.LastIDs == nil {
			known.LastIDs = map[string]int64{}
		}
		known.LastIDs[table] = max(known.LastIDs[table], id)
	}
	err = tokens.RememberDatabase(r.cfg.keysDir(), known)
	if err == nil {
		err = models.InstallDatabase(r.database, r.cfg.databaseFile())
	}
	if err == nil && r.lessons != "" {
		err = models.InstallDatabase(r.lessons, r.cfg.lessonsFile())
	}
	return err
}

// cleanUp removes the copies that were not installed.
func (r *restoration) cleanUp() error {
	err := models.RemoveDatabase(r.database)
	if r.lessons != "" {
		err = errors.Join(err, models.RemoveDatabase(r.lessons))
	}
	return err
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func contentsInWords(c models.Contents) string {
	used := "never used"
	if c.LastUsed > 0 {
		used = "last used on " + inWords(c.LastUsed)
	}
	return fmt.Sprintf("orders: %d, users: %d, dishes: %d; %s", c.Orders, c.Users, c.Dishes, used)
}

func inWords(at models.Millis) string { return at.Time().Format(time.DateTime) + " UTC" }
