package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"restaurant/e2e/testkit"
)

// TestNginx_clusterScript runs the command of docs/scaling.md, and then the requests that
// it prints: an order at one instance is seen at the others, and so is a logout.
func TestNginx_clusterScript(t *testing.T) {
	needChaos(t)
	page, err := os.ReadFile("../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile("(?s)```sh\n(make [^\n]+)\n```").FindSubmatch(page)
	if line == nil {
		t.Fatal("docs/scaling.md does not say how to start instances")
	}
	first := testkit.FreePorts(t, 4)
	args := strings.Fields(string(line[1]))
	cmd := exec.Command(args[0], append(args[1:], "PORT="+strconv.Itoa(first))...)
	cmd.Dir, cmd.SysProcAttr = "..", &syscall.SysProcAttr{Setpgid: true}
	script := testkit.Prepare(t, t.TempDir(), "localhost:"+strconv.Itoa(first), cmd)
	script.Start()
	interrupt := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) } // as Ctrl-C does
	t.Cleanup(func() { interrupt(); <-script.Done })
	for range 4 { // minutes: it compiles first
		if err = script.Process.AwaitReady(t.Context()); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	script.AwaitOutput(fmt.Sprintf("http://localhost:%d/api/v1/auth/me", first+2)) // the last line

	r := newReader(t, nil)
	requests := regexp.MustCompile(`(?m)^curl .*$`).FindAllString(script.Output.String(), -1)
	statuses := []string{"200", "201", "stream", "200", "200", "201", "200", "200", "201", "204", "revoked"}
	if len(requests) != len(statuses) {
		t.Fatalf("it prints %d requests:\n%s", len(requests), script.Output)
	}
	for i, request := range requests {
		r.curl(t, command{request, statuses[i]}, arguments(t, request)[1:])
	}
	interrupt()
	script.Wait(30 * time.Second)
	if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first))); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	} else {
		l.Close()
	}
}
