package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// notebookEntry is an entry of the notebook as a guest copies it: the command for sh
// and the files that it needs.
type notebookEntry struct {
	N      int
	Title  string // "POST /api/v1/orders, 201"
	Status int
	Shell  string
	Files  map[string]string
}

// copyNotebook takes the sh form out of every entry of the notebook, the oldest first,
// as it happened.
func (p *tab) copyNotebook() (entries []notebookEntry) {
	p.t.Helper()
	p.goTo("Notebook")
	p.waitUntil("all entries are listed and answered", func() bool {
		newest, all := 0, p.all(article("Entry *"))
		if len(all) > 0 {
			fmt.Sscanf(text(all[0].Name), "Entry %d", &newest)
		}
		return newest > 0 && newest <= len(all) && !p.has(article("Entry *, …"))
	})
	for _, card := range p.all(article("Entry *")) {
		w := notebookEntry{Title: text(card.Name)}
		fmt.Sscanf(w.Title, "Entry %d:", &w.N)
		_, outcome, _ := strings.Cut(w.Title, ", ")
		fmt.Sscanf(outcome, "%d", &w.Status)
		w.Files = callOn[map[string]string](p, card.BackendDOMNodeID, `async function() {
			const details = this.querySelector('details')
			details.open = true
			for (let i = 0; i < 300 && !this.querySelector('pre.command'); i++) await new Promise(next => setTimeout(next, 10))
			const texts = { '': this.querySelector('pre.command[data-shell=sh]').textContent }
			for (const file of this.querySelectorAll('pre[data-file]')) texts[file.dataset.file] = file.textContent
			details.open = false
			return texts
		}`)
		w.Shell = w.Files[""]
		delete(w.Files, "")
		if w.Shell == "" {
			p.fail(w.Title + " cannot be copied")
		}
		entries = append(entries, w)
	}
	slices.SortFunc(entries, func(a, b notebookEntry) int { return a.N - b.N })
	return entries
}

var lastStatus = regexp.MustCompile(`(?m)^HTTP/1\.1 (\d{3})`)

// run runs the commands in a folder of their own and returns the status of
// the last response.
func (w notebookEntry) run(t *testing.T) (status int, output string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range w.Files {
		if filepath.Base(name) != name {
			t.Fatalf("a file outside the folder: %s", name)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	limit, cancel := context.WithTimeout(t.Context(), 2*waitLimit)
	defer cancel()
	cmd := exec.CommandContext(limit, "sh", "-c", w.Shell)
	cmd.Dir = folder
	cmd.WaitDelay = time.Second // a curl that outlives its shell holds the pipe
	var progress bytes.Buffer
	cmd.Stderr = &progress
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s\n%s", w.Title, err, w.Shell, progress.String())
	}
	if found := lastStatus.FindAllSubmatch(out, -1); found != nil {
		fmt.Sscan(string(found[len(found)-1][1]), &status)
	}
	return status, string(out[:min(len(out), 2000)])
}

const ownPassword, newPassword = "a sentence only I know", "another sentence of mine"

// TestNotebook_commandsRepeatEveryAction does everything that the page can do, takes the
// commands out of the notebook, and runs them one after the other on the same
// server as it was before: every response has the same status again.
func TestNotebook_commandsRepeatEveryAction(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the notebook's commands need curl: install it")
	}
	s := startServer(t, "RESTAURANT_KITCHEN=manual")
	putBack := s.keepData()
	guest := s.newTab(t)
	guest.expectStatus(401, 403, 409, 412, 422)
	var entries []notebookEntry
	for _, walk := range []func(*tab){doAsAnonymous, doAsGuest, doWithCookies, doWithNewAccount, doAsChef, doAsManager} {
		guest.open("/#/about")
		guest.reload() // this empties the notebook
		walk(guest)
		entries = append(entries, guest.copyNotebook()...)
	}
	guest.open("/healthz") // away from the page, which would notice
	putBack()
	s.rerunAll(t, entries)

	var done []string
	for _, w := range entries {
		done = append(done, regexp.MustCompile(`^Entry \d+: |/\d+|/[0-9A-Z]{20,}|\?.*|, .*`).ReplaceAllString(w.Title, ""))
	}
	for _, action := range actions {
		if !slices.Contains(done, action) {
			t.Errorf("the page was never made to do %s", action)
		}
	}
}

