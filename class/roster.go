package class

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"restaurant/models"
	"restaurant/problem"
)

// Joining says who may take a table.
type Joining string

const (
	// JoinOpen lets everybody take a free table.
	JoinOpen Joining = "open"
	// JoinCode lets in who has the code of a table, such as from a card.
	JoinCode Joining = "code"
	// JoinClosed lets in nobody who is not in yet.
	JoinClosed Joining = "closed"
)

// Unlocking says when a part of the lessons opens.
type Unlocking string

const (
	// UnlockParts opens a part at a table when the part before it is done there, or for all
	// when the teacher says so.
	UnlockParts Unlocking = "parts"
	// UnlockAll opens all parts from the beginning.
	UnlockAll Unlocking = "all"
)

// MaxTables is how many tables a class can have.
const MaxTables = 100

// MaxName is how long the name of a learner may be, in characters.
const MaxName = 40

// DefaultTables is how many tables a class has if nobody says how many.
const DefaultTables = 30

// Settings are those of a class. What has its zero value stays as it was in a class that goes
// on, and is the usual in a new one: 30 tables, open to everybody, part by part.
type Settings struct {
	Title  string
	Tables int // 1 to MaxTables
	Join   Joining
	Unlock Unlocking
	// Names are those of the learners by table; there may be fewer than tables.
	Names []string
}

// rosterVersion is that of class.json. A newer release may write a higher one.
const rosterVersion = 1

// roster is class.json: what must still be known after a restart.
type roster struct {
	Version   int       `json:"version"`
	Begun     time.Time `json:"begun"`
	Title     string    `json:"title"`
	Join      Joining   `json:"join"`
	Unlock    Unlocking `json:"unlock"`
	OpenParts []string  `json:"open_parts"` // opened by the teacher, for all
	Tables    []seat    `json:"tables"`
	// Teacher holds the hashes of the codes of the teacher, one for each of the last starts.
	Teacher []string `json:"teacher"`
	// Sessions holds the hashes of the sessions of the teacher.
	Sessions []string `json:"sessions"`
	// CookieKey signs the cookies of learners.
	CookieKey string `json:"cookie_key"`

	file string
	mu   sync.Mutex
}

// seat is what the roster knows of a table.
type seat struct {
	Code string `json:"code"`
	// Old are the codes before, which lead to a sentence and nowhere else.
	Old   []string `json:"old,omitempty"`
	Taken bool     `json:"taken"`
	// TakenAt is when somebody sat down first.
	TakenAt time.Time `json:"taken_at,omitzero"`
	Name    string    `json:"name,omitempty"`
	Closed  bool      `json:"closed,omitempty"`
}

// take seats somebody at a table, unless somebody sits there.
func (s *seat) take() {
	if !s.Taken {
		s.Taken, s.TakenAt = true, time.Now().UTC()
	}
}

func rosterFile(folder string) string { return filepath.Join(folder, "class.json") }

// openRoster reads the roster of a folder, or makes a new one.
func openRoster(folder string, s Settings) (*roster, error) {
	if err := os.MkdirAll(filepath.Join(folder, "tables"), 0o700); err != nil {
		return nil, err
	}
	r := &roster{file: rosterFile(folder)}
	text, err := os.ReadFile(r.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := mayBegin(folder); err != nil {
			return nil, err
		}
		r.begin(s)
	case err != nil:
		return nil, err
	default:
		if err := r.resume(text, s); err != nil {
			return nil, err
		}
	}
	return r, r.save()
}

// mayBegin refuses to seat a new class at the tables of another one, whose class.json was lost.
func mayBegin(folder string) error {
	left, err := os.ReadDir(filepath.Join(folder, "tables"))
	if err == nil && len(left) > 0 {
		return fmt.Errorf("%s is missing, and tables of a class are there. Put a copy back, or begin another class with -new, which keeps the old folder beside it", rosterFile(folder))
	}
	return err
}

func (r *roster) begin(s Settings) {
	r.Version, r.Begun, r.Title, r.Join, r.Unlock = rosterVersion, time.Now().UTC(), "Pizza class", JoinOpen, UnlockParts
	s.Tables = cmp.Or(s.Tables, DefaultTables)
	r.apply(s)
}

