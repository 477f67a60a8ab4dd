package handlers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"restaurant/queue"
)

// occupyHashing takes every place at which passwords are hashed, until leave is called.
func (srv *server) occupyHashing(t testing.TB) (leave func()) {
	t.Helper()
	var all []func()
	for range runtime.NumCPU() {
		one, err := srv.Hashing.Enter(t.Context(), "busy")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return func() {
		for _, one := range all {
			one()
		}
	}
}

// costly are the calls that hash a password, each in every form that it has.
func costly(t testing.TB, srv *server) map[string]func() *response {
	alice := srv.as(t, "alice")
	form := with("Content-Type", "application/x-www-form-urlencoded")
	return map[string]func() *response{
		"a login":              func() *response { return srv.tryLogin(t, "alice", passwordOf("alice"), home) },
		"a login of nobody":    func() *response { return srv.tryLogin(t, "nobody", passwordOf("alice"), home) },
		"a login with no name": func() *response { return srv.tryLogin(t, "not a username", passwordOf("alice"), home) },
		"a login for cookies": func() *response {
			return srv.post(t, loginPath, `{"username":"alice","password":"alice-likes-pizza","cookie":true}`)
		},
		"a form, as OAuth has it": func() *response {
			return srv.post(t, loginPath, "grant_type=password&username=alice&password=alice-likes-pizza", form)
		},
		"a registration": func() *response { return srv.post(t, "/api/v1/auth/register", registration("new.guest")) },
		"a change of password": func() *response {
			return srv.post(t, passwordPath, `{"current":"alice-likes-pizza","new":"a sentence only I know"}`, alice)
		},
	}
}

func registration(username string) string {
	return fmt.Sprintf(`{"username":%q,"password":"a sentence only I know","name":"New guest"}`, username)
}

// TestHashing_waitsInTheQueue: each costly call waits for a place, is sent away after a
// while, and does nothing then. With a free place it is answered as ever.
func TestHashing_waitsInTheQueue(t *testing.T) {
	for name := range costly(t, newServer(t)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t)
				call := costly(t, srv)[name]
				leave, began := srv.occupyHashing(t), time.Now()
				res := call().wants(t, 503, "server-busy")
				if took := time.Since(began); took != queue.MaxWait || res.Header().Get("Retry-After") != "5" {
					t.Errorf("sent away after %v, Retry-After is %s", took, res.Header().Get("Retry-After"))
				}
				if users, err := srv.Store.Users(t.Context(), 0, 10); err != nil || len(users) != 5 {
					t.Errorf("there are %d users: %v", len(users), err)
				}

				time.AfterFunc(time.Second, leave)
				if res := call(); res.Code >= 402 || time.Since(began) != queue.MaxWait+time.Second {
					t.Errorf("with a free place: %d after %v", res.Code, time.Since(began))
				}
			})
		})
	}
}

// TestHashing_othersNoticeNothing: what needs no hash is answered while every place is taken.
func TestHashing_othersNoticeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		session := srv.login(t, "alice")
		alice := bearer(session.AccessToken)
		srv.failLogins(t, 5, "bob", home)
		leave, began := srv.occupyHashing(t), time.Now()
		defer leave()
		srv.get(t, "/api/v1/menu").wants(t, 200, "")
		srv.get(t, mePath, alice).wants(t, 200, "")
		srv.post(t, "/api/v1/orders", `{"items":[{"menu_item_id":1,"size":"small","quantity":1}]}`, alice).wants(t, 201, "")
		srv.post(t, refreshPath, fmt.Sprintf(`{"refresh_token":%q}`, session.RefreshToken)).wants(t, 200, "")
		srv.post(t, "/api/v1/auth/register", `{"username":"x","password":"a sentence only I know","name":"X"}`).wants(t, 422, "validation-failed")
		srv.tryLogin(t, "bob", passwordOf("bob"), home).wantsWait(t, 1) // nobody waits in order to be refused
		if took := time.Since(began); took != 0 {
			t.Errorf("they waited for %v", took)
		}
	})
}

