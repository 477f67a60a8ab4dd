package export

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"restaurant/learn/course"
)

// hostileURLs would run a program if a script took them as more than a word.
var hostileURLs = []string{
	"http://localhost$(touch pwned):8145", "http://localhost`touch pwned`", "http://localhost';touch pwned;'", `http://localhost";touch pwned;"`,
	"http://localhost&touch pwned&", "http://localhost|touch pwned", "http://localhost;touch pwned", "http://a\\';touch pwned;\\'",
}

// TestWrite_runsNothingButTheLesson runs the scripts with a curl that does nothing.
func TestWrite_runsNothingButTheLesson(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	bin := t.TempDir()
	for _, name := range []string{"curl", "sleep"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\nfor word; do case $word in *touch*) echo \"$word\" >> words; esac; done\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, url := range hostileURLs {
		for _, l := range course.Load().Lessons {
			dir := t.TempDir()
			script := strings.Replace(Target{URL: url, Order: "1", Try: "1"}.mustWrite("sh", l), "exit 1", ":", 1) // and go on to the end
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
			_ = cmd.Run() // nothing is as the lesson wants it
			if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
				t.Fatalf("%s runs what stands in %s", l.ID, url)
			}
			words, _ := os.ReadFile(filepath.Join(dir, "words"))
			if got, want := strings.Count(string(words), strings.TrimPrefix(url, "http:")+"/"), strings.Count(string(words), "\n"); got != want || got == 0 {
				t.Fatalf("%s: of %d words with the address, %d are as it is:\n%s", l.ID, want, got, words)
			}
		}
	}
}

func TestQuote(t *testing.T) {
	for _, tc := range []struct{ word, sh, cmd, powerShell string }{
		{"http://localhost:8080/learn", "http://localhost:8080/learn", "http://localhost:8080/learn", "http://localhost:8080/learn"},
		{"http://[::1]:8080/learn", `"http://[::1]:8080/learn"`, `"http://[::1]:8080/learn"`, `"http://[::1]:8080/learn"`},
		{"a b", `"a b"`, `"a b"`, `"a b"`},
		{"", "''", `""`, "''"},
		{"$(id)", `'$(id)'`, `"$(id)"`, `'$(id)'`},
		{`a"&b`, `'a"&b'`, `"a""&b"`, `'a"&b'`},
		{"a'b", `'a'\''b'`, `"a'b"`, "'a''b'"},
		{"a’;b", "'a’;b'", `"a’;b"`, "'a’’;b'"},
		{"%PATH%", `"%PATH%"`, `"%PATH%"`, `"%PATH%"`},
	} {
		if sh, cmd, ps := quoteSh(tc.word), quoteCmd(tc.word), quotePowerShell(tc.word); sh != tc.sh || cmd != tc.cmd || ps != tc.powerShell {
			t.Errorf("%q is %s in sh, %s in cmd and %s in PowerShell", tc.word, sh, cmd, ps)
		}
	}
}
