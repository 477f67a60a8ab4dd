// Package seed is the first delivery: a menu to order from and five people to
// try the doors with. It comes once; running it again changes nothing, and what
// a manager has changed since stays changed.
package seed

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"restaurant/models"
)

//go:embed menu.json
var menuJSON []byte

//go:embed users.json
var usersJSON []byte

// DemoPassword returns the password of a demo account. It is public, so a server
// in public mode has no demo accounts.
func DemoPassword(username string) string { return username + "-likes-pizza" }

// Menu adds the dishes of menu.json, once.
func Menu(ctx context.Context, store *models.Store) error {
	items, err := parse[models.MenuItem]("menu.json", menuJSON)
	if err != nil {
		return err
	}
	return store.SeedMenu(ctx, "menu", items)
}

// Users adds the demo accounts of users.json, once.
func Users(ctx context.Context, store *models.Store, hasher *models.Hasher) error {
	if seeded, err := store.Seeded(ctx, "users"); seeded || err != nil {
		return err // hashing five passwords would take most of the start
	}
	users, err := demoUsers(ctx, hasher)
	if err != nil {
		return err
	}
	return store.SeedUsers(ctx, "users", users)
}

// State returns the menu and the demo accounts as they are added. Without a hasher
// the accounts have no passwords, which is enough to compare usernames.
func State(ctx context.Context, hasher *models.Hasher) (state models.SeedState, err error) {
	if state.Dishes, err = parse[models.MenuItem]("menu.json", menuJSON); err != nil {
		return state, err
	}
	state.Users, err = demoUsers(ctx, hasher)
	return state, err
}

// demoUsers returns the demo accounts, with their passwords if there is a hasher.
func demoUsers(ctx context.Context, hasher *models.Hasher) ([]models.User, error) {
	users, err := parse[models.User]("users.json", usersJSON)
	if err != nil || hasher == nil {
		return users, err
	}
	errs := make([]error, len(users))
	var hashing sync.WaitGroup
	for i, u := range users {
		hashing.Go(func() { users[i].PasswordHash, errs[i] = hasher.Hash(ctx, DemoPassword(u.Username)) })
	}
	hashing.Wait()
	return users, errors.Join(errs...)
}

func parse[T any](name string, text []byte) (list []T, err error) {
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// UnchangedDemoUsers lists the demo accounts that still have their demo password.
func UnchangedDemoUsers(ctx context.Context, store *models.Store, hasher *models.Hasher) (usernames []string, err error) {
	users, err := demoUsers(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, demo := range users {
		u, err := store.UserByUsername(ctx, demo.Username)
		if errors.Is(err, models.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		unchanged, err := hasher.Matches(ctx, DemoPassword(u.Username), u.PasswordHash)
		if err != nil {
			return nil, err
		}
		if unchanged {
			usernames = append(usernames, u.Username)
		}
	}
	return usernames, nil
}
