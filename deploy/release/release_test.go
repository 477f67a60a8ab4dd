package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// The programs of two systems, as far as the Go command needs to know them.
var someSystems = []program{{goos: "linux", goarch: "amd64", tags: "nomsgpack"}, {goos: "windows", goarch: "arm64", tags: "nomsgpack"}}

func TestLicenses_ofEverythingInside(t *testing.T) {
	all, err := thirdPartyLicenses(t.Context(), root, someSystems)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Go 1.", "The Go Authors", // the standard library
		"github.com/gin-gonic/gin v1.", "Manuel Martínez-Almeida", // a module
		"github.com/google/uuid v1.", // one that only Linux needs
		"prometheus/client_golang v1.25.0: internal/github.com/golang/gddo/LICENSE", // a package with one of its own
		"swagger-ui-dist 5.", "SmartBear", "DOMPurify", "Apache License",
	} {
		if !bytes.Contains(all, []byte(want)) {
			t.Errorf("%q is not in the %d bytes", want, len(all))
		}
	}
	if bytes.Contains(all, []byte("testify")) {
		t.Error("it has what only tests need")
	}
}

func TestLicenses_noneIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		files []string
		ok    bool
	}{
		"a licence":                {[]string{"LICENSE", "NOTICE"}, true},
		"in British":               {[]string{"Licence.md"}, true},
		"nothing":                  {nil, false},
		"only a notice":            {[]string{"NOTICE", "PATENTS"}, false},
		"only of a package":        {[]string{"inside/LICENSE"}, false},
		"only code about licences": {[]string{"license.go"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			inside := filepath.Join(dir, "inside")
			if err := os.Mkdir(inside, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, f := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f)), []byte("Do as you like."), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var all bytes.Buffer
			err := appendLicenses(&all, part{"example.com/module v1.0.0", dir, []string{inside}})
			if tc.ok && (err != nil || !strings.Contains(all.String(), "Do as you like.")) {
				t.Errorf("%q (%v)", all.String(), err)
			}
			if !tc.ok && (err == nil || !strings.Contains(err.Error(), "example.com/module v1.0.0 has no licence")) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestNotes_areTheSectionOfTheVersion(t *testing.T) {
	const changelog = "# Changelog\n\n## [Unreleased]\n\n- to come\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- new\n\n## [0.1.1] - 2026-11-30\n\n## [0.1.0] - 2026-11-28\n\n- old\n"
	for version, want := range map[string]string{
		"v0.2.0":                               "### Added\n\n- new\n",
		"v0.1.0":                               "- old\n",
		"v0.2.1-0.20261202101112-0123456789ab": "- to come\n",
		"v0.0.0-20261202101112-0123456789ab":   "- to come\n",
	} {
		if got, err := notesOf(changelog, version); got != want || err != nil {
			t.Errorf("%s: %q (%v), want %q", version, got, err, want)
		}
	}
	for version, want := range map[string]string{"v0.3.0": "no section [0.3.0]", "v0.1.1": "says nothing under [0.1.1]", "v0.2.0-rc.1": "no section [0.2.0-rc.1]"} {
		if got, err := notesOf(changelog, version); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q (%v)", version, got, err)
		}
	}
}

// TestArchives_areTheSameEachTime reads both kinds, too.
func TestArchives_areTheSameEachTime(t *testing.T) {
	files := []file{{"box/restaurant", 0o755, bytes.Repeat([]byte("program"), 1000)}, {"box/LICENSE", 0o644, []byte("MIT")}}
	changed := time.Date(2026, 11, 28, 9, 14, 55, 0, time.FixedZone("", 3600))
	pack := func(archive func(io.Writer, []file, time.Time) error, changed time.Time) []byte {
		var packed bytes.Buffer
		if err := archive(&packed, files, changed); err != nil {
			t.Fatal(err)
		}
		return packed.Bytes()
	}
	for name, archive := range map[string]func(io.Writer, []file, time.Time) error{"tar": tarred, "zip": zipped} {
		if !bytes.Equal(pack(archive, changed), pack(archive, changed.UTC())) {
			t.Errorf("%s: other bytes", name)
		}
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(pack(tarred, changed)))
	if err != nil {
		t.Fatal(err)
	}
	header, err := tar.NewReader(unpacked).Next()
	if err != nil || header.Name != "box/restaurant" || header.Mode != 0o755 || header.Size != 7000 || !header.ModTime.Equal(changed) || header.Uname != "" {
		t.Errorf("%+v (%v)", header, err)
	}
	packed := pack(zipped, changed)
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(z.File) != 2 || z.File[0].Mode() != 0o755 || z.File[1].UncompressedSize64 != 3 || !z.File[1].Modified.Equal(changed) {
		t.Errorf("%+v (%v)", z, err)
	}
}

// TestParts_haveSwaggerUI begins with what the tool gives, shortened.
func TestParts_haveSwaggerUI(t *testing.T) {
	const list = `{"metadata": {"tools": [{"name": "cyclonedx-gomod", "hashes": [{"alg": "MD5"}]}], "component": {"bom-ref": "ours"}},
		"components": [{"bom-ref": "gin"}, {"bom-ref": "pkg:golang/./stubs/yaml@(devel)?type=module"}],
		"dependencies": [{"ref": "ours", "dependsOn": ["gin"]}, {"ref": "gin"}, {"ref": "pkg:golang/./stubs/yaml@(devel)?type=module"}]}`
	got, err := withSwaggerUI([]byte(list), "5.35.0")
	if err != nil || strings.Count(string(got), `"pkg:npm/swagger-ui-dist@5.35.0"`) != 3 || strings.Contains(string(got), "hashes") ||
		strings.Contains(string(got), "stubs") || strings.Count(string(got), `"gin"`) != 3 {
		t.Errorf("%s (%v)", got, err)
	}
	for _, other := range []string{`{}`, `[]`, `{"metadata": {"component": {"bom-ref": "ours"}}, "components": []}`} {
		if got, err := withSwaggerUI([]byte(other), "5.35.0"); err == nil {
			t.Errorf("%s becomes %s", other, got)
		}
	}
}

func TestPrograms_areOfACommit(t *testing.T) {
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		settings = append(settings, debug.BuildSetting{Key: "GOOS", Value: "linux"}, debug.BuildSetting{Key: "GOARCH", Value: "arm64"})
		return &debug.BuildInfo{Main: debug.Module{Path: "restaurant", Version: version}, Settings: settings}
	}
	commit := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-28T09:14:55Z"}
	read := func(infos ...*debug.BuildInfo) (all []program, err error) {
		for _, info := range infos {
			p, err := programOf("dist/x", info)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
		return all, checkCommits(all)
	}
	if all, err := read(build("v1.2.3", commit), build("v1.2.3", commit)); err != nil || all[1].name() != "restaurant-1.2.3-linux-arm64" || all[1].commit.Year() != 2026 {
		t.Errorf("%+v (%v)", all, err)
	}
	for want, info := range map[string]*debug.BuildInfo{
		"not committed":   build("v1.2.3+dirty", commit),
		"of which commit": build("(devel)"),
		"parsing time":    build("v1.2.3", debug.BuildSetting{Key: "vcs.time", Value: "yesterday"}),
		"builds all":      build("v1.2.4", commit),
	} {
		if all, err := read(build("v1.2.3", commit), info); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v (%v), want %q", all, err, want)
		}
	}
	for _, paths := range [][]string{nil, {"main.go"}} {
		if got, err := readPrograms(paths); err == nil {
			t.Errorf("%v gives %+v", paths, got)
		}
	}
}

// TestLicenses_ofAProgramWithoutHistory writes them for this test itself, as for an image.
func TestLicenses_ofAProgramWithoutHistory(t *testing.T) {
	out := filepath.Join(t.TempDir(), "licenses.txt")
	if err := writeLicenses(t.Context(), root, out, []string{os.Args[0]}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(out); err != nil || !bytes.Contains(text, []byte("gin-gonic/gin")) {
		t.Errorf("%d bytes (%v)", len(text), err)
	}
}

// TestProgram_embedsLittle counts the files that any package puts into the program: source
// maps of Swagger UI once made a quarter of it.
func TestProgram_embedsLittle(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-tags", "nomsgpack", "-f", `{{range .EmbedFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`, ".")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all int64
	for name := range strings.FieldsSeq(string(out)) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		all += info.Size()
	}
	if all < 1<<20 || all > 3<<20 {
		t.Errorf("the files that are embedded have %d bytes", all)
	}
}
