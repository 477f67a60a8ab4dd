package contract

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The generators, pinned. go run keeps them in the module cache.
const (
	oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	ogen        = "github.com/ogen-go/ogen/cmd/ogen@v1.24.0"
)

// document is the contract as it is committed. The server serves it with its own address.
const document = "../../docs/openapi.json"

// TestGenerators_oapiCodegen: what oapi-codegen makes without any options, types, client
// and server, compiles.
func TestGenerators_oapiCodegen(t *testing.T) {
	dir := t.TempDir()
	code := output(t, goRun(t, dir, oapiCodegen, "-package", "restaurant", absolute(t, document)))
	write(t, filepath.Join(dir, "restaurant.go"), code)
	compile(t, dir, "oapi-codegen.mod")
}

// mostWrappers bounds the types that ogen makes only to hold one answer of one operation.
// There were 188 while each operation had refusals of its own.
const mostWrappers = 80

// TestGenerators_ogen: what ogen makes without any options compiles, and refusals are one
// type for all operations.
func TestGenerators_ogen(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, goRun(t, dir, ogen, "--target", "restaurant", "--package", "restaurant", absolute(t, document)))
	schemas, err := os.ReadFile(filepath.Join(dir, "restaurant", "oas_schemas_gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	refusals := regexp.MustCompile(`(?m)^type \w+ Problem$`).FindAllString(string(schemas), -1)
	wrappers := regexp.MustCompile(`(?m)^type \w+(OK|Created|Headers|StatusCode\w*) struct`).FindAllString(string(schemas), -1)
	if len(refusals) > 0 || len(wrappers) > mostWrappers {
		t.Errorf("%d types are refusals of one operation, such as %v; %d hold one answer, more than %d", len(refusals), refusals[:min(len(refusals), 3)], len(wrappers), mostWrappers)
	}
	t.Logf("%d types, %d of them hold one answer", strings.Count(string(schemas), "\ntype "), len(wrappers))
	compile(t, dir, "ogen.mod")
}

// goRun returns a command that runs a Go tool of its own module in dir.
func goRun(t *testing.T, dir, tool string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", tool}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-race=false")
	return cmd
}

// compile builds all packages of dir, with the dependencies that a file of testdata pins.
func compile(t *testing.T, dir, mod string) {
	t.Helper()
	write(t, filepath.Join(dir, "go.mod"), "module client\n") // says where the module is; what it needs, mod says
	for _, name := range []string{mod, strings.TrimSuffix(mod, ".mod") + ".sum"} {
		copyFile(t, filepath.Join("testdata", name), filepath.Join(dir, name))
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-modfile="+mod, "./...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-race=false")
	mustRun(t, cmd)
}

// TestGenerators_typeScript: openapi-typescript's types of the document fit a client in
// strict TypeScript, and that client does what it says against the real program, in front
// of which the referee finds nothing.
func TestGenerators_typeScript(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"client.ts", "tsconfig.json"} {
		copyFile(t, filepath.Join("testdata", "typescript", name), filepath.Join(dir, name))
	}
	write(t, filepath.Join(dir, "package.json"), `{"type": "module"}`)
	generate := npm(t, dir, "openapi-typescript", absolute(t, document), "-o", "schema.d.ts")
	if err := os.Symlink(absolute(t, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Skipf("no link to node_modules: %v", err)
	}
	mustRun(t, generate)
	mustRun(t, npm(t, dir, "tsc", "-p", "."))
	server := startServer(t)
	j := newReferee(t, server.Do("GET", "/openapi.json", "", "").Body)
	client := exec.CommandContext(t.Context(), "node", "client.js", j.proxy(t, server.URL))
	client.Dir = dir
	if out := mustRun(t, client); out != "Alice: placed preparing ready served\n" {
		t.Errorf("the client says: %s", out)
	}
	if j.exchanges == 0 || len(j.mismatches) > 0 {
		t.Errorf("%d exchanges, %q", j.exchanges, j.mismatches)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// output is mustRun for a command whose standard output is its result.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, complaints.String())
	}
	return string(out)
}
