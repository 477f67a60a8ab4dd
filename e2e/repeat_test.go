//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// written is an entry of the notebook as a guest copies it: the command for sh
// and the files that it needs.
type written struct {
	N      int
	Title  string // "POST /api/v1/orders, 201"
	Status int
	Shell  string
	Files  map[string]string
}

// copies opens every entry of the notebook and takes the sh form out, the oldest
// first, as it happened.
func (p *tab) copies() []written {
	p.t.Helper()
	p.goes("Notebook")
	newest := 0
	p.until("all entries are listed", func() bool {
		if all := p.all(article("Entry *")); len(all) > 0 {
			fmt.Sscanf(text(all[0].Name), "Entry %d", &newest)
			return newest <= len(all)
		}
		return false
	})
	var entries []written
	for _, card := range p.all(article("Entry *")) {
		w := written{Title: text(card.Name), Files: map[string]string{}}
		fmt.Sscanf(w.Title, "Entry %d:", &w.N)
		_, outcome, _ := strings.Cut(w.Title, ", ")
		fmt.Sscanf(outcome, "%d", &w.Status)
		here := article(w.Title)
		p.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(here))
		p.clicks(thing{role: "tab", name: "sh"}.within(here))
		taken := callOn[map[string]string](p, p.finds(here).BackendDOMNodeID, `function() {
			const texts = { '': this.querySelector('pre.command[data-shell=sh]').textContent }
			for (const file of this.querySelectorAll('pre[data-file]')) texts[file.dataset.file] = file.textContent
			return texts
		}`)
		w.Shell = taken[""]
		delete(taken, "")
		w.Files = taken
		p.clicks(thing{role: "DisclosureTriangle", name: "*"}.within(here))
		entries = append(entries, w)
	}
	slices.SortFunc(entries, func(a, b written) int { return a.N - b.N })
	return entries
}

var lastStatus = regexp.MustCompile(`(?m)^HTTP/1\.1 (\d{3})`)

// repeat runs the commands in a folder of their own and gives the status of the
// last answer.
func (w written) repeat(t *testing.T) (status int, output string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range w.Files {
		if filepath.Base(name) != name {
			t.Fatalf("a file outside the folder: %s", name)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-c", w.Shell)
	cmd.Dir = folder
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s\n%s", w.Title, err, w.Shell, out)
	}
	if found := lastStatus.FindAllSubmatch(out, -1); found != nil {
		fmt.Sscan(string(found[len(found)-1][1]), &status)
	}
	return status, string(bytes.ToValidUTF8(out, []byte("?")))
}
