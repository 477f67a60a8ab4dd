package contract

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

const oasdiff = "github.com/oasdiff/oasdiff@v1.37.0"

// TestBreaking compares the document with that of the last version in the changelog: what
// breaks clients of that version must stand in testdata/breaking.txt, under a reason, and
// nothing else may stand there.
func TestBreaking(t *testing.T) {
	dir := t.TempDir()
	version := testkit.LastVersion(t)
	write(t, filepath.Join(dir, "released.json"), string(testkit.Git(t, "show", testkit.CommitOf(t, version)+":docs/openapi.json")))
	found := breakingChanges(t, dir)
	meant := meantChanges(t)
	for _, change := range slices.Sorted(maps.Keys(found)) {
		if meant[change] == "" {
			t.Errorf("this breaks clients of %s; take it back, or add the line to testdata/breaking.txt under a reason:\n%s", version, change)
		}
	}
	for _, change := range slices.Sorted(maps.Keys(meant)) {
		if !found[change] {
			t.Errorf("testdata/breaking.txt: nothing of the kind has changed since %s:\n%s", version, change)
		}
	}
}

// breakingChanges returns what oasdiff finds, warnings too, as lines of a method, a path
// and a sentence.
func breakingChanges(t *testing.T, dir string) map[string]bool {
	t.Helper()
	text := output(t, goRun(t, dir, oasdiff, "breaking", "--flatten-allof", "--format", "json", "released.json", absolute(t, document)))
	var changes []struct{ Operation, Path, Text string }
	if err := json.Unmarshal([]byte(text), &changes); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	found := map[string]bool{}
	for _, c := range changes {
		found[strings.TrimSpace(c.Operation+" "+c.Path+" "+c.Text)] = true
	}
	return found
}

// meantChanges reads the changes that are meant, with the reason that they stand under.
func meantChanges(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/breaking.txt")
	if err != nil {
		t.Fatal(err)
	}
	meant, reason := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			reason = ""
		case strings.HasPrefix(line, "#"):
			reason += line
		case reason == "":
			t.Errorf("testdata/breaking.txt: no reason stands above %s", line)
		default:
			meant[line] = reason
		}
	}
	return meant
}
