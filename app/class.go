package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"restaurant/class"
	"restaurant/queue"
	"restaurant/server"
)

// classAddr is where a class listens: at all addresses of the computer.
const classAddr = "0.0.0.0:8080"

// classGCPercent is how much garbage there may be before it is collected, in percent of what is
// in use (GOGC). A hundred tables keep a lot in use and make little garbage.
const classGCPercent = 40

// notGiven is the number of tables without a flag.
const notGiven = -1

// classOptions are the flags of the command class.
type classOptions struct {
	tables       int
	title, names string
	join, unlock string
	fresh        bool // -new
	forget       bool
}

func classFlags(c *call, f *flag.FlagSet) {
	f.IntVar(&c.class.tables, "tables", notGiven, "how many tables, 1 to 100")
	f.StringVar(&c.class.title, "title", "", "title on every page")
	f.StringVar(&c.class.names, "names", "", "file with one name a line")
	f.StringVar(&c.class.join, "join", "", "open, code or closed")
	f.StringVar(&c.class.unlock, "unlock", "", "parts or all")
	f.BoolVar(&c.class.fresh, "new", false, "begin another class, and keep the old one beside it")
	f.BoolVar(&c.class.forget, "forget", false, "delete the class after asking, and start none")
	f.BoolVar(&c.yes, "yes", false, "do not ask")
}

// ownAddrs are the addresses of this computer that an address to listen on stands for.
func ownAddrs(addr string) (addrs []netip.Addr, err error) {
	host, _, err := net.SplitHostPort(addr)
	switch {
	case err != nil:
		return nil, err
	case host == "localhost":
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	case !allInterfaces(host):
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, fmt.Errorf("class needs an IP address in -addr, or none: %s is a name", host)
		}
		if ip.Zone() != "" {
			return nil, fmt.Errorf("browsers do not take an address with a zone: name another one than %s in -addr", host)
		}
		return []netip.Addr{ip.Unmap()}, nil
	}
	all, err := net.InterfaceAddrs()
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs, err
}

// classCommand runs a class.
func classCommand(ctx context.Context, c call) (err error) {
	folder := filepath.Join(c.cfg.dataDir, "class")
	if c.class.forget {
		return forgetClass(ctx, c, folder)
	}
	settings, err := c.class.settings(folder)
	if err != nil {
		return err
	}
	if err := c.cfg.classRefusal(); err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(classGCPercent))
	log, buffer := server.NewLogger(c.Log, c.cfg.logLevel, c.cfg.logFormat == "json")
	defer buffer.Flush()
	listening, err := c.cfg.listenOn(ctx, "addr", server.Options{Addr: c.cfg.addr, Log: log})
	if err != nil {
		return err
	}
	defer listening.Close()
	lock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // the end of the process does it, too
	c.cfg.warnOfClass(log)
	if c.class.fresh {
		if err := putClassAside(folder); err != nil {
			return err
		}
	}
	_, port, _ := net.SplitHostPort(listening.Addr())
	boards := c.cfg.boardURLs(port)
	goesOn := class.Summary(folder)
	o := tableOpener{cfg: c.cfg, hosts: append(hostNames(boards), c.cfg.allowedHosts...), log: log, hashing: queue.NewForClass(hashersOfAClass)}
	room, err := class.Open(class.Options{Folder: folder, URL: boards[0], Hosts: o.hosts, Open: o.open, Copy: o.copy, PutBack: o.putBack, SetAside: o.setAside, ReadLessons: o.readLessons, Log: log}, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, room.Close()) }()
	code, err := room.NewTeacherCode()
	if err != nil {
		return err
	}
	printClass(c, boards, code, goesOn)
	return runParts(ctx, []part{
		worker(buffer.Run), worker(returnMemory), worker(room.Run),
		{run: func() error { return listening.Serve(room) }, stop: func(context.Context) error { room.Drain(); return listening.Shutdown() }},
	})
}

// settings reads the flags of a class in a folder. What is not given keeps its zero value. The
// errors name the flag.
func (o classOptions) settings(folder string) (s class.Settings, err error) {
	s = class.Settings{Title: strings.TrimSpace(o.title), Tables: max(0, o.tables), Join: class.Joining(o.join), Unlock: class.Unlocking(o.unlock)}
	switch {
	case o.tables != notGiven && (o.tables < 1 || o.tables > class.MaxTables):
		return s, fmt.Errorf("-tables must be a number from 1 to %d", class.MaxTables)
	case !slices.Contains([]class.Joining{"", class.JoinOpen, class.JoinCode, class.JoinClosed}, s.Join):
		return s, errors.New("-join must be open, code or closed")
	case !slices.Contains([]class.Unlocking{"", class.UnlockParts, class.UnlockAll}, s.Unlock):
		return s, errors.New("-unlock must be parts or all")
	case class.NameFault(s.Title) != "":
		return s, errors.New("-title must be a text of 40 characters at most")
	}
	if o.names != "" {
		s.Names, err = readNames(o.names, o.tablesIn(folder))
	}
	return s, err
}

// tablesIn is how many tables there will be: a class that goes on keeps those that it has.
func (o classOptions) tablesIn(folder string) int {
	kept := 0
	if !o.fresh {
		kept = class.TablesOf(folder)
	}
	return cmp.Or(max(0, o.tables, kept), class.DefaultTables)
}

