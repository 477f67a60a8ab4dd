package app

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"restaurant/kitchen"
	"restaurant/models"
)

// config holds all settings. Each is an environment variable and a flag; the flag
// wins.
type config struct {
	addr           string
	allowedHosts   []string
	dataDir        string
	databaseURL    string // of PostgreSQL; empty: the SQLite file in dataDir
	publicURL      string // empty: made from addr
	accessTokenTTL time.Duration
	refreshTTL     time.Duration
	tls            string // off, self-signed or files
	tlsAddr        string
	tlsCert        string
	tlsKey         string
	kitchen        string // auto or manual
	kitchenPace    time.Duration
	rateLimit      int // requests a second; 0: no limit
	tokenCache     bool
	drain          time.Duration
	metricsToken   string
	corsOrigins    []string
	behindProxy    bool
	trustedProxies []string
	public         bool
	lab            bool
	demoData       bool
	teacher        string // address of a class that lessons are reported to; empty: none
	tableCode      string // of the table there
	logLevel       slog.Level
	logFormat      string
	class          bool  // whether it is for the command class, which has a rule of its own for addr
	kiosk          bool  // whether it is for the command kiosk, which knows no TLS
	table          table // of a class; the zero value is a restaurant of its own
}

// readConfig fills the config from defaults, environment and flags, and returns the
// arguments that are left. extra adds the flags of a single command.
func readConfig(command string, args []string, getenv func(string) string, extra func(*flag.FlagSet)) (config, []string, error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	values := map[string]*string{}
	for _, s := range settings {
		values[s.name] = flags.String(s.flagName(), "", s.meaning)
	}
	if extra != nil {
		extra(flags)
	}
	rest, err := parseInterspersed(flags, args)
	if err != nil {
		return config{}, nil, fmt.Errorf("%w; restaurant -h lists every setting", err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	c, err := apply(config{class: command == "class", kiosk: command == "kiosk"}, func(s setting) string {
		if given[s.flagName()] {
			return *values[s.name]
		}
		return cmp.Or(strings.TrimSpace(getenv(s.name)), s.defaultFor(command))
	})
	return c, rest, err
}

// parseInterspersed parses flags before and after arguments, and returns the arguments.
func parseInterspersed(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if args = flags.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return rest, nil
}

// apply sets each setting of c to the value that pick returns for it, without the blanks
// around it, which `set NAME=off && restaurant` leaves on Windows.
func apply(c config, pick func(setting) string) (config, error) {
	for _, s := range settings {
		if err := s.set(&c, strings.TrimSpace(pick(s))); err != nil {
			return c, fmt.Errorf("%s %w", s.name, err)
		}
	}
	c.accessTokenTTL = c.accessTokenTTL.Truncate(time.Second) // exp counts whole seconds
	return c, c.check()
}

// kitchenMode is the mode in which the kitchen begins.
func (c config) kitchenMode() kitchen.Mode {
	return kitchen.Mode{Manual: c.kitchen == "manual", Pace: c.kitchenPace}
}

// check rejects settings that contradict each other.
func (c config) check() error {
	switch {
	case c.class:
		return nil // the command asks classRefusal before it listens, and it deletes a class in any case
	case !c.overTLS() && !c.behindProxy && !isLoopback(c.addr):
		return c.plainRefusal()
	case c.tls == "files" && (c.tlsCert == "" || c.tlsKey == ""):
		return errors.New("RESTAURANT_TLS=files needs RESTAURANT_TLS_CERT and RESTAURANT_TLS_KEY, the paths of two PEM files")
	case c.public && c.publicRefusal() != nil:
		return c.publicRefusal()
	case (c.teacher == "") != (c.tableCode == ""):
		return errors.New("RESTAURANT_TEACHER and RESTAURANT_TABLE go together: the address of a class and the code of your table there")
	case c.teacher != "" && !c.demoData:
		return errors.New("RESTAURANT_TEACHER reports lessons, and they need RESTAURANT_DEMO_DATA=on")
	case c.publicURL != "" && c.overTLS() && !strings.HasPrefix(c.publicURL, "https://"):
		return errors.New("RESTAURANT_PUBLIC_URL must begin with https:// under TLS")
	}
	return nil
}

// plainRefusal says what to do instead of plain HTTP for everybody on the way.
func (c config) plainRefusal() error {
	if c.kiosk {
		_, port, _ := net.SplitHostPort(c.addr) // it was split before
		return fmt.Errorf("RESTAURANT_ADDR %s is not loopback, and the kiosk speaks only plain HTTP, over which others could read tokens: leave it out, or use -addr localhost:%s", c.addr, port)
	}
	text := fmt.Sprintf("RESTAURANT_ADDR %s is not loopback, and over plain HTTP others could read passwords and tokens: set RESTAURANT_TLS=self-signed (or RESTAURANT_TLS=files), or use a TLS proxy in front and set RESTAURANT_BEHIND_PROXY=on", c.addr)
	if host, _, _ := net.SplitHostPort(c.addr); allInterfaces(host) {
		text += ". In a container that only this computer reaches (docker run -p 127.0.0.1:8080:8080), that setting is enough"
	}
	return errors.New(text)
}

func (c config) overTLS() bool { return c.tls != "off" }

// proxied reports whether clients connect to a proxy in front of the server.
func (c config) proxied() bool { return c.behindProxy || len(c.trustedProxies) > 0 }

// loopbackOnly reports whether only this machine reaches the server.
func (c config) loopbackOnly() bool {
	return !c.behindProxy && isLoopback(c.addr) && (!c.overTLS() || isLoopback(c.tlsAddr))
}

// hasOneLearner reports whether the server and its data are those of one person, at this
// machine or at a table of a class, who may close and open it as they like.
func (c config) hasOneLearner() bool {
	return (c.loopbackOnly() || c.isTable()) && c.databaseURL == ""
}

// isLoopback reports whether only this machine can reach an address to listen on.
func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (c config) databaseFile() string     { return filepath.Join(c.dataDir, "restaurant.db") }
func (c config) keysDir() string          { return filepath.Join(c.dataDir, "keys") }
func (c config) instanceNameFile() string { return filepath.Join(c.dataDir, "branch") }
func (c config) tlsDir() string           { return filepath.Join(c.dataDir, "tls") }

func (c config) caFile() string { return filepath.Join(c.tlsDir(), "ca.pem") }

// lessonsFile is apart from the database, so that resetting that keeps the progress.
func (c config) lessonsFile() string { return filepath.Join(c.dataDir, "lessons.db") }

// databaseName is where the database is, without the password in RESTAURANT_DATABASE_URL.
func (c config) databaseName() string {
	if name, err := models.PostgresName(c.databaseURL); err == nil {
		return name
	}
	return c.databaseFile()
}

// listenAddr is the address of the API itself: under TLS, RESTAURANT_ADDR only redirects to it.
func (c config) listenAddr() (scheme, addr string) {
	if c.overTLS() {
		return "https://", c.tlsAddr
	}
	return "http://", c.addr
}

// issuer is the server's address for clients. listening is the host:port that it got,
// which is where the port is known if the setting says 0.
func (c config) issuer(listening string) string {
	if c.publicURL != "" {
		return c.publicURL
	}
	scheme, addr := c.listenAddr()
	host, _, _ := net.SplitHostPort(addr)
	_, port, _ := net.SplitHostPort(listening)
	if allInterfaces(host) {
		host = "localhost" // together they have no name; RESTAURANT_PUBLIC_URL can give one
	}
	return scheme + net.JoinHostPort(host, port)
}

// localURL is the server's address from this machine. It holds no name: a container may
// be unable to resolve one, and localhost may lead to another program.
func (c config) localURL() string {
	scheme, addr := c.listenAddr()
	host, port, _ := net.SplitHostPort(addr)
	if host == "localhost" || allInterfaces(host) {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

// directURL is url as this server's own listener speaks it: behind a proxy for HTTPS that
// is plain HTTP.
func (c config) directURL(url string) string {
	scheme, _ := c.listenAddr()
	_, rest, _ := strings.Cut(url, "://")
	return scheme + rest
}

func allInterfaces(host string) bool { return host == "" || net.ParseIP(host).IsUnspecified() }

// curlOptions make curl trust a certificate that the server has made itself, in commands
// that learners get. On other computers the file has only a name: the path here is
// nobody's business there.
func (c config) curlOptions() string {
	if c.tls == "self-signed" && !c.loopbackOnly() {
		return "--cacert ca.pem"
	}
	return c.localCurlOptions()
}

// plainPath is a path that means the same between double quotes in every shell.
var plainPath = regexp.MustCompile(`^[\pL\pN ./:@,+()_-]+$`)

// localCurlOptions are curlOptions for any folder of this computer.
func (c config) localCurlOptions() string {
	path, err := filepath.Abs(c.caFile())
	path = filepath.ToSlash(path)
	switch {
	case c.tls != "self-signed":
		return ""
	case err != nil || !plainPath.MatchString(path):
		return "--cacert ca.pem"
	case strings.ContainsAny(path, " ()"):
		return `--cacert "` + path + `"`
	}
	return "--cacert " + path
}

// curl begins a command that reaches the server from this computer.
func (c config) curl() string { return strings.TrimSpace("curl " + c.localCurlOptions()) }

// certificateNames are the host names and IP addresses for a self-signed certificate.
func (c config) certificateNames() []string {
	computer, _ := os.Hostname() // without it the certificate is for fewer names
	return c.certificateNamesOn(computer)
}

// certificateNamesOn are certificateNames on a computer of that name. What no certificate
// can hold is left out: a computer may have a name with umlauts or blanks.
func (c config) certificateNamesOn(computer string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	add := func(host string) {
		host = strings.TrimSuffix(host, ".") // clients leave it out when they compare
		if isHost(host) && !slices.Contains(names, host) {
			names = append(names, host)
		}
	}
	if u, err := url.Parse(c.publicURL); err == nil {
		add(u.Hostname())
	}
	host, _, _ := net.SplitHostPort(c.tlsAddr)
	if !allInterfaces(host) {
		add(host)
		return names
	}
	add(computer)
	addrs, _ := net.InterfaceAddrs() // without them the certificate is for fewer names
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			add(n.IP.String())
		}
	}
	return names
}
