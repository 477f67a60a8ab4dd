package browser

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"

	"restaurant/e2e/testkit"
)

// classroom is a class of many tables.
type classroom struct {
	*server
	args []string
	code string // of the teacher
}

// startClass starts a class, to which learners come by a name that browsers do not trust.
func startClass(t testing.TB, args ...string) *classroom {
	t.Helper()
	room := &classroom{server: &server{t: t, dir: t.TempDir()}, args: args}
	room.start(testkit.FreeAddr(t))
	return room
}

// start starts the class at an address, with what an earlier start has left.
func (room *classroom) start(addr string) {
	room.t.Helper()
	room.Process = testkit.Prepare(room.t, room.dir, addr, exec.Command(testkit.Program(), append([]string{"class"}, room.args...)...))
	room.Cmd.Env = append(room.Cmd.Env, "RESTAURANT_PUBLIC_URL="+insecureOrigin(room.server))
	room.Start()
	room.AwaitOutput("/teach#")
	room.code = regexp.MustCompile(`/teach#(\S+)`).FindStringSubmatch(room.Output.String())[1]
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
	learner.clickToCopy(button("Copy"))
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

// asTeacher opens the teacher's view by the address that the program prints.
func (room *classroom) asTeacher(t testing.TB) *tab {
	t.Helper()
	teacher := room.newInsecureTab(t)
	teacher.expectStatus(401) // before the login
	teacher.open("/teach#" + room.code)
	teacher.waitText("tables are taken")
	return teacher
}

func TestClass_teacherLogsIn(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "3")
	teacher := room.newInsecureTab(t)
	teacher.expectStatus(401)
	teacher.open("/teach")
	teacher.waitText("The teacher’s code")
	teacher.checkAccessibility("login")
	teacher.checkWidths("login")
	teacher.tabTo(textbox("The teacher’s code"))
	teacher.typeText("aaaa-bbbb")
	teacher.pressKey("Enter")
	teacher.waitText("That is not the code of the teacher.")
	if at := teacher.focused(); at != textbox("The teacher’s code") {
		t.Errorf("after a refusal the focus is on %s", at)
	}
	teacher.fill(textbox("The teacher’s code"), room.code)
	teacher.pressKey("Enter")
	teacher.waitText("0 of 3 tables are taken", "Live")
	teacher.click(button("Log out"))
	teacher.waitText("The teacher’s code")

	teacher.open("/teach#" + room.code)
	teacher.waitText("0 of 3 tables are taken")
	if left := eval[string](teacher, `location.href + JSON.stringify(history.state)`); strings.Contains(left, room.code) {
		t.Errorf("the code is still in %s", left)
	}
	teacher.reload()
	teacher.waitText("0 of 3 tables are taken") // by the cookie
}

func TestClass_teacherSeesRequests(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "30")
	teacher := room.asTeacher(t)
	teacher.waitText("Live")
	base := room.take(t, "Alice")
	for path, words := range map[string]string{"/api/v1/menu/1": "200 GET /menu/:id", "/api/v1/orders": "401 authentication-required"} {
		room.Do("GET", base+path, "", "")
		teacher.waitForRequest(words)
	}
	teacher.moveFocusTo(button("Table 01"), "Tab")
	room.Do("GET", base+"/api/v1/menu", "", "")
	teacher.waitText("200 GET /menu")
	if at := teacher.focused(); at != button("Table 01") {
		t.Errorf("after news the focus is on %s", at)
	}
	teacher.checkAccessibility("tables")
	teacher.checkWidths("tables")
	if missed := teacher.unreached(); len(missed) > 0 {
		t.Errorf("Tab does not reach %q", missed)
	}
	teacher.moveFocusTo(button("Table 01"), "Tab")
	teacher.pressKey("Enter")
	teacher.waitText("What comes next", "The latest requests", base)
	teacher.checkAccessibility("a table")
	teacher.checkWidths("a table")
	teacher.pressKey("Escape")
	teacher.waitUntil("the focus back on the row", func() bool { return teacher.focused() == button("Table 01") })
}

