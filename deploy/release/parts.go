package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// lister makes the list of a program's modules from what the Go command wrote into it.
const lister = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// partsOf lists everything that is in a program, as a CycloneDX document.
func partsOf(ctx context.Context, root string, p program) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "run", lister, "bin", "-json", "-std", "-noserial", "-notimestamp", p.path)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cyclonedx-gomod: %w", err)
	}
	version, err := swaggerUIVersion(root)
	if err != nil {
		return nil, err
	}
	return withSwaggerUI(list, version)
}

// withSwaggerUI adds what no Go module says: Swagger UI is in the program, too. It takes away
// the checksums of the tool, which are other ones on each machine, and the folder stubs, which
// is no work of others.
func withSwaggerUI(list []byte, version string) ([]byte, error) {
	var doc, metadata map[string]any
	if err := json.Unmarshal(list, &doc); err != nil {
		return nil, err
	}
	metadata, _ = doc["metadata"].(map[string]any)
	program, _ := metadata["component"].(map[string]any)
	components, _ := doc["components"].([]any)
	dependencies, _ := doc["dependencies"].([]any)
	if program["bom-ref"] == nil || len(components) == 0 || len(dependencies) == 0 {
		return nil, errors.New("the list of a program's parts is not as expected")
	}
	tools, _ := metadata["tools"].([]any)
	for _, tool := range tools {
		delete(tool.(map[string]any), "hashes")
	}
	components, dependencies = withoutStubs(components, "bom-ref"), withoutStubs(dependencies, "ref")
	doc["dependencies"] = dependencies
	purl := "pkg:npm/swagger-ui-dist@" + version
	doc["components"] = append(components, map[string]any{
		"bom-ref": purl, "purl": purl, "type": "library", "name": "swagger-ui-dist", "version": version, "scope": "required",
		"licenses": []any{map[string]any{"license": map[string]any{"id": "Apache-2.0"}}},
	})
	for _, d := range dependencies {
		if of, _ := d.(map[string]any); of["ref"] == program["bom-ref"] {
			on, _ := of["dependsOn"].([]any)
			of["dependsOn"] = append(on, purl)
		}
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

// withoutStubs leaves out the parts whose address is in the folder stubs.
func withoutStubs(parts []any, address string) []any {
	return slices.DeleteFunc(parts, func(part any) bool {
		of, _ := part.(map[string]any)
		text, _ := of[address].(string)
		return strings.HasPrefix(text, "pkg:golang/./stubs/")
	})
}

// swaggerUIVersion is the version of which web/swaggerui is; make web-check compares them.
func swaggerUIVersion(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "web", "package.json"))
	if err != nil {
		return "", err
	}
	var pkg struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &pkg); err != nil {
		return "", err
	}
	version := pkg.DevDependencies["swagger-ui-dist"]
	if version == "" {
		return "", errors.New("web/package.json names no swagger-ui-dist")
	}
	return version, nil
}
