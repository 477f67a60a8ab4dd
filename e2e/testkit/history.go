package testkit

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit/process"
)

// LastVersion returns the newest version of the changelog, such as 0.1.0.
func LastVersion(t testing.TB) string {
	t.Helper()
	changelog, err := os.ReadFile(filepath.Join(process.Root(), "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindSubmatch(changelog)
	if heading == nil {
		t.Fatal("CHANGELOG.md has no version")
	}
	return string(heading[1])
}

// CommitOf returns the commit of a version: that of its tag, or else the one that gave it
// its heading in the changelog. A clone that does not reach so far back skips the test.
func CommitOf(t testing.TB, version string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	if tagged, err := gitCommand("rev-parse", "--verify", "--quiet", "v"+version+"^{commit}").Output(); err == nil {
		return strings.TrimSpace(string(tagged))
	}
	shallow, err := gitCommand("rev-parse", "--is-shallow-repository").Output()
	if err != nil || strings.TrimSpace(string(shallow)) != "false" {
		t.Skipf("this copy has no history that reaches back to %s", version)
	}
	commits := strings.Fields(string(Git(t, "log", "--format=%H", "-S## ["+version+"]", "--", "CHANGELOG.md")))
	if len(commits) == 0 {
		t.Fatalf("no commit has brought %s into CHANGELOG.md", version)
	}
	return commits[len(commits)-1]
}

// ProgramOf builds the program of a commit, and returns its path.
func ProgramOf(t testing.TB, commit string) string {
	t.Helper()
	source, dir := t.TempDir(), t.TempDir()
	unpack := exec.CommandContext(context.Background(), "tar", "-x", "-C", source) // #nosec G204 -- a folder of the test
	unpack.Stdin = bytes.NewReader(Git(t, "archive", commit))
	if text, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, text)
	}
	path, err := process.BuildFrom(context.Background(), source, dir)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Git returns what git prints in the folder of the source.
func Git(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := gitCommand(args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &said)
	}
	return text
}

func gitCommand(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), "git", args...) // #nosec G204 -- arguments of tests
	cmd.Dir = process.Root()
	return cmd
}