// waitForRequest waits until the row of table 01 shows a request and its answer. How soon it has to
// be there is measured by TestSpeed_teacherSees.
func (p *tab) waitForRequest(words string) {
	p.t.Helper()
	p.waitUntil("table 01 shows "+words, func() bool {
		return p.isTrue(`document.querySelector('.tables li').innerText.includes(` + quote(words) + `)`)
	})
}

// take takes a table as a program does, and returns the path of its address.
func (room *classroom) take(t testing.TB, name string) (base string) {
	t.Helper()
	var joined struct{ Code string }
	room.mustCall("POST", "/class/join", "", `{"name": "`+name+`"}`, &joined)
	return "/t/" + joined.Code
}

// TestClass_wall: with thirty tables, and with a hundred, a projector shows all without
// scrolling, and nothing smaller than what one reads from six metres away.
func TestClass_wall(t *testing.T) {
	t.Parallel()
	for _, tables := range []string{"30", "100"} {
		t.Run(tables, func(t *testing.T) {
			t.Parallel()
			room := startClass(t, "-tables", tables)
			base := room.take(t, "Alice")
			for range 12 {
				room.Do("GET", base+"/api/v1/menu", "", "")
			}
			teacher := room.asTeacher(t)
			teacher.resize(1280, 720)
			teacher.open("/teach/wall")
			teacher.waitText("0 of 1 done with L01")
			teacher.waitUntil("it listens", func() bool { return teacher.isTrue(`document.body.dataset.mode === "live"`) })
			for _, path := range []string{"/menu", "/orders", "/menu/99", "/orders"} {
				room.Do("GET", base+"/api/v1"+path, "", "")
			}
			teacher.waitUntil("a mark for each request", func() bool {
				return teacher.isTrue(`Array.from(document.querySelectorAll('.tile__marks svg'), mark => mark.classList[1]).join().endsWith('mark--other,mark--unknown')`)
			})
			teacher.waitForPaint()
			teacher.screenshot("wall " + tables)
			if found := eval[[]string](teacher, smallOnTheWall); len(found) > 0 {
				t.Errorf("too small or out of sight: %q", found)
			}
			if teacher.hasText("Alice") {
				t.Error("the wall shows a name")
			}
			room.mustCall("POST", "/teach/message", room.code, `{"text": "`+strings.Repeat("All 140 letters. ", 8)+`"}`, nil)
			room.mustCall("POST", "/teach/pause", room.code, `{"seconds": 600}`, nil)
			teacher.waitText("All 140 letters.", "Hands off until")
			teacher.waitForPaint()
			teacher.screenshot("wall with notes " + tables)
			if found := eval[[]string](teacher, smallOnTheWall); len(found) > 0 {
				t.Errorf("with notes, too small or out of sight: %q", found)
			}
			if tables == "30" { // with more, only more of the same
				teacher.checkAccessibility("wall")
				teacher.checkWidths("wall")
			}
		})
	}
}

// smallOnTheWall lists texts below 24 px, the height of which is 37 mm on a picture of two
// metres, and what does not fit.
const smallOnTheWall = `(() => {
	const found = [], root = document.documentElement
	if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) found.push('the page scrolls: ' + root.scrollWidth + ' by ' + root.scrollHeight)
	for (const e of document.querySelectorAll('body *')) {
		const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
		if (!text && e.localName !== 'svg' || !e.checkVisibility() || e.closest('.visually-hidden, noscript')) continue
		const box = e.getBoundingClientRect(), size = text ? parseFloat(getComputedStyle(e).fontSize) : box.height
		if (size < 24 && !(e.localName === 'svg' && size >= 20)) found.push(e.className + ' ' + size + ' px')
		const tile = e.closest('.tile')?.getBoundingClientRect()
		if (tile && (box.bottom > tile.bottom || box.top < tile.top || box.right > tile.right || box.left < e.parentElement.getBoundingClientRect().left)) found.push(e.getAttribute('class') + ' is cut off by its tile')
		if (box.bottom > innerHeight + 1 || box.right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) found.push(e.className + ' is cut off')
	}
	return [...new Set(found)]
})()`

