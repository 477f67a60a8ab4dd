package class

import (
	"os"
	"regexp"
	"testing"

	"restaurant/problem"
)

// TestTeachersPage_namesRefusals holds the table "What to say" of docs/class.md against the kinds of
// problems.
func TestTeachersPage_namesRefusals(t *testing.T) {
	page, err := os.ReadFile("../docs/class.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z]+-[a-z-]+)` \\| \\S").FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Errorf("only %d refusals", len(rows))
	}
	for _, row := range rows {
		if problem.Find(row[1]) == nil {
			t.Errorf("there is no refusal %s", row[1])
		}
	}
}
