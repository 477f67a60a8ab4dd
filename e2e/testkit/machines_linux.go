package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Machines are folders that stand for the machines of docs/postgresql.md: on each somebody
// types as the user of PostgreSQL, and a server may run. They end with the test.
type Machines struct {
	t   testing.TB
	bin string
	dir string
	all []*Machine
}

// Machine is one of them.
type Machine struct {
	Name string // as the page calls it
	Addr string // of its PostgreSQL

	of   *Machines
	home string
}

// NewMachines returns machines without a server, but for the first: it has one that nobody
// has set up yet.
func NewMachines(t testing.TB, names ...string) *Machines {
	t.Helper()
	NeedPostgres(t)
	dir, err := os.MkdirTemp(folderInMemory(), "restaurant-machines-")
	if err != nil {
		t.Fatal(err)
	}
	m := &Machines{t: t, bin: os.Getenv("TEST_POSTGRES_BIN"), dir: dir}
	t.Cleanup(func() {
		for _, machine := range m.all {
			machine.Kill()
		}
		_ = os.RemoveAll(dir) // in the folder for temporary files
	})
	m.makeFolder(dir)
	m.makeFolder(filepath.Join(dir, "wal"))
	for _, name := range names {
		machine := &Machine{Name: name, Addr: freeIPv4(t), of: m, home: filepath.Join(dir, name)}
		m.makeFolder(machine.home)
		m.all = append(m.all, machine)
	}
	// A socket in the folder above the data, so that a copy of the data has one of its own.
	m.all[0].Type(`initdb -D /srv/postgres -U postgres --auth-local=trust --auth-host=scram-sha-256 --no-locale --encoding=UTF8 --no-sync
		printf '%s\n' "unix_socket_directories = '..'" "fsync = off" "max_connections = 100" >> /srv/postgres/postgresql.conf
		pg_ctl -D /srv/postgres -l /srv/postgres.log -w start`)
	return m
}

// makeFolder makes a folder in which another user's programs write.
func (m *Machines) makeFolder(path string) {
	m.t.Helper()
	if err := os.MkdirAll(path, 0o777); err != nil { // #nosec G301 -- in a folder of the test
		m.t.Fatal(err)
	}
	if err := os.Chmod(path, 0o777); err != nil { //nolint:gosec // as above
		m.t.Fatal(err)
	}
}

// Named returns the machine of a name.
func (m *Machines) Named(name string) *Machine {
	m.t.Helper()
	for _, machine := range m.all {
		if machine.Name == name {
			return machine
		}
	}
	m.t.Fatalf("there is no machine %q", name)
	return nil
}

// Reach puts the addresses in that the servers have, for those that the page names.
func (m *Machines) Reach(text string) string {
	for _, machine := range m.all {
		text = strings.ReplaceAll(text, machine.Name+":5432", machine.Addr)
	}
	return text
}

// Type lets a shell read commands on the machine, up to the first that fails, and returns
// what they print. They are those of the page: /srv is the machine's own but for the
// archive, and nobody listens on addresses outside of this computer.
func (m *Machine) Type(commands string) (output string) {
	t := m.of.t
	t.Helper()
	for _, change := range [][2]string{
		{"/srv/wal", filepath.Join(m.of.dir, "wal")}, {"/srv/", m.home + "/"}, {"listen_addresses = '*'", "listen_addresses = '127.0.0.1'"},
	} {
		commands = strings.ReplaceAll(commands, change[0], change[1])
	}
	args := []string{"bash", "-euc", m.of.Reach(commands)}
	if os.Geteuid() == 0 { // as whom PostgreSQL refuses to run
		args = append([]string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"}, args...)
	}
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...) // #nosec G204 -- commands of our pages
	_, port, _ := net.SplitHostPort(m.Addr)
	cmd.Dir = m.home
	cmd.Env = append(os.Environ(), "HOME="+m.home, "PATH="+m.of.bin+":"+os.Getenv("PATH"), "PGHOST="+m.home, "PGPORT="+port, "PGUSER=postgres")
	text, err := cmd.CombinedOutput()
	if err != nil {
		wrote, _ := os.ReadFile(filepath.Join(m.home, "postgres.log")) // #nosec G304 -- of our server
		t.Fatalf("on %s: %v\n%s\n%s\nthe server wrote\n%s", m.Name, err, commands, text, wrote[max(0, len(wrote)-3000):])
	}
	return string(text)
}

// Query returns the first column of the first row.
func (m *Machine) Query(database, query string) string {
	m.of.t.Helper()
	return strings.TrimSpace(m.Type(fmt.Sprintf("psql -XAtq -d %s -c \"%s\"", database, query)))
}

// Kill ends all processes of the machine's server as a power cut would. Its socket goes, too,
// as it does when a machine starts again: the next server would wait until somebody buries
// the process that the socket's lock names.
func (m *Machine) Kill() {
	if !endServer(filepath.Join(m.home, "postgres")) {
		m.of.t.Errorf("the server of %s does not die", m.Name)
	}
	sockets, _ := filepath.Glob(filepath.Join(m.home, ".s.PGSQL.*"))
	for _, socket := range sockets {
		_ = os.Remove(socket) // in a folder of the test
	}
}

// Wipe deletes the data of the machine's server, which does not run.
func (m *Machine) Wipe() {
	m.of.t.Helper()
	if err := os.RemoveAll(filepath.Join(m.home, "postgres")); err != nil {
		m.of.t.Fatal(err)
	}
}
