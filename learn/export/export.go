// Package export is the copying machine of the evening class: it writes a lesson in the
// words of the tool that a guest has at hand. It knows curl lines and five kinds of
// files (sh, cmd, ps1, http, hurl), and gets everything else from the lesson.
package export

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"restaurant/basepath"
	"restaurant/learn/course"
)

// Target is the server that requests go to.
type Target struct {
	URL   string // without a slash at the end
	Order string // what to write for {order}
	Guest string // what to write for {guest}
	Try   string // what to write for {try}
	// CurlOptions make curl trust the server's certificate: --cacert and a file, or empty.
	CurlOptions string
	// Kiosk and Stage are the addresses of those; DefaultKiosk if Kiosk is empty.
	Kiosk, Stage string
}

// DefaultKiosk is where the kiosk of a single learner listens.
const DefaultKiosk = "http://localhost:8081"

// CurlLine is curl with the options.
func (t Target) CurlLine() string { return t.program("curl") }

// At returns the URL of a path of the server as a word of a line for a terminal.
func (t Target) At(path string) string { return quoteSh(t.URL + path) }

// program returns curl, under the name that a shell knows, or hurl, with the options,
// which are the same.
func (t Target) program(name string) string { return strings.TrimSpace(name + " " + t.CurlOptions) }

var formats = map[string]func(Target, *course.Lesson) string{
	"sh": Target.sh, "cmd": Target.cmd, "ps1": Target.powershell, "http": Target.http, "hurl": Target.hurl,
}

// scripts are the formats whose lines a shell runs. There curl reads no .curlrc (-q, which
// must come first): one with "fail" or "include" would give other answers than a lesson
// expects.
var scripts = []string{"sh", "cmd", "ps1"}

// Write writes a whole lesson in a format: sh, cmd, ps1, http or hurl. Another format
// is not ok.
func (t Target) Write(format string, l *course.Lesson) (text string, ok bool) {
	write, ok := formats[format]
	if !ok {
		return "", false
	}
	if slices.Contains(scripts, format) {
		t.CurlOptions = strings.TrimSpace("-q " + t.CurlOptions)
	}
	return write(t, l), true
}

// Path returns the path of a request, with the numbers of order and guest in it.
func (t Target) Path(r course.Request) string {
	return strings.NewReplacer("{order}", t.Order, "{guest}", t.Guest).Replace(r.Path)
}

// Address returns the URL of a request, with the range of its repetitions as curl writes
// it.
func (t Target) Address(r course.Request) string {
	if r.Repeat < 2 {
		return t.url(r)
	}
	separator := "?"
	if strings.Contains(r.Path, "?") {
		separator = "&"
	}
	return fmt.Sprintf("%s%sn=[1-%d]", t.url(r), separator, r.Repeat)
}

// Headers returns the headers of a request, with the number of the try in them.
func (t Target) Headers(r course.Request) []course.Header {
	headers := slices.Clone(r.Headers)
	for i := range headers {
		headers[i].Value = strings.ReplaceAll(headers[i].Value, "{try}", t.Try)
	}
	return headers
}

// url returns the URL of a request that is sent once. What goes through the relay of the lab
// without TLS begins with http, also to a server that has a certificate.
func (t Target) url(r course.Request) string {
	if r.Config != "" && r.At != course.AtWire {
		return "http://" + t.authority() + t.Path(r)
	}
	return t.base(r.At) + t.Path(r)
}

// authority is the URL of the server without its scheme.
func (t Target) authority() string {
	_, rest, _ := strings.Cut(t.URL, "://")
	return rest
}

func (t Target) base(at string) string {
	switch at {
	case course.AtKiosk:
		return cmp.Or(t.Kiosk, DefaultKiosk)
	case course.AtStage:
		return t.Stage
	case course.AtWire:
		return "https://" + t.authority()
	}
	return t.URL
}

// PageURL returns the address of a page on which a step is done.
func (t Target) PageURL(s course.Step) string { return t.URL + "/" + strings.TrimPrefix(s.Page, "/") }

// Command writes a step as one line for a terminal, or says which page to open.
func (t Target) Command(program string, s course.Step) string {
	if s.Page != "" {
		return "Open " + t.PageURL(s)
	}
	return t.Curl(program, s.Request)
}

// BasePath returns the path of the server's URL, or "".
func (t Target) BasePath() string {
	_, base := basepath.Split(t.URL)
	return base
}

