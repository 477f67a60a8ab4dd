// Command release packs the takeaway boxes: for each program that `make build` has put into
// dist, an archive with the licences of everything in it and a list of its parts, and
// for all of them the checksums and the notes.
//
// The same commit and the same Go give the same bytes: times are the commit's, and nothing of
// the machine goes in.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	out := flag.String("out", "dist/release", "folder to write to; what is in it goes")
	licenses := flag.String("licenses", "", "write only the licences of what is in the programs, into this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *licenses != "" {
		err = writeLicenses(ctx, ".", *licenses, flag.Args())
	} else {
		err = release(ctx, ".", *out, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// program is a built program, and what the Go command has written into it.
type program struct {
	path, version, platform string // "v1.2.3", "linux-amd64"
	goos, goarch, tags      string
	commit                  time.Time
}

// name is what the files of this program are called, as in restaurant-1.2.3-linux-amd64.
func (p program) name() string {
	return "restaurant-" + strings.TrimPrefix(p.version, "v") + "-" + p.platform
}

// release writes everything for these programs, which are built from the module at root.
func release(ctx context.Context, root, out string, paths []string) error {
	programs, err := readPrograms(paths)
	if err == nil {
		err = checkCommits(programs)
	}
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	notes, err := notesOf(string(changelog), programs[0].version)
	if err != nil {
		return err
	}
	licenses, err := thirdPartyLicenses(ctx, root, programs)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, p := range programs {
		if err := pack(ctx, root, out, p, licenses); err != nil {
			return err
		}
	}
	if err := writeChecksums(out); err != nil {
		return err
	}
	fmt.Printf("%s: %d archives of %s; the notes are in %s.md\n", out, len(programs), programs[0].version, out)
	return os.WriteFile(out+".md", []byte(notes), 0o644) // beside it, as nobody downloads it
}

// readPrograms reads what the programs say of themselves.
func readPrograms(paths []string) (all []program, err error) {
	if len(paths) == 0 {
		return nil, errors.New("no programs were named: run make release")
	}
	for _, path := range paths {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p, err := programOf(path, info)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// checkCommits lets only programs pass that are of one commit, with nothing changed by hand.
func checkCommits(programs []program) error {
	for _, p := range programs {
		switch first := programs[0]; {
		case p.commit.IsZero():
			return fmt.Errorf("%s does not say of which commit it is: build it in a clone made by git clone, not in a worktree or an unpacked archive", p.path)
		case strings.HasSuffix(p.version, "+dirty"):
			return fmt.Errorf("%s is built from files that are not committed: commit them, or put them back", p.path)
		case p.version != first.version:
			return fmt.Errorf("%s is %s and %s is %s: run make release, which builds all of them", p.path, p.version, first.path, first.version)
		}
	}
	return nil
}

func programOf(path string, info *buildinfo.BuildInfo) (p program, err error) {
	p.path, p.version = path, info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS":
			p.goos = s.Value
		case "GOARCH":
			p.goarch = s.Value
		case "-tags":
			p.tags = s.Value
		case "vcs.time":
			p.commit, err = time.Parse(time.RFC3339, s.Value)
		}
	}
	p.platform = p.goos + "-" + p.goarch
	return p, err
}

// pack writes the archive of a program and the list of its parts.
func pack(ctx context.Context, root, out string, p program, licenses []byte) error {
	parts, err := partsOf(ctx, root, p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, p.name()+".cdx.json"), parts, 0o644); err != nil {
		return err
	}
	files, err := filesOf(root, p, licenses)
	if err != nil {
		return err
	}
	archive, ending := tarred, ".tar.gz"
	if p.goos == "windows" {
		archive, ending = zipped, ".zip"
	}
	var packed bytes.Buffer
	if err := archive(&packed, files, p.commit); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, p.name()+ending), packed.Bytes(), 0o644)
}

// filesOf are the files in the archive of a program, in a folder of its name.
func filesOf(root string, p program, licenses []byte) ([]file, error) {
	body, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	name := "restaurant"
	if p.goos == "windows" {
		name += ".exe"
	}
	files := []file{{name, 0o755, body}}
	for _, text := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		if body, err = os.ReadFile(filepath.Join(root, text)); err != nil {
			return nil, err
		}
		files = append(files, file{text, 0o644, body})
	}
	files = append(files, file{"THIRD-PARTY-LICENSES.txt", 0o644, licenses})
	for i := range files {
		files[i].name = p.name() + "/" + files[i].name
	}
	return files, nil
}

// writeChecksums writes what `sha256sum --check` reads.
func writeChecksums(out string) error {
	entries, err := os.ReadDir(out) // sorted
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(body), e.Name())
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
