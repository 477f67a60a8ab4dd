package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"restaurant/e2e/testkit"
	"restaurant/learn/course"
)

// lesson is one lesson as the server describes it, as far as tests need it.
type lesson struct {
	ID, Title, State string
	Alone            bool
	Prepare, Steps   []lessonStep
	After            []lessonStep // when it is done
	Questions        []lessonQuestion
}

type lessonQuestion struct {
	ID, Question string
	Choices      []string
	Measured     *struct { // the number of the learner's own comparison that it asks for
		Door       string
		DistanceMS int `json:"distance_ms"`
		Value      string
	}
}

type lessonStep struct {
	ID   string
	Wait int
	Page *string // where it is done, if it is no request
	Seen *bool   // nil: the lesson does not wait for it
}

// doneOf is what the page says of n lessons that are done.
func doneOf(n int) string { return fmt.Sprintf("%d of %d done", n, len(course.Load().Counted())) }

func (s *server) lesson(id string) (l lesson) {
	s.t.Helper()
	s.mustCall("GET", "/learn/lessons/"+id, "", "", &l)
	return l
}

// script is a lesson as a shell script, which has the answers in it.
func (s *server) script(id string) string {
	s.t.Helper()
	a := s.Do("GET", "/learn/lessons/"+id+".sh", "", "")
	if a.Status != http.StatusOK {
		s.t.Fatalf("the script of %s is answered %d", id, a.Status)
	}
	return string(a.Body)
}

// answersIn reads the right choices, by question, out of a script.
func answersIn(script string) map[string]int {
	answers := map[string]int{}
	for _, m := range regexp.MustCompile(`question=([a-z-]+) -d choice=([0-9]+)`).FindAllStringSubmatch(script, -1) {
		answers[m[1]], _ = strconv.Atoi(m[2])
	}
	return answers
}

// inputDevice is how a guest uses the page.
type inputDevice interface {
	// press uses a button or a link.
	press(x element)
	// choose takes one of the choices of the question in a region.
	choose(question element, choices []string, n int)
	// write writes into an empty field.
	write(field element, words string)
	// in is the same device in another tab.
	in(p *tab) inputDevice
}

type mouse struct{ p *tab }

func (m mouse) press(x element) { m.p.t.Helper(); m.p.click(x) }
func (m mouse) choose(question element, choices []string, n int) {
	m.p.t.Helper()
	m.p.click(radio(choices[n-1]).within(question))
}
func (m mouse) write(field element, words string) { m.p.t.Helper(); m.p.fill(field, words) }

func (m mouse) in(p *tab) inputDevice { return mouse{p} }

type keyboard struct{ p *tab }

func (k keyboard) press(x element) {
	k.p.t.Helper()
	k.p.find(x)
	k.p.tabTo(x)
	k.p.pressKey("Enter")
}

// choose goes to the group with Tab, and inside it with the arrows. The question is the next
// one that Tab comes to.
func (k keyboard) choose(question element, choices []string, n int) {
	k.p.t.Helper()
	k.p.find(radio(choices[0]).within(question))
	k.p.tabTo(radio(choices[0]))
	k.p.moveFocusTo(radio(choices[n-1]), "Down")
	k.p.pressKey("Space")
}

func (k keyboard) write(field element, words string) {
	k.p.t.Helper()
	k.p.find(field)
	k.p.tabTo(field)
	k.p.typeText(words)
}

func (k keyboard) in(p *tab) inputDevice { return keyboard{p} }

// terminal is a folder in which a guest types commands of one lesson.
type terminal struct {
	p     *tab
	dir   string
	typed int // how many steps of the lesson
	kiosk string
}

// usualKiosk is where the commands of lessons look for the kiosk.
const usualKiosk = "http://localhost:8081"