// problemType returns the type of the problem that a step expects, as the server that it
// goes to writes it.
func (t Target) problemType(s course.Step) string {
	_, base := basepath.Split(t.base(s.Request.At))
	return base + "/problems/" + s.Expect.Problem
}

// Curl writes a request as one line for a terminal. What lessons hold makes it the same
// in bash, zsh, cmd and PowerShell 7. In Windows PowerShell 5.1 the program is called
// curl.exe.
func (t Target) Curl(program string, r course.Request) string {
	return t.curl(shell{program: program, quote: quoteSh}, r)
}

func (t Target) curl(sh shell, r course.Request) string {
	quoted := sh.quote
	words := []string{t.program(sh.program), "-i"}
	switch {
	case r.Show == course.ShowStatus:
		words[1] = "-si" // the file holds the headers of the last response, too
	case r.SaveAs != "":
		words[1] = "-fsS" // a refusal in the file would be sent as if it were a token
	case r.Stream:
		words[1] = "-N"
	}
	if r.Method != defaultMethod(r) {
		words = append(words, "-X", r.Method)
	}
	words = append(words, fileOptions(r)...)
	if r.As != "" {
		words = append(words, "-H", quoted("@"+r.As))
	}
	for _, h := range t.Headers(r) {
		words = append(words, "-H", quoted(h.Name+": "+h.Value))
	}
	if r.BodyFile != "" {
		words = append(words, "-H", `"Content-Type: application/json"`, "-d", quoted("@"+r.BodyFile))
	}
	for _, field := range r.Form {
		words = append(words, "-d", quoted(field))
	}
	words = append(words, quoted(t.Address(r)))
	switch {
	case r.Show == course.ShowStatus:
		words = append(words, "-o", cmp.Or(r.SaveAs, "answer.txt"), "-w", `"%{http_code}\n"`)
	case r.SaveAs != "":
		words = append(words, "-o", r.SaveAs)
	}
	return strings.Join(words, " ")
}

// fileOptions are the options that name a file which an earlier step has saved, or that
// save one. --ssl-no-revoke is for curl on Windows, which would ask the maker of a
// certificate from the lab whether it is revoked; elsewhere curl takes it and does nothing.
func fileOptions(r course.Request) (words []string) {
	for _, o := range []struct{ option, file string }{{"-K", r.Config}, {"-b", r.JarIn}, {"-c", r.JarOut}, {"--cacert", r.CACert}} {
		if o.file != "" {
			words = append(words, o.option, o.file)
		}
	}
	if r.CACert != "" {
		words = append(words, "--ssl-no-revoke")
	}
	return words
}

// defaultMethod is the method that curl takes without -X.
func defaultMethod(r course.Request) string {
	if r.BodyFile != "" || len(r.Form) > 0 {
		return http.MethodPost
	}
	return http.MethodGet
}

// FetchFiles writes the line for a terminal that downloads the bodies of a lesson, or
// nothing if it needs none.
func (t Target) FetchFiles(program string, l *course.Lesson) string {
	return t.fetchFiles(shell{program: program, quote: quoteSh}, l)
}

func (t Target) fetchFiles(sh shell, l *course.Lesson) string {
	var names []string
	for _, s := range l.AllSteps() {
		name := strings.TrimSuffix(s.Request.BodyFile, ".json")
		if _, ok := course.Example(s.Request.BodyFile); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	url, save := t.URL+"/learn/files/{"+strings.Join(names, ",")+"}.json", "#1.json"
	switch len(names) {
	case 0:
		return ""
	case 1:
		url, save = t.URL+"/learn/files/"+names[0]+".json", names[0]+".json"
	}
	return t.program(sh.program) + " -s " + sh.quote(url) + " -o " + sh.quote(save)
}

// lines collects lines.
type lines struct {
	strings.Builder
	end string
}

func (w *lines) line(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteString(w.end)
}

// placesOrder reports whether the response to a step says the number of a new order.
func placesOrder(s course.Step) bool {
	return s.Request.Method == http.MethodPost && s.Request.Path == "/api/v1/orders" && slices.Contains(s.Expect.Status, http.StatusCreated)
}

// joined writes each status with a space before it.
func joined(statuses []int) (text string) {
	for _, n := range statuses {
		text += " " + strconv.Itoa(n)
	}
	return text
}

// plainText removes the marks of code.
func plainText(text string) string { return strings.ReplaceAll(text, "`", "") }
