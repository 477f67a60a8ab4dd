package browser

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"restaurant/learn/course"
)

// pointOf is what the console of the browser may show in a lesson: refusals, by their status,
// and why they are the point of the lesson. Nothing else may be there.
var pointOf = map[string]map[int]string{
	"L01": {401: "the kitchen does not speak with strangers", 404: "there is no such dish"},
	"L02": {401: "a request without a token"},
	"L03": {401: "a wrong password, and a name that nobody has"},
	"L04": {401: "the same order without a token"},
	"L06": {401: "a changed token", 404: "the private key is nowhere to be had"},
	"L07": {401: "a token that a decision has ended", 403: "the lounge, and the kitchen, are not for everybody"},
	"L08": {401: "an expired token"},
	"L09": {401: "a refresh token that was used twice", 422: "a token for ten years"},
	"L11": {401: "a token after the logout"},
	"L13": {431: "a header that is too large"},
	"L15": {401: "five fakes"},
	"L18": {401: "a token after a decision, and after the logout"},
	"X01": {401: "an expired token"},
}

// TestEvening_byKeyboard does the whole course and the extras on the page, and touches no mouse.
func TestEvening_byKeyboard(t *testing.T) {
	t.Parallel()
	guest := startServer(t).newTab(t)
	guest.open("/")
	keys := keyboard{guest}
	keys.press(link("Lessons"))
	guest.waitUntil("the focus on the new heading", func() bool { return guest.focused() == heading("Lessons") })
	guest.spendEvening(keys, func(string) {})
	if guest.has(button("Log out")) {
		t.Error("a lesson has put its access token on the page")
	}
}

// TestEvening_byMouse does the same by mouse, as a guest who has logged in on the page.
func TestEvening_byMouse(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, name := range []string{"first.guest", "second.guest"} { // whom L18 registers is not the first
		s.mustCall("POST", "/api/v1/auth/register", "", `{"username":"`+name+`","password":"`+name+`-likes-pizza","name":"A guest","birth_date":"1990-01-31"}`, nil)
	}
	guest := s.newTab(t)
	guest.openAs("alice", "Lessons")
	guest.spendEvening(mouse{guest}, func(id string) {
		if slices.Contains([]string{"L06", "L09", "L14", "L18"}, id) {
			guest.checkAccessibility(id + " done")
			guest.checkWidths(id + "-done")
		}
	})
	if !guest.hasText("alice, guest") {
		t.Error("the lessons have taken the access token off the page")
	}
}

// spendEvening does all lessons from the list on, one after the other, and calls done after
// each.
func (p *tab) spendEvening(by inputDevice, done func(id string)) {
	p.t.Helper()
	lessons := course.Load().Lessons
	by.press(link("* " + lessons[0].ID + " *"))
	for i, l := range lessons {
		p.waitUntil("the focus on the heading of "+l.ID, func() bool {
			at := p.focused()
			return at.role == "heading" && strings.HasPrefix(at.name, l.ID+" ")
		})
		p.doLesson(l.ID, by)
		p.checkConsole(l.ID)
		done(l.ID)
		switch {
		case i == len(lessons)-1:
		case l.Extra || lessons[i+1].Extra:
			by.press(link("All lessons"))
			by.press(link(lessons[i+1].ID + " *"))
		default:
			by.press(link("Go on with " + lessons[i+1].ID + " *"))
		}
	}
	by.press(link("All lessons"))
	p.waitText(doneOf(len(course.Load().Counted())))
}

// busyLesson sends so many requests that those of the page may be refused for a second, too.
const busyLesson, tooMany = "L16", 429

// checkConsole compares what the console shows since the lesson before with what is the point
// of this one, and forgets it.
func (p *tab) checkConsole(id string) {
	p.t.Helper()
	p.seen.mu.Lock()
	came := slices.Sorted(maps.Keys(p.seen.refusals))
	p.seen.mu.Unlock()
	if id == busyLesson {
		came = slices.DeleteFunc(came, func(status int) bool { return status == tooMany })
		p.expectStatus(tooMany)
	}
	want := slices.Sorted(maps.Keys(pointOf[id]))
	if !slices.Equal(came, want) {
		p.t.Errorf("%s: the console shows refusals with %v, and the point of the lesson is %v", id, came, pointOf[id])
	}
	p.expectStatus(came...) // they are told
	p.checkNoFaults()
	p.seen.reset()
}