// TestClass_cards: eight on a page of A4, and no word cut off, however long it all is.
func TestClass_cards(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "30", "-title", "Introduction to interfaces, group 10b-26")
	room.take(t, strings.Repeat("Marco and ", 3)+"Bob")
	teacher := room.asTeacher(t)
	teacher.open("/teach/cards")
	teacher.waitText("30 cards, eight on a page: 4 pages A4", "curl.exe")
	teacher.checkAccessibility("cards")
	teacher.checkWidths("cards")
	call(teacher, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	teacher.waitForPaint()
	if cut := eval[[]string](teacher, `[...document.querySelectorAll('.seat-card')].filter(e => e.scrollHeight > e.clientHeight).map(e => e.scrollHeight + ' px in ' + e.clientHeight + ': ' + e.innerText)`); len(cut) > 0 {
		t.Errorf("%d cards are too full, such as %q", len(cut), cut[0])
	}
	pdf := call(teacher, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), PrintBackground: new(true)}).Data
	if pages := regexp.MustCompile(`/Type\s*/Page\b`).FindAllString(string(pdf), -1); len(pages) != 4 {
		t.Errorf("30 cards take %d pages", len(pages))
	}
	if !strings.Contains(string(pdf), "/MediaBox [0 0 594.95996 841.91998]") {
		t.Errorf("the paper is not A4: %s", regexp.MustCompile(`/MediaBox \[[^]]*\]`).FindString(string(pdf)))
	}
}

// TestClass_pagesOfTheTeacherAreClosed: nobody else sees wall and cards.
func TestClass_pagesOfTheTeacherAreClosed(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "1")
	learner := room.newInsecureTab(t)
	learner.expectStatus(401)
	for _, path := range []string{"/teach/wall", "/teach/cards", "/teach/sheets"} {
		learner.open(path)
		learner.waitText("401", "Only the teacher may do this.")
		if learner.hasText("01-") {
			t.Errorf("%s shows a code", path)
		}
	}
}

// TestClass_teacherSpeaks: what the teacher says and a pause are seen at a table, which hears
// of both without a request of its own.
func TestClass_teacherSpeaks(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	learner := room.joined(t)
	learner.expectStatus(503)
	learner.waitText("Table 01", "Margherita")
	teacher := room.asTeacher(t)
	teacher.fill(textbox("One line for all pages"), "Look up, “401” – 100 %")
	teacher.pressKey("Enter")
	teacher.waitText("All pages show it in some seconds.")
	learner.waitText("Your teacher says: Look up, “401” – 100 %")
	learner.click(button("Close the message"))
	learner.waitGone(button("Close the message"))

	teacher.click(button("Pause for 2 min"))
	teacher.waitText("All tables have a pause.", "left, until")
	teacher.waitUntil("the focus on the end", func() bool { return teacher.focused() == button("End the pause") })
	learner.waitText("Your teacher is explaining something. Hands off until")
	learner.click(size("large", "Margherita"))
	learner.click(button("Order"))
	learner.waitText("503", "The class has a pause")
	learner.checkAccessibility("a pause")
	learner.checkWidths("a pause")
	newcomer := room.newInsecureTab(t)
	newcomer.open("/")
	newcomer.waitText("Look up", "The class has a pause until")
	teacher.click(button("End the pause"))
	teacher.waitText("The pause is over.")
	learner.waitUntil("the pause is over", func() bool { return learner.isTrue(`document.querySelector('.bar--pause').hidden`) })

	table := eval[string](learner, `location.pathname`)
	for _, page := range []string{"learn/sheet", "problems/class-paused"} {
		learner.open(table + page)
		learner.waitText("Table 01", "Your teacher says: Look up")
	}
	teacher.click(button("Take it away"))
	learner.waitUntil("it is gone", func() bool { return learner.isTrue(`document.querySelector('.bar--says').hidden`) })
	learner.checkAccessibility("the page of a refusal")
}

