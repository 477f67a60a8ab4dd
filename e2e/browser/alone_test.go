package browser

import (
	"encoding/json"
	"testing"
)

// shownCommands are the commands of steps, and the buttons that send their requests, that can
// be seen or found.
const shownCommands = `[...document.querySelectorAll('.step__help')].flatMap(e => [...e.querySelectorAll('pre, button')])
	.filter(e => e.checkVisibility() || e.matches('pre') && e.textContent).map(e => e.textContent)`

// TestAlone_commands: the commands of the lesson that is done alone are behind a disclosure,
// which says that opening it counts as help. Whoever leaves it closed is done without help.
func TestAlone_commands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		open bool
	}{{"closed", false}, {"opened", true}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			guest := s.newTab(t)
			guest.open("/#/lessons/L18")
			guest.lockInGuess(mouse{guest})
			guest.find(element{role: "DisclosureTriangle", name: "Show the command, which counts as help (step 1)"})
			if shown := eval[[]string](guest, shownCommands); len(shown) > 0 {
				t.Errorf("before anything is opened the page shows %q", shown)
			}
			guest.waitText("Register a new guest.", "Prove that the wristband is dead")
			guest.checkAccessibility("alone")
			guest.checkWidths("alone")
			if tc.open {
				keys := keyboard{guest}
				keys.press(showCommand("step 3"))
				guest.find(button("Copy the command of step 3"))
				if at := guest.focused(); at.name != "Show the command (step 3)" {
					t.Errorf("the focus is on %s", at)
				}
				guest.waitText("Hint 2.", "/api/v1/auth/me")
				if shown := eval[[]string](guest, shownCommands); len(shown) == 0 {
					t.Error("no command is shown")
				}
				keys.press(showCommand("step 4")) // which takes nothing more
				guest.find(button("Copy the command of step 4"))
				if n := guest.sent("POST /learn/lessons/L18/hints"); n != 1 {
					t.Errorf("%d hints were taken", n)
				}
				guest.checkAccessibility("alone, with help")
				guest.checkWidths("alone-help")
			}
			s.runScript("L18")
			guest.waitText("L18 is done")
			if guest.hasText("done, with help") != tc.open || s.withHelp("L18") != tc.open {
				t.Errorf("the page says with help: %t, the certificate: %t", guest.hasText("done, with help"), s.withHelp("L18"))
			}
			guest.click(showCommand("step 1")) // what is done needs no help
			guest.find(button("Copy the command of step 1"))
			if s.withHelp("L18") != tc.open {
				t.Error("a command that is read afterwards counts as help")
			}
		})
	}
}

// withHelp reports what the certificate says about a lesson that is done.
func (s *server) withHelp(id string) bool {
	s.t.Helper()
	var certificate struct {
		Payload struct {
			Lessons []struct {
				ID       string
				WithHelp bool `json:"with_help"`
			}
		}
	}
	if err := json.Unmarshal(s.Do("GET", "/learn/certificate", "", "", "Accept", "application/json").Body, &certificate); err != nil {
		s.t.Fatal(err)
	}
	for _, l := range certificate.Payload.Lessons {
		if l.ID == id {
			return l.WithHelp
		}
	}
	s.t.Fatalf("the certificate does not name %s", id)
	return false
}
