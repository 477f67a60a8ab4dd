package main

import (
	"fmt"
	"regexp"
	"strings"
)

// pseudo is the end of the versions that the Go command makes for commits without a tag.
var pseudo = regexp.MustCompile(`\d{14}-[0-9a-f]{12}$`)

// notesOf returns what the changelog says of a version. Of a commit without a tag it is what
// is not released yet.
func notesOf(changelog, version string) (string, error) {
	section := strings.TrimPrefix(version, "v")
	if pseudo.MatchString(version) {
		section = "Unreleased"
	}
	_, rest, found := strings.Cut(changelog, "\n## ["+section+"]")
	if !found {
		return "", fmt.Errorf("CHANGELOG.md has no section [%s]: give what is under [Unreleased] that heading and the date, and move the tag", section)
	}
	_, rest, _ = strings.Cut(rest, "\n") // the date
	notes, _, _ := strings.Cut(rest, "\n## [")
	notes = strings.TrimSpace(notes)
	if notes == "" {
		return "", fmt.Errorf("CHANGELOG.md says nothing under [%s]", section)
	}
	return notes + "\n", nil
}
