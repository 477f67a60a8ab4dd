package export

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"restaurant/learn/course"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var local = Target{URL: "http://localhost:8080", Order: "1", Guest: "6", Try: "1"}

func (t Target) mustWrite(format string, l *course.Lesson) string {
	text, ok := t.Write(format, l)
	if !ok {
		panic("there is no format " + format)
	}
	return text
}

// TestLesson_goldenFiles compares every character of the files for other tools.
func TestLesson_goldenFiles(t *testing.T) {
	for _, l := range course.Load().Lessons {
		for _, format := range []string{"sh", "cmd", "ps1", "http", "hurl"} {
			name := filepath.Join("testdata", l.ID+"."+format)
			got := local.mustWrite(format, l)
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is other than it was; if that is meant, run go test ./learn/export -update and read the difference:\n%s", name, got)
			}
		}
	}
}

// TestHTTP_namesAreVariables: httpYac makes a JavaScript variable of each name, and refuses
// keywords and names that it uses itself. L06 had a request called private.
func TestHTTP_namesAreVariables(t *testing.T) {
	names, uses := regexp.MustCompile(`(?m)^# @name (.*)$`), regexp.MustCompile(`\{\{([^}]*)\.response\.body\.`)
	for _, l := range course.Load().Lessons {
		text := local.mustWrite("http", l)
		var known []string
		requests := slices.DeleteFunc(slices.Concat(l.AllSteps(), l.After), func(s course.Step) bool { return s.Page != "" || terminalSteps(l.AllSteps())[s.ID] })
		if got := len(names.FindAllString(text, -1)); got != len(requests) {
			t.Errorf("%s.http names %d of %d steps", l.ID, got, len(requests))
		}
		for _, m := range names.FindAllStringSubmatch(text, -1) {
			if slices.Contains(keywords, m[1]) || slices.Contains(known, m[1]) || !regexp.MustCompile(`^[a-z]\w*$`).MatchString(m[1]) {
				t.Errorf("%s.http has a request called %s: that is no name of its own", l.ID, m[1])
			}
			known = append(known, m[1])
		}
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s.http uses the answer to %s, which is not there", l.ID, m[1])
			}
		}
	}
}

// inEveryShell is a line that bash, zsh, cmd and PowerShell split in the same way.
var inEveryShell = regexp.MustCompile(`^curl( [A-Za-z0-9_.,:/=-]+| "[A-Za-z0-9 _.,:;/=@?&+{}()#\[\]%-]+"| "%{http_code}\\n")+$`)

// TestCurl_isTheSameInEveryShell also holds the files against each other.
func TestCurl_isTheSameInEveryShell(t *testing.T) {
	find := regexp.MustCompile(`(?m)^curl(\.exe)? .*$`)
	asks := regexp.MustCompile(`/learn(/lessons/\w+\.json -o .*)?$`) // how it went, each in its own words
	lines := func(text string) (lines []string) {
		for _, line := range find.FindAllString(strings.ReplaceAll(text, "\r", ""), -1) {
			line = strings.Replace(line, "curl.exe", "curl", 1)
			line, _, _ = strings.Cut(line, " -sS -D ") // the checks of the script
			line, _, _ = strings.Cut(line, " -D ")
			line, _, _ = strings.Cut(line, " -sS -o ") // the answer that a number is taken from
			line, _, _ = strings.Cut(line, " || fail")
			if asks.MatchString(line) {
				continue
			}
			lines = append(lines, strings.NewReplacer("$order", "1", "$guest", "6", "%order%", "1", "%guest%", "6").Replace(line))
		}
		return lines
	}
	for _, l := range course.Load().Lessons {
		sh, cmd, ps := lines(local.mustWrite("sh", l)), lines(strings.ReplaceAll(local.mustWrite("cmd", l), "%%", "%")), lines(local.mustWrite("ps1", l))
		if !slices.Equal(cmd, ps) {
			t.Errorf("%s: cmd and PowerShell differ:\n%s\n%s", l.ID, strings.Join(cmd, "\n"), strings.Join(ps, "\n"))
		}
		if !slices.Equal(cmd, sh) {
			t.Errorf("%s: cmd and sh differ:\n%s\n%s", l.ID, strings.Join(cmd, "\n"), strings.Join(sh, "\n"))
		}
		for _, line := range cmd {
			if !inEveryShell.MatchString(line) {
				t.Errorf("%s: a shell would read more into this line: %s", l.ID, line)
			}
		}
	}
}

