package browser

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"restaurant/e2e/testkit"
)

// classroom is a class of many tables.
type classroom struct {
	*server
	code string // of the teacher
}

// startClass starts a class, to which learners come by a name that browsers do not trust.
func startClass(t testing.TB, args ...string) *classroom {
	t.Helper()
	s := &server{t: t, dir: t.TempDir()}
	s.Process = testkit.Prepare(t, s.dir, testkit.FreeAddr(t), exec.Command(testkit.Program(), append([]string{"class"}, args...)...))
	s.Cmd.Env = append(s.Cmd.Env, "RESTAURANT_PUBLIC_URL="+insecureOrigin(s))
	s.Start()
	s.AwaitOutput("/teach#")
	return &classroom{s, regexp.MustCompile(`/teach#(\S+)`).FindStringSubmatch(s.Output.String())[1]}
}

// withoutScripts switches scripts off for what is opened from now on.
func (p *tab) withoutScripts() {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// atTable reports whether the page of a table is open.
func (p *tab) atTable(number string) bool {
	return p.isTrue(`location.pathname.startsWith("/t/` + number + `-") && document.querySelector(".site-header") !== null`)
}

func TestClass_joinByKeyboard(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "3", "-title", "Class 9b")
	learner := room.newInsecureTab(t)
	learner.expectStatus(404)
	learner.open("/")
	learner.waitText("Class 9b", "3 of 3 tables are free.")
	learner.checkAccessibility("join")
	learner.checkWidths("join")
	if missed := learner.unreached(); len(missed) > 0 {
		t.Errorf("Tab does not reach %q", missed)
	}
	learner.tabTo(textbox("My code"))
	learner.typeText("99-abc")
	learner.pressKey("Enter")
	learner.waitText("No table of this class has this code.")
	if at := learner.focused(); at != textbox("My code") {
		t.Errorf("after a refusal the focus is on %s", at)
	}
	learner.checkAccessibility("join, refused")
	learner.moveFocusTo(textbox("My name*"), "Shift+Tab")
	learner.typeText("7") // a number is a name, too
	learner.pressKey("Enter")
	learner.waitUntil("table 01 is open", func() bool { return learner.atTable("01") })

	learner.open("/")
	learner.waitText("2 of 3 tables are free.")
	learner.tabTo(link("Back to your table 01"))
	learner.pressKey("Enter")
	learner.waitUntil("table 01 is open again", func() bool { return learner.atTable("01") })
}

func TestClass_joinWithoutScripts(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	learner := room.newInsecureTab(t)
	learner.expectStatus(404, 409)
	learner.withoutScripts()
	for _, table := range []string{"01", "02"} {
		learner.open("/")
		learner.fill(textbox("My name*"), "7")
		learner.click(button("Take a free table"))
		learner.waitUntil("table "+table+" is open", func() bool { return learner.atTable(table) })
	}
	learner.open("/")
	learner.waitText("All tables are taken.")
	if learner.has(button("Take a free table")) {
		t.Error("there is a button for what cannot be")
	}
	learner.fill(textbox("My code"), "02-xxx")
	learner.click(button("Go to my table"))
	learner.waitText("No such table")
	learner.click(link("The start page"))
	learner.waitText("All tables are taken.")
}
