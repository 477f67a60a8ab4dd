package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestGenerate_changesNothing holds the committed documents against what the
// comments say now. It writes to a folder of its own and edits nothing.
func TestGenerate_changesNothing(t *testing.T) {
	out := t.TempDir()
	if err := makeDocuments("../..", out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"swagger.json", "swagger.yaml", "openapi.json"} {
		fresh, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fresh, committed) {
			t.Errorf("docs/%s is not what the comments say; run make docs", name)
		}
	}
}
