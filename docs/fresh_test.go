package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestDocuments_areFresh runs the generator's tests with the program's: it is a module
// of its own, so that the program does not require what only the generator uses.
func TestDocuments_areFresh(t *testing.T) {
	for _, room := range []string{"generate", "../handlers", "../learn", "../problem", "../tokens", "../models"} {
		err := filepath.WalkDir(room, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path) // so that go test does not take an earlier result for this one
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "test", "-C", "generate", "-race=false", "-count=1", "./...").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
