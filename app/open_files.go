package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// openFiles knows which files this process has open, and notices when something else is
// at their paths: the process would go on writing into a file that nobody finds any
// more, or beside another process that has opened the new one.
type openFiles struct {
	mu      sync.RWMutex
	checks  []func() error
	folders []*os.File
}

// add adds files, and folders, that are open now.
func (o *openFiles) add(paths ...string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("%s cannot be watched: %w", path, err)
		}
		os.SameFile(info, info) // on Windows, what identifies the file is read only now
		if info.IsDir() {       // a file is open anyway; a folder's number could be given to another one
			folder, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("%s cannot be watched: %w", path, err)
			}
			o.folders = append(o.folders, folder)
		}
		o.checks = append(o.checks, func() error { return checkPath(path, info) })
	}
	return nil
}

// check returns an error if a file is not at its path any more. It does not open the
// files: when a process closes a file, it loses SQLite's locks on it.
func (o *openFiles) check() error {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, check := range o.checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// close lets go of the folders.
func (o *openFiles) close() (err error) {
	for _, folder := range o.folders {
		err = errors.Join(err, folder.Close())
	}
	return err
}

// checkPath compares the file that is open with the one at its path. A file whose
// identity Windows does not tell, because it is mapped into memory, is not the same as
// itself; nobody can replace it there while it is open.
func checkPath(path string, open os.FileInfo) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s was deleted or moved while this server had it open", path)
	case err != nil:
		return fmt.Errorf("%s cannot be found: %w", path, err)
	case os.SameFile(open, open) && os.SameFile(info, info) && !os.SameFile(open, info):
		return fmt.Errorf("%s was replaced by another file while this server had it open", path)
	}
	return nil
}

// addFilesOf adds what build has opened. A table of a class keeps no folder open: there are many of
// them, and Keys.CheckFile notices most of what may happen to that of the keys.
func (f *dataFolder) addFilesOf(a *App) error {
	var paths []string
	if !f.cfg.isTable() {
		paths = append(paths, f.cfg.keysDir())
	}
	if a.lessons != nil {
		paths = append(paths, f.cfg.lessonsFile())
	}
	if err := f.files.add(paths...); err != nil {
		return err
	}
	f.files.mu.Lock()
	defer f.files.mu.Unlock()
	f.files.checks = append(f.files.checks, a.api.Authority.Keys().CheckFile)
	return nil
}

// watchEvery is how soon a file that was deleted is noticed, and how old what remember
// has written may be.
const watchEvery = time.Second

// watch checks the open files, and remembers the database, until ctx ends.
func (f *dataFolder) watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var changed, forgetful error // what was logged already
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := f.files.check()
		switch {
		case err != nil && changed == nil:
			log.Error("the data folder has changed while the server was running, so it has stopped writing", "found", err,
				"next", "put the files back; or stop this server and start it again, and if something is lost, restore a backup before the start: restaurant restore FILE")
		case err == nil && changed != nil:
			log.Info("the data folder is as it was, so writing goes on")
		}
		if changed = err; err != nil {
			continue
		}
		err = f.remember(context.WithoutCancel(ctx))
		switch {
		case errors.Is(err, errWentBack):
			log.Error("the database has gone back to an earlier state while this server was running: it does not know what was done since then, such as logouts", "err", err,
				"next", "stop all instances, then start them again; all users will have to log in again")
		case err != nil && forgetful == nil:
			log.Warn("cannot save the position of the database; the server would not notice if an old copy replaced it", "err", err)
		}
		forgetful = err
	}
}
