package seed

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/models"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

var stores = testkit.Stores[*models.Store]{SQLite: models.OpenSQLite, Postgres: models.OpenPostgres}

// openStore opens a new database.
func openStore(t testing.TB) *models.Store {
	t.Helper()
	return stores.OpenNew(t)
}

// seedMenu adds the menu and reads it back.
func seedMenu(t testing.TB, store *models.Store) []models.MenuItem {
	t.Helper()
	noError(t, Menu(t.Context(), store))
	return store.Menu().Items
}

// property marks what a dish is.
type property func(m models.MenuItem) bool

func public(m models.MenuItem) bool     { return !m.VIPOnly }
func secret(m models.MenuItem) bool     { return m.VIPOnly }
func restricted(m models.MenuItem) bool { return m.AgeRestricted }
func soldOut(m models.MenuItem) bool    { return !m.Available }

func count(menu []models.MenuItem, which ...property) (n int) {
	for _, m := range menu {
		if !slices.ContainsFunc(which, func(f property) bool { return !f(m) }) {
			n++
		}
	}
	return n
}

func TestMenu_isLargeEnoughForEveryLesson(t *testing.T) {
	menu := seedMenu(t, openStore(t))
	for _, tc := range []struct {
		name      string
		got, want int
	}{
		{"public dishes", count(menu, public), 36},
		{"secret dishes", count(menu, secret), 3},
		{"dishes for adults", count(menu, restricted), 5},
		{"public dishes for adults", count(menu, public, restricted), 1},
		{"sold out dishes", count(menu, public, soldOut), 1},
		{"vegetarian dishes", count(menu, func(m models.MenuItem) bool { return m.Vegetarian }), 10},
	} {
		if tc.got < tc.want {
			t.Errorf("%d %s, want %d or more", tc.got, tc.name, tc.want)
		}
	}
	categories := map[string]bool{}
	for _, m := range menu {
		if public(m) {
			categories[m.Category] = true
		}
	}
	if len(categories) < 7 {
		t.Errorf("%d public categories, want 7 or more", len(categories))
	}
}

func TestMenu_dishOneIsTheMargheritaInThreeSizes(t *testing.T) {
	first := seedMenu(t, openStore(t))[0]
	var sizes []string
	for _, s := range first.Sizes {
		sizes = append(sizes, s.Size)
	}
	if first.ID != 1 || first.Name != "Margherita" || !first.Available || first.VIPOnly || first.AgeRestricted ||
		!slices.Equal(sizes, []string{models.SizeSmall, models.SizeMedium, models.SizeLarge}) {
		t.Errorf("dish 1 is %+v", first)
	}
}

// The rules are those that POST /api/v1/menu holds a manager to.
func TestMenu_everyDishIsValid(t *testing.T) {
	names := map[string]bool{}
	for _, m := range seedMenu(t, openStore(t)) {
		need := func(ok bool, what string) {
			t.Helper()
			if !ok {
				t.Errorf("%s: %s is not right: %+v", m.Name, what, m)
			}
		}
		within := func(s string, least, most int) bool {
			n := len([]rune(s))
			return least <= n && n <= most && strings.TrimSpace(s) == s
		}
		need(within(m.Name, 1, 80) && !names[m.Name], "the name")
		need(within(m.Category, 1, 40), "the category")
		need(within(m.Description, 1, 500), "the description")
		need(m.Version == 1, "the version")
		names[m.Name] = true

		seen := map[string]bool{}
		for _, a := range m.Allergens {
			need(slices.Contains(models.Allergens, a) && !seen[a], "allergen "+a)
			seen[a] = true
		}
		need(m.Allergens != nil, "the list of allergens")
		need(!m.Vegetarian || !seen["fish"] && !seen["crustaceans"] && !seen["molluscs"], "vegetarian")

		need(len(m.Sizes) > 0, "the list of sizes")
		known := []string{models.SizeSmall, models.SizeMedium, models.SizeLarge, models.SizeRegular}
		last, price := -1, int64(0)
		for _, s := range m.Sizes {
			at := slices.Index(known, s.Size)
			need(at > last && (s.Size != models.SizeRegular || len(m.Sizes) == 1), "size "+s.Size)
			need(s.PriceCents > price && s.PriceCents <= 1_000_000, "the price of "+s.Size)
			last, price = at, s.PriceCents
		}
	}
}