// TestHashing_isFairByAddress: one network's line is full, and another still gets in.
func TestHashing_isFairByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		leave := srv.occupyHashing(t)
		statuses := make(chan int, 100)
		for i := range 64 {
			go func() {
				statuses <- srv.tryLogin(t, "alice", passwordOf("alice"), fmt.Sprintf("[2001:db8::%x]:1", i+1)).Code
			}()
		}
		synctest.Wait()
		srv.tryLogin(t, "alice", passwordOf("alice"), "[2001:db8::ffff]:1").wants(t, 503, "server-busy")
		time.AfterFunc(time.Second, leave)
		srv.tryLogin(t, "alice", passwordOf("alice"), "[2001:db8:0:1::1]:1").wants(t, 200, "")
		for range 64 {
			if status := <-statuses; status != 200 {
				t.Errorf("one who waited got %d", status)
			}
		}
	})
}

// TestHashing_registrationsAreOneClient: ten addresses register before one logs in, which
// waits for one of them only.
func TestHashing_registrationsAreOneClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		leave := srv.occupyHashing(t)
		order := make(chan string, 11)
		for i := range 10 {
			go func() {
				srv.post(t, "/api/v1/auth/register", registration(fmt.Sprint("guest.", i)), fromAddress(fmt.Sprintf("192.0.2.%d:1", i))).wants(t, 201, "")
				order <- "registration"
			}()
			synctest.Wait()
		}
		go func() {
			srv.tryLogin(t, "alice", passwordOf("alice"), home).wants(t, 200, "")
			order <- "login"
		}()
		synctest.Wait()
		leave()
		place := 0
		for i := range 11 {
			if <-order == "login" {
				place = i
			}
		}
		if place > 3 { // it hashes beside them, so it may end a little later
			t.Errorf("the login comes after %d registrations", place)
		}
	})
}

// TestHashing_notForAClientThatLeft registers over a real connection and hangs up in the
// line: no account is made that nobody heard of.
func TestHashing_notForAClientThatLeft(t *testing.T) {
	srv := newServer(t)
	arrived, answered := make(chan struct{}, 2), make(chan struct{}, 2)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		arrived <- struct{}{}
		srv.handler.ServeHTTP(w, r)
		answered <- struct{}{}
	}))
	defer web.Close()
	register := func(ctx context.Context, username string) (status int) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, web.URL+"/api/v1/auth/register", strings.NewReader(registration(username)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := web.Client().Do(req)
		if err != nil {
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	leave := srv.occupyHashing(t)
	ctx, hangUp := context.WithCancel(t.Context())
	go func() { <-arrived; hangUp() }()
	if status := register(ctx, "impatient"); status != 0 {
		t.Fatalf("the impatient client was answered %d", status)
	}
	<-answered
	leave()
	if status := register(t.Context(), "patient"); status != 201 {
		t.Errorf("the patient client was answered %d", status)
	}
	for username, want := range map[string]int{"impatient": 401, "patient": 200} {
		srv.tryLogin(t, username, "a sentence only I know", home).wants(t, want, map[int]string{401: "invalid-credentials"}[want])
	}
	if log := srv.log.String(); !strings.Contains(log, "status=499") || strings.Contains(log, "level=ERROR") {
		t.Errorf("the log says\n%s", log)
	}
}

func TestRegister_hasABudgetForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withRateLimit)
		n := 0
		register := func() *response {
			n++
			return srv.post(t, "/api/v1/auth/register", registration(fmt.Sprint("guest.", n)), fromAddress(fmt.Sprintf("192.0.2.%d:1", n)))
		}
		for range 20 {
			register().wants(t, 201, "")
		}
		for range 3 {
			if got := register().wants(t, 429, "rate-limited").Header().Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After is %s", got)
			}
			srv.post(t, "/api/v1/auth/register", registration("x"), fromAddress(home)).wants(t, 422, "validation-failed") // nothing would be hashed
		}
		srv.login(t, "alice")
		time.Sleep(time.Second)
		for range 6 {
			register().wants(t, 201, "")
		}
		register().wants(t, 429, "rate-limited")
	})
}

func TestRegister_hasNoBudgetWithoutRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		for i := range 22 {
			srv.post(t, "/api/v1/auth/register", registration(fmt.Sprint("guest.", i))).wants(t, 201, "")
		}
	})
}
