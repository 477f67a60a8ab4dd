// Package class is a school trip: thirty tables in one dining hall, and each of them has a
// restaurant to itself. Who burns the pizza at table 7 spoils nothing at table 8.
//
// In plain words: N complete servers in one process, each with a folder, a database and keys
// of its own, chosen by the first segments of the path. The code of a table is in its path,
// so that curl needs no cookie and nobody lands at a neighbour's by accident. The package
// decides who gets which table, passes requests on, and shows the teacher how far all are.
// Of the inside of a restaurant it knows nothing: it gets a function that opens one.
package class

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/learn"
	"restaurant/middleware"
	"restaurant/web"
)

// Restaurant is the restaurant of one table.
type Restaurant interface {
	// Handler answers what is below the address of the table.
	Handler() http.Handler
	// Documents answers what is public below the issuer of its tokens, an address that does
	// not hold the code.
	Documents() http.Handler
	// Lessons are its lessons, with what the learner has done.
	Lessons() *learn.Handler
	// AdvanceClock moves the clock of the tokens ahead, and reports whether it did.
	AdvanceClock(time.Duration) bool
	// ClockAhead is how far that clock is ahead, also if the learner has moved it.
	ClockAhead() time.Duration
	// SetPace changes what is set in it, until the restaurant is closed.
	SetPace(Pace)
	// Drain ends streams, which would never end by themselves. Other requests go on.
	Drain()
	// Close ends it. No request may run any more.
	Close() error
}

// Place is where a restaurant stands and what it is told.
type Place struct {
	// Number is that of the table, such as 07.
	Number string
	// Folder holds all that the restaurant keeps.
	Folder string
	// URL is the address of the table, with its code. Issuer is the one without it.
	URL, Issuer string
	// Kiosk is the address of the kiosk for all tables.
	Kiosk string
	// Lessons are what the lessons are to be told by the class.
	Lessons learn.Options
}

// Pace is how fast things go. What is nil or 0 stays as it is.
type Pace struct {
	// TokenTTL is how long new access tokens are valid.
	TokenTTL time.Duration
	// ManualKitchen is whether a chef must move the orders.
	ManualKitchen *bool
	// KitchenPace is how long each step takes in an automatic kitchen.
	KitchenPace time.Duration
}

// Over returns the pace with what another one sets.
func (p Pace) Over(by Pace) Pace {
	return Pace{cmp.Or(by.TokenTTL, p.TokenTTL), cmp.Or(by.ManualKitchen, p.ManualKitchen), cmp.Or(by.KitchenPace, p.KitchenPace)}
}

// without returns the pace without what another one sets.
func (p Pace) without(by Pace) Pace {
	if by.TokenTTL > 0 {
		p.TokenTTL = 0
	}
	if by.ManualKitchen != nil {
		p.ManualKitchen = nil
	}
	if by.KitchenPace > 0 {
		p.KitchenPace = 0
	}
	return p
}

// Options are what a class is made of.
type Options struct {
	// Folder holds class.json and the folders of the tables.
	Folder string
	// URL is the address on the board, without a slash at its end.
	URL string
	// Hosts are the names and addresses under which this computer is reached.
	Hosts []string
	// Open opens the restaurant of a table, or says in a sentence why it cannot.
	Open func(context.Context, Place) (Restaurant, error)
	// Copy copies the database and the progress of the restaurant of a folder, which may be
	// open, into another folder.
	Copy func(ctx context.Context, folder, to string) error
	// PutBack puts a copy back into the folder of a restaurant, which is closed: the
	// database, the progress or both.
	PutBack func(ctx context.Context, folder, from string, database, progress bool) error
	// SetAside moves what is damaged in the folder of a restaurant, which is closed, into another
	// folder, and reports what is whole and stays.
	SetAside func(ctx context.Context, folder, aside string) (Kept, error)
	// ReadLessons reads the progress in the folder of a restaurant that cannot be opened, and
	// changes nothing. isOpen is as in learn.Options.
	ReadLessons func(ctx context.Context, folder string, isOpen func(part string) bool) ([]learn.LessonOverview, error)
	Log         *slog.Logger
}