func TestMenu_everyDishCanBeOrdered(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	noError(t, store.SeedUsers(t.Context(), "users", []models.User{{Username: "vera", Name: "Vera", Role: models.RoleGuest}}))
	vera, err := store.UserByUsername(t.Context(), "vera")
	noError(t, err)
	for _, m := range seedMenu(t, store) {
		order := models.NewOrder{UserID: vera.ID, VIP: m.VIPOnly, AgeOver18: m.AgeRestricted}
		var total int64
		for _, s := range m.Sizes {
			order.Lines = append(order.Lines, models.NewLine{MenuItemID: m.ID, Size: s.Size, Quantity: 2})
			total += 2 * s.PriceCents
		}
		o, _, err := store.PlaceOrder(t.Context(), order)
		if m.Available && (err != nil || o.TotalCents != total) {
			t.Errorf("%s costs %d, want %d: %v", m.Name, o.TotalCents, total, err)
		}
		if !m.Available && !errors.Is(err, models.ErrItemUnavailable) {
			t.Errorf("%s: %v, want ErrItemUnavailable", m.Name, err)
		}
		if m.VIPOnly {
			order.VIP = false
			if _, _, err := store.PlaceOrder(t.Context(), order); !errors.Is(err, models.ErrVIPOnly) {
				t.Errorf("%s for a plain guest: %v, want ErrVIPOnly", m.Name, err)
			}
		}
		if m.AgeRestricted {
			order.VIP, order.AgeOver18 = true, false
			if _, _, err := store.PlaceOrder(t.Context(), order); !errors.Is(err, models.ErrAgeRestricted) {
				t.Errorf("%s for a child: %v, want ErrAgeRestricted", m.Name, err)
			}
		}
	}
}

// What the README, the problems and the API page say about the five.
var demo = []struct {
	username string
	role     models.Role
	vip      bool
	adult    bool
}{
	{"alice", models.RoleGuest, false, true},
	{"bob", models.RoleGuest, false, false},
	{"vera", models.RoleGuest, true, true},
	{"carla", models.RoleChef, false, true},
	{"marco", models.RoleManager, false, true},
}

func TestUsers_fiveWithTheirOwnPasswords(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	noError(t, Users(t.Context(), store))
	all, err := store.Users(t.Context(), 0, 100)
	noError(t, err)
	if len(all) != len(demo) {
		t.Fatalf("%d users, want %d", len(all), len(demo))
	}
	var hashing sync.WaitGroup
	for i, want := range demo {
		u := all[i]
		username, _ := models.Username(u.Username)
		if u.Username != want.username || u.Role != want.role || u.VIP != want.vip || u.AgeOver18(time.Now()) != want.adult ||
			username != u.Username || !models.IsName(u.Name) {
			t.Errorf("user %d is %+v, want %+v", i+1, u, want)
		}
		// Hashing is slow: one password of another user stands for all of them,
		// because no two are equal.
		for _, other := range []string{want.username, demo[(i+1)%len(demo)].username} {
			hashing.Go(func() {
				matches, err := models.PasswordMatches(DemoPassword(other), u.PasswordHash)
				if err != nil || matches != (u.Username == other) {
					t.Errorf("the password of %s opens the account of %s: %v, %v", other, u.Username, matches, err)
				}
			})
		}
	}
	hashing.Wait()
}

func TestDemoPassword(t *testing.T) {
	for _, u := range demo {
		if got, want := DemoPassword(u.username), u.username+"-likes-pizza"; got != want {
			t.Errorf("DemoPassword = %q, want %q", got, want)
		}
	}
}

func TestMenu_againChangesNothing(t *testing.T) {
	t.Parallel()
	store := openStore(t)
	noError(t, Users(t.Context(), store))
	before := seedMenu(t, store)
	alice, err := store.UserByUsername(t.Context(), "alice")
	noError(t, err)

	// A manager works on the menu.
	before[0].Description = "With buffalo mozzarella since Tuesday."
	noError(t, store.ReplaceMenuItem(t.Context(), &before[0]))
	noError(t, store.DeleteMenuItem(t.Context(), before[1].ID))
	after := seedMenu(t, store)
	if len(after) != len(before)-1 || after[0].Description != before[0].Description || after[1].ID != before[2].ID {
		t.Errorf("the second run undid what the manager did: %d dishes, the first is %+v", len(after), after[0])
	}

	noError(t, Users(t.Context(), store))
	again, err := store.UserByUsername(t.Context(), "alice")
	noError(t, err)
	if again.ID != alice.ID || again.PasswordHash != alice.PasswordHash {
		t.Errorf("alice became %+v", again)
	}
	if all, err := store.Users(t.Context(), 0, 100); err != nil || len(all) != len(demo) {
		t.Errorf("%d users, %v", len(all), err)
	}
}

// TestUsers_againHashesNothing: each hash would take 19 MiB, and most of a start's time.
func TestUsers_againHashesNothing(t *testing.T) {
	store := openStore(t)
	noError(t, Users(t.Context(), store))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	noError(t, Users(t.Context(), store))
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 19<<20 {
		t.Errorf("the second time took %d bytes", took)
	}
}

func TestMenu_addsNoDemoUsers(t *testing.T) {
	store := openStore(t)
	seedMenu(t, store)
	if all, err := store.Users(t.Context(), 0, 100); err != nil || len(all) > 0 {
		t.Errorf("the menu added %d users, %v", len(all), err)
	}
}
