package contract

import "testing"

// TestNpm_isInstalled says so where the tests of npm's tools cannot run.
func TestNpm_isInstalled(t *testing.T) {
	mustRun(t, npm(t, ".", "tsc", "--version"))
}
