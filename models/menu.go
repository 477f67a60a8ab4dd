package models

import (
	"context"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// Menu is an immutable snapshot of the menu after some commit, kept in memory:
// reading it takes no query.
type Menu struct {
	// Items are all dishes in the order in which they were added. Read only.
	Items []MenuItem
	byID  map[int64]*MenuItem
}

// Item returns the dish with this id.
func (m *Menu) Item(id int64) (*MenuItem, bool) {
	item, ok := m.byID[id]
	return item, ok
}

type menuCache struct {
	changing sync.Mutex // held from a change until current holds it
	current  atomic.Pointer[Menu]
}

// Menu returns the current menu.
func (s *Store) Menu() *Menu { return s.menu.current.Load() }

// changeMenu runs fn like write, and replaces the snapshot before it returns. If
// fn fails, the snapshot stays.
func (s *Store) changeMenu(ctx context.Context, fn func(tx *gorm.DB) error) error {
	s.menu.changing.Lock()
	defer s.menu.changing.Unlock()
	var menu *Menu
	err := s.write(ctx, func(tx *gorm.DB) error {
		if err := fn(tx); err != nil {
			return err
		}
		var err error
		if menu, err = loadMenu(tx); err != nil {
			return err
		}
		return s.notify(tx, notification{Menu: true})
	})
	if err == nil {
		s.menu.current.Store(menu)
	}
	return err
}

// readMenu reads the snapshot: when the store is opened, and after another
// instance has changed the menu.
func (s *Store) readMenu(ctx context.Context) error {
	s.menu.changing.Lock() // or this result could replace a newer one
	defer s.menu.changing.Unlock()
	menu, err := loadMenu(s.read(ctx))
	if err == nil {
		s.menu.current.Store(menu)
	}
	return err
}

func loadMenu(db *gorm.DB) (*Menu, error) {
	m := &Menu{byID: map[int64]*MenuItem{}}
	if err := db.Order("id").Find(&m.Items).Error; err != nil {
		return nil, err
	}
	for i := range m.Items {
		m.byID[m.Items[i].ID] = &m.Items[i]
	}
	return m, nil
}
