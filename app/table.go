package app

import (
	"time"

	"restaurant/models"
	"restaurant/queue"
)

// table is what a restaurant knows of the class that it is a table of. The zero value is a
// restaurant of its own.
type table struct {
	// issuer is the iss of its tokens, which does not hold the code of the table; empty:
	// the address for clients.
	issuer string
	// kiosk is the address of the kiosk for all tables.
	kiosk string
	// passwordEnding is what new passwords must end with.
	passwordEnding string
	// longestWait bounds the login throttle.
	longestWait time.Duration
	// hashing is where all tables wait that hash a password.
	hashing *queue.Queue
}

// isTable reports whether the restaurant is a table of a class.
func (c config) isTable() bool { return c.table.issuer != "" }

// sync is what a commit has to survive. In a class the tables share one disk, and thirty
// orders at a moment must not wait for each other.
func (c config) sync() models.Sync {
	if c.isTable() {
		return models.SyncNormal
	}
	return models.SyncFull
}
