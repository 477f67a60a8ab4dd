package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestClass_exportTellsWhatIsSigned: a learner does a lesson, downloads the progress, and restores it
// there and at another table. The spreadsheet of the teacher tells the two apart: only the table that
// wrote the file can vouch for it.
func TestClass_exportTellsWhatIsSigned(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2", "-title", "10b")
	learner := room.joined(t)
	learner.expectStatus(401, 404)                                               // which L01 asks for
	one, two := eval[string](learner, `location.pathname`), room.take(t, "=Bob") // a formula in a spreadsheet
	learner.server = &server{Process: room.Below("http://" + room.Addr + strings.TrimSuffix(one, "/")), t: t}
	learner.open(one + "#/lessons/L01")
	learner.doLesson("L01", mouse{learner})
	learner.open(one + "#/lessons")
	text := learner.download("progress.json", func() { learner.click(link("Download my progress")) })
	if !strings.Contains(text, `"signature"`) {
		t.Errorf("the file is not signed: %.300s", text)
	}
	file := filepath.Join(t.TempDir(), "saved.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	room.mustCall("POST", "/teach/tables/01/reset", room.code, `{"what": "lessons"}`, nil)
	for _, table := range []string{one, two + "/"} {
		learner.open(table + "#/lessons")
		learner.restoreProgress(file)
		learner.waitText("Your progress is restored.")
	}
	teacher := room.asTeacher(t)
	csv := teacher.download("class.csv", func() { teacher.click(link("Export as CSV")) })
	lines := strings.Split(csv, "\r\n")
	if !strings.HasPrefix(csv, "\ufeffclass,table,name,lesson,") || len(lines) != 1+2*20+1 {
		t.Fatalf("%d lines, the first is %q", len(lines), lines[0])
	}
	for n, want := range map[int][2]string{1: {"10b,01,,L01,Read the menu,done,", ",true"}, 21: {"10b,02,'=Bob,L01,Read the menu,done,", ",unsigned"}} {
		if !strings.HasPrefix(lines[n], want[0]) || !strings.HasSuffix(lines[n], want[1]) {
			t.Errorf("line %d is %q, want %q … %q", n, lines[n], want[0], want[1])
		}
	}
}

// download does what starts a download, and returns what is in the file.
func (p *tab) download(name string, start func()) string {
	p.t.Helper()
	folder := p.t.TempDir()
	if _, err := chromedp.CallBrowser(p.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: folder,
	}); err != nil {
		p.t.Fatal(err)
	}
	start()
	var text []byte
	p.waitUntil(name+" is there", func() (there bool) {
		var err error
		text, err = os.ReadFile(filepath.Join(folder, name))
		return err == nil && len(text) > 0
	})
	return string(text)
}
