package models

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

func TestCreateMenuItem_roundTrip(t *testing.T) {
	s := openStore(t)
	want := MenuItem{
		Name: "Barolo «Riserva»", Category: "From the lounge", Description: "A 'red' with \"quotes\", -- and a ; 🍷",
		Sizes: []Size{{SizeSmall, 1}, {SizeMedium, 1_000_000}, {SizeRegular, 950}}, Allergens: []string{"sulphites"},
		VIPOnly: true, AgeRestricted: true, Available: true,
	}
	noError(t, s.CreateMenuItem(t.Context(), &want))
	if want.ID != 1 || want.Version != 1 {
		t.Errorf("id %d and version %d, want 1 and 1", want.ID, want.Version)
	}
	got, err := storedDish(t, s, want.ID)
	noError(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := storedDish(t, s, 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("a dish that is not there: %v, want ErrNotFound", err)
	}
}

func TestMenu_keepsTheOrderOfAdding(t *testing.T) {
	s := openStore(t)
	want := []string{"Tiramisù", "Acqua", "Margherita"}
	for _, name := range want {
		newDish(t, s, func(m *MenuItem) { m.Name = name })
	}
	var got []string
	for _, m := range s.Menu().Items {
		got = append(got, m.Name)
	}
	wantSame(t, got, want)
}

func TestPriceOf(t *testing.T) {
	m := margherita()
	for size, want := range map[string]int64{SizeSmall: 750, SizeLarge: 1250, SizeMedium: 0, "": 0, "LARGE": 0} {
		if got, ok := m.PriceOf(size); got != want || ok != (want > 0) {
			t.Errorf("%q costs %d, %v, want %d", size, got, ok, want)
		}
	}
}

func TestReplaceMenuItem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		versions []int64
		err      error
	}{
		{"without a version it is replaced", nil, nil},
		{"with its version it is replaced", []int64{3}, nil},
		{"with its version among others it is replaced", []int64{1, 3, 9}, nil},
		{"with an older version it is not", []int64{2}, ErrStale},
		{"with a version to come it is not", []int64{4}, ErrStale},
		{"with several wrong versions it is not", []int64{1, 2}, ErrStale},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openStore(t)
			other, before := newDish(t, s), newDish(t, s)
			for range 2 { // to version 3
				noError(t, s.ReplaceMenuItem(t.Context(), &before))
			}
			// Every field changes, and those with a zero value, too.
			after := MenuItem{
				ID: before.ID, Name: "Marinara", Category: "Pizza rossa", Sizes: []Size{{SizeRegular, 800}},
				Allergens: []string{}, VIPOnly: true, AgeRestricted: true, Version: 77,
			}
			err := s.ReplaceMenuItem(t.Context(), &after, tc.versions...)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("err = %v, want %v", err, tc.err)
			}
			want := before
			if tc.err == nil {
				if want = after; after.Version != 4 {
					t.Errorf("the new version is %d, want 4", after.Version)
				}
			}
			got, err := storedDish(t, s, before.ID)
			noError(t, err)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("stored %+v, want %+v", got, want)
			}
			if got, err := storedDish(t, s, other.ID); err != nil || !reflect.DeepEqual(got, other) {
				t.Errorf("another dish became %+v, %v", got, err)
			}
		})
	}
}

func TestReplaceMenuItem_notFound(t *testing.T) {
	s := openStore(t)
	dish := newDish(t, s)
	gone := margherita()
	gone.ID = 99
	for _, versions := range [][]int64{nil, {1}} {
		if err := s.ReplaceMenuItem(t.Context(), &gone, versions...); !errors.Is(err, ErrNotFound) {
			t.Errorf("replace %v: %v, want ErrNotFound", versions, err)
		}
		if err := s.DeleteMenuItem(t.Context(), gone.ID, versions...); !errors.Is(err, ErrNotFound) {
			t.Errorf("delete %v: %v, want ErrNotFound", versions, err)
		}
	}
	if got, err := storedDish(t, s, dish.ID); err != nil || got.Version != 1 {
		t.Errorf("the only dish became %+v, %v", got, err)
	}
}

func TestReplaceMenuItem_concurrentChangesOfOneVersionHaveOneWinner(t *testing.T) {
	s := openStore(t)
	dish := newDish(t, s)
	var managers sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		managers.Go(func() {
			mine := margherita()
			mine.ID, mine.Name = dish.ID, fmt.Sprint("Margherita of manager ", i)
			errs[i] = s.ReplaceMenuItem(t.Context(), &mine, 1)
		})
	}
	managers.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("managers %d and %d both won", winner, i)
		case !errors.Is(err, ErrStale):
			t.Error(err)
		}
	}
	got, err := storedDish(t, s, dish.ID)
	noError(t, err)
	if want := fmt.Sprint("Margherita of manager ", winner); got.Name != want || got.Version != 2 {
		t.Errorf("it is %q in version %d, want %q in version 2", got.Name, got.Version, want)
	}
}

func TestDeleteMenuItem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		versions []int64
		err      error
	}{
		{"without a version it goes", nil, nil},
		{"with its version it goes", []int64{1}, nil},
		{"with another version it stays", []int64{2}, ErrStale},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := openStore(t)
			other, dish := newDish(t, s), newDish(t, s)
			err := s.DeleteMenuItem(t.Context(), dish.ID, tc.versions...)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("err = %v, want %v", err, tc.err)
			}
			if _, err := storedDish(t, s, dish.ID); errors.Is(err, ErrNotFound) != (tc.err == nil) {
				t.Errorf("afterwards: %v", err)
			}
			if _, err := storedDish(t, s, other.ID); err != nil {
				t.Errorf("another dish: %v", err)
			}
		})
	}
}

// An old bill names the id, so it must never mean another dish.
func TestDeleteMenuItem_idIsNeverReused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restaurant.db")
	s := openAt(t, path)
	newDish(t, s)
	last := newDish(t, s)
	noError(t, s.DeleteMenuItem(t.Context(), last.ID))
	if got := newDish(t, s).ID; got != last.ID+1 {
		t.Errorf("the next dish has id %d, want %d", got, last.ID+1)
	}
	noError(t, s.DeleteMenuItem(t.Context(), last.ID+1))
	noError(t, s.Close())
	if got := newDish(t, openAt(t, path)).ID; got != last.ID+2 {
		t.Errorf("after a new start the next dish has id %d, want %d", got, last.ID+2)
	}
}
