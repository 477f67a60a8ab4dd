package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// TestDocument_integersHaveAFormat: without one, clients in Java or C# take 32 bits for
// what has 64.
func TestDocument_integersHaveAFormat(t *testing.T) {
	integers := 0
	walk(t, func(place string, o map[string]any) {
		if o["type"] != "integer" {
			return
		}
		integers++
		if o["format"] == nil {
			t.Errorf("%s has no format", place)
		}
	})
	if integers == 0 {
		t.Error("the document has no integers")
	}
}

// TestDocument_answersHaveExamples: mock servers answer with them.
func TestDocument_answersHaveExamples(t *testing.T) {
	answers := 0
	walk(t, func(place string, o map[string]any) {
		if !strings.Contains(place, "/responses/") || o["schema"] == nil || strings.Contains(place, "/headers/") {
			return
		}
		answers++
		if o["example"] == nil && o["examples"] == nil {
			t.Errorf("%s has no example", place)
		}
	})
	if answers == 0 {
		t.Error("the document has no answers")
	}
}

// walk visits every object of the committed document, with the way that leads there.
func walk(t *testing.T, visit func(place string, o map[string]any)) {
	t.Helper()
	text, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var descend func(place string, v any)
	descend = func(place string, v any) {
		switch v := v.(type) {
		case map[string]any:
			visit(place, v)
			for name, inner := range v {
				descend(place+"/"+name, inner)
			}
		case []any:
			for i, inner := range v {
				descend(fmt.Sprintf("%s/%d", place, i), inner)
			}
		}
	}
	descend("", doc)
}
