//go:build e2e

package e2e

import (
	"testing"
)

var yourLesson = region("Your lesson")

// course is what the house tells of the lessons.
type course struct {
	Items []struct {
		ID, Title, State string
		StillToSee       []string `json:"still_to_see"`
	}
}

func (h *house) course() (c course) {
	h.t.Helper()
	h.must("GET", "/learn/lessons", "", "", &c)
	return c
}

// state is how far a lesson is, as the house says.
func (h *house) state(lesson string) string {
	h.t.Helper()
	for _, l := range h.course().Items {
		if l.ID == lesson {
			return l.State
		}
	}
	return "none"
}

// reads opens a lesson and waits for it.
func (p *tab) reads(lesson string) {
	p.t.Helper()
	p.opens("/#/lessons/" + lesson)
	p.finds(heading(lesson + " *"))
	p.finds(heading("Predict"))
}

// guesses takes the first choice of the prediction, right or wrong.
func (p *tab) guesses() {
	p.t.Helper()
	p.clicks(radio("*"))
	p.clicks(button("Lock in my guess"))
	p.finds(button("Run it here: step 1"))
}

func (p *tab) runs(step string) {
	p.t.Helper()
	p.clicks(button("Run it here: " + step))
}

// ends waits until the house and the page say that a lesson is done.
func (p *tab) ends(lesson string) {
	p.t.Helper()
	p.sees(lesson + " is done")
	if state := p.house.state(lesson); state != "done" {
		p.t.Errorf("the page says that %s is done, the house says %s", lesson, state)
	}
}

func TestTheListOfLessons(t *testing.T) {
	t.Parallel()
	guest := openHouse(t).seat(t)
	guest.opens("/")
	guest.goes("Lessons")
	guest.finds(heading("Lessons"))
	guest.sees("0 of 9 done", "Express", "II. The wristband")
	guest.everyone("lessons")
	guest.looks("lessons")
	guest.clicks(link("Begin L01 Read the menu"))
	guest.finds(heading("L01 Read the menu"))
	guest.everyone("lesson, not begun")
	guest.looks("lesson-open")
}
