package contract

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// hurl returns the command of Hurl, to be run in dir. Without hurl.sh the test is skipped.
func hurl(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("hurl")
	if err != nil {
		program, err = filepath.Abs("../../dist/hurl/hurl")
	}
	if _, missing := os.Stat(program); err != nil || missing != nil {
		t.Skip("Hurl is not installed: run make contract")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "NO_COLOR=1")
	return cmd
}

// TestHurl_isInstalled says so where the tests of .hurl files cannot run.
func TestHurl_isInstalled(t *testing.T) {
	t.Log(mustRun(t, hurl(t, ".", "--version")))
}

// meantToFail are the codes with which curl ends where no response is meant to come.
func (l lesson) meantToFail() (codes []string) {
	for _, s := range slices.Concat(l.Prepare, l.Steps) {
		if s.Expect.CurlExit != nil {
			codes = append(codes, strconv.Itoa(*s.Expect.CurlExit))
		}
	}
	return codes
}

var (
	// hurlLine is how a file says that it is run.
	hurlLine = regexp.MustCompile(`(?m)^# .* Run it with: hurl (.*)$`)
	// hurlError is how Hurl reports a fault; of one without a response it names curl's code.
	hurlError   = regexp.MustCompile(`(?m)^error: `)
	curlErrorIn = regexp.MustCompile(`\^ \((\d+)\)`)
)

// TestHurlFiles_completeEachLesson runs the .hurl file of each lesson as it says, against a
// fresh server. Everything that it asserts holds, no request is left out, and then the lesson
// is done: none of them needs another tool.
func TestHurlFiles_completeEachLesson(t *testing.T) {
	t.Parallel()
	beside(t, completeWithHurl)
}

// TestHurlFiles_rushHour is the same for the lesson that needs a quick client.
func TestHurlFiles_rushHour(t *testing.T) { completeWithHurl(t, rushHour) }

func completeWithHurl(t *testing.T, id string) {
	t.Helper()
	p, before := startLesson(t, id)
	dir, file := saveFile(t, p, id, "hurl")
	line := hurlLine.FindStringSubmatch(file)
	if line == nil {
		t.Fatalf("it does not say how to run it:\n%s", file)
	}
	out, err := hurl(t, dir, strings.Fields(line[1])...).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	var codes []string
	for _, m := range curlErrorIn.FindAllStringSubmatch(string(out), -1) {
		codes = append(codes, m[1])
	}
	meant := before.meantToFail()
	if (err != nil) != (len(meant) > 0) || !slices.Equal(codes, meant) || len(hurlError.FindAll(out, -1)) != len(meant) {
		t.Errorf("meant to fail are %v: %v\n%s", meant, err, out)
	}
	if after := getLesson(t, p, id); after.State != "done" || len(after.StillToSee) > 0 {
		t.Errorf("it is %s; still to see: %v\n%s", after.State, after.StillToSee, out)
	}
}

// TestHurlFiles_asOnThePage runs the lines of docs/clients.md.
func TestHurlFiles_asOnThePage(t *testing.T) {
	p := startServer(t)
	dir, _ := saveFile(t, p, "L03", "hurl")
	line := regexp.MustCompile(`(?m)^hurl (.+)$`).FindStringSubmatch(clientsPage(t))
	if line == nil {
		t.Fatal("docs/clients.md has no line for Hurl")
	}
	mustRun(t, hurl(t, dir, strings.Fields(line[1])...))
	if l := getLesson(t, p, "L03"); l.State != "done" {
		t.Errorf("L03 is %s; still to see: %v", l.State, l.StillToSee)
	}
}

// TestHurlFiles_noticeAnotherAnswer: a file that asserts nothing would pass anywhere.
func TestHurlFiles_noticeAnotherAnswer(t *testing.T) {
	p := startServer(t)
	dir, file := saveFile(t, p, "L03", "hurl")
	spoilt := strings.Replace(file, `"$.name" == "Alice"`, `"$.name" == "Bob"`, 1)
	if spoilt == file {
		t.Fatal("nothing is spoilt")
	}
	if err := os.WriteFile(filepath.Join(dir, "L03.hurl"), []byte(spoilt), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := hurl(t, dir, "--test", "L03.hurl").CombinedOutput()
	if err == nil || len(hurlError.FindAll(out, -1)) != 1 || !strings.Contains(string(out), "Alice") {
		t.Errorf("%v\n%s", err, out)
	}
}

// lessonIDs asks a server.
func lessonIDs(t *testing.T) (ids []string) {
	t.Helper()
	var list struct{ Items []struct{ ID string } }
	if status := startServer(t).Call("GET", "/learn/lessons", "", "", &list); status != 200 || len(list.Items) < 9 {
		t.Fatalf("the list answers %d with %d lessons", status, len(list.Items))
	}
	for _, l := range list.Items {
		ids = append(ids, l.ID)
	}
	return ids
}

// rushHour is the lesson that sends 240 requests to a server that serves fewer. Whether a client
// is quick enough for it depends on what runs beside it.
const rushHour = "L16"

// beside does all other lessons at the same time.
func beside(t *testing.T, complete func(t *testing.T, id string)) {
	t.Helper()
	for _, id := range lessonIDs(t) {
		if id == rushHour {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			complete(t, id)
		})
	}
}

// startLesson starts a server with the rate limit of a learner's, in which the lesson is not done.
// In the rush hour it is the lowest that leaves room for 41 requests in a row, which are not to be
// refused there.
func startLesson(t *testing.T, id string) (p *testkit.Process, before lesson) {
	t.Helper()
	limit := "50/s"
	if id == rushHour {
		limit = "41/s"
	}
	p = startServer(t, "RESTAURANT_RATE_LIMIT="+limit)
	if before = getLesson(t, p, id); before.State == "done" {
		t.Fatal("it is done before it begins")
	}
	return p, before
}

// saveFile puts a lesson's file of a format into a new folder. If its requests go to a kiosk,
// there is one.
func saveFile(t testing.TB, p *testkit.Process, id, format string) (dir, text string) {
	t.Helper()
	file := p.Do("GET", "/learn/lessons/"+id+"."+format, "", "")
	if file.Status != 200 {
		t.Fatalf("%s.%s answers %d", id, format, file.Status)
	}
	const usual = "http://localhost:8081"
	text = string(file.Body)
	if strings.Contains(text, usual) {
		stand := testkit.Launch(t, t.TempDir(), testkit.FreeAddr(t), "kiosk", "-trust", p.URL)
		stand.AwaitOutput("The kiosk is running")
		text = strings.ReplaceAll(text, usual, stand.URL)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, id+"."+format), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, text
}