// apply takes over the settings that were given. No table goes away.
func (r *roster) apply(s Settings) {
	r.Title, r.Join, r.Unlock = cmp.Or(s.Title, r.Title), cmp.Or(s.Join, r.Join), cmp.Or(s.Unlock, r.Unlock)
	r.CookieKey = cmp.Or(r.CookieKey, rand.Text())
	for n := len(r.Tables); n < s.Tables; n++ {
		r.Tables = append(r.Tables, seat{Code: newCode(n + 1)})
	}
	for n := range min(len(s.Names), len(r.Tables)) {
		r.Tables[n].Name = cmp.Or(s.Names[n], r.Tables[n].Name)
	}
}

// resume goes on with a class. Codes and tables stay as they are.
func (r *roster) resume(text []byte, s Settings) error {
	if err := r.read(text); err != nil {
		return fmt.Errorf("%s is damaged: %w. Put a copy back, or begin another class with -new, which keeps the old folder beside it", r.file, err)
	}
	if r.Version > rosterVersion {
		return fmt.Errorf("%s was written by a newer release: start that one, or begin another class with -new", r.file)
	}
	r.apply(s)
	return nil
}

// read reads class.json. What is JSON and no class is damaged, too: at a table without a code nobody
// could sit. A newer release may write something else.
func (r *roster) read(text []byte) error {
	err := json.Unmarshal(text, r)
	switch {
	case err != nil || r.Version > rosterVersion:
		return err
	case len(r.Tables) == 0:
		return errors.New("it has no tables")
	case slices.ContainsFunc(r.Tables, func(s seat) bool { return s.Code == "" }):
		return errors.New("a table has no code")
	}
	return nil
}

// save writes the roster aside and renames it, so that a crash leaves the old or the new one.
func (r *roster) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saveLocked()
}

func (r *roster) saveLocked() error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(r.file), "class-*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // after the rename there is nothing to remove
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), r.file)
}

// change changes the roster and writes it down. If it cannot be written, nothing changes.
func (r *roster) change(fn func(*roster) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.Tables
	r.Tables = slices.Clone(r.Tables)
	copied := [3][]string{slices.Clone(r.OpenParts), slices.Clone(r.Teacher), slices.Clone(r.Sessions)}
	err := fn(r)
	if err == nil {
		err = cannotWrite(r.saveLocked())
	}
	if err != nil {
		r.Tables, r.OpenParts, r.Teacher, r.Sessions = before, copied[0], copied[1], copied[2]
	}
	return err
}

// cannotWrite says what a client can do about a roster that was not written.
func cannotWrite(err error) error {
	if err == nil {
		return nil
	}
	return problem.StorageFull.New("The class cannot write down what you asked for, so nothing has changed. The disk of your teacher's computer is probably full: tell your teacher, and try again.").
		RetryAfter(10 * time.Second).Because(err)
}

// isClosed reports whether nobody new is let in.
func (r *roster) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Join == JoinClosed
}

// seat returns what is known of a table.
func (r *roster) seat(number int) seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Tables[number-1]
}

// NameFault says what is wrong with the name of a learner, or is empty.
func NameFault(name string) string {
	switch {
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxName:
		return fmt.Sprintf("must be UTF-8 text of %d characters at most", MaxName)
	case strings.ContainsFunc(name, models.IsControl):
		return "must not contain control characters"
	}
	return ""
}

// Summary says in a sentence which class of a folder goes on, or nothing if there is none.
func Summary(folder string) string {
	r := peek(folder)
	if r == nil {
		return ""
	}
	taken := 0
	for _, t := range r.Tables {
		if t.Taken {
			taken++
		}
	}
	return fmt.Sprintf("The class of %s goes on: %d of %d tables are taken.", r.Begun.Local().Format("2 January"), taken, len(r.Tables))
}

// TablesOf is how many tables the class of a folder has, or 0 if there is none.
func TablesOf(folder string) int {
	if r := peek(folder); r != nil {
		return len(r.Tables)
	}
	return 0
}

// peek reads the roster of a folder, or returns nil if there is none that can be read.
func peek(folder string) *roster {
	text, err := os.ReadFile(rosterFile(folder))
	r := new(roster)
	if err != nil || r.read(text) != nil {
		return nil
	}
	return r
}