// doLesson does a lesson that is open on the page, as its texts say: it guesses, runs each
// request by its button, goes to the terminal or to another page where the page says so, and
// answers the questions.
func (p *tab) doLesson(id string, by inputDevice) {
	p.t.Helper()
	l, answers := p.server.lesson(id), answersIn(p.server.script(id))
	p.find(heading(id + " *"))
	p.lockInGuess(by)
	shell := &terminal{p: p, dir: p.t.TempDir()}
	for i, step := range l.Prepare {
		p.runStep(by, step.ID, "preparation "+strconv.Itoa(i+1))
	}
	for i, step := range l.Steps {
		name := "step " + strconv.Itoa(i+1)
		if l.Alone {
			by.press(showCommand(name))
			p.find(button("Copy the command of " + name))
		}
		switch {
		case step.Page != nil:
			p.doOnPage(by, name)
			p.waitSeen(id, step)
		case p.isTrue(onPage(step.ID, `textContent.includes("In a terminal: ")`)):
			shell.typeUpTo(l, len(l.Prepare)+i+1)
			p.waitSeen(id, step)
		default:
			if step.Wait > 10 {
				by.press(button("Run it here: " + name))
				// Each part of a long wait has a limit of its own: until 19 s are left, and until 9 s are.
				p.waitText("The page sends the request in 1")
				p.waitUntil("less than ten seconds to wait", func() bool { return !p.hasText("The page sends the request in 1") })
			}
			p.runStep(by, step.ID, name)
		}
	}
	for i, q := range l.Questions {
		question := region("A question")
		if len(l.Questions) > 1 {
			question = region("Question " + strconv.Itoa(i+1))
		}
		if q.Measured != nil {
			by.write(element{role: "spinbutton", name: strings.ReplaceAll(q.Question, "`", "")}, p.server.measured(q))
		} else {
			by.choose(question, q.Choices, answers[q.ID])
		}
		by.press(button("Answer").within(question))
		p.waitUntil("the answer to "+q.ID+" is right, and has the focus", func() bool {
			return p.isTrue(`document.activeElement.dataset.question === ` + quote(q.ID) + ` && document.activeElement.textContent.includes('✓ Right: ')`)
		})
	}
	p.waitText(id + " is done")
	if state := p.server.lesson(id).State; state != "done" {
		p.t.Errorf("the page says that %s is done, the server says %s", id, state)
	}
	for i, step := range l.After {
		p.runStep(by, step.ID, "last step "+strconv.Itoa(i+1))
	}
}

// showCommand is what shows the command of a step that the learner finds alone.
func showCommand(step string) element {
	return element{role: "DisclosureTriangle", name: "Show the command* (" + step + ")"}
}

// measured reads a number off the comparison sheet.
func (s *server) measured(q lessonQuestion) string {
	s.t.Helper()
	var sheet struct {
		Runs []struct {
			DistanceMS int `json:"distance_ms"`
			Doors      []map[string]any
		}
	}
	if err := json.Unmarshal(s.Do("GET", "/learn/comparison", "", "", "Accept", "application/json").Body, &sheet); err != nil {
		s.t.Fatal(err)
	}
	for _, run := range sheet.Runs {
		for _, way := range run.Doors {
			if run.DistanceMS == q.Measured.DistanceMS && way["door"] == q.Measured.Door {
				return fmt.Sprint(way[q.Measured.Value])
			}
		}
	}
	s.t.Fatalf("nothing was measured for %s", q.ID)
	return ""
}

// onPage is an expression about the element of a step.
func onPage(step, expression string) string {
	return `!!document.querySelector('[data-step=' + ` + quote(quote(step)) + ` + ']')?.` + expression
}

// lockInGuess takes the first choice of the prediction, right or wrong.
func (p *tab) lockInGuess(by inputDevice) {
	p.t.Helper()
	p.find(button("Save my guess"))
	first := text(p.find(radio("*")).Name)
	by.choose(region("Predict"), []string{first}, 1)
	by.press(button("Save my guess"))
	p.waitUntil("the steps are there", func() bool { return p.isTrue(`!!document.querySelector('[data-step]')`) })
}

// runStep sends the request of a step and waits for what is said about its answer.
func (p *tab) runStep(by inputDevice, id, name string) {
	p.t.Helper()
	by.press(button("Run it here: " + name))
	p.waitVerdict(id, "as expected")
}

