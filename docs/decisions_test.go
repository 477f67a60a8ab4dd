package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDecisions_indexListsEachRecordOnce holds the index to the records: what holds
// stands under its subject, what was superseded stands apart.
func TestDecisions_indexListsEachRecordOnce(t *testing.T) {
	index, err := os.ReadFile("decisions/README.md")
	if err != nil {
		t.Fatal(err)
	}
	holds, superseded, ok := strings.Cut(string(index), "\n## Superseded\n")
	records, _ := filepath.Glob("decisions/[0-9]*.md")
	if !ok || len(records) == 0 {
		t.Fatal("no records, or no list of superseded ones")
	}
	for _, path := range records {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		title, ok := strings.CutPrefix(strings.SplitN(string(text), "\n", 2)[0], "# "+name[:4]+": ")
		if !ok {
			t.Errorf("%s does not begin with its number and title", name)
		}
		for _, part := range []string{"\nStatus: ", "\n## Context\n", "\n## Decision\n", "\n## Consequences\n"} {
			if strings.Count(string(text), part) != 1 {
				t.Errorf("%s: not one %q", name, strings.TrimSpace(part))
			}
		}
		list, other := holds, superseded
		if !strings.Contains(string(text), "\nStatus: accepted, ") {
			list, other = superseded, holds
		}
		if line := "- [" + name[:4] + "](" + name + ") " + title; strings.Count(list, line) != 1 || strings.Contains(other, line) {
			t.Errorf("the index does not list under its status: %s", line)
		}
	}
	if links := regexp.MustCompile(`(?m)^- \[`).FindAll(index, -1); len(links) != len(records) {
		t.Errorf("%d lines in the index, %d records", len(links), len(records))
	}
}