// readNames reads one name a line. An empty line leaves a table without a name.
func readNames(file string, tables int) (names []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("-names: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if fault := class.NameFault(name); fault != "" {
			return nil, fmt.Errorf("-names: line %d of %s %s", len(names)+1, file, fault)
		}
		names = append(names, name)
	}
	if len(names) > tables {
		return nil, fmt.Errorf("-names: %s has %d lines, and there are %d tables: start with -tables %d", file, len(names), tables, len(names))
	}
	return names, lines.Err()
}

// boardURLs are the addresses under which others reach the class, the one to write on the
// board first.
func (c config) boardURLs(port string) (urls []string) {
	if c.publicURL != "" {
		urls = append(urls, c.publicURL)
	}
	addrs, _ := ownAddrs(c.addr) // they were read a moment ago
	first := routeAddr()
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return boardOrder(a, first) - boardOrder(b, first) })
	for _, ip := range addrs {
		if !ip.IsLoopback() && (ip.Is4() || !ip.IsLinkLocalUnicast()) { // the latter needs a zone, which browsers do not take
			urls = append(urls, "http://"+net.JoinHostPort(ip.String(), port))
		}
	}
	if i := slices.IndexFunc(addrs, netip.Addr.IsLoopback); i >= 0 {
		urls = append(urls, "http://"+net.JoinHostPort(loopbackName(addrs[i]), port))
	}
	return urls
}

// loopbackName is how this computer itself reaches a loopback address: localhost, or an address
// that this name does not stand for.
func loopbackName(ip netip.Addr) string {
	if ip == netip.IPv6Loopback() || ip == netip.MustParseAddr("127.0.0.1") {
		return "localhost"
	}
	return ip.String()
}

// boardOrder sorts the address with the default route first, and IPv4 before IPv6.
func boardOrder(ip, first netip.Addr) int {
	switch {
	case ip == first:
		return 0
	case ip.Is4():
		return 1
	}
	return 2
}

// routeAddr is the address of this computer from which the default route leads. It sends
// nothing: 192.0.2.1 is an address for documents (RFC 5737).
func routeAddr() netip.Addr {
	conn, err := new(net.Dialer).DialContext(context.Background(), "udp", "192.0.2.1:9")
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = conn.Close() }()
	at, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	return at.Addr().Unmap()
}

// hostNames are the hosts of the addresses, and the name of this computer.
func hostNames(urls []string) (hosts []string) {
	for _, u := range urls {
		if parsed, err := url.Parse(u); err == nil {
			hosts = append(hosts, parsed.Hostname())
		}
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name, name+".local")
	}
	return hosts
}

func printClass(c call, boards []string, code, goesOn string) {
	if goesOn != "" {
		fmt.Fprintln(c.Out, goesOn)
	}
	fmt.Fprintf(c.Out, "Write on the board: %s/\n", boards[0])
	for _, other := range boards[1:] {
		fmt.Fprintf(c.Out, "  also reached at:  %s/\n", other)
	}
	fmt.Fprintf(c.Out, "For the teacher only: %s/teach#%s\n", boards[len(boards)-1], code)
	fmt.Fprintln(c.Out, "Ctrl-C stops the class. Start it again, and it goes on: nothing is lost.")
	if u, err := url.Parse(boards[0]); err == nil && isLoopback(u.Host) {
		fmt.Fprintln(c.Out, "Only this computer reaches the class: it has no address in a network, or -addr names localhost.")
		return
	}
	fmt.Fprintln(c.Out, "Windows asks if its firewall may let others in: allow it for private networks.")
	fmt.Fprintln(c.Out, "If learners cannot open the address, the Wi-Fi may keep its guests apart: use a network of your own, such as the hotspot of a telephone.")
}

// classFiles are what a class keeps in its folder. The last one makes it a class, so what is
// interrupted can be done again.
var classFiles = []string{"tables", "undo", "broken", "class.json"}

// putClassAside renames the folder of the class, so that another one can begin. The lock file
// stays.
func putClassAside(folder string) error {
	if !holdsClass(folder) {
		return nil
	}
	aside, err := freeName(folder + "-" + time.Now().Format(time.DateOnly))
	if err != nil {
		return err
	}
	if err := os.Mkdir(aside, 0o700); err != nil {
		return err
	}
	for _, name := range classFiles {
		if err := os.Rename(filepath.Join(folder, name), filepath.Join(aside, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// freeName is a name that no file has yet: the name itself, or with a number behind it.
func freeName(name string) (string, error) {
	for n := 1; n < 1000; n++ {
		candidate := name
		if n > 1 {
			candidate = fmt.Sprintf("%s-%d", name, n)
		}
		if !exists(candidate) {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("there are too many folders such as %s: delete some", name)
}

// holdsClass reports whether anything of a class is there.
func holdsClass(folder string) bool {
	return slices.ContainsFunc(classFiles, func(name string) bool { return exists(filepath.Join(folder, name)) })
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// forgetClass deletes the class after asking.
func forgetClass(ctx context.Context, c call, folder string) error {
	lock, err := lockFolder(folder)
	if err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // the end of the process does it, too
	if !holdsClass(folder) {
		return fmt.Errorf("there is no class in %s", folder)
	}
	summary := cmp.Or(class.Summary(folder), fmt.Sprintf("The class.json of the class in %s is missing or damaged.", folder))
	fmt.Fprintf(c.Out, "%s\nThis deletes all tables, their orders and their progress in the lessons.\n", summary)
	if err := c.confirm(ctx); err != nil {
		return err
	}
	for _, name := range classFiles {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.Out, "The class is deleted.")
	return nil
}
