package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresPair is two servers of one cluster, in folders of their own: a primary and a
// standby, which change places. It ends with the test.
type PostgresPair struct {
	Servers [2]*PairedServer

	t        testing.TB
	bin, dir string
}

// PairedServer is one of them.
type PairedServer struct {
	// Addr is its host and port.
	Addr string

	pair *PostgresPair
	data string
}

// PairDatabase and PairUser are there on both servers. The user owns the database and has
// no other rights, and no password.
const (
	PairDatabase = "restaurant"
	PairUser     = "restaurant"
)

// NewPostgresPair starts the first server as primary and the second as its standby.
// Nobody waits for the standby, see AwaitStandby.
func NewPostgresPair(t testing.TB) *PostgresPair {
	t.Helper()
	NeedPostgres(t)
	dir, err := os.MkdirTemp(folderInMemory(), "restaurant-pair-")
	if err != nil {
		t.Fatal(err)
	}
	p := &PostgresPair{t: t, bin: os.Getenv("TEST_POSTGRES_BIN"), dir: dir}
	for i := range p.Servers {
		p.Servers[i] = &PairedServer{Addr: freeIPv4(t), pair: p, data: filepath.Join(dir, fmt.Sprint("server", i+1))}
	}
	t.Cleanup(func() {
		for _, s := range p.Servers {
			s.Kill()
		}
		_ = os.RemoveAll(dir) // in the folder for temporary files
	})
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // another user's programs write there
		t.Fatal(err)
	}
	first := p.Servers[0]
	p.run("initdb", "-D", first.data, "-U", "postgres", "-A", "trust", "--no-locale", "--encoding=UTF8", "--no-sync")
	first.Start()
	for _, stmt := range []string{"CREATE ROLE " + PairUser + " LOGIN", "CREATE DATABASE " + PairDatabase + " OWNER " + PairUser} {
		first.administer("postgres", stmt)
	}
	p.Servers[1].Follow(first)
	return p
}

// freeIPv4 is FreeAddr for a server that listens at 127.0.0.1 only.
func freeIPv4(t testing.TB) string { return "127.0.0.1:" + strconv.Itoa(FreePorts(t, 1)) }

// folderInMemory is a folder in memory if there is one, else that for temporary files.
func folderInMemory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// URL is the address of the database, on these servers in this order.
func (p *PostgresPair) URL(settings string, addrs ...string) string {
	if len(addrs) == 0 {
		addrs = []string{p.Servers[0].Addr, p.Servers[1].Addr}
	}
	return "postgres://" + PairUser + "@" + strings.Join(addrs, ",") + "/" + PairDatabase + "?sslmode=disable" + settings
}

// run runs a program of PostgreSQL as its own user.
func (p *PostgresPair) run(program string, args ...string) {
	p.t.Helper()
	args = append([]string{filepath.Join(p.bin, program)}, args...)
	if os.Geteuid() == 0 { // as whom PostgreSQL refuses to run
		args = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"}, args...)
	}
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...) // #nosec G204 -- programs of PostgreSQL
	cmd.Dir = "/"
	if text, err := cmd.CombinedOutput(); err != nil {
		logs, _ := filepath.Glob(filepath.Join(p.dir, "*.log"))
		for _, log := range logs {
			wrote, _ := os.ReadFile(log) // #nosec G304 -- of our servers
			text = append(text, wrote[max(0, len(wrote)-1000):]...)
		}
		p.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, text)
	}
}

// Start starts the server on what is in its folder: after Kill, as what it was before.
func (s *PairedServer) Start() {
	s.pair.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	s.pair.run("pg_ctl", "-D", s.data, "-s", "-w", "-l", s.data+".log", "-o", "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c port="+port+
		" -c fsync=off -c max_connections=200 -c autovacuum=off -c wal_keep_size=64MB"+ // what is written outlives a process without fsync
		" -c wal_retrieve_retry_interval=200ms", "start") // as docs/postgresql.md advises
}

// Follow makes the server a new standby of a primary.
func (s *PairedServer) Follow(primary *PairedServer) {
	s.pair.t.Helper()
	if err := os.RemoveAll(s.data); err != nil {
		s.pair.t.Fatal(err)
	}
	s.pair.run("pg_basebackup", "-d", "postgres://postgres@"+primary.Addr+"/postgres?sslmode=disable&application_name=standby", "-D", s.data, "-R", "-c", "fast", "--no-sync")
	s.Start()
}

