package contract

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLint_redocly: nothing of redocly's recommended rules is broken, not even one that
// only warns. Which are off, and why, stands in the configuration.
func TestLint_redocly(t *testing.T) {
	dir := t.TempDir()
	redocly := npm(t, dir, "redocly", "lint", "openapi.json", "--config", absolute(t, "testdata/redocly.yaml"), "--format", "json")
	serveTo(t, filepath.Join(dir, "openapi.json"))
	var report struct {
		Totals struct{ Errors, Warnings, Ignored int }
	}
	text := lint(t, redocly)
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if n := report.Totals; n.Errors > 0 || n.Warnings > 0 || n.Ignored > 0 {
		t.Errorf("%+v: %s", n, text)
	}
}

// TestLint_spectral: nothing of Spectral's rules for OpenAPI is broken.
func TestLint_spectral(t *testing.T) {
	dir := t.TempDir()
	spectral := npm(t, dir, "spectral", "lint", "openapi.json", "--ruleset", absolute(t, "testdata/spectral.yaml"), "--format", "json", "--quiet")
	serveTo(t, filepath.Join(dir, "openapi.json"))
	var faults []json.RawMessage
	text := lint(t, spectral)
	if err := json.Unmarshal(text, &faults); err != nil || len(faults) > 0 {
		t.Errorf("%d faults, %v: %s", len(faults), err, text)
	}
}

// serveTo writes the document into a file as a server serves it.
func serveTo(t *testing.T, file string) {
	t.Helper()
	a := startServer(t).Do("GET", "/openapi.json", "", "")
	if a.Status != 200 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	write(t, file, string(a.Body))
}

// lint returns what a linter writes, whether it found something or not.
func lint(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	text, err := cmd.Output()
	if len(text) == 0 {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return text
}
