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
	"runtime"
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
func Users(ctx context.Context, store *models.Store) error {
	if seeded, err := store.Seeded(ctx, "users"); seeded || err != nil {
		return err // hashing five passwords would take most of the start
	}
	users, err := demoUsers(true)
	if err != nil {
		return err
	}
	return store.SeedUsers(ctx, "users", users)
}

// State returns the menu and the demo accounts as they are added. Without passwords,
// whose hashes take their time, they are enough to compare usernames.
func State(passwords bool) (state models.SeedState, err error) {
	if state.Dishes, err = parse[models.MenuItem]("menu.json", menuJSON); err != nil {
		return state, err
	}
	state.Users, err = demoUsers(passwords)
	return state, err
}

// demoUsers returns the demo accounts.
func demoUsers(passwords bool) ([]models.User, error) {
	users, err := parse[models.User]("users.json", usersJSON)
	if err != nil || !passwords {
		return users, err
	}
	hashes := demoHashes()
	for i := range users {
		users[i].PasswordHash = hashes[users[i].Username]
	}
	return users, nil
}

// demoHashes are made once: everybody knows the demo passwords, so the thirty restaurants of a
// class may have the same hashes of them, and hashing takes most of a start. As many passwords are
// hashed at once as there are cores: more would only take more memory.
var demoHashes = sync.OnceValue(func() map[string]string {
	users, _ := parse[models.User]("users.json", usersJSON) // demoUsers has read it
	hashes := make([]string, len(users))
	cores := make(chan struct{}, runtime.NumCPU())
	var hashing sync.WaitGroup
	for i, u := range users {
		cores <- struct{}{}
		hashing.Go(func() {
			hashes[i] = models.HashPassword(DemoPassword(u.Username))
			<-cores
		})
	}
	hashing.Wait()
	byName := map[string]string{}
	for i, u := range users {
		byName[u.Username] = hashes[i]
	}
	return byName
})

func parse[T any](name string, text []byte) (list []T, err error) {
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// UnchangedDemoUsers lists the demo accounts that still have their demo password.
func UnchangedDemoUsers(ctx context.Context, store *models.Store) (usernames []string, err error) {
	users, err := demoUsers(false)
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
		unchanged, err := models.PasswordMatches(DemoPassword(u.Username), u.PasswordHash)
		if err != nil {
			return nil, err
		}
		if unchanged {
			usernames = append(usernames, u.Username)
		}
	}
	return usernames, nil
}