// AwaitStandby says whether the server, a primary, waits with each commit until a standby
// has it; and if so, waits until that standby has all that there is.
func (s *PairedServer) AwaitStandby(on bool) {
	s.pair.t.Helper()
	names := map[bool]string{true: "*", false: ""}[on]
	s.administer("postgres", "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'")
	s.administer("postgres", "SELECT pg_reload_conf()")
	for deadline := time.Now().Add(20 * time.Second); on; time.Sleep(5 * time.Millisecond) { // polled, not raced against
		if s.Count("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= pg_current_wal_flush_lsn()") == 1 {
			return
		}
		if time.Now().After(deadline) {
			s.pair.t.Fatal("the standby does not catch up")
		}
	}
}

// Promote makes a standby the primary. It waits for no standby of its own.
func (s *PairedServer) Promote() {
	s.pair.t.Helper()
	s.pair.run("pg_ctl", "-D", s.data, "-s", "-w", "promote")
}

// Kill ends all processes of the server as a power cut would.
func (s *PairedServer) Kill() {
	if !endServer(s.data) {
		s.pair.t.Errorf("the server at %s does not die", s.Addr)
	}
}

// Freeze stops all processes of the server where they are, Thaw lets them go on.
func (s *PairedServer) Freeze() { signalServer(s.data, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *PairedServer) Thaw() { signalServer(s.data, syscall.SIGCONT) }

// endServer kills the server over a folder, and reports whether it is gone.
func endServer(data string) bool {
	killed := signalServer(data, syscall.SIGKILL)
	_ = os.Remove(filepath.Join(data, "postmaster.pid")) // the next start would wait until somebody buries the process
	for range 400 {                                      // a process that is dying still holds the port and the memory
		if !slices.ContainsFunc(killed, running) {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

// running reports whether a process has not ended. One that nobody has waited for has.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

// Written counts the rows of the database that were written since the server started. What a
// connection has written is counted up to ten seconds later, or when it ends.
func (s *PairedServer) Written() int {
	return s.Count("SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = '" + PairDatabase + "'")
}

// Transactions grows with each transaction of the server that writes anything, at once.
func (s *PairedServer) Transactions() int {
	return s.Count("SELECT txid_snapshot_xmax(txid_current_snapshot())")
}

// CutConnections ends all connections of instances, and returns when they have ended.
func (s *PairedServer) CutConnections() {
	s.administer("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '"+PairUser+"'")
}

// Count runs a query for a number in the database, as its administrator.
func (s *PairedServer) Count(query string) (n int) {
	s.pair.t.Helper()
	s.connect(PairDatabase, func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, query).Scan(&n) })
	return n
}

func (s *PairedServer) administer(database, stmt string) {
	s.pair.t.Helper()
	s.connect(database, func(ctx context.Context, conn *pgx.Conn) error { _, err := conn.Exec(ctx, stmt); return err })
}

// Exec runs a statement in the database as its administrator.
func (s *PairedServer) Exec(stmt string) {
	s.pair.t.Helper()
	s.administer(PairDatabase, stmt)
}

func (s *PairedServer) connect(database string, use func(context.Context, *pgx.Conn) error) {
	s.pair.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, "postgres://postgres@"+s.Addr+"/"+database+"?sslmode=disable")
	if err != nil {
		s.pair.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // what it was for is done
	if err := use(ctx, conn); err != nil {
		s.pair.t.Fatal(err)
	}
}

// signalServer sends a signal to the server over a folder and to all its children, and
// returns to which.
func signalServer(data string, sig syscall.Signal) (pids []int) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	first, _, _ := strings.Cut(string(text), "\n")
	server, aerr := strconv.Atoi(first)
	args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", server))
	if err != nil || aerr != nil || !strings.Contains(string(args), data) { // the number may be another process's by now
		return nil
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", server, server)) // before it is dead and they are nobody's
	if syscall.Kill(server, sig) != nil {                                                // the parent first: it must make no more children
		return nil
	}
	later, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", server, server))
	for _, child := range strings.Fields(string(children) + " " + string(later)) {
		if pid, err := strconv.Atoi(child); err == nil && syscall.Kill(pid, sig) == nil { // it may have ended by itself
			pids = append(pids, pid)
		}
	}
	return append(pids, server)
}

// Fork starts a standby as a primary of its own, without a promotion: on the same
// timeline, as after a copied folder.
func (s *PairedServer) Fork() {
	s.pair.t.Helper()
	s.pair.run("pg_ctl", "-D", s.data, "-s", "-w", "-m", "fast", "stop")
	if err := os.Remove(filepath.Join(s.data, "standby.signal")); err != nil {
		s.pair.t.Fatal(err)
	}
	s.Start()
}
