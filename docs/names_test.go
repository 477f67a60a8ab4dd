package docs

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	span     = regexp.MustCompile("`([^`\n]+)`")
	link     = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	word     = regexp.MustCompile(`^[A-Za-z_][\w.]*$`)
	fileName = regexp.MustCompile(`^[\w-]+\.(go|md|js|css|html|conf|sh|json|yaml)$`)
	mapWord  = regexp.MustCompile(`^([\w-]+/)+$|^([\w-]+/)*[\w-]+\.(go|md|js|css|html|conf|sh)$`)
	testName = regexp.MustCompile(`^(Test|Benchmark)[A-Z]\w*$`)
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)\(`)
)

// repo is the repository's files: what is in them, by slash-separated path.
type repo struct {
	files map[string]string
	dirs  map[string]bool
}

func readRepo(t *testing.T) repo {
	t.Helper()
	r := repo{map[string]string{}, map[string]bool{}}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", "data", "dist", "node_modules"}, d.Name()) {
				return fs.SkipDir
			}
			r.dirs[name] = true
			return nil
		}
		text, err := fs.ReadFile(root, name)
		r.files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// has reports whether there is a file, a folder, or a file for a pattern.
func (r repo) has(name string) bool {
	name = path.Clean(name)
	if _, ok := r.files[name]; ok || r.dirs[name] {
		return true
	}
	for file := range r.files {
		if ok, _ := path.Match(name, file); ok {
			return true
		}
	}
	return false
}

// text is all that stands in a file, or in the files of a folder.
func (r repo) text(name string) string {
	var all strings.Builder
	for file, text := range r.files {
		if ok, _ := path.Match(path.Clean(name), file); ok || path.Dir(file) == path.Clean(name) {
			all.WriteString(text)
		}
	}
	return all.String()
}

// asPath turns what a document names into a path of the repository, if it is one:
// it begins with a folder of the root, ends with the name of a file, or is the bare
// name of a file beside the path before it.
func (r repo) asPath(name, before string) (string, bool) {
	first, _, nested := strings.Cut(name, "/")
	switch {
	case strings.ContainsAny(name, " <>{}:") || strings.HasPrefix(name, "/") || strings.Contains(name, "NAME"):
		return "", false
	case nested && r.dirs["web/"+first] && r.has("web/"+name): // page.md is about web
		return "web/" + name, true
	case nested && (r.dirs[first] || fileName.MatchString(path.Base(name))):
		return name, true
	case fileName.MatchString(name) && r.has(name):
		return name, true
	case fileName.MatchString(name) && before != "":
		return path.Join(before, name), true
	}
	return "", false
}

// paths lists the paths that a piece of text names, and everything else that it
// names in the way of code.
func (r repo) paths(text string) (paths, others []string) {
	before := ""
	for _, m := range span.FindAllStringSubmatch(text, -1) {
		p, ok := r.asPath(m[1], before)
		if !ok {
			others = append(others, m[1])
			continue
		}
		paths = append(paths, p)
		if before = p; path.Ext(p) != "" {
			before = path.Dir(p)
		}
	}
	return paths, others
}

// TestDocuments_namesExist looks for every file, folder, test and benchmark that a
// document names or links to.
func TestDocuments_namesExist(t *testing.T) {
	r := readRepo(t)
	tests := r.tests()
	for name, text := range r.files {
		if path.Ext(name) != ".md" || strings.HasPrefix(name, "docs/decisions/0") && !strings.Contains(text, "\nStatus: accepted") {
			continue // a record that was superseded may name what is gone
		}
		for paragraph := range strings.SplitSeq(text, "\n\n") {
			paths, others := r.paths(paragraph)
			for _, p := range paths {
				if !r.has(p) {
					t.Errorf("%s names %s, which is not there", name, p)
				}
			}
			for _, other := range others {
				if testName.MatchString(other) && !tests[other] {
					t.Errorf("%s names %s, which is not there", name, other)
				}
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if target := path.Join(path.Dir(name), m[1]); !strings.Contains(m[1], "://") && !r.has(target) {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
		}
	}
}

// TestREADME_mapNamesWhatIsThere holds the map of the repository against it, and
// lets no folder of the root with code be missing.
func TestREADME_mapNamesWhatIsThere(t *testing.T) {
	r := readRepo(t)
	_, section, _ := strings.Cut(r.files["README.md"], "## Map of the rooms\n\n```text\n")
	block, _, ok := strings.Cut(section, "\n```")
	if !ok {
		t.Fatal("the README has no map")
	}
	listed, room := map[string]bool{}, ""
	for line := range strings.SplitSeq(block, "\n") {
		name, meaning, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if strings.HasPrefix(line, " ") {
			name = path.Join(room, name)
		} else {
			room = name
			listed[path.Clean(name)] = true
		}
		if !r.has(name) {
			t.Errorf("the map names %s", name)
		}
		for w := range strings.FieldsSeq(meaning) {
			w = strings.Trim(w, "(),;:")
			if mapWord.MatchString(w) && !r.has(path.Join(name, w)) && !r.has(w) {
				t.Errorf("the map names %s in %s", w, name)
			}
		}
	}
	for file := range r.files {
		if top, _, nested := strings.Cut(file, "/"); nested && path.Ext(file) == ".go" && !listed[top] {
			t.Errorf("the map does not name %s", top)
			listed[top] = true
		}
	}
}

