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
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"golang.org/x/crypto/bcrypt"
)

// The limits are servers that do nothing but what nobody can leave out: send
// the bytes, check the signature, write the row durably. They run in a process
// of their own, so that CPU and memory are counted as those of the house are.

// baseline are the process with the bare servers.
type baseline struct {
	addresses
	*client
	process *child
}

// addresses are what the process prints when it is ready.
type addresses struct {
	Menu   string // answers the bytes of the menu
	Page   string // the same for a page of orders, after checking a signature
	Insert string // writes one row and answers an order
	Loops  string // runs a loop without HTTP, see runLoops
	Token  string // the token that Page takes
}

// Files that the limits find in their folder.
const (
	menuFile  = "menu.json"
	pageFile  = "page.json"
	orderFile = "order.json"
)

// startBaseline starts this program again as the limits. They read their answers
// from the folder and keep their rows in it.
func startBaseline(ctx context.Context, dir string) (*baseline, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var out io.ReadCloser
	l := &baseline{client: newClient("")}
	l.process, err = start(ctx, func(ctx context.Context) *exec.Cmd {
		cmd := command(ctx, nil, self, "limits", dir)
		cmd.Stderr = os.Stderr
		out, err = cmd.StdoutPipe()
		return cmd
	})
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &l.addresses)
	}
	if err != nil {
		l.close()
		return nil, fmt.Errorf("the limits did not say where they are: %w", err)
	}
	return l, nil
}

func (l *baseline) close() { l.process.close() }

// loop runs one of the loops without HTTP in the process of the limits.
func (l *baseline) loop(ctx context.Context, name string, atOnce int, span time.Duration) (f stats, err error) {
	err = l.get(ctx, call{http.MethodGet, fmt.Sprintf("%s%s?for=%s&at_once=%d", l.Loops, name, span, atOnce), "", "", http.StatusOK}, &f)
	return f, err
}

// serveBaseline is the other side: it serves until it is asked to end.
func serveBaseline(ctx context.Context, dir string, out io.Writer) error {
	menu, err := os.ReadFile(filepath.Join(dir, menuFile))
	page, err2 := os.ReadFile(filepath.Join(dir, pageFile))
	order, err3 := os.ReadFile(filepath.Join(dir, orderFile))
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	b, err := openRowStore(ctx, filepath.Join(dir, "limits.db"))
	if err != nil {
		return err
	}
	token, door, err := newGuard()
	if err != nil {
		return err
	}
	found := addresses{Token: token}
	for addr, handler := range map[*string]http.Handler{
		&found.Menu:   answer(http.StatusOK, menu),
		&found.Page:   door(answer(http.StatusOK, page)),
		&found.Insert: b.insertFirst(order, answer(http.StatusCreated, order)),
		&found.Loops:  runLoops(b, order),
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

// serve opens one bare server, which ends with the process.
func serve(ctx context.Context, handler http.Handler) (url string, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // its failure shows as failed requests
	return "http://" + l.Addr().String(), nil
}

func answer(status int, body []byte) http.Handler {
	length := strconv.Itoa(len(body))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", length)
		w.WriteHeader(status)
		_, _ = w.Write(body) // whoever has left needs no answer
	})
}

// newGuard makes a key, a token under it, and a guard that lets requests through
// whose token has a good RS256 signature. It does not remember tokens.
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

// bcryptCost is the default of many frameworks, and so what people compare
// logins with.
const bcryptCost = 10

// runLoops measures without HTTP what the other limits measure with it.
func runLoops(b *rowStore, order []byte) http.Handler {
	loops := map[string]func(context.Context) error{
		"/inserts": func(context.Context) error { return b.insert(order) },
	}
	password := []byte("somebody-likes-pizza")
	hash, err := bcrypt.GenerateFromPassword(password, bcryptCost)
	loops["/bcrypt"] = func(context.Context) error {
		return errors.Join(err, bcrypt.CompareHashAndPassword(hash, password))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span, err := time.ParseDuration(r.FormValue("for"))
		atOnce, err2 := strconv.Atoi(r.FormValue("at_once"))
		do, known := loops[r.URL.Path]
		if err != nil || err2 != nil || !known {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f, err := closedLoop(r.Context(), atOnce, span, do)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(f) // the one who asked is waiting
	})
}

// bcryptWorkers is how many bcrypt loops run at once: one for each connection of the
// logins that they are compared with, or for each core if there are more.
func bcryptWorkers() int { return max(loginConnections, runtime.NumCPU()) }
