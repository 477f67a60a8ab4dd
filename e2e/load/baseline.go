package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"golang.org/x/crypto/bcrypt"

	"restaurant/e2e/testkit/process"
)

// baseline is a process with bare servers, which do nothing but what no server can
// leave out: send the bytes, check the signature, write the row durably. It is a
// process of its own, so that CPU and memory are counted as the program's are.
type baseline struct {
	addresses
	*client
	process *process.Process
}

// addresses are what the process prints when it is ready.
type addresses struct {
	Menu      string // answers the bytes of the menu
	MenuWhole string // answers the menu with its headers
	Page      string // answers the bytes of a page of orders, after checking a signature
	Insert    string // writes one row and answers the bytes of an order
	Order     string // writes the row of an order into its table and answers the order with its headers
	Loops     string // runs a loop without HTTP, see runLoops
	Token     string // the token that Page takes
}

// Files that the baseline finds in its folder: three answers of the program, and how its
// table of orders is created.
const (
	menuFile   = "menu.json"
	pageFile   = "page.json"
	orderFile  = "order.json"
	schemaFile = "orders.sql"
)

// answer is what the program answered.
type answer struct {
	Header http.Header
	Body   []byte
}

// save writes an answer to a file.
func (a answer) save(file string) error {
	text, err := json.Marshal(a)
	return errors.Join(err, os.WriteFile(file, text, 0o600))
}

// loadAnswer reads what save has written.
func loadAnswer(file string) (a answer, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

// baselineCommand is the argument with which this program starts itself.
const baselineCommand = "baseline"

// startBaseline starts this program again as the baseline. It reads its answers
// from the folder and keeps its rows in it.
func startBaseline(ctx context.Context, dir string) (*baseline, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := command(ctx, nil, self, baselineCommand, dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b := &baseline{client: newClient(""), process: process.New("", cmd)}
	if err := b.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &b.addresses)
	}
	if err != nil {
		b.stop()
		return nil, fmt.Errorf("the baseline did not print its addresses: %w", err)
	}
	return b, nil
}

func (b *baseline) stop() { b.process.Stop() }

func (b *baseline) pid() int { return b.process.Cmd.Process.Pid }

// loop runs one of the loops without HTTP in the process of the baseline.
func (b *baseline) loop(ctx context.Context, name string, workers int, span time.Duration) (s stats, err error) {
	err = b.get(ctx, call{http.MethodGet, fmt.Sprintf("%s%s?for=%s&workers=%d", b.Loops, name, span, workers), "", "", http.StatusOK}, &s)
	return s, err
}

// serveBaseline is the other side: it serves until ctx ends.
func serveBaseline(ctx context.Context, dir string, out io.Writer) error {
	menu, err := loadAnswer(filepath.Join(dir, menuFile))
	page, err2 := loadAnswer(filepath.Join(dir, pageFile))
	order, err3 := loadAnswer(filepath.Join(dir, orderFile))
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	rows, err := openRowStore(ctx, filepath.Join(dir, "baseline.db"), rowSchema, insertRow)
	if err != nil {
		return err
	}
	orders, err := openOrderStore(ctx, dir)
	if err != nil {
		return err
	}
	token, guard, err := newGuard()
	if err != nil {
		return err
	}
	found := addresses{Token: token}
	for addr, handler := range map[*string]http.Handler{
		&found.Menu:      menu.bytes(http.StatusOK),
		&found.MenuWhole: menu.whole(http.StatusOK),
		&found.Page:      guard(page.bytes(http.StatusOK)),
		&found.Insert:    rows.insertFirst(order.Body, order.bytes(http.StatusCreated)),
		&found.Order:     orders.insertFirst(order.Body, order.whole(http.StatusCreated)),
		&found.Loops:     runLoops(rows, order.Body),
	} {
		if *addr, err = serve(ctx, handler); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(out).Encode(found); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// serve starts one bare server, which ends with the process.
func serve(ctx context.Context, handler http.Handler) (url string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // its failure shows as failed requests
	return "http://" + l.Addr().String(), nil
}

// bytes sends the body with as few headers as possible.
func (a answer) bytes(status int) http.Handler {
	return answer{http.Header{"Content-Type": a.Header["Content-Type"]}, a.Body}.whole(status)
}

// whole sends the body with all headers, of which net/http makes the date.
func (a answer) whole(status int) http.Handler {
	headers := maps.Clone(a.Header)
	delete(headers, "Date")
	headers.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), headers)
		w.WriteHeader(status)
		_, _ = w.Write(a.Body) // a client that has left needs no answer
	})
}

// newGuard creates a key, a token signed with it, and a guard that passes requests
// whose token has a good RS256 signature on. It caches no tokens.
func newGuard() (token string, guard func(http.Handler) http.Handler, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", nil, err
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Subject: "1", ExpiresAt: jwt.NewNumericDate(time.Now().Add(24 * time.Hour)),
	}).SignedString(key)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}))
	var public jwt.Keyfunc = func(*jwt.Token) (any, error) { return &key.PublicKey, nil }
	return token, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if _, err := parser.ParseWithClaims(text, &jwt.RegisteredClaims{}, public); err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}, err
}

// bcryptCost is the default of many frameworks, and so what logins are compared
// with.
const bcryptCost = 10

// runLoops measures without HTTP what the other baselines measure with it.
func runLoops(rows *rowStore, order []byte) http.Handler {
	loops := map[string]func(context.Context, int) error{
		"/inserts": func(context.Context, int) error { return rows.insert(order) },
	}
	password := []byte("a-guest-likes-pizza")
	hash, err := bcrypt.GenerateFromPassword(password, bcryptCost)
	loops["/bcrypt"] = func(context.Context, int) error {
		return errors.Join(err, bcrypt.CompareHashAndPassword(hash, password))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span, err := time.ParseDuration(r.FormValue("for"))
		workers, err2 := strconv.Atoi(r.FormValue("workers"))
		do, known := loops[r.URL.Path]
		if err != nil || err2 != nil || !known {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f, err := closedLoop(r.Context(), workers, 1, span, do)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(f) // the caller is waiting
	})
}

// bcryptWorkers is how many bcrypt loops run at once: one for each connection of the
// logins that they are compared with, or for each core if there are more.
func bcryptWorkers() int { return max(loginConnections, runtime.NumCPU()) }
