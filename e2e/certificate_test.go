package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// TestCertificate_isCheckedInEachForm does the last exercise as each file of L18 writes it, and
// with the lines that the lesson prints. learn/export compares the files of all shells;
// httpYac sends the .http file in e2e/contract.
func TestCertificate_isCheckedInEachForm(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, t.TempDir(), "-kitchen-pace", "50ms", "-rate-limit", "100/s")
	if _, output, err := runScript(t, getScript(t, server, "L18")); err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	l := getLesson(t, server, "L18")
	file := func(form string) string { return string(server.Do("GET", "/learn/lessons/L18."+form, "", "").Body) }
	var printed []string
	for _, step := range l.After {
		printed = append(printed, step.Commands.Curl)
	}
	if terminal := file("txt"); !containsAll(terminal, printed) {
		t.Errorf("a terminal does not show %q:\n%s", printed, terminal)
	}
	if page := string(server.Do("GET", "/learn/certificate", "", "", "Accept", "text/html").Body); !containsAll(strings.NewReplacer("&#34;", `"`, "&#43;", "+").Replace(page), printed) {
		t.Errorf("the certificate does not show %q:\n%s", printed, page)
	}
	for form, lines := range map[string][]string{
		"printed": printed,
		"sh":      strings.Split(file("sh"), "\n"),
		"cmd":     strings.Split(strings.ReplaceAll(file("cmd"), "%%", "%"), "\r\n"),
		"ps1":     strings.Split(file("ps1"), "\r\n"),
	} {
		l.wantAnswers(t, form, typeExercise(t, lines))
	}
	l.wantAnswers(t, "hurl", sendExercise(t, file("hurl")))
}

func containsAll(text string, parts []string) bool {
	return len(parts) > 0 && !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// wantAnswers holds the answers to the exercise, without that which is the certificate,
// against what the lesson says.
func (l lessonAnswer) wantAnswers(t *testing.T, form string, answers []string) {
	t.Helper()
	if len(answers) != len(l.After)-1 {
		t.Fatalf("%s: %d answers to %d steps: %q", form, len(answers), len(l.After), answers)
	}
	var kid string
	for i, step := range l.After[1:] {
		var answer any
		if err := json.Unmarshal([]byte(answers[i]), &answer); err != nil {
			t.Fatalf("%s, %s: %v: %s", form, step.ID, err, answers[i])
		}
		for path, want := range step.Expect.JSON {
			if got := member(answer, path); got != want {
				t.Errorf("%s, %s: %s is %v, want %v", form, step.ID, path, got, want)
			}
		}
		if i == 0 {
			kid, _ = member(answer, "keys.0.kid").(string)
		} else if got := member(answer, "signature.kid"); got != kid || kid == "" {
			t.Errorf("%s, %s: the key is %v, and the public key is %q", form, step.ID, got, kid)
		}
	}
}

var (
	// replacing is how a line for PowerShell changes a file; sh does it with sed.
	replacing = regexp.MustCompile(`\(Get-Content (\S+)\) -replace '([^']+)', '([^']+)' \| Set-Content -Encoding Ascii (\w+\.json)`)
	exercise  = regexp.MustCompile(`^curl(\.exe)? .*(/learn/certificate|/jwks\.json|/auth/inspect)\b`)
)

// typeExercise types the lines of the exercise into sh, and returns the bodies of what is
// answered. What only PowerShell understands, or is said in words, it does itself.
func typeExercise(t *testing.T, lines []string) (bodies []string) {
	t.Helper()
	dir := t.TempDir()
	for _, line := range lines {
		if m := replacing.FindStringSubmatch(line); m != nil {
			alter(t, dir, m[1], m[4], m[2], strings.Replace(m[3], "$0", "${0}", 1))
		}
		if strings.HasPrefix(line, "sed ") {
			run(t, dir, line)
		}
		if !exercise.MatchString(line) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "changed.json")); err != nil && strings.Contains(line, "changed.json") {
			alter(t, dir, "certificate.json", "changed.json", `","payload"`, `A$0`)
		}
		line, _, _ = strings.Cut(strings.Replace(line, "curl.exe", "curl", 1), " -sS -D ") // what the script checks
		if _, body, hasHead := strings.Cut(run(t, dir, line+" -s"), "\r\n\r\n"); hasHead {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

func run(t *testing.T, dir, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

// alter copies a file of a folder with a text replaced.
func alter(t *testing.T, dir, from, to, pattern, by string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, from))
	if err != nil {
		t.Fatal(err)
	}
	changed := regexp.MustCompile(pattern).ReplaceAllString(string(text), by)
	if changed == string(text) {
		t.Fatalf("%s does not change %s: %s", pattern, from, text)
	}
	if err := os.WriteFile(filepath.Join(dir, to), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	entry   = regexp.MustCompile(`(?m)^(GET|POST) (\S+)\n(?:Accept: (\S+)\n)?(\{.*\}\n)?HTTP 200(?:\n\[Captures\]\n(\w+): jsonpath "\$\.(\w+)")?`)
	capture = regexp.MustCompile(`\{\{\w+\}\}`)
)

// sendExercise sends the last requests of a .hurl file, with the one value that they capture.
func sendExercise(t *testing.T, file string) (bodies []string) {
	t.Helper()
	_, file, found := strings.Cut(file, "question: admin")
	var captured, name string
	for _, m := range entry.FindAllStringSubmatch(file, -1) {
		text := strings.ReplaceAll(m[4], "{{"+name+"}}", captured)
		if left := capture.FindString(text); left != "" {
			t.Fatalf("%s is sent before it is captured", left)
		}
		req, err := http.NewRequestWithContext(t.Context(), m[1], m[2], strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", m[3])
		if text != "" {
			req.Header.Set("Content-Type", "application/json") // as Hurl does for a body in JSON
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %v %d %s", m[1], m[2], err, res.StatusCode, body)
		}
		if m[5] == "" {
			bodies = append(bodies, string(body))
			continue
		}
		var answer any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		name = m[5]
		captured, _ = member(answer, m[6]).(string)
	}
	if !found {
		t.Fatal("the questions come after the exercise")
	}
	return bodies
}
