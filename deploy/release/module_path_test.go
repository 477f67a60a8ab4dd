package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestModulePath_inACopy gives a copy of the repository the path of where it may be hosted,
// as docs/releasing.md says, twice: each module resolves all of its imports, and no file names the old path.
func TestModulePath_inACopy(t *testing.T) {
	for _, tool := range []string{"bash", "sed", "xargs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	copySources(t, dir)
	run := func(dir, name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	for _, wrong := range []string{"", "restaurant", "https://example.com/you/restaurant", "example.com"} {
		if out, err := run(dir, "deploy/module-path.sh", wrong); err == nil || !strings.Contains(out, "make module-path MODULE=") {
			t.Errorf("%q is taken (%v): %s", wrong, err, out)
		}
	}
	for _, module := range []string{"example.com/you/restaurant", "code.example.org/house/pizza.v1"} {
		if out, err := run(dir, "deploy/module-path.sh", module); err != nil {
			t.Fatalf("%s: %v\n%s", module, err, out)
		}
		for sub, want := range map[string]string{".": module, "docs/generate": module + "/docs/generate", "e2e/contract": module + "/e2e/contract", "e2e/load": module + "/e2e/load", "e2e/browser": module + "/e2e/browser"} {
			in := filepath.Join(dir, filepath.FromSlash(sub))
			if got, err := run(in, "go", "list", "-m"); got != want {
				t.Errorf("%s is %s (%v), want %s", sub, got, err, want)
			}
			if out, err := run(in, "go", "list", "-test", "-deps", "./..."); err != nil || !strings.Contains(out, module+"/") {
				t.Errorf("%s: %v\n%s", sub, err, out)
			}
		}
	}
	if out, err := run(dir, "go", "mod", "edit", "-json"); err != nil || !strings.Contains(out, `"Replace": null`) {
		t.Errorf("go install would refuse it, because it replaces modules: %v\n%s", err, out)
	}
	old := regexp.MustCompile(`(?m)"restaurant/[a-z]|"example\.com/you/restaurant/|^module restaurant|^\s*restaurant v|=> .*\./stubs/[a-z]|^COPY stubs`)
	for name, text := range sources(t, dir) {
		if m := old.FindString(text); m != "" {
			t.Errorf("%s still says %s", name, m)
		}
	}
}

// copySources copies what the Go command and the script read.
func copySources(t *testing.T, dir string) {
	t.Helper()
	for name, text := range sources(t, root) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func sources(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "dist", "data", "node_modules"}, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		found[name] = string(text)
		return err
	})
	if err != nil || len(found) < 300 {
		t.Fatalf("%d files: %v", len(found), err)
	}
	return found
}
