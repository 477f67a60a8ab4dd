package app

import (
	"context"
	"path/filepath"

	"restaurant/handlers"
	"restaurant/learn"
	"restaurant/learn/lab"
	"restaurant/models"
	"restaurant/seed"
)

// lessonsFile is the file of what learners have learnt. It stands apart from the
// order book, so that a fresh kitchen forgets nothing of it.
func (c config) lessonsFile() string { return filepath.Join(c.dataDir, "lessons.db") }

// loopbackOnly tells whether only this machine reaches the house.
func (c config) loopbackOnly() bool {
	return !c.behindProxy && isLoopback(c.addr) && (!c.overTLS() || isLoopback(c.tlsAddr))
}

// mountLessons adds the rooms in which one learns: the lessons, which need the demo
// accounts, and the lab. Without lessons the school is nil.
func mountLessons(ctx context.Context, cfg config, url string, deps *handlers.Deps) (*learn.Handler, error) {
	if cfg.lab {
		deps.Mounts = append(deps.Mounts, lab.New().Mount)
	}
	if !cfg.demoData {
		deps.Mounts = append(deps.Mounts, learn.MountDisabled)
		return nil, nil
	}
	school, err := learn.Open(ctx, cfg.lessonsFile(), learn.Options{
		PublicURL: url, LoopbackOnly: cfg.loopbackOnly(), Log: deps.Log,
		Preview: func(ctx context.Context) ([]learn.Loss, error) { return resetPreview(ctx, deps.Store) },
		Reset:   func(ctx context.Context) error { return resetToSeed(ctx, deps) },
	})
	if err != nil {
		return nil, err
	}
	deps.Mounts, deps.OnResponse = append(deps.Mounts, school.Mount), school.Tracker.Witness
	return school, nil
}

// resetToSeed puts the restaurant back to its first day.
func resetToSeed(ctx context.Context, deps *handlers.Deps) error {
	day, err := seed.FirstDay(ctx, deps.Hasher)
	if err != nil {
		return err
	}
	return deps.Sessions.Reset(ctx, day)
}

// resetPreview is what freshen would take away.
func resetPreview(ctx context.Context, store *models.Store) ([]learn.Loss, error) {
	day, err := seed.FirstDay(ctx, nil)
	if err != nil {
		return nil, err
	}
	since, err := store.ChangesSince(ctx, day)
	return []learn.Loss{
		{What: "orders", Count: since.Orders},
		{What: "dishes that were added, changed or taken off", Count: since.Dishes},
		{What: "accounts beside the demo accounts", Count: since.Users},
		{What: "logins, yours among them", Count: since.Sessions},
	}, err
}
