package e2e

import (
	"html"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
	"restaurant/problem"
)

// TestProblemPages_commands runs what the pages of all refusals end with, as somebody would
// who copies it: it gets the refusal that the page says, or an answer that is none.
func TestProblemPages_commands(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("it needs curl")
	}
	server := testkit.Start(t, t.TempDir(), "-rate-limit", "off")
	lines := regexp.MustCompile(`<pre class="command"><code>([^<]*)</code></pre>`)
	dir, refused := t.TempDir(), 0
	for _, kind := range problem.Kinds() {
		res, err := http.Get(server.URL + "/problems/" + kind.Slug)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var output string
		commands := lines.FindAllStringSubmatch(string(page), -1)
		if len(commands) == 0 {
			t.Errorf("%s: the page has no command", kind.Slug)
		}
		for _, line := range commands {
			cmd := exec.Command("sh", "-c", html.UnescapeString(line[1])+" -sS")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if output = string(out); err != nil {
				t.Errorf("%s: %s: %v\n%s", kind.Slug, line[1], err, out)
			}
		}
		gets := strings.Contains(string(page), "gets this refusal.")
		if gets {
			refused++
		}
		if is := strings.Contains(output, `"type":"/problems/`+kind.Slug+`"`); is != gets || !gets && strings.Contains(output, `"type":"/problems/`) {
			t.Errorf("%s: a command that gets it: %v; the answer: %s", kind.Slug, gets, output)
		}
	}
	if refused < 20 {
		t.Errorf("only %d commands get a refusal", refused)
	}
}
