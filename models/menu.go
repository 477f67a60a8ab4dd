package models

import (
	"context"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
)

// Menu is the menu as it is after some commit. It never changes; a change of a
// dish makes a new one. Whoever reads it asks no database.
type Menu struct {
	// Items are all dishes in the order in which they were added. Nobody may
	// change them.
	Items []MenuItem
	byID  map[int64]*MenuItem
}

// Item finds a dish by its id.
func (m *Menu) Item(id int64) (*MenuItem, bool) {
	item, ok := m.byID[id]
	return item, ok
}

// menuInMemory is the menu of this moment.
type menuInMemory struct {
	changing sync.Mutex // from the change until the new menu is the current one
	current  atomic.Pointer[Menu]
}

// Menu is the menu as it is now.
func (s *Store) Menu() *Menu { return s.menu.current.Load() }

// changeMenu runs fn like write. Before it returns, Menu is what fn left behind;
// if fn fails, it stays what it was.
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

// readMenu brings the menu into memory: when the book is opened, and when another
// branch has changed it.
func (s *Store) readMenu(ctx context.Context) error {
	s.menu.changing.Lock() // or what was read might come after a newer change
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
