package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed lua
var scripts embed.FS

// How many guests come at once. Logins are fewer: each costs a password hash,
// and 32 would only wait for each other.
const (
	connections      = 32
	loginConnections = 8
	threads          = 2 // of the generator
)

// request is one run of wrk.
type request struct {
	script      string // such as menu.lua
	url         string
	status      int // that every answer must have
	connections int
	lines       []string // one for each guest, see common.lua
	order       string   // the body, where the script orders
}

// generator runs wrk with the scripts in its folder.
type generator struct{ program, dir string }

func newGenerator(dir string) (*generator, error) {
	program, err := exec.LookPath("wrk")
	if err != nil {
		return nil, errors.New("wrk is not installed, and it plays the guests: apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)")
	}
	lua, err := fs.Sub(scripts, "lua")
	if err != nil {
		return nil, err
	}
	return &generator{program, dir}, os.CopyFS(dir, lua)
}

// run sends the guests for a while and returns what wrk counted.
func (g *generator) run(ctx context.Context, v request, span time.Duration) (stats, error) {
	lines := filepath.Join(g.dir, "lines.txt")
	if err := os.WriteFile(lines, []byte(strings.Join(v.lines, "\n")), 0o600); err != nil {
		return stats{}, err
	}
	settings := []string{"STATUS=" + strconv.Itoa(v.status), "LINES=" + lines, "ORDER=" + v.order, "RUN=" + rand.Text()}
	cmd := command(ctx, settings, g.program,
		"--threads", strconv.Itoa(threads), "--connections", strconv.Itoa(v.connections),
		"--duration", strconv.Itoa(int(span.Seconds()))+"s",
		"--timeout", "10s", // slow is not failed; how slow shows in p99
		"--script", v.script, v.url)
	cmd.Dir = g.dir
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return stats{}, withOutput(fmt.Errorf("wrk failed: %w", err), complaints.String())
	}
	return parseWrk(out.String())
}

// parseWrk reads the line that common.lua prints below wrk's own report.
func parseWrk(out string) (stats, error) {
	var line struct {
		Requests                      int64
		Span, P50, P90, P99, Max      int64 // microseconds
		Wrong, Example                int64 // answers with another status, and that of the first
		Connect, Read, Write, Timeout int64 // connections that failed at this, and answers that did not come
	}
	at := strings.LastIndex(out, "\n{")
	if at < 0 || json.Unmarshal([]byte(out[at+1:]), &line) != nil || line.Requests == 0 {
		return stats{}, fmt.Errorf("wrk brought no figures; its report was: %s", strings.TrimSpace(out))
	}
	return stats{
		Requests: line.Requests, Span: micros(line.Span),
		P50: micros(line.P50), P90: micros(line.P90), P99: micros(line.P99), Max: micros(line.Max),
		Wrong: line.Wrong, Example: line.Example, Broken: line.Connect + line.Read + line.Write + line.Timeout,
	}, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
