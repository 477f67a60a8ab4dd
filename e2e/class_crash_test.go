package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// sit returns a table that somebody took before the class was started again.
func (c classroom) sit(s seatedAt) seatedAt {
	s.Process = c.Below(s.Base)
	return s
}

// TestClass_goesOnAfterAKill ends the program in the middle of a lesson, as a power cut would.
func TestClass_goesOnAfterAKill(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	first := launchClass(t, dir, addr, 3)
	one, two := first.join(t), first.join(t)
	alice := one.Login("alice")
	at := one.order(t, alice, "Idempotency-Key", "k")
	one.Call("POST", "/learn/lessons/L01/answers", "", `{"question":"predict","choice":1}`, nil)
	one.Call("GET", "/api/v1/menu/1", "", "", nil)
	one.Call("GET", "/learn/facts", "", "", nil) // reading the facts writes what waits
	before := getLesson(t, one.Process, "L01")
	if before.State != "started" || len(before.StillToSee) == 0 {
		t.Fatalf("before the kill the lesson is %+v", before)
	}
	first.Kill()

	again := launchClass(t, dir, addr, 3)
	if out := again.Output.String(); !regexp.MustCompile(`The class of \d+ \w+ goes on: 2 of 3 tables are taken\.`).MatchString(out) {
		t.Errorf("it says %s", out)
	}
	one, two = again.sit(one), again.sit(two)
	if l := getLesson(t, one.Process, "L01"); l.State != before.State || !slices.Equal(l.StillToSee, before.StillToSee) {
		t.Errorf("the lesson was %+v and is %+v", before, l)
	}
	if status := one.Call("GET", strings.TrimPrefix(at, one.path()), alice, "", nil); status != 200 {
		t.Errorf("with the access token from before, the order is answered %d", status)
	}
	if got := one.order(t, alice, "Idempotency-Key", "k"); got != at {
		t.Errorf("the order with the same key was %s and is %s", at, got)
	}
	if n := two.orders(t); n != 0 {
		t.Errorf("the other table has %d orders", n)
	}
	if s := again.join(t); s.Table != "03" {
		t.Errorf("the next who joins gets table %s", s.Table)
	}
	for code, want := range map[string]int{first.teacher: 204, again.teacher: 204, "aaaa-aaaa": 401} {
		if status := again.Call("POST", "/teach/login", "", `{"code":"`+code+`"}`, nil); status != want {
			t.Errorf("the teacher's login is answered %d instead of %d", status, want)
		}
	}
}

// TestClass_damagedTableLeavesTheOthers: its learner and the teacher read a sentence.
func TestClass_damagedTableLeavesTheOthers(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), testkit.FreeAddr(t)
	first := launchClass(t, dir, addr, 3)
	seated := first.joinAll(t, 3)
	for _, s := range seated {
		s.order(t, s.Login("alice"))
	}
	first.Stop()
	if err := os.WriteFile(filepath.Join(dir, "class", "tables", "02", "restaurant.db"), []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	again := launchClass(t, dir, addr, 3)
	for i, want := range []int{200, 503, 200} {
		s := again.sit(seated[i])
		a := s.Do("GET", "/api/v1/menu", "", "")
		if a.Status != want || (want == 503) != strings.Contains(string(a.Body), "/problems/table-broken") || strings.Contains(string(a.Body), dir) {
			t.Errorf("table %s answers %d %s", s.Table, a.Status, a.Body)
		}
	}
	var state struct {
		Tables []struct {
			Table, State string
			Reason       *string
		}
	}
	if status := again.Call("GET", "/teach/state", again.teacher, "", &state); status != 200 || len(state.Tables) != 3 {
		t.Fatalf("the teacher's view answers %d %+v", status, state)
	}
	for i, s := range state.Tables {
		if (s.State == "broken") != (i == 1) || (s.Reason != nil && *s.Reason != "") != (i == 1) {
			t.Errorf("the teacher sees %+v", s)
		}
	}
	if said := state.Tables[1].Reason; said != nil && !strings.Contains(*said, "restaurant.db") {
		t.Errorf("the teacher is told %s", *said)
	}
}

// TestClass_stopsInTime while streams are open.
func TestClass_stopsInTime(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 2, "-kitchen", "manual")
	for _, s := range c.joinAll(t, 2) {
		token := s.Login("alice")
		at := s.order(t, token)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Do("GET", strings.TrimPrefix(at, s.path())+"/events", token, "")
		}()
		defer func() { <-ended }()
	}
	go c.Do("GET", "/teach/events", c.teacher, "")
	time.Sleep(200 * time.Millisecond) // the streams shall be open; if they are not, it stops all the same
	c.Signal()
	if code := c.Wait(10 * time.Second); code != 0 {
		t.Errorf("it ends with %d: %s", code, c.Output)
	}
}

