package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"restaurant/e2e/testkit/process"
)

// postgres is the server that deploy/with-postgres.sh has started for us.
type postgres struct {
	url, bin string
	pid      int
}

func findPostgres() (postgres, error) {
	pid, err := strconv.Atoi(os.Getenv("TEST_POSTGRES_PID"))
	p := postgres{os.Getenv("TEST_DATABASE_URL"), os.Getenv("TEST_POSTGRES_BIN"), pid}
	if err != nil || p.url == "" || p.bin == "" {
		return p, errors.New("-cluster needs an empty PostgreSQL of its own: start it with make cluster-load")
	}
	return p, nil
}

// sql runs a statement, with a program that brings no driver into this one.
func (p postgres) sql(ctx context.Context, statement string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-o", os.DevNull, "-d", p.url, "-c", statement)
	if text, err := cmd.CombinedOutput(); err != nil {
		return process.WithOutput(fmt.Errorf("psql failed: %w", err), string(text))
	}
	return nil
}

// processTree is a process and its children at this moment.
func processTree(pid int) (pids []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // without /proc nothing is counted
	for _, child := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(child); err == nil {
			pids = append(pids, n)
		}
	}
	return append(pids, pid)
}

// cpuOf is the CPU time that processes have used so far. One that has ended
// meanwhile counts nothing.
func cpuOf(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		if used, err := cpuTime(pid); err == nil {
			sum += used
		}
	}
	return sum
}

// coresDuring runs something and tells how many cores each group of processes was
// busy with meanwhile.
func coresDuring(run func() error, groups ...[]int) (cores []float64, err error) {
	before := make([]time.Duration, len(groups))
	for i, pids := range groups {
		before[i] = cpuOf(pids...)
	}
	began := time.Now()
	err = run()
	span := time.Since(began)
	for i, pids := range groups {
		cores = append(cores, (cpuOf(pids...)-before[i]).Seconds()/span.Seconds())
	}
	return cores, err
}
