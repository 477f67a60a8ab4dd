package models

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// beforeFirstRelease is how many migrations there were in the first release. No program
// runs that knows fewer.
const beforeFirstRelease = 4

// TestMigrations_letTheProgramBeforeGoOn reads the migrations of PostgreSQL. While instances
// are updated one after the other, the program of the version before works on the tables of
// the new one; see docs/postgresql.md. So a migration only adds, or takes away what a
// released version does not use any more, which it says in a line "-- Not used since 1.2.3".
func TestMigrations_letTheProgramBeforeGoOn(t *testing.T) {
	changelog, err := os.ReadFile("../CHANGELOG.md")
	noError(t, err)
	files, err := filepath.Glob("migrations/postgres/*.sql")
	noError(t, err)
	if len(files) <= beforeFirstRelease {
		t.Fatalf("there are %d migrations", len(files))
	}
	for _, file := range files[beforeFirstRelease:] {
		script, err := os.ReadFile(file)
		noError(t, err)
		if found := breaksOlder(string(script), string(changelog)); len(found) > 0 {
			t.Errorf("%s: an older program would break on %q", file, found)
		}
	}
}

func TestBreaksOlder(t *testing.T) {
	const changelog = "## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n"
	for name, script := range map[string]string{
		"a table with all that belongs to it":    "CREATE TABLE tips (id BIGINT PRIMARY KEY);\nCREATE UNIQUE INDEX tips_i ON tips (id);\nINSERT INTO tips VALUES (1);\nALTER TABLE tips ADD CHECK (id > 0);",
		"a column that may be null":              "-- Why; and how.\nALTER TABLE orders ADD COLUMN tip BIGINT;",
		"a column with a default":                "ALTER TABLE orders ADD COLUMN tip BIGINT NOT NULL DEFAULT 0;",
		"an index":                               "CREATE INDEX orders_tip ON orders (tip);\nDROP INDEX orders_due;",
		"nothing":                                "-- Only in SQLite.",
		"what no released version uses any more": "-- Not used since 0.2.0, which reads menu_id.\nALTER TABLE orders DROP COLUMN lines;",
	} {
		if found := breaksOlder(script, changelog); len(found) > 0 {
			t.Errorf("%s is refused: %q", name, found)
		}
	}
	for name, script := range map[string]string{
		"a column goes":                       "ALTER TABLE orders DROP COLUMN lines;",
		"a table goes":                        "DROP TABLE deliveries;",
		"a column gets another name":          "ALTER TABLE orders RENAME COLUMN lines TO items;",
		"a table gets another name":           "ALTER TABLE orders RENAME TO bills;",
		"a column gets another type":          "ALTER TABLE orders ALTER COLUMN id TYPE TEXT;",
		"a column must be filled":             "ALTER TABLE orders ADD COLUMN tip BIGINT NOT NULL;",
		"a column must be filled from now on": "ALTER TABLE orders ALTER COLUMN table_name SET NOT NULL;",
		"two orders may not be alike":         "CREATE UNIQUE INDEX orders_u ON orders (user_id, placed_at);",
		"a new rule for all rows":             "ALTER TABLE orders ADD CHECK (total_cents < 100000);",
		"a column that is kept up to date":    "ALTER TABLE orders ADD COLUMN late BOOLEAN NOT NULL DEFAULT false;\nUPDATE orders SET late = true;",
		"an index that ON CONFLICT names":     "DROP INDEX orders_idempotency;",
		"a second change in one statement":    "ALTER TABLE orders ADD COLUMN tip BIGINT, DROP COLUMN lines;",
		"what a later version does not use":   "-- Not used since 0.3.0.\nALTER TABLE orders DROP COLUMN lines;",
	} {
		if len(breaksOlder(script, changelog)) == 0 {
			t.Errorf("it is not seen that %s", name)
		}
	}
}

var (
	sqlComment  = regexp.MustCompile(`--[^\n]*`)
	unusedSince = regexp.MustCompile(`(?m)^-- Not used since (\d+\.\d+\.\d+)`)
	tableOf     = regexp.MustCompile(`^(?:CREATE|ALTER) TABLE (\w+)|^INSERT INTO (\w+)|^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)`)
	onlyAdds    = regexp.MustCompile(`^CREATE TABLE |^CREATE INDEX |^DROP INDEX \w+$|^ALTER TABLE \w+ ADD COLUMN \w+ [^,]*$`)
	mustFill    = regexp.MustCompile(`NOT NULL|UNIQUE|PRIMARY KEY`)
)

// namedIndexes are those that statements name in ON CONFLICT.
var namedIndexes = []string{"DROP INDEX orders_idempotency"}

// breaksOlder returns the statements of a migration that a program may not survive that
// does not know them. The changelog says which versions were released.
func breaksOlder(script, changelog string) (found []string) {
	if since := unusedSince.FindStringSubmatch(script); since != nil && strings.Contains(changelog, "\n## ["+since[1]+"]") {
		return nil
	}
	fresh := map[string]bool{} // tables that older programs do not know
	for stmt := range strings.SplitSeq(sqlComment.ReplaceAllString(script, ""), ";") {
		stmt = strings.Join(strings.Fields(stmt), " ")
		table := tableIn(stmt)
		if strings.HasPrefix(stmt, "CREATE TABLE ") {
			fresh[table] = true
		}
		if stmt != "" && !fresh[table] && !isAddition(stmt) {
			found = append(found, stmt)
		}
	}
	return found
}

// tableIn returns which table a statement changes, or "".
func tableIn(stmt string) string {
	if m := tableOf.FindStringSubmatch(stmt); m != nil {
		return m[1] + m[2] + m[3]
	}
	return ""
}

// isAddition reports whether a statement about a table that older programs know leaves
// everything as they need it.
func isAddition(stmt string) bool {
	mayStayEmpty := !mustFill.MatchString(stmt) || strings.Contains(stmt, " DEFAULT ")
	return onlyAdds.MatchString(stmt) && mayStayEmpty && !slices.Contains(namedIndexes, stmt)
}
