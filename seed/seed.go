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

type person struct {
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
	var dishes []dish
	if err := json.Unmarshal(menuJSON, &dishes); err != nil {
		return fmt.Errorf("menu.json: %w", err)
	}
	items := make([]models.MenuItem, len(dishes))
	for i, d := range dishes {
		items[i] = models.MenuItem{
			Name: d.Name, Description: d.Description, Category: d.Category, Sizes: d.Sizes,
			Vegetarian: d.Vegetarian, Allergens: d.Allergens,
			VIPOnly: d.VIPOnly, AgeRestricted: d.AgeRestricted, Available: d.Available,
		}
	}
	return store.DeliverMenu(ctx, "menu", items)
}

// Users adds the demo accounts of users.json, once.
func Users(ctx context.Context, store *models.Store, hasher *models.Hasher) error {
	if arrived, err := store.Delivered(ctx, "users"); arrived || err != nil {
		return err // hashing five passwords costs more than the rest of a start
	}
	people, err := readPeople()
	if err != nil {
		return err
	}
	users := make([]models.User, len(people))
	errs := make([]error, len(people))
	var hashing sync.WaitGroup
	for i, p := range people {
		hashing.Go(func() {
			hash, err := hasher.Hash(ctx, DemoPassword(p.Username))
			errs[i] = err
			users[i] = models.User{
				Username: p.Username, Name: p.Name, PasswordHash: hash,
				Role: p.Role, VIP: p.VIP, BirthDate: p.BirthDate,
			}
		})
	}
	hashing.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return store.DeliverUsers(ctx, "users", users)
}

func readPeople() ([]person, error) {
	var people []person
	if err := json.Unmarshal(usersJSON, &people); err != nil {
		return nil, fmt.Errorf("users.json: %w", err)
	}
	return people, nil
}

// Leftover lists the demo accounts that are in the book and still have their
// demo password.
func Leftover(ctx context.Context, store *models.Store, hasher *models.Hasher) ([]string, error) {
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