// Kept is what was whole of a broken restaurant.
type Kept struct{ Database, Progress bool }

// Class is an http.Handler for all tables.
type Class struct {
	Options
	roster *roster
	tables []*table
	router *gin.Engine
	kiosk  http.Handler
	pages  web.Pages

	hosts   middleware.Hosts
	opening chan struct{} // as many restaurants are opened at once as there are processors
	guesses *attempts     // wrong codes of tables by address
	// teacherGuesses are apart: neither learners nor the teacher use up the attempts of the others.
	teacherGuesses *attempts
	feed           feed      // to the pages of the teacher
	opened         time.Time // when this class was opened

	mu          sync.Mutex
	message     message
	pausedUntil time.Time
	ahead       time.Duration // of the clocks of all tables
	pace        Pace          // of all tables
	reveal      *revealResponse
	copies      sync.Mutex // held by what makes, uses and deletes copies
	pacing      sync.Mutex // held by what sets a pace, at all tables that it is for

	openParts atomic.Pointer[[]string] // those of the roster, for who may not wait for its lock
}

// message is what the teacher tells everybody.
type message struct {
	text  string
	until time.Time
}

// Open opens the class of a folder, or begins it with these settings if there is none. Of a
// class that goes on only what the settings name changes, and no table goes away.
func Open(o Options, s Settings) (*Class, error) {
	roster, err := openRoster(o.Folder, s)
	if err != nil {
		return nil, err
	}
	c := &Class{
		Options: o, roster: roster, pages: web.NewClassPages(),
		hosts: middleware.NewHosts(o.Hosts, nil), opening: make(chan struct{}, runtime.NumCPU()), opened: time.Now(),
		guesses:        newAttempts("Look at your card again, or ask your teacher."),
		teacherGuesses: newAttempts("Use the code that the program printed when it started."),
	}
	for n := range roster.Tables {
		k, err := c.newKiosk()
		if err != nil {
			return nil, err
		}
		c.tables = append(c.tables, &table{class: c, number: n + 1, kiosk: k})
	}
	c.openParts.Store(new(slices.Clone(roster.OpenParts)))
	c.router = c.routes()
	c.kiosk, err = c.newKiosk()
	return c, err
}

// routes are those beside the tables.
func (c *Class) routes() *gin.Engine {
	r := gin.New()
	r.HandleMethodNotAllowed, r.RedirectTrailingSlash = true, false
	r.Use(middleware.Logging(c.Log), middleware.RefuseWithPages(c.pages.Refusal, web.RefusalPolicy), middleware.Headers(""), answered, c.hosts.Check, c.announce)
	r.NoRoute(adapt(nothingHere))
	r.NoMethod(adapt(methodNotAllowed))
	c.mountJoining(r)
	c.mountTeacher(r)
	c.mountPages(r)
	return r
}

// Routes are those of the class beside the tables, such as "GET /class".
func (c *Class) Routes() (all []string) {
	for _, r := range c.router.Routes() {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}

// Run opens the restaurants in order, so that nobody waits for theirs, until ctx ends.
func (c *Class) Run(ctx context.Context) {
	next := make(chan *table)
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { c.purgeCopies(ctx) })
	defer close(next)
	for range cap(c.opening) {
		all.Go(func() {
			for t := range next {
				_ = t.open(ctx) // a failure is the state of the table
			}
		})
	}
	for _, t := range c.tables {
		select {
		case next <- t:
		case <-ctx.Done():
			return
		}
	}
}

// Close closes all restaurants. No request may run any more.
func (c *Class) Close() (err error) {
	for _, t := range c.tables {
		err = errors.Join(err, t.whileClosed(nil))
	}
	return errors.Join(err, c.roster.save())
}

// ServeHTTP passes a request on to the restaurant of its table, or answers it.
func (c *Class) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.dispatch(w, r) }

// Drain ends the streams of all restaurants and of the teacher, which would hold a shutdown up.
func (c *Class) Drain() {
	c.feed.close()
	for _, t := range c.tables {
		if in := t.opened(); in != nil {
			in.restaurant.Drain()
		}
	}
}
