package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseFile are the names under which licences, notices and grants of patents are kept.
var licenseFile = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying|^notice|^patents|\.license(\.txt|\.md)?$`)

// part is something of others that is in a program.
type part struct {
	name string // with its version
	// root is its folder; dirs are those in it from which something is taken.
	root string
	dirs []string
}

// thirdPartyLicenses returns the texts of everything that is in any of the programs. What
// has none may not be passed on, and is an error.
func thirdPartyLicenses(ctx context.Context, root string, programs []program) ([]byte, error) {
	parts, err := moduleParts(ctx, root, programs)
	if err != nil {
		return nil, err
	}
	ui, err := swaggerUI(root)
	if err != nil {
		return nil, err
	}
	parts = append(parts, ui)
	var all bytes.Buffer
	all.WriteString("Restaurant is made with the work of others. These are their licences and notices.\n")
	for _, p := range parts {
		if err := appendLicenses(&all, p); err != nil {
			return nil, err
		}
	}
	return all.Bytes(), nil
}

// writeLicenses writes only these texts, for an image.
func writeLicenses(ctx context.Context, root, out string, paths []string) error {
	programs, err := readPrograms(paths)
	if err != nil {
		return err
	}
	text, err := thirdPartyLicenses(ctx, root, programs)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

// swaggerUI is what the page at /swagger is made of.
func swaggerUI(root string) (part, error) {
	version, err := swaggerUIVersion(root)
	dir := filepath.Join(root, "web", "swaggerui")
	return part{"swagger-ui-dist " + version, dir, []string{dir}}, err
}

func appendLicenses(all *bytes.Buffer, p part) error {
	files, err := licenseFiles(p)
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(p.root, name))
		if err != nil {
			return err
		}
		line := strings.Repeat("=", 80)
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		fmt.Fprintf(all, "\n%s\n%s: %s\n%s\n\n%s\n", line, p.name, filepath.ToSlash(name), line, text)
	}
	return nil
}

// licenseFiles finds the texts in the folders of a part and in all that these are in. A licence
// must be in its root.
func licenseFiles(p part) ([]string, error) {
	found := map[string]bool{}
	for _, dir := range p.dirs {
		for ; len(dir) >= len(p.root); dir = filepath.Dir(dir) {
			entries, err := os.ReadDir(dir)
			if err != nil {
				return nil, err
			}
			for _, e := range entries {
				if licenseFile.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" && !e.IsDir() {
					found[strings.TrimPrefix(filepath.Join(dir, e.Name()), p.root+string(filepath.Separator))] = true
				}
			}
		}
	}
	names := slices.Sorted(maps.Keys(found))
	if !slices.ContainsFunc(names, isLicense) {
		return nil, fmt.Errorf("%s has no licence in %s: without one it may not be passed on", p.name, p.root)
	}
	return names, nil
}

// isLicense reports whether a text in the root of a part is more than a notice.
func isLicense(name string) bool {
	lower := strings.ToLower(name)
	return !strings.HasPrefix(lower, "notice") && !strings.HasPrefix(lower, "patents") && filepath.Base(name) == name
}

// moduleParts are the modules with a package in any of the programs, and Go's own library.
func moduleParts(ctx context.Context, root string, programs []program) ([]part, error) {
	goRoot, goVersion, err := goEnv(ctx, root)
	if err != nil {
		return nil, err
	}
	modules := map[string]part{}
	for _, p := range programs {
		packages, err := packagesOf(ctx, root, p)
		if err != nil {
			return nil, err
		}
		for _, line := range packages {
			f := strings.Split(line, "\t")
			m := modules[f[0]]
			m.name, m.root, m.dirs = f[0], f[1], append(m.dirs, f[2])
			modules[f[0]] = m
		}
	}
	all := []part{{"Go " + goVersion, goRoot, []string{goRoot}}}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		all = append(all, modules[name])
	}
	return all, nil
}

// packagesOf lists the packages of others in a program: module and version, its folder, and
// the folder of the package, with tabs between. What is replaced is ours, in the folder stubs.
func packagesOf(ctx context.Context, root string, p program) ([]string, error) {
	const format = "{{with .Module}}{{if not (or .Main .Replace)}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}"
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-tags", p.tags, "-f", format, ".")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	cmd.Env = append(os.Environ(), "GOOS="+p.goos, "GOARCH="+p.goarch, "CGO_ENABLED=0", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" }), nil
}

func goEnv(ctx context.Context, root string) (goRoot, version string, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	goRoot, version, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(goRoot), strings.TrimPrefix(version, "go"), err
}