// TestClass_refusesToStart in a sentence that says what to do.
func TestClass_refusesToStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startClass(t, dir, 2)
	other := testkit.FreeAddr(t)
	names := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(names, []byte("Ann\nBea\n"+strings.Repeat("x", 41)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := t.TempDir()
	if err := os.MkdirAll(filepath.Join(newer, "class"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(newer, "class", "class.json"), []byte(`{"version":99,"tables":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		dir  string
		args []string
		want string
	}{
		{t.TempDir(), []string{"-addr", c.Addr}, "already"},
		{dir, []string{"-addr", other}, "another"},
		{newer, []string{"-addr", other}, "newer release"},
		{t.TempDir(), []string{"-addr", other, "-names", names}, "line 3 of " + names},
		{t.TempDir(), []string{"-addr", other, "-names", names + "x"}, "-names: "},
		{t.TempDir(), []string{"-addr", other, "-tables", "0"}, "-tables must be a number from 1 to 100"},
		{t.TempDir(), []string{"-addr", other, "-tables", "101"}, "-tables must be a number from 1 to 100"},
		{t.TempDir(), []string{"-addr", "203.0.113.5:8080"}, "203.0.113.5 is public: name an address with -addr"},
		{t.TempDir(), []string{"-addr", other, "-tls", "self-signed"}, "leave RESTAURANT_TLS out"},
	} {
		out, code := testkit.RunProgram(t, tc.dir, "", append([]string{"class"}, tc.args...)...)
		if code != 1 || !isOneSentence(out, tc.want) {
			t.Errorf("%v: %d, %s", tc.args, code, out)
		}
	}
	if s := c.join(t); s.Table != "01" {
		t.Errorf("the class that runs is disturbed: %+v", s)
	}
}

// TestClass_manyWhoJoin: nobody gets a table twice, and nothing grows with those who get none.
func TestClass_manyWhoJoin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startClass(t, dir, 3)
	seen := map[string]int{}
	for range 2000 {
		a := c.Do("POST", "/class/join", "", `{"name":"`+strings.Repeat("n", 40)+`"}`)
		var s seatedAt
		_ = json.Unmarshal(a.Body, &s) // a refusal has no table
		seen[http.StatusText(a.Status)+s.Table]++
	}
	if seen["Created01"] != 1 || seen["Created02"] != 1 || seen["Created03"] != 1 || seen["Conflict"] != 1997 {
		t.Errorf("they get %v", seen)
	}
	for _, name := range []string{strings.Repeat("n", 41), "\u202eevil", "a\nb", strings.Repeat("x", 60_000)} {
		body, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		if a := c.Do("POST", "/class/join", "", string(body)); a.Status != 422 {
			t.Errorf("a name of %d bytes is answered %d %s", len(name), a.Status, a.Body)
		}
	}
	if a := c.Do("POST", "/class/join", "", `{"name":"`+strings.Repeat("x", 70_000)+`"}`); a.Status != 413 {
		t.Errorf("a long body is answered %d", a.Status)
	}
	info, err := os.Stat(filepath.Join(dir, "class", "class.json"))
	if err != nil || info.Size() > 4096 || info.Mode().Perm() != 0o600 {
		t.Errorf("class.json: %v, %v", info, err)
	}
}

// TestClass_logTellsNoCodeAndNoAddress, whatever goes wrong: a teacher shows the terminal on the wall.
func TestClass_logTellsNoCodeAndNoAddress(t *testing.T) {
	t.Parallel()
	c := startClass(t, t.TempDir(), 2, "-log-level", "debug")
	s := c.join(t)
	token := s.Login("alice")
	s.order(t, token)
	shown := len(c.Output.String())
	for _, path := range []string{"/t/01-zzz/", "/t/" + s.Code + "/none", "/t/" + s.Code + "/%ff", "/t/" + s.Code + "x", "/" + s.Code, "/kiosk/" + s.Code, "/teach/tables/" + s.Code} {
		c.Do("GET", path, token, "", "Referer", s.Base+"/", "User-Agent", s.Code)
	}
	c.Do("POST", "/class/join", "", `{"code":"`+s.Code+`","name":"Ann"}`)
	c.Do("POST", "/class/join", "", `{"`+s.Code+`":1}`)
	c.Do("POST", "/teach/login", "", `{"code":"`+c.teacher+`"}`)
	c.Do("GET", "/t/"+s.Code+"/kiosk/me", token, "")
	c.Stop()
	log := c.Output.String()[shown:]
	if !strings.Contains(log, "msg=request") {
		t.Fatalf("there is no log: %s", log)
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.Code, c.teacher, token[len(token)-20:], "127.0.0.1", "[::1]", host + ":", "Ann"} {
		if i := strings.Index(log, secret); i >= 0 {
			t.Errorf("the log tells %s: %s", secret, log[max(0, i-200):min(len(log), i+60)])
		}
	}
}