// actions is everything that the page can ask for.
var actions = []string{
	"GET /api/v1/menu", "GET /api/v1/lounge", "POST /api/v1/orders", "GET /api/v1/orders", "GET /api/v1/orders/events", "POST /api/v1/orders/cancel",
	"POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh", "POST /api/v1/auth/logout", "GET /api/v1/auth/me",
	"POST /api/v1/auth/inspect", "POST /api/v1/auth/password", "GET /api/v1/auth/sessions", "DELETE /api/v1/auth/sessions",
	"GET /api/v1/kitchen/orders", "PATCH /api/v1/kitchen/orders", "GET /api/v1/kitchen/mode", "PUT /api/v1/kitchen/mode", "GET /api/v1/users", "PATCH /api/v1/users", "DELETE /api/v1/users/sessions",
	"POST /api/v1/menu", "PUT /api/v1/menu", "DELETE /api/v1/menu", "POST /api/v1/auth/keys/rotate",
}

func doAsAnonymous(p *tab) {
	p.goTo("Menu")
	p.fill(element{role: "searchbox", name: "Find"}, `"crudo" & rucola 100%`)
	p.waitText("No dish matches")
	p.fill(element{role: "searchbox", name: "Find"}, "margherita")
	p.click(size("large", "Margherita"))
	p.click(button("Try to enter the lounge"))
	p.waitText("401")
	p.click(button("Order"))
	p.waitText("Your basket is kept.")
	p.click(button("One less large Margherita"))
	for _, view := range []string{"My orders", "Kitchen", "Office"} {
		p.goTo(view)
		p.click(button("Ask without one"))
		p.waitUntil("a refusal of "+view, func() bool { return p.isTrue(`document.querySelector('main .refusal .status')?.textContent === '401'`) })
	}
}

func doAsGuest(p *tab) {
	p.logIn("alice")
	p.goTo("Menu")
	p.click(button("Try to enter the lounge"))
	p.waitText("403")
	for _, note := range []string{`no “onions”, 100% 'al dente' & "hot" $HOME \ !`, ""} {
		p.click(size("large", "Margherita"))
		p.fill(textbox("Note for large Margherita"), note)
		p.click(button("Order"))
		p.waitText("is taken")
		p.waitGone(textbox("Note for large Margherita"))
	}
	p.click(link("Order 2").within(region("Basket")))
	p.waitText("live")
	p.click(button("Cancel order 2"))
	p.waitText("Order 2 is cancelled.")
	p.goTo("Token")
	p.waitText("Valid for")
	p.click(button("Change the claim"))
	p.waitText("Wrong signature")
	p.click(button("Send it to the server"))
	p.waitText("401")
	p.click(button("Get a new one with the voucher"))
	p.waitUntil("a new access token", func() bool { return p.sent("POST /api/v1/auth/refresh") > 0 })
	p.server.Login("alice")
	p.goTo("My logins")
	p.click(button("End this one: A program*"))
	p.waitText("That login has ended.")
	p.click(button("End all"))
	p.find(link("Log in"))
}

func doWithCookies(p *tab) {
	p.logIn("alice", "in a cookie")
	p.goTo("Menu")
	p.click(size("small", "Diavola"))
	p.click(button("Order"))
	p.waitText("is taken")
	p.goTo("Token")
	p.click(button("Get a new one with the voucher"))
	p.goTo("My orders")
	p.find(article("Order 3"))
	p.waitText("live")
	p.click(button("Log out"))
	p.find(link("Log in"))
}

func doWithNewAccount(p *tab) {
	p.click(link("Log in"))
	p.click(button("Create an account"))
	p.fill(textbox("Name"), "new.guest")
	p.fill(textbox("Password"), ownPassword)
	p.fill(textbox("What is your name?"), "New Guest")
	p.click(button("Create my account*"))
	p.waitGone(loginDialog)
	p.goTo("My logins")
	p.click(element{role: "DisclosureTriangle", name: "Change the password"})
	p.fill(textbox("Current password"), ownPassword)
	p.fill(textbox("New password (8 letters or more)"), newPassword)
	p.click(button("Change the password"))
	p.waitText("The password is changed")
	p.click(button("Log out"))
	p.find(link("Log in"))
}

