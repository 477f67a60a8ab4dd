package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"restaurant/e2e/testkit/process"
)

// pocketBase is a server of the module in the folder pocketbase: a backend that does
// for its users what the program does for guests. It gets the same orders, the same
// disk and connections, and the same durability if -pocketbase is FULL. It looks no
// dish up and knows no kitchen, so each of its calls is a little less work.
type pocketBase struct {
	*server
	synchronous    string
	tokens, bodies []string // of the users; the first one's page is read
	logins         []string
}

// startPocketBase builds and starts it, or returns nil if it cannot be built, as without a
// network: it is for those who have it.
func startPocketBase(ctx context.Context, dir, synchronous string) (*pocketBase, error) {
	progress("building PocketBase, which takes minutes the first time")
	program := filepath.Join(dir, "pocketbase.exe") // so that Windows starts it, too
	build := exec.CommandContext(ctx, "go", "build", "-race=false", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Dir, build.Env = filepath.Join(process.Root(), "e2e", "load", "pocketbase"), append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		progress("the lines of PocketBase are skipped, because it does not build: %v\n%s", err, text)
		return nil, ctx.Err()
	}
	s, err := newServer(program, filepath.Join(dir, "pocketbase"))
	if err != nil {
		return nil, err
	}
	p := &pocketBase{server: s, synchronous: synchronous}
	_, err = s.run(ctx, command(ctx, nil, program, s.addr, filepath.Join(s.dir, "data"), synchronous))
	return p, err
}

// prepare registers users and gives the first one orders. Of the program's answer to an
// order it takes what its own orders have, too.
func (p *pocketBase) prepare(ctx context.Context, accounts []account, answer []byte) error {
	var order map[string]any
	if err := json.Unmarshal(answer, &order); err != nil {
		return err
	}
	for _, a := range accounts {
		if err := p.enrol(ctx, a, order); err != nil {
			return err
		}
	}
	for range ownOrders {
		if _, err := p.do(ctx, call{http.MethodPost, pocketBaseOrders, p.tokens[0], p.bodies[0], http.StatusOK}); err != nil {
			return err
		}
	}
	return p.check(ctx)
}

const pocketBaseOrders = "/api/collections/orders/records"

// enrol registers a user, logs the user in and writes down what is sent again and again.
func (p *pocketBase) enrol(ctx context.Context, a account, order map[string]any) error {
	email := a.username + "@example.com"
	body := fmt.Sprintf(`{"email":%q,"password":%q,"passwordConfirm":%[2]q}`, email, a.password)
	if _, err := p.do(ctx, call{http.MethodPost, "/api/collections/users/records", "", body, http.StatusOK}); err != nil {
		return err
	}
	login := fmt.Sprintf(`{"identity":%q,"password":%q}`, email, a.password)
	var in struct {
		Token  string
		Record struct{ ID string }
	}
	if err := p.get(ctx, call{http.MethodPost, pocketBaseLogin, "", login, http.StatusOK}, &in); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{
		"user": in.Record.ID, "items": order["items"], "status": order["status"], "total_cents": order["total_cents"],
	})
	p.logins, p.tokens, p.bodies = append(p.logins, login), append(p.tokens, in.Token), append(p.bodies, string(text))
	return err
}

const (
	pocketBaseLogin = "/api/collections/users/auth-with-password"
	// pocketBasePage does not count the orders, because the program does not, either.
	pocketBasePage = pocketBaseOrders + "?perPage=20&sort=-placed_at&skipTotal=1"
)

// check makes sure that a page is full and that others see nothing of it.
func (p *pocketBase) check(ctx context.Context) error {
	var own, others struct{ Items []struct{} }
	err := errors.Join(
		p.get(ctx, call{http.MethodGet, pocketBasePage, p.tokens[0], "", http.StatusOK}, &own),
		p.get(ctx, call{http.MethodGet, pocketBasePage, p.tokens[1], "", http.StatusOK}, &others))
	if err == nil && (len(own.Items) != 20 || len(others.Items) > 0) {
		err = fmt.Errorf("PocketBase shows %d orders to their guest and %d to another, not 20 and none", len(own.Items), len(others.Items))
	}
	return err
}

func (p *pocketBase) page() request {
	return request{method: http.MethodGet, url: p.URL + pocketBasePage, status: http.StatusOK, connections: connections, tokens: p.tokens[:1]}
}

func (p *pocketBase) place() request {
	return request{method: http.MethodPost, url: p.URL + pocketBaseOrders, status: http.StatusOK, connections: connections, tokens: p.tokens, bodies: p.bodies}
}

func (p *pocketBase) login() request {
	return request{method: http.MethodPost, url: p.URL + pocketBaseLogin, status: http.StatusOK, connections: loginConnections, bodies: p.logins}
}