// TestClass_partsAndGuesses: a lesson of a part that is not open looks locked and can be
// read; the wall shows guesses, and the answer when the teacher says so.
func TestClass_partsAndGuesses(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	learner := room.joined(t)
	table := eval[string](learner, `location.pathname`)
	learner.open(table + "#/lessons")
	learner.click(link("L05 Read the wristband"))
	learner.waitText("This lesson is locked. You can read it now.", "Predict")
	learner.checkAccessibility("locked")
	teacher := room.asTeacher(t)
	teacher.click(button("Open for all (part II)"))
	teacher.waitText("Part II is open for all.", "Open for all ✓")
	learner.waitUntil("it is open", func() bool { return !learner.hasText("This lesson is locked.") })

	room.mustCall("POST", strings.TrimSuffix(table, "/")+"/learn/lessons/L01/answers", "", `{"question": "predict", "choice": 1}`, nil)
	wall := teacher.newTabOfSameUser()
	wall.resize(1280, 720)
	wall.open("/teach/wall")
	wall.waitText("0 of 1 done with")
	teacher.click(button("Show them on the wall"))
	wall.waitText("You ask for the menu with GET /api/v1/menu")
	if wall.hasText("✓") || !wall.isTrue(`document.querySelector('.histogram li progress').value === 1`) {
		t.Errorf("the wall shows more than the guesses, or not the one that was made: %s", wall.screenshot("guesses"))
	}
	teacher.click(button("Show them on the wall"))
	teacher.waitText("The wall shows them already.")
	if wall.hasText("✓") || !teacher.hasText("Show the answer") {
		t.Errorf("the guesses shown again tell the answer: %s", wall.screenshot("guesses again"))
	}
	teacher.click(button("Show the answer"))
	wall.waitText("✓")
	if found := eval[[]string](wall, smallOnTheWall); len(found) > 0 {
		t.Errorf("too small or out of sight: %q", found)
	}
	wall.checkAccessibility("guesses")
	teacher.checkAccessibility("guesses, teacher")
	teacher.click(button("Take it off the wall"))
	wall.waitUntil("the tiles are back", func() bool { return wall.isTrue(`document.querySelector('.tile').checkVisibility()`) })
}

// TestClass_pressesInAMomentAreOne: while the guesses of a lesson are on their way to the wall, news of the
// lesson that is there do not let a second press tell the answer.
func TestClass_pressesInAMomentAreOne(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	base := room.take(t, "Alice")
	room.mustCall("POST", "/teach/reveal", room.code, `{"lesson": "L02", "question": "predict"}`, nil)
	teacher := room.asTeacher(t)
	guesses := func() float64 {
		return eval[float64](teacher, `[...document.querySelectorAll('.histogram progress')].reduce((sum, bar) => sum + bar.value, 0)`)
	}
	teacher.waitUntil("the guesses of L02", func() bool { return teacher.isTrue(`document.querySelector('.histogram') !== null`) })
	held, letGo := hold("POST /teach/reveal")
	teacher.intercept(held)
	teacher.click(button("Show them on the wall")) // those of L01
	room.mustCall("POST", base+"/learn/lessons/L02/answers", "", `{"question": "predict", "choice": 1}`, nil)
	teacher.waitUntil("a guess of L02", func() bool { return guesses() == 1 })
	teacher.click(button("Show them on the wall"))
	teacher.waitText("The wall shows them already.")
	letGo()
	teacher.waitText("You ask for the menu with GET /api/v1/menu", "Show the answer")
	teacher.waitText("The wall shows the guesses.")
	if n := teacher.sent("POST /teach/reveal"); n != 1 {
		t.Errorf("the page has sent %d times what the wall is to show", n)
	}
}