func doAsChef(p *tab) {
	p.logIn("carla")
	p.goTo("Kitchen")
	p.click(button("Serve order 1 at once"))
	p.waitText("409")
	p.click(button("Start cooking order 1"))
	p.click(button("Order 1 is ready"))
	p.click(button("Serve order 1"))
	p.waitGone(article("Order 1, *"))
	p.click(button("Cancel order 3"))
	p.waitText("All quiet")
	p.click(element{role: "switch", name: "Let me cook"})
	p.waitText("The kitchen cooks by itself again.")
	p.click(button("Log out"))
	p.find(link("Log in"))
}

func doAsManager(p *tab) {
	p.logIn("marco")
	p.goTo("Office")
	p.click(checkbox("VIP: bob"))
	p.click(button("Save bob"))
	p.waitText("bob is changed.")
	p.click(button("End all logins of bob"))
	p.waitText("All login sessions of bob have ended.")
	p.click(button("Add a dish"))
	form := element{role: "form", name: "Add a dish"}
	p.fill(textbox("Name").within(form), "Pizza of the day")
	p.fill(textbox("Category").within(form), "pizza")
	p.click(button("Put it on the menu"))
	p.waitText("422")
	p.fill(textbox("medium, cents").within(form), "990")
	p.click(button("Put it on the menu"))
	p.waitText("Pizza of the day is on the menu.")
	p.click(button("Change Margherita"))
	p.click(button("Save the dish"))
	p.waitText("Margherita is changed.")
	p.scrollTo("Pizza of the day")
	p.click(button("Remove Pizza of the day"))
	p.click(button("Really remove Pizza of the day?"))
	p.waitText("Pizza of the day is off the menu.")
	p.click(button("Sign with a new key"))
	p.waitText("signs from now on.")
}

// keepData copies what a new server has written, and returns a function that puts it
// back as a whole: other keys would not go with an older database, nor it with them.
func (s *server) keepData() (putBack func()) {
	s.t.Helper()
	kept := filepath.Join(s.t.TempDir(), "kept")
	replace := func(from, to string) {
		s.t.Helper()
		s.Kill()
		if err := os.RemoveAll(to); err != nil {
			s.t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil { // keys keep their permissions
			s.t.Fatalf("cp: %v: %s", err, out)
		}
		s.restart()
	}
	replace(s.dir, kept)
	return func() { s.t.Helper(); replace(kept, s.dir) }
}

// rerunAll runs the entries in their order. A stream goes on beside the others,
// until they have brought its order to an end.
func (s *server) rerunAll(t *testing.T, entries []notebookEntry) {
	var streams sync.WaitGroup
	for _, w := range entries {
		s.fillPlaceholders(&w)
		run := func() {
			if status, output := w.run(t); status != w.Status {
				t.Errorf("%s: repeated it is answered %d\n%s\n%v\n%s", w.Title, status, w.Shell, w.Files, output)
			}
		}
		if strings.Contains(w.Title, "/events, ") {
			streams.Go(run)
		} else {
			run()
		}
	}
	streams.Wait()
}

var sessionID = regexp.MustCompile(`/auth/sessions/[^ \n]+`)

// fillPlaceholders puts in what the notebook keeps no record of: passwords that are not
// public, and the number of a login session, which is another one every time.
func (s *server) fillPlaceholders(w *notebookEntry) {
	if sessionID.MatchString(w.Shell) {
		var sessions struct{ Items []struct{ ID string } }
		s.mustCall("GET", "/api/v1/auth/sessions", s.Login("alice"), "", &sessions)
		w.Shell = sessionID.ReplaceAllString(w.Shell, "/auth/sessions/"+sessions.Items[0].ID)
	}
	password := ownPassword
	if strings.Contains(w.Title, "/auth/logout") {
		password = newPassword // it was changed by then
	}
	fill := strings.NewReplacer(`"new":"YOUR-PASSWORD"`, `"new":"`+newPassword+`"`, `"current":"YOUR-PASSWORD"`, `"current":"`+ownPassword+`"`,
		"password=YOUR-PASSWORD", `"password=`+password+`"`, "YOUR-PASSWORD", password, "YOUR-NAME", "new.guest")
	w.Shell = fill.Replace(w.Shell)
	for name, text := range w.Files {
		w.Files[name] = fill.Replace(text)
	}
}
