package browser

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// focusIsSeen wants the focus on something that is in sight and has a ring; headings, which take
// it for a screen reader only, need none.
func (p *tab) focusIsSeen(after string) {
	p.t.Helper()
	why := ""
	if !eventually(p.t, func() bool {
		why = eval[string](p, `(() => {
			const at = document.activeElement
			if (!at || at === document.body) return 'it is lost'
			const s = getComputedStyle(at), box = at.getClientRects()[0]
			if (!at.checkVisibility({ visibilityProperty: true }) || !box) return 'it is on what is hidden'
			if (at.tabIndex >= 0 && (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2)) return 'it has no ring'
			if (box.bottom < 1 || box.top > innerHeight - 1) return 'it is out of sight'
			return ''
		})()`)
		return why == ""
	}) {
		p.fail("after " + after + " the focus cannot be seen: " + why)
	}
}

// steps are what a person does who has no mouse.
type steps struct{ *tab }

// press goes to something with Tab and presses a key there.
func (s steps) press(x element, key string) {
	s.t.Helper()
	s.find(x)
	s.tabTo(x)
	s.focusIsSeen("Tab to " + x.String())
	s.pressKey(key)
	s.focusIsSeen(key + " on " + x.String())
}

// TestClass_teachByKeyboard teaches with Tab, Enter, Space, arrows and Escape only. The focus is
// always in sight, also after what had it has gone and while the learners go on.
func TestClass_teachByKeyboard(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "3")
	base := room.take(t, "Alice")
	teacher := room.newInsecureTab(t)
	by := steps{teacher}
	teacher.expectStatus(401) // before the login
	teacher.open("/teach")
	by.press(textbox("The teacher’s code"), "Tab")
	teacher.moveFocusTo(textbox("The teacher’s code"), "Shift+Tab")
	teacher.typeText(room.code)
	teacher.pressKey("Enter")
	teacher.waitText("1 of 3 tables are taken", "Live")
	teacher.focusIsSeen("the login")

	by.press(button("Open for all (part II)"), "Enter")
	teacher.waitText("Part II is open for all.")
	teacher.waitUntil("the focus is still there", func() bool { return teacher.focused() == button("Open for all ✓ (part II)") })
	teacher.moveFocusTo(textbox("One line for all pages"), "Shift+Tab")
	teacher.typeText("Look at table 1")
	teacher.pressKey("Enter")
	teacher.waitText("All pages show it in some seconds.")
	by.press(button("Take it away"), "Space")
	teacher.waitText("It is gone.")
	teacher.waitUntil("the focus on the field", func() bool { return teacher.focused() == textbox("One line for all pages") })

	by.press(button("Pause for 1 min"), "Enter")
	teacher.waitText("All tables have a pause.")
	teacher.waitUntil("the focus on the end", func() bool { return teacher.focused() == button("End the pause") })
	teacher.pressKey("Space")
	teacher.waitText("The pause is over.")
	teacher.focusIsSeen("the end of the pause")

	by.press(element{role: "combobox", name: "Lesson"}, "Down")
	by.press(button("Show them on the wall"), "Enter")
	by.press(button("Show the answer"), "Enter")
	teacher.waitText("The wall shows the answer.")
	teacher.focusIsSeen("the answer")
	by.press(button("Take it off the wall"), "Enter")
	teacher.waitText("The wall shows the tables.")
	teacher.focusIsSeen("what was on the wall has gone")

	by.press(element{role: "DisclosureTriangle", name: "Clock and pace"}, "Enter")
	by.press(element{role: "combobox", name: "Set the clock ahead by"}, "Down")
	by.press(button("Set the clock"), "Space")
	teacher.waitText("The clock is 16 min ahead.")
	if at := teacher.focused(); at != button("Set the clock") {
		t.Errorf("after the clock is set the focus is on %s", at)
	}

	by.helpTable(room, base)
	if csv := teacher.download("class.csv", func() { by.press(link("Export as CSV"), "Enter") }); !strings.Contains(csv, ",01,Alice,L01,") {
		t.Errorf("the spreadsheet is %q", csv)
	}
	teacher.focusIsSeen("a download")
	by.useWall()
}

// helpTable resets a lesson of table 01 and undoes that, and looks at table 02 while somebody sits
// down there.
func (s steps) helpTable(room *classroom, base string) {
	s.t.Helper()
	room.Do("GET", base+"/api/v1/menu", "", "")
	s.waitText("200 GET /menu")
	s.press(button("Table 01"), "Enter")
	s.press(element{role: "DisclosureTriangle", name: "Lessons and answers*"}, "Enter")
	s.waitText("L01 Read the menu: begun")
	room.Do("GET", base+"/api/v1/orders", "", "") // the dialog is built again
	s.waitText("/api/v1/orders")
	if at := s.focused(); at.role != "DisclosureTriangle" {
		s.t.Errorf("after a request the focus is on %s", at)
	}
	s.press(element{role: "DisclosureTriangle", name: "Reset this table"}, "Space")
	s.tabTo(radio("Lesson L01: begin it again"))
	s.moveFocusTo(radio("All lessons"), "Down")
	s.press(button("Show what is lost"), "Enter")
	s.waitUntil("the focus on the reset", func() bool { return s.focused() == button("Reset now") })
	s.pressKey("Enter")
	s.waitText("It is reset.")
	s.press(button("Undo the reset"), "Enter")
	s.waitText("The table is as it was before.")
	s.focusIsSeen("the undo")
	s.pressKey("Escape")
	s.waitUntil("the focus back on the row", func() bool { return s.focused() == button("Table 01") })

	var free struct{ Code string }
	room.mustCall("GET", "/teach/tables/02", room.code, "", &free)
	s.moveFocusTo(radio("All*"), "Shift+Tab")
	s.moveFocusTo(radio("Free or closed*"), "Down")
	s.press(button("Table 02"), "Enter")
	s.press(element{role: "DisclosureTriangle", name: "Reset this table"}, "Enter")
	s.tabTo(button("Show what is lost"))
	room.Do("GET", "/t/"+free.Code+"/api/v1/menu", "", "")
	s.waitText("At work", "200 GET /menu")
	if at := s.focused(); at != button("Show what is lost") {
		s.t.Errorf("when a learner sits down the focus goes to %s", at)
	}
	s.pressKey("Escape")
	s.waitUntil("the focus back on the row, which the filter would hide", func() bool { return s.focused() == button("Table 02") })
	s.press(radio("Free or closed*"), "Tab")
}

// useWall opens the wall and stops it.
func (s steps) useWall() {
	s.t.Helper()
	s.press(link("Wall*"), "Enter")
	s.waitUntil("a tab with the wall", func() bool {
		targets, err := chromedp.CallBrowser(s.ctx, target.GetTargets, target.GetTargetsParams{})
		return err == nil && slices.ContainsFunc(targets.TargetInfos, func(t *target.Info) bool { return t.URL == s.origin+"/teach/wall" })
	})
	wall := s.newTabOfSameUser()
	wall.open("/teach/wall")
	wall.waitText("01", "done with")
	by := steps{wall}
	by.press(button("Stop"), "Enter")
	wall.waitText("The wall stands still since")
	by.press(button("Go on"), "Space")
	wall.waitUntil("it goes on", func() bool { return !wall.hasText("The wall stands still since") })
	if missed := wall.unreached(); len(missed) > 0 {
		s.t.Errorf("Tab does not reach %q on the wall", missed)
	}
}
