package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// screen is what the command has printed so far.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until all patterns are on the screen, and returns what their groups hold.
func (s *screen) await(t *testing.T, patterns ...string) (found []string) {
	t.Helper()
	for _, p := range patterns {
		pattern := regexp.MustCompile(p)
		for deadline := time.Now().Add(2 * time.Minute); !pattern.MatchString(s.String()); {
			if time.Now().After(deadline) {
				t.Fatalf("no %q within two minutes:\n%s", p, s)
			}
			time.Sleep(10 * time.Millisecond)
		}
		found = append(found, pattern.FindStringSubmatch(s.String())[1:]...)
	}
	return found
}

// TestClass_isAlive holds the five learners to what a teacher wants to see before the day: each
// makes a typical mistake, and the class has seen it and what they got right.
func TestClass_isAlive(t *testing.T) {
	program, folder := testkit.Program(), t.TempDir()
	t.Setenv("RESTAURANT_KITCHEN_PACE", "20ms")
	t.Setenv("TMPDIR", folder)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, _ := net.SplitHostPort(busy.Addr().String())

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, ended := new(screen), make(chan error)
	go func() {
		ended <- run(ctx, []string{"-program", program, "-port", port, "-tables", "5", "-speed", "500", "-for", "5m"}, out)
	}()
	seen := out.await(t,
		`Write on the board: (http://\S+)/\n`,
		`For the teacher only: http://\S+#(\S+)\n`,
		`Alice has table .*: (http\S+)/\n`,
		`Carla has table .*: (http\S+)/\n`,
		`Alice has done L01`,
		`Bob types a wrong password .*: 401 invalid-credentials`,
		`Carla forgets the header .*: 401 authentication-required`,
		`Carla takes a hint in (L\d\d)`,
		`Vera tries again what is not allowed .*: 403 vip-only`,
		`Marco uses a token that has expired .*: 401 token-expired`,
	)
	if strings.HasSuffix(seen[0], ":"+port) {
		t.Errorf("the class is at a port in use: %s", seen[0])
	}
	var alice, carla lesson
	for at, l := range map[string]*lesson{seen[2] + "/learn/lessons/L01": &alice, seen[3] + "/learn/lessons/" + seen[4]: &carla} {
		if err := call(t.Context(), process.NewClient(at), "GET", "", "", l); err != nil {
			t.Fatal(err)
		}
	}
	if alice.State != "done" || !carla.Hints[0].Taken {
		t.Errorf("Alice's L01 is %q, and Carla's hints are %v", alice.State, carla.Hints)
	}
	teachersView(t, seen[0], seen[1])

	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v:\n%s", err, out)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(seen[0], "http://")); err == nil {
		t.Error("the program still runs")
	}
}

// teachersView holds the teacher's view to five learners with their names, and to their mistakes.
func teachersView(t *testing.T, class, code string) {
	t.Helper()
	a, err := process.NewClient(class).Do(t.Context(), "GET", "/teach/state", code, "")
	var state struct {
		Tables   []struct{ Name, State string }
		Problems []struct{ Problem string }
	}
	if err = errors.Join(err, json.Unmarshal(a.Body, &state)); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
	for _, l := range learners {
		if !slices.ContainsFunc(state.Tables, func(t struct{ Name, State string }) bool { return t.Name == l.name && t.State == "seated" }) {
			t.Errorf("%s is not seated: %v", l.name, state.Tables)
		}
	}
	for _, slug := range []string{"invalid-credentials", "authentication-required", "vip-only", "token-expired"} {
		if !slices.ContainsFunc(state.Problems, func(p struct{ Problem string }) bool { return p.Problem == slug }) {
			t.Errorf("no learner was refused with %s: %v", slug, state.Problems)
		}
	}
}

func TestClass_endsAfterItsTime(t *testing.T) {
	out := new(screen)
	err := run(t.Context(), []string{"-program", testkit.Program(), "-port", "19200", "-tables", "5", "-for", "1s"}, out)
	if err != nil || !strings.Contains(out.String(), "The class is over.") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestClass_saysWhatItTakes(t *testing.T) {
	for _, args := range [][]string{{"-port", "0"}, {"-for", "4h"}, {"-speed", "0"}, {"-tables", "4"}, {"more"}} {
		if err := run(t.Context(), args, new(screen)); err == nil || !strings.Contains(err.Error(), "takes a number from") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