// TestClass_clockAndSheets: the clock of all tables, their pace, and sheets with the address
// of a table.
func TestClass_clockAndSheets(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	base := room.take(t, "Alice")
	teacher := room.asTeacher(t)
	teacher.click(element{role: "DisclosureTriangle", name: "Clock and pace"})
	teacher.click(button("Set the clock"))
	teacher.waitText("The clock is 1 min ahead.")
	eval[any](teacher, `void [...document.querySelectorAll('select')].forEach(s => [...s.options].some(o => o.value === 'manual') && (s.value = 'manual') || [...s.options].some(o => o.value === '30s') && (s.value = '30s'))`)
	teacher.click(button("Set the pace"))
	teacher.waitText("It is set at all tables.")
	var token struct {
		ExpiresIn int `json:"expires_in"`
	}
	room.mustCall("POST", base+"/api/v1/auth/login", "", `{"username": "alice", "password": "alice-likes-pizza"}`, &token)
	if token.ExpiresIn != 30 {
		t.Errorf("a new token is valid for %d s", token.ExpiresIn)
	}
	teacher.checkAccessibility("clock and pace")
	teacher.open("/teach/sheets")
	teacher.fill(textbox("Lessons*"), "L02")
	teacher.click(button("Choose these"))
	teacher.waitText("L02 for each table", "Alice")
	teacher.checkAccessibility("sheets")
	teacher.checkWidths("sheets")
	teacher.open(eval[string](teacher, `(a => a.pathname + a.search)(document.querySelector('.sheet-links a'))`))
	teacher.waitText("L02 ", base)
}

// TestClass_teacherHelpsATable: a reset shows first what is lost and can be undone; a code
// can be renewed, and a table closed and opened.
func TestClass_teacherHelpsATable(t *testing.T) {
	t.Parallel()
	room := startClass(t, "-tables", "2")
	base := room.take(t, "Alice")
	room.orderAt(base)
	orders := func() int { return room.ordersAt(base) }
	teacher := room.asTeacher(t)
	teacher.click(button("Table 01"))
	dialog := element{role: "dialog", name: "Table 01*"}
	teacher.click(element{role: "DisclosureTriangle", name: "Reset this table"})
	teacher.click(radio("Orders, menu and accounts*"))
	teacher.click(button("Show what is lost"))
	teacher.waitText("This is lost:", "1 orders")
	if n := orders(); n != 1 {
		t.Errorf("after the preview there are %d orders", n)
	}
	teacher.checkAccessibility("a reset")
	teacher.click(button("Reset now"))
	teacher.waitText("It is reset.")
	if n := orders(); n != 0 {
		t.Errorf("after the reset there are %d orders", n)
	}
	teacher.open("/teach") // a page that is loaded again knows it, too
	teacher.click(button("Table 01"))
	teacher.click(button("Undo the reset").within(dialog))
	teacher.waitText("The table is as it was before.")
	if n := orders(); n != 1 {
		t.Errorf("after undo there are %d orders", n)
	}

	teacher.click(button("Close the table"))
	teacher.waitUntil("it is said in the dialog", func() bool {
		return strings.Contains(eval[string](teacher, strings.ReplaceAll(spokenIn, "%s", "dialog:modal")), "Press again.")
	})
	teacher.click(button("Close it: requests get 503"))
	teacher.waitText("The table is closed.")
	if status := room.Call("GET", base+"/api/v1/menu", "", "", nil); status != 503 {
		t.Errorf("a closed table answers %d", status)
	}
	teacher.click(button("Open the table"))
	teacher.waitText("The table is open.")
	teacher.click(button("New code"))
	teacher.click(button("New code: the old one ends now"))
	teacher.waitText("The new code is 01-")
	if status := room.Call("GET", base+"/api/v1/menu", "", "", nil); status != 410 {
		t.Errorf("the old code answers %d", status)
	}
	if !teacher.isTrue(`document.querySelector("dialog").contains(document.activeElement)`) {
		t.Error("the focus was lost")
	}
}
