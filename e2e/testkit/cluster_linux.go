package testkit

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"restaurant/e2e/testkit/process"
)

// Cluster is three instances over one PostgreSQL, with nginx in front.
type Cluster struct {
	Postgres *PostgresServer
	Nginx    *Process

	t         *testing.T
	mu        sync.Mutex
	instances [3]*Process
}

// StartCluster starts instances that are restarted whenever they have ended,
// until the test is over.
func StartCluster(t *testing.T) *Cluster {
	t.Helper()
	server := NewPostgresServer(t)
	c := StartClusterOver(t, func(int) string { return server.URL })
	c.Postgres = server
	return c
}

// StartClusterOver is StartCluster over a database whose address may be another one for
// each instance.
func StartClusterOver(t *testing.T, url func(instance int) string) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	var dirs [len(c.instances)]string
	for i := range dirs {
		dirs[i] = t.TempDir() // before the instances are to be ended, because what came first is cleaned up last
	}
	addr := FreeAddr(t)
	t.Setenv("RESTAURANT_PUBLIC_URL", "http://"+addr)
	t.Setenv("RESTAURANT_TRUSTED_PROXIES", "127.0.0.1")
	ctx, cancel := context.WithCancel(context.Background())
	var supervisors sync.WaitGroup
	t.Cleanup(supervisors.Wait)
	t.Cleanup(func() {
		cancel()
		for i := range c.instances {
			c.Kill(i)
		}
	})
	for i := range c.instances {
		addr := FreeAddr(t)
		serve := func() *Process {
			return Prepare(t, dirs[i], addr, exec.Command(Program(), "serve", "-database-url", url(i))) // #nosec G204 -- our program
		}
		c.instances[i] = serve()
		supervisors.Go(func() { c.supervise(ctx, i, serve) })
	}
	var addrs []string
	for i := range c.instances {
		c.Instance(i).AwaitReady()
		addrs = append(addrs, c.Instance(i).Addr)
	}
	c.Nginx = StartNginx(t, addr, addrs...)
	return c
}

// supervise does what systemd, Docker or Kubernetes does elsewhere.
func (c *Cluster) supervise(ctx context.Context, i int, serve func() *Process) {
	for {
		p := serve()
		c.mu.Lock()
		if ctx.Err() != nil {
			c.mu.Unlock()
			return
		}
		c.instances[i] = p
		err := p.Process.Start()
		c.mu.Unlock()
		if err != nil {
			c.t.Error(err)
			return
		}
		<-p.Done
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond): // PostgreSQL may be away
		}
	}
}

// Size is the number of instances.
func (c *Cluster) Size() int { return len(c.instances) }

// Instance is the process that runs, or ran last, as instance i.
func (c *Cluster) Instance(i int) *Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instances[i]
}

// Kill ends instance i as a power cut would.
func (c *Cluster) Kill(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.instances[i].Cmd.Process; p != nil {
		_ = p.Kill() // it may have ended by itself
	}
}

// AwaitReady waits until each instance is ready, whichever process it is now.
func (c *Cluster) AwaitReady() {
	c.t.Helper()
	for i := range c.instances {
		for deadline := time.Now().Add(20 * time.Second); c.Instance(i).Call("GET", "/readyz", "", "", nil) != 200; time.Sleep(10 * time.Millisecond) { // polled, not raced against
			if time.Now().After(deadline) {
				c.t.Fatalf("instance %d is never ready:\n%s", i, c.Instance(i).Output)
			}
		}
	}
}

// StartNginx starts nginx at an address, in front of the instances at others.
func StartNginx(t *testing.T, addr string, instances ...string) *Process {
	t.Helper()
	dir := t.TempDir()
	cmd, err := process.Nginx(dir, addr, instances...)
	if err != nil {
		t.Fatal(err)
	}
	nginx := Prepare(t, dir, addr, cmd)
	nginx.Start()
	t.Cleanup(nginx.Process.Stop) // a killed master would leave its workers behind
	nginx.AwaitReady()
	return nginx
}
