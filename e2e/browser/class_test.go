package browser

import (
	"os/exec"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"

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

// withoutScripts switches scripts off for what is opened from now on. Then nothing can be
// clicked, because no frame can be waited for: keys can be pressed.
func (p *tab) withoutScripts() {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// atTable reports whether the page of a table is open.
func (p *tab) atTable(number string) bool {
	return p.isTrue(`location.pathname.startsWith("/t/` + number + `") && document.querySelector(".site-header") !== null`)
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
		learner.tabTo(textbox("My name*"))
		learner.typeText("7")
		learner.pressKey("Enter")
		learner.waitUntil("table "+table+" is open", func() bool { return learner.atTable(table) })
	}
	learner.open("/")
	learner.waitText("All tables are taken.")
	if learner.has(button("Take a free table")) {
		t.Error("there is a button for what cannot be")
	}
	learner.tabTo(textbox("My code"))
	learner.typeText("02-xxx")
	learner.pressKey("Enter")
	learner.waitText("No such table")
	learner.tabTo(link("The start page"))
	learner.pressKey("Enter")
	learner.waitText("All tables are taken.")
}

// TestClass_copyWithoutClipboard copies at an origin that browsers do not trust, which has
// no navigator.clipboard, and pastes.
func TestClass_copyWithoutClipboard(t *testing.T) {
	t.Parallel()
	learner := startClass(t, "-tables", "1").joined(t)
	learner.logIn("alice")
	learner.goTo("Token")
	learner.waitText("Valid for 14 min")
	learner.click(button("Copy"))
	learner.waitUntil("the button says so", func() bool { return learner.isTrue(`document.activeElement.classList.contains("copied")`) })
	learner.click(button("Change the claim"))
	learner.click(textbox("Token"))
	learner.pasteOver()
	learner.waitUntil("the token is back", func() bool { return learner.hasText("Checked by the server: it is right.") })
}

// joined opens the table that a new learner takes.
func (room *classroom) joined(t testing.TB) *tab {
	t.Helper()
	learner := room.newInsecureTab(t)
	learner.open("/")
	learner.click(button("Take a free table"))
	learner.waitUntil("a table is open", func() bool { return learner.atTable("") })
	return learner
}

// pasteOver replaces what is in the field that has the focus, as Ctrl V does.
func (p *tab) pasteOver() {
	p.t.Helper()
	for _, command := range []string{"selectAll", "paste"} {
		call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Commands: []string{command}})
	}
}
