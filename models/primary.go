package models

import (
	"log/slog"
	"time"
)

// Primary says which PostgreSQL server takes the writes: of which cluster (the servers
// that hold the same data), and on which timeline. Each promotion of a standby begins a
// higher timeline. So if two servers of a cluster take writes, the one with the lower
// timeline is stale: what is written there will be lost.
type Primary struct {
	// System is PostgreSQL's identifier of the cluster; empty if none was seen.
	System   string `json:"system"`
	Timeline int64  `json:"timeline"`
	Since    Millis `json:"since"` // when an instance first saw it
}

// PrimaryMemory is what an instance knows of the primary longer than it runs.
type PrimaryMemory struct {
	// Known is the newest primary that was seen in an earlier run, or zero.
	Known Primary
	// Remember keeps a newer one; nil keeps nothing.
	Remember func(Primary) error
	// Log receives what happens to the database; nil for nobody.
	Log *slog.Logger
}

// DatabaseRole is what the database is to this instance.
type DatabaseRole string

// Roles of a database in PostgreSQL.
const (
	DatabasePrimary DatabaseRole = "primary" // it takes writes
	DatabaseWaiting DatabaseRole = "waiting" // it takes none, because a standby does not confirm them
	DatabaseStale   DatabaseRole = "stale"   // only an old primary answers, which is not written to
	DatabaseStandby DatabaseRole = "standby" // only a standby answers
	DatabaseAway    DatabaseRole = "away"    // nothing answers
)

// DatabaseRoles lists them all.
func DatabaseRoles() []DatabaseRole {
	return []DatabaseRole{DatabasePrimary, DatabaseWaiting, DatabaseStale, DatabaseStandby, DatabaseAway}
}

// DatabaseState is how the database is at this moment, as far as an instance that follows
// the others knows.
type DatabaseState struct {
	Role    DatabaseRole
	Primary Primary       // the newest that was seen
	Away    time.Duration // for how long nothing can be written; 0 while it can
}

// Database returns the state of a database that instances share, and false for a file.
func (s *Store) Database() (DatabaseState, bool) { return s.engine.state() }
