package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// restored is a server whose database is older than what it has signed: alice was there
// before the copy was made, later registered and logged in afterwards.
type restored struct {
	dir, copied  string
	server       *testkit.Process
	alice, later loggedIn
	laterID      int64
}

type loggedIn struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

const password = "a sentence only I know"

func login(t *testing.T, p *testkit.Process, username, password string) (l loggedIn) {
	t.Helper()
	if status := p.Call("POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":%q,"password":%q}`, username, password), &l); status != 200 {
		t.Fatalf("%s logs in: %d", username, status)
	}
	return l
}

func register(t *testing.T, p *testkit.Process, username string) (id int64) {
	t.Helper()
	var u struct{ ID int64 }
	if status := p.Call("POST", "/api/v1/auth/register", "", fmt.Sprintf(`{"username":%q,"password":%q,"name":"Guest"}`, username, password), &u); status != 201 {
		t.Fatalf("%s registers: %d", username, status)
	}
	return u.ID
}

func signingKid(t *testing.T, p *testkit.Process) (kids []string) {
	t.Helper()
	var set struct{ Keys []struct{ Kid string } }
	if p.Call("GET", "/.well-known/jwks.json", "", "", &set) != 200 {
		t.Fatal("no keys")
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// TestRestore_trustsNothingFromItsOwnFuture: whatever way a copy comes back, a token that
// was issued after it was made opens nothing, and nobody gets an id of that time again.
func TestRestore_trustsNothingFromItsOwnFuture(t *testing.T) {
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://localhost:8080") // or tokens would hold at one address only
	backup := func(t *testing.T, r *restored) {
		if out, code := testkit.RunProgram(t, r.dir, "", "backup", r.copied); code != 0 {
			t.Fatal(out)
		}
	}
	rawCopy := func(t *testing.T, r *restored) {
		for _, suffix := range []string{"", "-wal"} {
			if text, err := os.ReadFile(filepath.Join(r.dir, "restaurant.db"+suffix)); err == nil {
				writeFile(t, r.copied+suffix, text)
			}
		}
	}
	stop := func(_ *testing.T, r *restored) { r.server.Stop() }
	kill := func(t *testing.T, r *restored) {
		before := memoryOf(t, r.dir)
		for deadline := time.Now().Add(20 * time.Second); memoryOf(t, r.dir) == before && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // polled; it is written once a second
			r.server.Call("GET", "/healthz", "", "", nil)
		}
		r.server.Kill()
	}
	restore := func(t *testing.T, r *restored) {
		out, code := testkit.RunProgram(t, r.dir, "", "restore", "-yes", r.copied)
		if code != 0 || !strings.Contains(out, "users: 5,") || !strings.Contains(out, "users: 6,") {
			t.Fatalf("restore exits with %d: %s", code, out)
		}
	}
	putBack := func(t *testing.T, r *restored) {
		for _, suffix := range []string{"-wal", "-shm"} {
			_ = os.Remove(filepath.Join(r.dir, "restaurant.db"+suffix)) // there is none after a stop
		}
		text, err := os.ReadFile(r.copied)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(r.dir, "restaurant.db"), text)
		if text, err := os.ReadFile(r.copied + "-wal"); err == nil {
			writeFile(t, filepath.Join(r.dir, "restaurant.db-wal"), text)
		}
	}
	remove := func(t *testing.T, r *restored) {
		if err := os.Remove(filepath.Join(r.dir, "restaurant.db")); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*testing.T, *restored) {}
	for name, way := range map[string]struct{ save, end, back func(*testing.T, *restored) }{
		"a backup, by restore":                          {backup, stop, restore},
		"a backup after a kill, by restore":             {backup, kill, restore},
		"a backup, by hand":                             {backup, stop, putBack},
		"a raw copy, by restore":                        {rawCopy, stop, restore},
		"a raw copy, by hand":                           {rawCopy, stop, putBack},
		"a raw copy after a kill, by hand":              {rawCopy, kill, putBack},
		"no copy at all: the database was only deleted": {nothing, stop, remove},
		"the control: the database stays, after a stop": {backup, stop, nothing},
		"the control: the database stays, after a kill": {backup, kill, nothing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &restored{dir: t.TempDir(), copied: filepath.Join(t.TempDir(), "copy.db")}
			r.server = testkit.Start(t, r.dir)
			r.alice = login(t, r.server, "alice", "alice-likes-pizza")
			way.save(t, r)
			r.laterID = register(t, r.server, "later")
			r.later = login(t, r.server, "later", password)
			wantMe(t, r.server, r.later.AccessToken, 200)
			kid := signingKid(t, r.server)[0]
			way.end(t, r)
			way.back(t, r)

			again := testkit.Start(t, r.dir)
			again.AwaitOutput("Ctrl-C") // it has said by then what else there is to say
			if strings.HasPrefix(name, "the control") {
				wantMe(t, again, r.later.AccessToken, 200)
				wantMe(t, again, r.alice.AccessToken, 200)
				if kids := signingKid(t, again); len(kids) != 1 || kids[0] != kid {
					t.Errorf("the keys are %v, and were %s", kids, kid)
				}
				return
			}
			if byRestore := strings.HasSuffix(name, "by restore"); byRestore == strings.Contains(again.Output.String(), "log in again") {
				t.Errorf("who types restore hears of it there, and others at the start: %s", again.Output)
			}
			victim := register(t, again, "victim")
			if victim <= r.laterID {
				t.Errorf("the id %d is given out after %d was", victim, r.laterID)
			}
			for who, old := range map[string]loggedIn{"later": r.later, "alice": r.alice} {
				if a := again.Do("GET", "/api/v1/orders", old.AccessToken, ""); a.Status != 401 || !strings.Contains(string(a.Body), "token-key-unknown") {
					t.Errorf("%s's old token: %d %s", who, a.Status, a.Body)
				}
				if a := again.Do("POST", "/api/v1/auth/refresh", "", fmt.Sprintf(`{"refresh_token":%q}`, old.RefreshToken)); a.Status != 401 {
					t.Errorf("%s's old refresh token: %d %s", who, a.Status, a.Body)
				}
			}
			for _, k := range signingKid(t, again) {
				if k == kid {
					t.Error("the old key still verifies")
				}
			}
			wantMe(t, again, login(t, again, "victim", password).AccessToken, 200)
			wantMe(t, again, login(t, again, "alice", "alice-likes-pizza").AccessToken, 200)
			again.Stop()

			third := testkit.Start(t, r.dir) // which finds nothing strange any more
			if strings.Contains(third.Output.String(), "log in again") {
				t.Errorf("the start after that: %s", third.Output)
			}
		})
	}
}

func wantMe(t *testing.T, p *testkit.Process, token string, want int) {
	t.Helper()
	if a := p.Do("GET", "/api/v1/orders", token, ""); a.Status != want {
		t.Errorf("answers %d %s, want %d", a.Status, a.Body, want)
	}
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// memoryOf is what the keys remember of the database.
func memoryOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "keys", "database.json"))
	if err != nil || !json.Valid(text) {
		t.Errorf("the keys remember %q, %v", text, err)
	}
	return string(text)
}

// TestRestore_refuses: nothing is changed, and a sentence says what to do.
func TestRestore_refuses(t *testing.T) {
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	dir, outside := t.TempDir(), t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(outside, name)
		writeFile(t, path, []byte(text))
		return path
	}
	server := testkit.Start(t, dir)
	saved := filepath.Join(outside, "saved.db")
	if out, code := testkit.RunProgram(t, dir, "", "backup", saved); code != 0 {
		t.Fatal(out)
	}
	if out, code := testkit.RunProgram(t, dir, "", "restore", "-yes", saved); code != 1 || !strings.Contains(out, "stop that one first") {
		t.Errorf("with the server open: %d %s", code, out)
	}
	id := register(t, server, "later")
	server.Stop()
	unreadable := filepath.Join(t.TempDir(), "lessons.db")
	if err := os.Symlink(unreadable, unreadable); err != nil {
		t.Fatal(err)
	}
	beside := filepath.Join(filepath.Dir(unreadable), "saved.db")
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, beside, text)
	for name, tc := range map[string]struct{ input, file, says string }{
		"the answer no":       {"no\n", saved, "nothing was changed"},
		"no answer":           {"", saved, "-yes"},
		"no such file":        {"yes\n", filepath.Join(outside, "none.db"), "no backup at"},
		"a folder":            {"yes\n", outside, "is not a file"},
		"an empty file":       {"yes\n", file("empty.db", ""), "is empty"},
		"text":                {"yes\n", file("menu.txt", strings.Repeat("the menu of tonight\n", 100)), "Nothing was changed"},
		"half a backup":       {"yes\n", file("half.db", string(readHalf(t, saved))), "Nothing was changed"},
		"the database itself": {"yes\n", filepath.Join(dir, "restaurant.db"), "the database itself"},
		"lessons unreadable":  {"yes\n", beside, "move " + unreadable + " away"},
		"another program's":   {"yes\n", filepath.Join(dir, "lessons.db"), "another program"},
	} {
		t.Run(name, func(t *testing.T) {
			before := listing(t, dir)
			if out, code := testkit.RunProgram(t, dir, tc.input, "restore", tc.file); code != 1 || !strings.Contains(out, tc.says) {
				t.Errorf("exits with %d: %s", code, out)
			}
			if after := listing(t, dir); after != before {
				t.Errorf("the folder was\n%s\nand is\n%s", before, after)
			}
		})
	}
	t.Run("but the answer yes restores it", func(t *testing.T) {
		if out, code := testkit.RunProgram(t, dir, "Yes\r\n", "restore", saved); code != 0 {
			t.Fatalf("exits with %d: %s", code, out)
		}
		if next := register(t, testkit.Start(t, dir), "later"); next <= id { // whose name is free again
			t.Errorf("the id %d is given out after %d", next, id)
		}
	})
}

func readHalf(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text[:len(text)/2]
}

// listing shows the files of a folder with their contents, apart from indexes of logs,
// which reading renews.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %d bytes, %x\n", strings.TrimPrefix(path, dir), len(text), sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestRestore_afterAKill: a backup that is copied over the files of a killed server is
// refused, because the log beside it is not its own; restore puts it in place.
func TestRestore_afterAKill(t *testing.T) {
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	dir, saved := t.TempDir(), filepath.Join(t.TempDir(), "saved.db")
	server := testkit.Start(t, dir)
	if out, code := testkit.RunProgram(t, dir, "", "backup", saved); code != 0 {
		t.Fatal(out)
	}
	register(t, server, "later")
	server.Kill()
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "restaurant.db"), text)
	before := listing(t, dir)
	second := testkit.Launch(t, dir, testkit.FreeAddr(t))
	if code := second.Wait(20 * time.Second); code != 1 || !strings.Contains(second.Output.String(), "-wal") || !strings.Contains(second.Output.String(), "restaurant restore FILE") {
		t.Errorf("exits with %d: %s", code, second.Output)
	}
	if after := listing(t, dir); after != before {
		t.Errorf("the folder was\n%s\nand is\n%s", before, after)
	}
	if out, code := testkit.RunProgram(t, dir, "", "restore", saved, "-yes"); code != 0 {
		t.Fatalf("restore exits with %d: %s", code, out)
	}
	third := testkit.Start(t, dir)
	if status := third.Call("POST", "/api/v1/auth/login", "", fmt.Sprintf(`{"username":"later","password":%q}`, password), nil); status != 401 {
		t.Errorf("somebody who registered after the backup logs in: %d", status)
	}
	third.Kill()                              // a log of its own is beside the database now
	wantMe(t, testkit.Start(t, dir), "", 401) // and the next start uses it
}

// TestRestore_bringsTheLessonsBesideIt: a copy of the whole folder has the progress, too.
func TestRestore_bringsTheLessonsBesideIt(t *testing.T) {
	t.Setenv("RESTAURANT_LOG_LEVEL", "warn")
	dir, saved := t.TempDir(), filepath.Join(t.TempDir(), "saved")
	testkit.Start(t, dir).Stop()
	if err := os.CopyFS(saved, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	hints := func(p *testkit.Process) (taken int) {
		var saved struct{ Lessons []struct{ Hints []int } }
		if p.Call("GET", "/learn/progress", "", "", &saved) != 200 {
			t.Fatal("no progress")
		}
		return len(saved.Lessons[0].Hints)
	}
	server := testkit.Start(t, dir)
	if status := server.Call("POST", "/learn/lessons/L01/hints", "", `{"number":1}`, nil, "Content-Type", "application/json"); status != 200 || hints(server) != 1 {
		t.Fatalf("a hint: %d", status)
	}
	server.Stop()
	if out, code := testkit.RunProgram(t, dir, "", "restore", filepath.Join(saved, "restaurant.db"), "-yes"); code != 0 || !strings.Contains(out, "progress of the lessons") {
		t.Fatalf("restore exits with %d: %s", code, out)
	}
	if n := hints(testkit.Start(t, dir)); n != 0 {
		t.Errorf("%d hints are left", n)
	}
}