// waitVerdict waits for what is said about the answer to a step.
func (p *tab) waitVerdict(id, verdict string) {
	p.t.Helper()
	p.waitUntil(id+" is "+verdict, func() bool {
		return p.isTrue(onPage(id, `querySelector('.step__verdict')?.textContent.includes(`+quote(" "+verdict)+`)`))
	})
}

// waitSeen comes back to the page after a step was done elsewhere, and waits until the page
// says that the server has seen it.
func (p *tab) waitSeen(lesson string, step lessonStep) {
	p.t.Helper()
	call(p, page.BringToFront, cdp.Empty{})
	if step.Seen == nil {
		return
	}
	eval[any](p, `void document.dispatchEvent(new Event('visibilitychange'))`)
	p.waitUntil(fmt.Sprintf("%s has seen %s", lesson, step.ID), func() bool {
		return p.isTrue(onPage(step.ID, `querySelector('.step__mark')?.textContent.includes('seen')`))
	})
}

// typeUpTo types the commands of a lesson that the page shows, up to step n, counted with the
// preparation. Steps that were run on the page come again, because their files must be here.
func (sh *terminal) typeUpTo(l lesson, n int) {
	p := sh.p
	p.t.Helper()
	if sh.typed == 0 {
		sh.run(eval[string](p, `[...document.querySelectorAll('section > div > pre.command')].filter(e => e.checkVisibility()).map(e => e.textContent).join('\n')`))
	}
	steps := slices.Concat(l.Prepare, l.Steps)
	for _, step := range steps[sh.typed:n] {
		if step.Page != nil {
			continue
		}
		time.Sleep(time.Duration(step.Wait) * time.Second) //nolint:forbidigo // the lesson says so
		sh.run(eval[string](p, `document.querySelector('[data-step=' + `+quote(quote(step.ID))+` + '] pre.command').textContent`))
	}
	sh.typed = n
}

// run runs a command as it is printed, but at the kiosk of this test.
func (sh *terminal) run(command string) {
	p := sh.p
	p.t.Helper()
	if strings.Contains(command, usualKiosk) && sh.kiosk == "" {
		stand := testkit.Launch(p.t, p.t.TempDir(), testkit.FreeAddr(p.t), "kiosk", "-trust", "http://"+p.server.Addr)
		stand.AwaitOutput("The kiosk is running")
		sh.kiosk = "http://" + stand.Addr
	}
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(command, usualKiosk, sh.kiosk))
	cmd.Dir = sh.dir
	out, _ := cmd.CombinedOutput() // some lessons show how curl fails
	p.t.Logf("%s\n%s", command, out[:min(len(out), 500)])
}

// doOnPage follows the link of a step to another page, which opens in a tab of its own, and
// lets the thief write there.
func (p *tab) doOnPage(by inputDevice, name string) {
	p.t.Helper()
	// Not before it has come to the stage: on its way there the tab changes its process, and
	// commands to the old one get no answer.
	opened := chromedp.WaitNewTarget(p.ctx, func(info *target.Info) bool {
		return info.OpenerID == chromedp.FromContext(p.ctx).Target.TargetID && strings.Contains(info.URL, "?case=") && !strings.HasPrefix(info.URL, p.origin)
	})
	by.press(link("Open the page of " + name))
	var id target.ID
	select {
	case id = <-opened:
	case <-time.After(waitLimit):
		p.fail("no tab opens for " + name)
	}
	stage := openTab(p.t, p.server, p.origin, p.ctx, chromedp.WithTargetID(id))
	// It is a stranger to the restaurant, and a policy that blocks is what it shows.
	stage.expectFaults("a request to another origin", "violates script-src", "Executing inline event handler violates")
	stage.waitUntil("the page of "+name, func() bool { return stage.isTrue(`document.readyState === 'complete'`) })
	eval[any](stage, "void (() => {"+recorder+"})()") // it was opened by the page, and has no helpers yet
	by.in(stage).press(button("Let the thief write*"))
}
