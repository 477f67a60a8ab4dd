package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// chain is three branches over one PostgreSQL, with nginx in front.
type chain struct {
	t      *testing.T
	server *testkit.Server
	door   *running // nginx

	mu       sync.Mutex
	branches [3]*running
}

// openChain opens branches that are opened again whenever they have ended, until
// the test is over.
func openChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{t: t, server: testkit.NewServer(t)}
	addr := freeAddr(t)
	t.Setenv("DATABASE_URL", c.server.URL)
	t.Setenv("PUBLIC_URL", "http://"+addr)
	t.Setenv("TRUSTED_PROXIES", "127.0.0.1")
	open, close := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	t.Cleanup(keeping.Wait)
	t.Cleanup(func() {
		close()
		for i := range c.branches {
			c.killBranch(i)
		}
	})
	for i := range c.branches {
		dir, addr := t.TempDir(), freeAddr(t)
		c.branches[i] = prepare(t, dir, addr, exec.Command(program(), "serve"))
		keeping.Go(func() { c.keepOpen(open, i, dir, addr) })
	}
	var addrs []string
	for i := range c.branches {
		c.branch(i).ready()
		addrs = append(addrs, c.branch(i).addr)
	}
	c.door = openDoor(t, addr, addrs...)
	return c
}

// keepOpen is what watches over a branch elsewhere: systemd, Docker, Kubernetes.
func (c *chain) keepOpen(ctx context.Context, i int, dir, addr string) {
	for {
		b := prepare(c.t, dir, addr, exec.Command(program(), "serve"))
		c.mu.Lock()
		if ctx.Err() != nil {
			c.mu.Unlock()
			return
		}
		c.branches[i] = b
		err := b.cmd.Start()
		c.mu.Unlock()
		if err != nil {
			c.t.Error(err)
			return
		}
		b.done <- b.cmd.Wait()
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond): // PostgreSQL may be away
		}
	}
}

// branch is the program that runs, or ran last, as branch i.
func (c *chain) branch(i int) *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.branches[i]
}

// killBranch ends a branch as a power cut would.
func (c *chain) killBranch(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.branches[i].cmd.Process; p != nil {
		_ = p.Kill() // it may have ended by itself
	}
}

// awaitAll waits until each branch is ready, whichever process it is now.
func (c *chain) awaitAll() {
	c.t.Helper()
	for i := range c.branches {
		for deadline := time.Now().Add(20 * time.Second); c.branch(i).call("GET", "/readyz", "", "", nil) != 200; time.Sleep(10 * time.Millisecond) { // asked again, not raced against
			if time.Now().After(deadline) {
				c.t.Fatalf("branch %d is never ready:\n%s", i, c.branch(i).out)
			}
		}
	}
}

// openDoor starts nginx at an address, with the configuration of make branches, in
// front of the branches at others.
func openDoor(t *testing.T, addr string, branches ...string) *running {
	t.Helper()
	dir := t.TempDir()
	conf, err := os.ReadFile(filepath.Join("branches", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, branch := range branches {
		fmt.Fprintf(&list, "server %s max_fails=1 fail_timeout=2s;\n", loopback(branch))
	}
	for name, text := range map[string]string{"nginx.conf": string(conf), "branches.conf": list.String(), "door.conf": "listen " + loopback(addr) + ";"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	nginx := exec.Command("nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;")
	door := prepare(t, dir, addr, nginx)
	door.begin()
	t.Cleanup(func() { // a killed master would leave its workers behind
		_ = nginx.Process.Signal(syscall.SIGTERM)
		door.wait(10 * time.Second)
	})
	door.ready()
	return door
}

// loopback is an address of localhost as nginx takes it for one address only.
func loopback(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return "127.0.0.1:" + port
}
