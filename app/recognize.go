package app

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"restaurant/models"
	"restaurant/tokens"
)

// recognize compares the database with what the folder of the keys remembers of it. A
// copy that was put back does not know which tokens were issued, which login sessions
// were ended and which ids were given out after it was made. So all login sessions end,
// ids continue after those that were given out, and a new key replaces all others.
func (f *dataFolder) recognize(ctx context.Context, log *slog.Logger) error {
	known, err := tokens.KnownDatabase(f.cfg.keysDir())
	if err != nil {
		return err
	}
	now, err := f.store.Identity(ctx)
	if err != nil {
		return err
	}
	why, whole := mistrust(now, known, f.store.Shared())
	if why != "" {
		log.Warn("this is not the database that the server used last, so all users must log in again", "because", why)
		if whole {
			err = f.store.Distrust(ctx, known)
		}
		if err == nil {
			err = tokens.ReplaceKeys(f.cfg.keysDir())
		}
		if err != nil {
			return err
		}
	}
	if now.ID != "" && now.ID == known.ID && now.Generation == known.Generation {
		f.remembered = f.store.Commits()
	}
	return nil // a start that is refused for another reason changes nothing
}

// mistrust returns why the tokens that the keys have signed may say what is not so in
// the database of today, or "". whole is true if login sessions in the database cannot
// be trusted either. A database that instances share may change without this one.
func mistrust(now, known models.Identity, shared bool) (why string, whole bool) {
	switch {
	case now.CopiedAt != nil:
		return "it is a backup of " + now.CopiedAt.Time().Format(time.RFC3339), true
	case now.ID == "" && known.ID == "": // new, or of a release that remembered nothing
		return "", false
	case now.ID == "":
		return "it is new, or a copy from before an upgrade", true
	case known.ID == "" && shared:
		return "", false
	case known.ID == "":
		return "the keys in this folder were never used with it", true
	case now.ID != known.ID:
		return "it is another database, or another instance has recognized it as an old copy", !shared
	case now.Generation < known.Generation:
		return "it is an old copy", true
	}
	return "", false
}

// errWentBack means that the database was put back to an earlier state while this process
// had it open, as a database server can be.
var errWentBack = errors.New("the database has gone back to an earlier state")

// remember notes how far the database has come, if anything was written since. The
// database comes first: at a power cut it may be ahead of the note, never behind. If it
// went back, the note says from then on what the next start recognizes as an old copy.
func (f *dataFolder) remember(ctx context.Context) error {
	commits := f.store.Commits()
	if f.wentBack || commits == f.remembered {
		return nil
	}
	now, err := f.store.Advance(ctx)
	if err != nil {
		return err
	}
	if f.last.ID != "" && (now.ID != f.last.ID || now.Generation <= f.last.Generation) {
		f.wentBack = true
		f.last.Generation = math.MaxInt64
		return errors.Join(errWentBack, tokens.RememberDatabase(f.cfg.keysDir(), f.last))
	}
	if err := tokens.RememberDatabase(f.cfg.keysDir(), now); err != nil {
		return err
	}
	f.last, f.remembered = now, commits+1 // that of Advance
	return nil
}
