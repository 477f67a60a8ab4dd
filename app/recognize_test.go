package app

import (
	"testing"

	"restaurant/models"
)

// TestMistrust: what follows from what the keys remember and what the database says.
func TestMistrust(t *testing.T) {
	fresh := models.Identity{}
	known := models.Identity{ID: "a", Generation: 5}
	copied := models.Identity{ID: "a", Generation: 5, CopiedAt: new(models.Millis(1))}
	for _, tc := range []struct {
		name                       string
		now, known                 models.Identity
		keys, sessions             bool // are mistrusted by a single server
		sharedKeys, sharedSessions bool // and by one of several instances
	}{
		{"the first start", fresh, fresh, false, false, false, false},
		{"nothing has changed", known, known, false, false, false, false},
		{"a power cut before the note", models.Identity{ID: "a", Generation: 6}, known, false, false, false, false},
		{"a backup", copied, known, true, true, true, true},
		{"a backup in a new folder", copied, fresh, true, true, true, true},
		{"an older copy", models.Identity{ID: "a", Generation: 4}, known, true, true, true, true},
		{"a copy from before an upgrade", fresh, known, true, true, true, true},
		{"another database", models.Identity{ID: "b", Generation: 9}, known, true, true, true, false},
		{"a folder that has not seen the database", known, fresh, true, true, false, false},
	} {
		for _, shared := range []bool{false, true} {
			wantWhy, wantWhole := tc.keys, tc.sessions
			if shared {
				wantWhy, wantWhole = tc.sharedKeys, tc.sharedSessions
			}
			if why, whole := mistrust(tc.now, tc.known, shared); (why != "") != wantWhy || whole != wantWhole {
				t.Errorf("%s, shared %v: %q, %v", tc.name, shared, why, whole)
			}
		}
	}
}
