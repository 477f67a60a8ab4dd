package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// tourCommand is one command of the README and the status it promises.
type tourCommand struct{ line, expect string }

var tourBlock = regexp.MustCompile("(?s)<!-- expect: ([^>]*) -->\n```sh tour\n(.*?)```")

// tourCommands reads the commands from the README.
func tourCommands(t *testing.T) []tourCommand {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if blocks := bytes.Count(readme, []byte("```sh tour")); blocks != len(tourBlock.FindAll(readme, -1)) {
		t.Fatalf("one of %d blocks does not say what to expect", blocks)
	}
	var commands []tourCommand
	for _, block := range tourBlock.FindAllStringSubmatch(string(readme), -1) {
		expect, lines := strings.Fields(block[1]), strings.Split(strings.TrimSpace(block[2]), "\n")
		if len(expect) != len(lines) {
			t.Fatalf("%d commands and %d statuses:\n%s", len(lines), len(expect), block[0])
		}
		for i, line := range lines {
			commands = append(commands, tourCommand{line, expect[i]})
		}
	}
	return commands
}

// TestREADME_tour runs the README's own commands, with curl, from a copy of
// the folder that they are written for, against the real program.
func TestREADME_tour(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the README's commands need curl: install it")
	}
	commands := tourCommands(t)
	if len(commands) < 15 {
		t.Fatalf("the README has only %d commands", len(commands))
	}
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "docs", "examples"), os.DirFS("../docs/examples")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RESTAURANT_KITCHEN_PACE", "100ms")
	server := testkit.Start(t, t.TempDir())
	for _, c := range commands {
		t.Run(c.line, func(t *testing.T) {
			args := arguments(t, strings.ReplaceAll(c.line, "http://localhost:8080", server.URL))
			cmd := exec.Command(args[0], append(args[1:], "-w", "\n%{http_code}")...)
			cmd.Dir = folder
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			text, status := string(out[:bytes.LastIndexByte(out, '\n')]), string(out[bytes.LastIndexByte(out, '\n')+1:])
			if c.expect == "stream" {
				if status != "200" || !strings.HasSuffix(strings.TrimSpace(text), "}") || !strings.Contains(text, `"status":"served"`) {
					t.Errorf("the stream is %s %s", status, text)
				}
			} else if status != c.expect {
				t.Errorf("answered %s, the README says %s\n%s", status, c.expect, text)
			}
		})
	}
}

// arguments splits a command as bash, cmd and PowerShell all do, and refuses
// what one of them reads differently.
func arguments(t *testing.T, line string) []string {
	t.Helper()
	if strings.ContainsAny(line, "'`\\|<>;*~%^(){}") || regexp.MustCompile(`\$|(^|\s)#|&&`).MatchString(line) {
		t.Fatal("a shell would read more into this line")
	}
	var args []string
	for _, word := range regexp.MustCompile(`"[^"]*"|[^\s"]+`).FindAllString(line, -1) {
		quoted := strings.HasPrefix(word, `"`)
		if !quoted && strings.ContainsAny(word, "&@") {
			t.Fatal("& and @ need quotes")
		}
		args = append(args, strings.Trim(word, `"`))
	}
	if args[0] != "curl" {
		t.Fatal("not a curl command")
	}
	return args
}
