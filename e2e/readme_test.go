package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// The README and the pages in docs mark each block of commands in the line above it:
//
//	<!-- expect: 200 201 -->   ```sh tour      curl lines, all of a page at one server; their statuses
//	<!-- expect: 0 ready -->   ```sh program   commands of the program, in one folder for the page, and curl lines at
//	                                           the server that the block has started; exit codes, ready and statuses
//	<!-- run by: FILE -->      ```sh           FILE takes the commands from the page
var (
	shellBlock  = regexp.MustCompile("(?s)```sh\\b")
	markedBlock = regexp.MustCompile("(?s)<!-- expect: ([^>]*) -->\n```sh (tour|program)\n(.*?)```")
	runByOther  = regexp.MustCompile("(?s)<!-- run by: ([^>]*) -->\n```sh\n")
)

// documents are the README and the pages in docs.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	return append(pages, "../README.md")
}

// block is one block of commands.
type block struct {
	kind     string // tour or program
	commands []command
}

// command is one line of a document, and what it promises.
type command struct{ line, expect string }

// blocks reads the marked blocks of a page.
func blocks(t *testing.T, page string) (found []block) {
	t.Helper()
	for _, m := range markedBlock.FindAllStringSubmatch(page, -1) {
		expect, lines := strings.Fields(m[1]), strings.Split(strings.TrimSpace(m[3]), "\n")
		if len(expect) != len(lines) {
			t.Fatalf("%d commands and %d expectations:\n%s", len(lines), len(expect), m[0])
		}
		b := block{kind: m[2]}
		for i, line := range lines {
			b.commands = append(b.commands, command{line, expect[i]})
		}
		found = append(found, b)
	}
	return found
}

// TestDocuments_runEveryCommand runs the commands of the README and of the pages in docs,
// from a copy of the folder that they are written for, against the real program.
func TestDocuments_runEveryCommand(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the commands need curl: install it")
	}
	t.Setenv("RESTAURANT_KITCHEN_PACE", "100ms")
	total := 0
	for _, file := range documents(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(file), "../"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			others := runByOther.FindAllStringSubmatch(string(text), -1)
			if all := len(shellBlock.FindAll(text, -1)); all != len(others)+len(markedBlock.FindAll(text, -1)) {
				t.Errorf("one of %d blocks does not say what to expect, or who runs it", all)
			}
			for _, other := range others {
				if runner, err := os.ReadFile(filepath.Join("..", other[1])); err != nil || !bytes.Contains(runner, []byte(strings.TrimPrefix(filepath.ToSlash(file), "../"))) {
					t.Errorf("%s does not run the commands of %s: %v", other[1], file, err)
				}
			}
			r := newReader(t, text)
			for _, b := range blocks(t, string(text)) {
				total += len(b.commands)
				t.Run(b.commands[0].line, func(t *testing.T) { r.read(t, b) })
			}
		})
	}
	if total < 55 {
		t.Errorf("%d commands in all", total)
	}
}

// reader types what a page says.
type reader struct {
	folder  string            // where it types: a copy of the repository's folder, as far as the commands need it
	tour    *testkit.Process  // the server of all blocks of the kind tour
	address map[string]string // addresses that the page prints, and those that the servers have
}

func newReader(t *testing.T, page []byte) *reader {
	t.Helper()
	r := &reader{folder: t.TempDir(), address: map[string]string{}}
	if err := os.CopyFS(filepath.Join(r.folder, "docs", "examples"), os.DirFS("../docs/examples")); err != nil {
		t.Fatal(err)
	}
	createPair(t, r.folder, "pizza.example", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if bytes.Contains(page, []byte("```sh tour")) {
		r.tour = testkit.Start(t, t.TempDir())
	}
	return r
}

// read types a block. What it starts ends with t.
func (r *reader) read(t *testing.T, b block) {
	if b.kind == "tour" {
		r.address["http://localhost:8080"] = r.tour.URL
	}
	for _, c := range b.commands {
		args := arguments(t, c.line)
		switch {
		case args[0] == "curl":
			r.curl(t, c, args[1:])
		case b.kind == "program" && len(args) > 2 && slices.Equal(args[:3], []string{"go", "run", "."}):
			r.run(t, c, args[3:])
		default:
			t.Errorf("%s: neither curl nor the program", c.line)
		}
	}
}

// curl sends a request. What expires, or is revoked at another instance, is 401 sooner or
// later.
func (r *reader) curl(t *testing.T, c command, args []string) {
	t.Helper()
	for i := range args {
		for printed, real := range r.address {
			args[i] = strings.ReplaceAll(args[i], printed, real)
		}
	}
	text, status := r.send(t, args)
	end := map[string]string{"expires": "token-expired", "revoked": "token-revoked"}[c.expect]
	for deadline := time.Now().Add(20 * time.Second); end != "" && status == "200" && time.Now().Before(deadline); {
		text, status = r.send(t, args)
	}
	right := status == c.expect
	switch c.expect {
	case "stream":
		right = status == "200" && strings.HasSuffix(strings.TrimSpace(text), "}") && strings.Contains(text, `"status":"served"`)
	case "expires", "revoked":
		right = status == "401" && strings.Contains(text, end)
	}
	if !right {
		t.Errorf("%s\nis answered %s, the page says %s\n%s", c.line, status, c.expect, text)
	}
}

func (r *reader) send(t *testing.T, args []string) (text, status string) {
	t.Helper()
	cmd := exec.Command("curl", append(args, "-w", "\n%{http_code}")...)
	cmd.Dir = r.folder
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("curl %s: %v", args, err)
	}
	end := bytes.LastIndexByte(out, '\n')
	return string(out[:end]), string(out[end+1:])
}

// run starts the program, and waits for its exit code or until it says how to stop it.
func (r *reader) run(t *testing.T, c command, args []string) {
	t.Helper()
	plain, secure := testkit.FreeAddr(t), testkit.FreeAddr(t)
	for i := 1; i < len(args); i++ { // the ports that a page names may be in use
		switch args[i-1] {
		case "-addr":
			args[i] = plain
		case "-tls-addr":
			args[i] = secure
		}
	}
	cmd := exec.Command(testkit.Program(), args...)
	cmd.Dir, cmd.Stdin = r.folder, strings.NewReader(password+"\n")
	if slices.Contains(args, "restore") {
		cmd.Stdin = strings.NewReader("yes\n")
	}
	p := testkit.Prepare(t, "data", plain, cmd)
	cmd.Env = append(cmd.Env, "RESTAURANT_TLS_ADDR="+secure)
	p.Start()
	if c.expect == "ready" {
		r.address["http://localhost:8080"], r.address["https://localhost:8443"] = p.URL, "https://"+secure
		p.AwaitOutput("Ctrl-C")
	} else if code := p.Wait(time.Minute); strconv.Itoa(code) != c.expect {
		t.Errorf("%s\nexits with %d, the page says %s\n%s", c.line, code, c.expect, p.Output)
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
	return args
}
