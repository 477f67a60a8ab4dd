package e2e

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

// written is an entry of the notebook as a guest copies it: the command for sh
// and the files that it needs.
type written struct {
	N      int
	Title  string // "POST /api/v1/orders, 201"
	Status int
	Shell  string
	Files  map[string]string
}

// copies takes the sh form out of every entry of the notebook, the oldest first,
// as it happened.
func (p *tab) copies() (entries []written) {
	p.t.Helper()
	p.goes("Notebook")
	p.until("all entries are listed", func() bool {
		newest, all := 0, p.all(article("Entry *"))
		if len(all) > 0 {
			fmt.Sscanf(text(all[0].Name), "Entry %d", &newest)
		}
		return newest > 0 && newest <= len(all)
	})
	for _, card := range p.all(article("Entry *")) {
		w := written{Title: text(card.Name)}
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
	slices.SortFunc(entries, func(a, b written) int { return a.N - b.N })
	return entries
}

var lastStatus = regexp.MustCompile(`(?m)^HTTP/1\.1 (\d{3})`)

// repeat runs the commands in a folder of their own and gives the status of the
// last answer.
func (w written) repeat(t *testing.T) (status int, output string) {
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
	limit, cancel := context.WithTimeout(t.Context(), 2*patience)
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

// TestEveryActionCanBeRepeated does everything that the page can do, takes the
// commands out of the notebook, and runs them one after the other in the same
// house with an empty order book: every answer has the same status again.
func TestEveryActionCanBeRepeated(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the notebook's commands need curl: install it")
	}
	h := openHouse(t, "KITCHEN=manual")
	guest := h.seat(t)
	guest.provokes(401, 403, 409, 412, 422)
	var entries []written
	for _, walk := range []func(*tab){strangerWalks, guestWalks, cookieWalks, ownWalks, chefWalks, managerWalks} {
		guest.opens("/#/about")
		guest.reloads() // the notebook begins anew
		walk(guest)
		entries = append(entries, guest.copies()...)
	}
	guest.opens("/healthz") // away from the page, which would notice
	h.forgets()
	h.repeats(t, entries)

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
	"GET /api/v1/kitchen/orders", "PATCH /api/v1/kitchen/orders", "GET /api/v1/users", "PATCH /api/v1/users", "DELETE /api/v1/users/sessions",
	"POST /api/v1/menu", "PUT /api/v1/menu", "DELETE /api/v1/menu", "POST /api/v1/auth/keys/rotate",
}

func strangerWalks(p *tab) {
	p.goes("Menu")
	p.fills(thing{role: "searchbox", name: "Find"}, `"crudo" & rucola 100%`)
	p.sees("No dish is like that")
	p.fills(thing{role: "searchbox", name: "Find"}, "margherita")
	p.clicks(size("large", "Margherita"))
	p.clicks(button("Knock at the lounge"))
	p.sees("401")
	p.clicks(button("Order"))
	p.sees("Your basket is kept.")
	p.clicks(button("One less large Margherita"))
	for _, view := range []string{"My orders", "Kitchen", "Office"} {
		p.goes(view)
		p.clicks(button("Ask without one"))
		p.sees("401")
	}
}

func guestWalks(p *tab) {
	p.logsIn("alice")
	p.goes("Menu")
	p.clicks(button("Knock at the lounge"))
	p.sees("403")
	for _, note := range []string{`no “onions”, 100% 'al dente' & "hot" $HOME \ !`, ""} {
		p.clicks(size("large", "Margherita"))
		p.fills(textbox("Note for large Margherita"), note)
		p.clicks(button("Order"))
		p.sees("is taken")
		p.misses(textbox("Note for large Margherita"))
	}
	p.clicks(link("Watch order 2 come"))
	p.sees("live")
	p.clicks(button("Cancel order 2"))
	p.sees("Order 2 is cancelled.")
	p.goes("Token")
	p.sees("Valid for")
	p.clicks(button("Change the claim"))
	p.sees("Bad stamp")
	p.clicks(button("Show it to the door"))
	p.sees("401")
	p.clicks(button("Get a new one with the voucher"))
	p.until("a new wristband", func() bool { return p.sent("POST /api/v1/auth/refresh") > 0 })
	p.house.token("alice")
	p.goes("My logins")
	p.clicks(button("End this one: A program*"))
	p.sees("That login has ended.")
	p.clicks(button("End all"))
	p.finds(link("Log in"))
}

func cookieWalks(p *tab) {
	p.logsIn("alice", "in a cookie")
	p.goes("Menu")
	p.clicks(size("small", "Diavola"))
	p.clicks(button("Order"))
	p.sees("is taken")
	p.goes("Token")
	p.clicks(button("Get a new one with the voucher"))
	p.goes("My orders")
	p.finds(article("Order 3"))
	p.sees("live")
	p.clicks(button("Log out"))
	p.finds(link("Log in"))
}

func ownWalks(p *tab) {
	p.clicks(link("Log in"))
	p.clicks(button("Open an account"))
	p.fills(textbox("Name"), "new.guest")
	p.fills(textbox("Password"), ownPassword)
	p.fills(textbox("How shall we call you?"), "New Guest")
	p.clicks(button("Open my account*"))
	p.misses(loginDialog)
	p.goes("My logins")
	p.clicks(thing{role: "DisclosureTriangle", name: "Change the password"})
	p.fills(textbox("Password of now"), ownPassword)
	p.fills(textbox("New password (8 letters or more)"), newPassword)
	p.clicks(button("Change the password"))
	p.sees("The password is changed")
	p.clicks(button("Log out"))
	p.finds(link("Log in"))
}

func chefWalks(p *tab) {
	p.logsIn("carla")
	p.goes("Kitchen")
	p.clicks(button("Serve order 1 at once"))
	p.sees("409")
	p.clicks(button("Start cooking order 1"))
	p.clicks(button("Order 1 is ready"))
	p.clicks(button("Serve order 1"))
	p.misses(article("Order 1, *"))
	p.clicks(button("Cancel order 3"))
	p.sees("All quiet")
	p.clicks(button("Log out"))
	p.finds(link("Log in"))
}

func managerWalks(p *tab) {
	p.logsIn("marco")
	p.goes("Office")
	p.clicks(checkbox("VIP: bob"))
	p.clicks(button("Save bob"))
	p.sees("bob is changed.")
	p.clicks(button("End all logins of bob"))
	p.sees("All logins of bob have ended.")
	p.clicks(button("Add a dish"))
	form := thing{role: "form", name: "Add a dish"}
	p.fills(textbox("Name").within(form), "Pizza of the day")
	p.fills(textbox("Category").within(form), "pizza")
	p.clicks(button("Put it on the menu"))
	p.sees("422")
	p.fills(textbox("medium, cents").within(form), "990")
	p.clicks(button("Put it on the menu"))
	p.sees("Pizza of the day is on the menu.")
	p.clicks(button("Change Margherita"))
	p.clicks(button("Save the dish"))
	p.sees("Margherita is changed.")
	p.scrollsTo("Pizza of the day")
	p.clicks(button("Remove Pizza of the day"))
	p.clicks(button("Really remove Pizza of the day?"))
	p.sees("Pizza of the day is off the menu.")
	p.clicks(button("Let a new key sign"))
	p.sees("signs from now on.")
}

// forgets starts the house over an empty order book, with the same keys.
func (h *house) forgets() {
	h.t.Helper()
	h.close()
	files, err := filepath.Glob(filepath.Join(h.dir, "restaurant.db*"))
	if err != nil || len(files) == 0 {
		h.t.Fatalf("no order book: %v", err)
	}
	for _, name := range files {
		if err := os.Remove(name); err != nil {
			h.t.Fatal(err)
		}
	}
	h.open()
}

// repeats runs the entries in their order. A stream goes on beside the others,
// until they have brought its order to an end.
func (h *house) repeats(t *testing.T, entries []written) {
	var streams sync.WaitGroup
	for _, w := range entries {
		h.prepares(&w)
		run := func() {
			if status, output := w.repeat(t); status != w.Status {
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

// prepares puts in what the notebook keeps no record of: passwords that are not
// public, and the number of a login session, which is another one every time.
func (h *house) prepares(w *written) {
	if sessionID.MatchString(w.Shell) {
		var sessions struct{ Items []struct{ ID string } }
		h.must("GET", "/api/v1/auth/sessions", h.token("alice"), "", &sessions)
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
