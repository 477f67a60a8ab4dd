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

type dish struct {
	Name          string        `json:"name"`
	Description   string        `json:"description"`
	Category      string        `json:"category"`
	Sizes         []models.Size `json:"sizes"`
	Vegetarian    bool          `json:"vegetarian"`
	Allergens     []string      `json:"allergens"`
	VIPOnly       bool          `json:"vip_only"`
	AgeRestricted bool          `json:"age_restricted"`
	Available     bool          `json:"available"`
}

type demoUser struct {
	Username  string      `json:"username"`
	Name      string      `json:"name"`
	Role      models.Role `json:"role"`
	VIP       bool        `json:"vip"`
	BirthDate *string     `json:"birth_date"` // Bob has none, so he never comes of age
}

// DemoPassword is the password of a demo account. It is public on purpose, so
// it is worth nothing: a house that is open to the public has no demo accounts.
func DemoPassword(username string) string { return username + "-likes-pizza" }

// Menu puts the dishes of menu.json on the menu, once.
func Menu(ctx context.Context, store *models.Store) error {
	items, err := readMenu()
	if err != nil {
		return err
	}
	return store.SeedMenu(ctx, "menu", items)
}

// FirstDay is the menu and the demo accounts as they were delivered. Without a
// hasher the accounts have no passwords, which is enough to compare by.
func FirstDay(ctx context.Context, hasher *models.Hasher) (day models.SeedState, err error) {
	if day.Dishes, err = readMenu(); err != nil {
		return day, err
	}
	people, err := readPeople()
	if err != nil {
		return day, err
	}
	day.Users, err = usersOf(ctx, hasher, people)
	return day, err
}

func readMenu() ([]models.MenuItem, error) {
	var dishes []dish
	if err := json.Unmarshal(menuJSON, &dishes); err != nil {
		return nil, fmt.Errorf("menu.json: %w", err)
	}
	items := make([]models.MenuItem, len(dishes))
	for i, d := range dishes {
		items[i] = models.MenuItem{
			Name: d.Name, Description: d.Description, Category: d.Category, Sizes: d.Sizes,
			Vegetarian: d.Vegetarian, Allergens: d.Allergens,
			VIPOnly: d.VIPOnly, AgeRestricted: d.AgeRestricted, Available: d.Available,
		}
	}
	return items, nil
}

// Users adds the demo accounts of users.json, once.
func Users(ctx context.Context, store *models.Store, hasher *models.Hasher) error {
	if arrived, err := store.Seeded(ctx, "users"); arrived || err != nil {
		return err // hashing five passwords costs more than the rest of a start
	}
	people, err := readPeople()
	if err != nil {
		return err
	}
	users, err := usersOf(ctx, hasher, people)
	if err != nil {
		return err
	}
	return store.SeedUsers(ctx, "users", users)
}

// usersOf makes users of people, with their demo passwords if there is a hasher.
func usersOf(ctx context.Context, hasher *models.Hasher, people []demoUser) ([]models.User, error) {
	users := make([]models.User, len(people))
	errs := make([]error, len(people))
	var hashing sync.WaitGroup
	for i, p := range people {
		users[i] = models.User{Username: p.Username, Name: p.Name, Role: p.Role, VIP: p.VIP, BirthDate: p.BirthDate}
		if hasher != nil {
			hashing.Go(func() { users[i].PasswordHash, errs[i] = hasher.Hash(ctx, DemoPassword(p.Username)) })
		}
	}
	hashing.Wait()
	return users, errors.Join(errs...)
}

func readPeople() ([]demoUser, error) {
	var people []demoUser
	if err := json.Unmarshal(usersJSON, &people); err != nil {
		return nil, fmt.Errorf("users.json: %w", err)
	}
	return people, nil
}

// UnchangedDemoUsers lists the demo accounts that are in the book and still have their
// demo password.
func UnchangedDemoUsers(ctx context.Context, store *models.Store, hasher *models.Hasher) ([]string, error) {
	people, err := readPeople()
	if err != nil {
		return nil, err
	}
	var left []string
	for _, p := range people {
		u, err := store.UserByUsername(ctx, p.Username)
		if errors.Is(err, models.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if ok, err := hasher.Matches(ctx, DemoPassword(p.Username), u.PasswordHash); err != nil {
			return nil, err
		} else if ok {
			left = append(left, p.Username)
		}
	}
	return left, nil
}