func TestCurl_writesEveryPartOfARequest(t *testing.T) {
	for _, tc := range []struct {
		request course.Request
		want    string
	}{
		{course.Request{Method: "GET", Path: "/a"}, `curl -i http://localhost:8080/a`},
		{course.Request{Method: "GET", Path: "/a?b=1&c=2"}, `curl -i "http://localhost:8080/a?b=1&c=2"`},
		{course.Request{Method: "DELETE", Path: "/a/{order}"}, `curl -i -X DELETE http://localhost:8080/a/1`},
		{course.Request{Method: "GET", Path: "/a", Stream: true, As: "w.txt"}, `curl -N -H "@w.txt" http://localhost:8080/a`},
		{course.Request{Method: "POST", Path: "/a", Form: []string{"a=b", "c=d e"}, SaveAs: "x.json"}, `curl -fsS -d a=b -d "c=d e" http://localhost:8080/a -o x.json`},
		{course.Request{Method: "PATCH", Path: "/a", BodyFile: "ready.json"}, `curl -i -X PATCH -H "Content-Type: application/json" -d "@ready.json" http://localhost:8080/a`},
		{course.Request{Method: "POST", Path: "/a", Headers: []course.Header{{Name: "Accept", Value: "text/plain"}}}, `curl -i -X POST -H "Accept: text/plain" http://localhost:8080/a`},
		{course.Request{Method: "GET", Path: "/a", JarIn: "t.txt", At: course.AtKiosk}, `curl -i -b t.txt http://localhost:8081/a`},
		{course.Request{Method: "POST", Path: "/a", Form: []string{"a=b"}, JarOut: "t.txt"}, `curl -i -c t.txt -d a=b http://localhost:8080/a`},
		{course.Request{Method: "GET", Path: "/a", Config: "wire.txt", As: "w.txt"}, `curl -i -K wire.txt -H "@w.txt" http://localhost:8080/a`},
		{course.Request{Method: "GET", Path: "/a", Config: "wire.txt", CACert: "ca.pem", At: course.AtWire}, `curl -i -K wire.txt --cacert ca.pem --ssl-no-revoke https://localhost:8080/a`},
		{course.Request{Method: "GET", Path: "/a", Repeat: 20, Show: course.ShowStatus}, `curl -si "http://localhost:8080/a?n=[1-20]" -o answer.txt -w "%{http_code}\n"`},
		{course.Request{Method: "GET", Path: "/a?b=1", Repeat: 3}, `curl -i "http://localhost:8080/a?b=1&n=[1-3]"`},
	} {
		if !inEveryShell.MatchString(tc.want) {
			t.Errorf("a shell would read more into %s", tc.want)
		}
		if got := local.Curl("curl", tc.request); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

// TestCurl_goesOverTheWire with http and with https as the step says, whatever the server has.
func TestCurl_goesOverTheWire(t *testing.T) {
	for _, house := range []string{"http://localhost:8080", "https://localhost:8080"} {
		for at, want := range map[string]string{"": "http://localhost:8080/a", course.AtWire: "https://localhost:8080/a"} {
			target := Target{URL: house}
			if got := target.Address(course.Request{Path: "/a", Config: "wire.txt", At: at}); got != want {
				t.Errorf("at a server %s and %q the address is %s, want %s", house, at, got, want)
			}
		}
		if got := (Target{URL: house}).Address(course.Request{Path: "/a"}); got != house+"/a" {
			t.Errorf("past the wire the address is %s", got)
		}
	}
}

// everyKind is a lesson of what not every tool can do.
var everyKind = &course.Lesson{ID: "L99", Prepare: []course.Step{
	{ID: "open", Say: "S", Request: course.Request{Method: "POST", Path: "/w", SaveAs: "wire.txt"}, Expect: course.Expect{Status: []int{201}}},
	{ID: "ticket", Say: "S", Request: course.Request{Method: "POST", Path: "/t", JarOut: "t.txt", SaveAs: "w.txt"}, Expect: course.Expect{Status: []int{200}}},
}, Steps: []course.Step{
	{ID: "times", Say: "S", Request: course.Request{Method: "GET", Path: "/a", Repeat: 20, Show: course.ShowStatus}, Expect: course.Expect{Status: []int{200, 429}}},
	{ID: "jar", Say: "S", Request: course.Request{Method: "GET", Path: "/b", JarIn: "t.txt"}, Expect: course.Expect{Status: []int{200}}},
	{ID: "wire", Say: "S", Request: course.Request{Method: "GET", Path: "/c", Config: "wire.txt"}, Expect: course.Expect{Status: []int{200}}},
	{ID: "broken", Say: "S", Request: course.Request{Method: "GET", Path: "/d", At: course.AtWire}, Expect: course.Expect{CurlExit: 60}},
	{ID: "lost", Say: "S", Request: course.Request{Method: "GET", Path: "/l"}, Expect: course.Expect{CurlExit: 52}},
	{ID: "bare", Say: "S", Request: course.Request{Method: "GET", Path: "/e", As: "w.txt"}, Expect: course.Expect{Status: []int{200}}},
	{ID: "page", Say: "S", Page: "#/token"},
}}

// TestWrite_saysWhatAToolDoesOtherwise, and writes no request that does something else.
func TestWrite_saysWhatAToolDoesOtherwise(t *testing.T) {
	for format, want := range map[string][]string{
		"sh": {
			"\neach times 200 429\n", "-b t.txt ", "-K wire.txt ", "\nends broken $? 60\n", "Do this in a browser: http://localhost:8080/#/token", `-w "%{http_code}\n" -sS`,
		},
		"cmd": {`-w "%%{http_code}\n"`, "rem In a browser: http://localhost:8080/#/token", "curl -q -i -K wire.txt"},
		"ps1": {`-w "%{http_code}\n"`, "# In a browser: http://localhost:8080/#/token", "curl.exe -q -i -K wire.txt"},
		"http": {
			"# httpYac sends this 20 times (@loop). With REST Client, press Send Request 20 times.\n# @loop for 20\n", "\n# @name times\nGET http://localhost:8080/a\n",
			"\nGET http://{{open.response.body.listen}}/c\n", "# No response is meant to come: the error is right.\n# @name lost\nGET http://localhost:8080/l\n",
			"So do this step in a terminal:\n# curl -i https://localhost:8080/d\n", "# This step is done in a browser. Open http://localhost:8080/#/token",
			"# The cookie is kept by itself", "# @no-cookie-jar\n# @name bare\nGET http://localhost:8080/e\n",
		},
		"hurl": {
			"# L99 . Run it with: hurl --test --continue-on-error L99.hurl\n# One request is meant to fail.",
			"\nGET http://localhost:8080/a\n[Options]\nrepeat: 20\nHTTP *\n[Asserts]\nstatus toString matches /^(200|429)$/\n",
			"\nGET http://localhost:8080/c\n[Options]\nconnect-to: {{wire}}\nHTTP 200\n",
			"reports error 60, as curl does.\nGET https://localhost:8080/d\n", "# To see it, open this in a browser: http://localhost:8080/#/token",
		},
	} {
		text := local.mustWrite(format, everyKind)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("the %s file lacks %q:\n%s", format, part, text)
			}
		}
		if past := regexp.MustCompile(`(?m)^GET http://localhost:8080/c$`).FindString(text); past != "" && format != "hurl" {
			t.Errorf("the %s file sends %q past the wire", format, past)
		}
	}
}