// tests are the names of all tests and benchmarks.
func (r repo) tests() map[string]bool {
	names := map[string]bool{}
	for file, text := range r.files {
		if strings.HasSuffix(file, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
				names[m[1]] = true
			}
		}
	}
	return names
}

// missing lists what a piece of text names that none of its files holds.
func (r repo) missing(text string, tests map[string]bool) (missing []string) {
	paths, others := r.paths(text)
	var code strings.Builder
	for _, p := range paths {
		code.WriteString(r.text(p))
	}
	for _, name := range others {
		switch {
		case testName.MatchString(name):
			if !tests[name] {
				missing = append(missing, name)
			}
		case strings.Contains(name, " "):
		case word.MatchString(name):
			part := name[strings.LastIndexByte(name, '.')+1:]
			if !regexp.MustCompile(`\b` + part + `\b`).MatchString(code.String()) {
				missing = append(missing, name)
			}
		}
	}
	return missing
}

// TestSECURITY_namesExist holds each promise to a place in the code and to tests.
func TestSECURITY_namesExist(t *testing.T) {
	r := readRepo(t)
	tests, promises := r.tests(), 0
	for line := range strings.Lines(r.files["SECURITY.md"]) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || !strings.Contains(cells[4], "`") {
			continue
		}
		promises++
		where, proof := cells[3], cells[4]
		if paths, _ := r.paths(where); len(paths) == 0 {
			t.Errorf("no place in the code: %s", cells[0])
		}
		for _, name := range r.missing(where+" "+proof, tests) {
			t.Errorf("%s: there is no %s", cells[0], name)
		}
	}
	if promises < 40 {
		t.Errorf("%d promises", promises)
	}
}

// TestTour_namesExist holds each stop of the tour to the files that it names.
func TestTour_namesExist(t *testing.T) {
	r := readRepo(t)
	tests := r.tests()
	stops := strings.Split(r.files["docs/tour.md"], "\n### ")
	if len(stops) < 15 {
		t.Fatalf("%d stops", len(stops))
	}
	for _, stop := range stops[1:] {
		stop, _, _ = strings.Cut(stop, "\n## ")
		title, _, _ := strings.Cut(stop, "\n")
		if paths, _ := r.paths(stop); len(paths) == 0 {
			t.Errorf("%s names no file", title)
		}
		if !strings.Contains(stop, "\n**Question.** ") {
			t.Errorf("%s asks nothing", title)
		}
		for _, name := range r.missing(stop, tests) {
			t.Errorf("%s: there is no %s in its files", title, name)
		}
	}
}

var (
	anchorLink = regexp.MustCompile(`\]\(([^)#:]*)#([^)]+)\)`)
	headline   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInID    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// ids are the names that GitHub and others give to the headings of a page.
func ids(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range headline.FindAllStringSubmatch(text, -1) {
		found[strings.ReplaceAll(notInID.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return found
}

// TestDocuments_anchorsExist follows every link to a heading.
func TestDocuments_anchorsExist(t *testing.T) {
	r := readRepo(t)
	followed := 0
	for name, text := range r.files {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, m := range anchorLink.FindAllStringSubmatch(text, -1) {
			target := name
			if m[1] != "" {
				target = path.Join(path.Dir(name), m[1])
			}
			if followed++; !ids(r.files[target])[m[2]] {
				t.Errorf("%s links to %s, which has no heading #%s", name, target, m[2])
			}
		}
	}
	if followed < 10 {
		t.Errorf("%d links to headings", followed)
	}
}

// TestREADME_isABeginning: a stranger decides within five minutes.
func TestREADME_isABeginning(t *testing.T) {
	r := readRepo(t)
	lines := strings.Split(strings.TrimSuffix(r.files["README.md"], "\n"), "\n")
	if len(lines) > 250 {
		t.Errorf("the README has %d lines; docs/ has room", len(lines))
	}
	if first := strings.Join(lines[:10], " "); !regexp.MustCompile(`[^.]*\bAPI\b[^.]*\btoken\b[^.]*\.`).MatchString(first) {
		t.Errorf("no sentence with API and token in the first ten lines: %s", first)
	}
	if first := strings.Join(lines[:25], "\n"); !strings.Contains(first, "\ngo run .\ngo test ./...\n") {
		t.Errorf("the two commands are not in the first 25 lines: %s", first)
	}
	film := regexp.MustCompile(`!\[[^]]+\]\((\S+\.gif)\)`).FindStringSubmatch(r.files["README.md"])
	if film == nil {
		t.Fatal("the README has no moving picture")
	}
	if size := len(r.files[film[1]]); size == 0 || size > 1_500_000 {
		t.Errorf("%s has %d bytes", film[1], size)
	}
}

// TestIndex_namesEveryPage holds docs/README.md against the folder.
func TestIndex_namesEveryPage(t *testing.T) {
	r := readRepo(t)
	for name := range r.files {
		if dir, file := path.Split(name); dir == "docs/" && path.Ext(file) == ".md" && file != "README.md" && !strings.Contains(r.files["docs/README.md"], "]("+file+")") {
			t.Errorf("docs/README.md does not name %s", file)
		}
	}
}
