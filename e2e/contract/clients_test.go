package contract

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// addressOnPage is what docs/clients.md calls the server.
const addressOnPage = "http://localhost:8080"

// npxOnPage returns the npx command of a package that docs/clients.md prints, to be run
// in dir against the server, with further arguments. The page must print the version of
// package.json.
func npxOnPage(t *testing.T, p *testkit.Process, name, dir string, args ...string) *exec.Cmd {
	t.Helper()
	line := regexp.MustCompile(`(?m)^npx ` + name + `@(\S+) (.*)$`).FindStringSubmatch(clientsPage(t))
	if line == nil {
		t.Fatalf("docs/clients.md has no line for %s", name)
	}
	var pinned struct {
		DevDependencies map[string]string
	}
	mustRead(t, "package.json", &pinned)
	if line[1] != pinned.DevDependencies[name] {
		t.Errorf("docs/clients.md runs %s %s, package.json has %s", name, line[1], pinned.DevDependencies[name])
	}
	bin := map[string]string{"@usebruno/cli": "bru"}[name]
	if bin == "" {
		bin = name
	}
	return npm(t, dir, bin, append(strings.Fields(strings.ReplaceAll(line[2], addressOnPage, p.URL)), args...)...)
}

func clientsPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docsDir + "/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestClients_generateTypes(t *testing.T) {
	p, dir := startServer(t), t.TempDir()
	mustRun(t, npxOnPage(t, p, "openapi-typescript", dir))
	types, err := os.ReadFile(filepath.Join(dir, "restaurant.d.ts"))
	if err != nil || !strings.Contains(string(types), `"/api/v1/orders"`) {
		t.Errorf("%v, %d bytes", err, len(types))
	}
}

// The script of docs/clients.md is a browser's, so node runs it, and what a browser would
// ask first is asked beside it.
func TestClients_ownFrontEnd(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	script := regexp.MustCompile("(?s)```js\n(.*?)```").FindStringSubmatch(clientsPage(t))
	if script == nil {
		t.Fatal("docs/clients.md has no script")
	}
	p := startServer(t, "RESTAURANT_CORS_ORIGINS=loopback")
	out := mustRun(t, exec.Command(node, "--input-type=module", "--eval", strings.ReplaceAll(script[1], addressOnPage, p.URL)))
	if out != "Order 1 is placed.\n" {
		t.Errorf("the script says %q", out)
	}
	for settings, want := range map[string]string{"RESTAURANT_CORS_ORIGINS=loopback": "http://localhost:5173", "RESTAURANT_CORS_ORIGINS=": ""} {
		p := startServer(t, settings)
		a := p.Do(http.MethodOptions, "/api/v1/orders", "", "", "Origin", "http://localhost:5173",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: a page of http://localhost:5173 gets %q, want %q", settings, got, want)
		}
	}
}

// mustRead decodes a JSON file.
func mustRead(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