// TestSh_holdsEachStatusAgainstTheLesson runs the checks of the script with a curl that
// prints what a test wants.
func TestSh_holdsEachStatusAgainstTheLesson(t *testing.T) {
	for _, tc := range []struct {
		prints string
		exit   int
		fails  string
	}{
		{"200\n429\n", 60, ""}, {"200\n500\n", 60, "times: a status is 500"}, {"", 60, "times: no status is printed"}, {"200\n", 0, "broken: curl ends with 0, and should with 60"},
	} {
		lesson := *everyKind
		lesson.Prepare, lesson.Steps = nil, []course.Step{everyKind.Steps[0], everyKind.Steps[3]}
		script := local.mustWrite("sh", &lesson)
		curl := "curl() { case $* in *answers*) return 0;; */d*) return " + strconv.Itoa(tc.exit) + ";; *lessons*) echo '\"state\":\"done\"' > L99.json;; *) printf '" + strings.ReplaceAll(tc.prints, "\n", `\n`) + "';; esac; }\n"
		cmd := exec.Command("sh", "-c", curl+script)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if (err == nil) != (tc.fails == "") || !strings.Contains(string(out), tc.fails) {
			t.Errorf("%q and exit code %d: %v %s", tc.prints, tc.exit, err, out)
		}
	}
}
