package app

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"restaurant/kitchen"
	"restaurant/models"
	"restaurant/tokens"
)

// config is every knob of the house. Each is an environment variable and a
// flag; the flag wins.
type config struct {
	addr           string
	dataDir        string
	databaseURL    string // of PostgreSQL; empty: the SQLite file in dataDir
	publicURL      string // empty: made from addr
	accessTokenTTL time.Duration
	refreshTTL     time.Duration
	tls            string // off, self-signed or files
	tlsAddr        string
	tlsCert        string
	tlsKey         string
	kitchen        string        // auto or manual
	kitchenPace    time.Duration // kitchen.Manual: a chef moves the orders
	rateLimit      int           // requests a second; 0: no limit
	tokenCache     bool
	drain          time.Duration
	corsOrigins    []string
	behindProxy    bool
	trustedProxies []string
	public         bool
	lab            bool
	demoData       bool
	logLevel       slog.Level
	logFormat      string
}

// setting is one knob: its variable, its default, what -h says of it, and how a
// value gets into the config. The error of set says what the setting takes.
type setting struct {
	name, def, meaning string
	set                func(c *config, value string) error
}

// settings stand in the order in which -h prints them. A setting may use what
// the ones before it have set.
var settings = []setting{
	{"ADDR", "localhost:8080", "where plain HTTP listens: host:port", setAddr},
	{"DATA_DIR", "data", "folder of the order book (restaurant.db), the lesson book (lessons.db) and the keys (keys/<kid>.pem)", setDataDir},
	{"DATABASE_URL", "", "postgres://user:password@host:5432/database, for several branches over one order book (default: the SQLite file in DATA_DIR)", setDatabaseURL},
	{"PUBLIC_URL", "", "address under which guests reach the house, the iss of its tokens (default: made from ADDR)", setPublicURL},
	{"ACCESS_TOKEN_TTL", "15m", "life of an access token, 5s to 30m", setAccessTokenTTL},
	{"REFRESH_TOKEN_TTL", "168h", "life of a refresh token, 1s to 720h", setRefreshTokenTTL},
	{"TLS", "off", "off; self-signed: makes a certificate of its own in DATA_DIR/tls; files: TLS_CERT and TLS_KEY", setOneOf(func(c *config) *string { return &c.tls }, "off", "self-signed", "files")},
	{"TLS_ADDR", "localhost:8443", "where HTTPS listens under TLS; ADDR then only points to it", setTLSAddr},
	{"TLS_CERT", "", "certificate chain for TLS=files, PEM; read again when it changes", setPath(func(c *config) *string { return &c.tlsCert })},
	{"TLS_KEY", "", "private key for TLS=files, PEM", setPath(func(c *config) *string { return &c.tlsKey })},
	{"KITCHEN", "auto", "auto: orders are cooked by themselves; manual: a chef moves them", setOneOf(func(c *config) *string { return &c.kitchen }, "auto", "manual")},
	{"KITCHEN_PACE", "3s", "time for each step of an order, 1ms to 24h", setKitchenPace},
	{"RATE_LIMIT", "50/s", "requests a second for each guest, or each address without a token: N/s, or off", setRateLimit},
	{"TOKEN_CACHE", "on", "off: check the signature of a token anew with every request, to see what that costs", onOff(func(c *config) *bool { return &c.tokenCache })},
	{"DRAIN", "0s", "how long a house that was asked to close goes on serving, while readyz tells a load balancer to send nobody any more, 0s to 60s", setDrain},
	{"CORS_ORIGINS", "", "origins whose pages may call the API, exact and comma-separated (default: none)", setOrigins},
	{"BEHIND_PROXY", "off", "on: a TLS proxy stands in front, so ADDR may be an address that is not loopback", onOff(func(c *config) *bool { return &c.behindProxy })},
	{"TRUSTED_PROXIES", "", "addresses or networks whose X-Forwarded-For counts, comma-separated (default: none)", setProxies},
	{"PUBLIC", "off", "on: refuse to start with demo accounts, the lab, or keys and settings made up on the spot", onOff(func(c *config) *bool { return &c.public })},
	{"LAB", "", "on: the deliberately unsafe teaching toys under /lab, with keys of their own (default: on while ADDR is on loopback and PUBLIC is off)", setLab},
	{"DEMO_DATA", "", "on: bring the menu and the demo accounts of seed/ (default: on while ADDR is on loopback and PUBLIC is off)", setDemoData},
	{"LOG_LEVEL", "info", "debug, info, warn or error", setLogLevel},
	{"LOG_FORMAT", "text", "text or json", setOneOf(func(c *config) *string { return &c.logFormat }, "text", "json")},
}

// flagName is the setting's name in kebab-case.
func (s setting) flagName() string { return strings.ReplaceAll(strings.ToLower(s.name), "_", "-") }

// readConfig fills the config from defaults, environment and flags, and returns
// what is left of the arguments. extra adds the flags of a single command.
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
	if err := flags.Parse(args); err != nil {
		return config{}, nil, fmt.Errorf("%w; restaurant -h lists every setting", err)
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	pick := func(s setting) string {
		if given[s.flagName()] {
			return *values[s.name]
		}
		return cmp.Or(getenv(s.name), s.def)
	}
	c, err := apply(pick)
	return c, flags.Args(), err
}

// apply sets every setting and then holds them against each other.
func apply(pick func(setting) string) (config, error) {
	var c config
	for _, s := range settings {
		if err := s.set(&c, pick(s)); err != nil {
			return c, fmt.Errorf("%s %w", s.name, err)
		}
	}
	if c.kitchen == "manual" {
		c.kitchenPace = kitchen.Manual
	}
	return c, c.check()
}

// check holds the settings against each other.
func (c config) check() error {
	switch {
	case !c.overTLS() && !c.behindProxy && !isLoopback(c.addr):
		return fmt.Errorf("ADDR %s is not loopback, and over plain HTTP everybody on the way could read passwords and tokens: say TLS=self-signed (or TLS=files), or put a TLS proxy in front and say BEHIND_PROXY=on", c.addr)
	case c.tls == "files" && (c.tlsCert == "" || c.tlsKey == ""):
		return errors.New("TLS=files needs TLS_CERT and TLS_KEY, the paths of two PEM files")
	case c.public && c.lab:
		return errors.New("PUBLIC=on refuses the lab, whose toys are unsafe on purpose: say LAB=off")
	case c.public && c.demoData:
		return errors.New("PUBLIC=on refuses the demo accounts, whose passwords everybody knows: say DEMO_DATA=off")
	case c.public && !strings.HasPrefix(c.publicURL, "https://"):
		return errors.New("PUBLIC=on needs PUBLIC_URL, the https:// address under which guests reach the house")
	case c.public && c.tls != "files" && !c.behindProxy:
		return errors.New("PUBLIC=on needs a certificate that browsers trust: say TLS=files, or BEHIND_PROXY=on with a TLS proxy in front")
	case c.publicURL != "" && c.overTLS() && !strings.HasPrefix(c.publicURL, "https://"):
		return errors.New("PUBLIC_URL must begin with https:// under TLS")
	}
	return nil
}

func (c config) overTLS() bool { return c.tls != "off" }

func setAddr(c *config, v string) error {
	c.addr = v
	return checkAddr(v)
}

func setTLSAddr(c *config, v string) error {
	c.tlsAddr = v
	return checkAddr(v)
}

func checkAddr(v string) error {
	_, port, err := net.SplitHostPort(v)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		return errors.New("must be host:port, such as localhost:8080")
	}
	return nil
}

func setDataDir(c *config, v string) error {
	if v == "" || strings.ContainsRune(v, 0) {
		return errors.New("must be the path of a folder")
	}
	c.dataDir = filepath.Clean(v)
	return nil
}

func setDatabaseURL(c *config, v string) error {
	c.databaseURL = v
	if v == "" {
		return nil
	}
	_, err := models.PostgresName(v)
	return err
}

// maxPublicURL keeps a token under 900 bytes: the address is in each of them.
const maxPublicURL = 64

func setPublicURL(c *config, v string) error {
	if v == "" {
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil || strings.Trim(u.Path, "/") != "" || len(v) > maxPublicURL {
		return fmt.Errorf("must be http:// or https://, a host and perhaps a port, %d characters at the most", maxPublicURL)
	}
	c.publicURL = strings.TrimRight(v, "/")
	return nil
}

func setAccessTokenTTL(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < tokens.MinLifetime || d > tokens.MaxLifetime {
		return errors.New("must be a duration from 5s to 30m, such as 15m")
	}
	c.accessTokenTTL = d.Truncate(time.Second) // exp counts whole seconds
	return nil
}

func setRefreshTokenTTL(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > models.MaxSession {
		return errors.New("must be a duration from 1s to 720h, such as 168h")
	}
	c.refreshTTL = d
	return nil
}

func setPath(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = v
		if strings.ContainsRune(v, 0) {
			return errors.New("must be the path of a file")
		}
		return nil
	}
}

func setRateLimit(c *config, v string) error {
	if v == "off" {
		c.rateLimit = 0
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(v, "/s"))
	if err != nil || !strings.HasSuffix(v, "/s") || n < 1 || n > 1_000_000 {
		return errors.New("must be off or a whole number from 1 to 1000000 and /s, such as 50/s")
	}
	c.rateLimit = n
	return nil
}

func setOrigins(c *config, v string) error {
	c.corsOrigins = nil
	for origin := range splitList(v) {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return errors.New("must be exact origins, such as https://example.com, separated by commas; * is none")
		}
		c.corsOrigins = append(c.corsOrigins, origin)
	}
	return nil
}

func setProxies(c *config, v string) error {
	c.trustedProxies = nil
	for proxy := range splitList(v) {
		_, err := netip.ParseAddr(proxy)
		if _, perr := netip.ParsePrefix(proxy); err != nil && perr != nil {
			return errors.New("must be addresses or networks, such as 10.0.0.1 or 10.0.0.0/8, separated by commas")
		}
		c.trustedProxies = append(c.trustedProxies, proxy)
	}
	return nil
}

// splitList splits a comma-separated value.
func splitList(v string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

func setKitchenPace(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		return errors.New("must be a duration from 1ms to 24h, such as 3s")
	}
	c.kitchenPace = d
	return nil
}

func setLab(c *config, v string) error {
	if v == "" {
		c.lab = isLoopback(c.addr) && !c.public
		return nil
	}
	return onOff(func(c *config) *bool { return &c.lab })(c, v)
}

func setDrain(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > time.Minute {
		return errors.New("must be a duration from 0s to 60s, such as 5s")
	}
	c.drain = d
	return nil
}

func setDemoData(c *config, v string) error {
	if v == "" {
		c.demoData = isLoopback(c.addr) && !c.public
		return nil
	}
	return onOff(func(c *config) *bool { return &c.demoData })(c, v)
}

func onOff(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = v == "on"
		if v != "on" && v != "off" {
			return errors.New("must be on or off")
		}
		return nil
	}
}

func setOneOf(field func(*config) *string, allowed ...string) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = v
		for _, a := range allowed {
			if v == a {
				return nil
			}
		}
		return errors.New("must be " + strings.Join(allowed, " or "))
	}
}

func setLogLevel(c *config, v string) error {
	for _, known := range []string{"debug", "info", "warn", "error"} {
		if v == known {
			return c.logLevel.UnmarshalText([]byte(v))
		}
	}
	return errors.New("must be debug, info, warn or error")
}

// isLoopback tells whether only this machine can reach an address to listen on.
func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (c config) databaseFile() string     { return filepath.Join(c.dataDir, "restaurant.db") }
func (c config) keysDir() string          { return filepath.Join(c.dataDir, "keys") }
func (c config) instanceNameFile() string { return filepath.Join(c.dataDir, "branch") }
func (c config) tlsDir() string           { return filepath.Join(c.dataDir, "tls") }

// databaseName says where the order book is, without the password in DATABASE_URL.
func (c config) databaseName() string {
	if name, err := models.PostgresName(c.databaseURL); err == nil {
		return name
	}
	return c.databaseFile()
}

// issuer is the address of the house, once it is known on which port it listens.
func (c config) issuer(listening string) string {
	if c.publicURL != "" {
		return c.publicURL
	}
	scheme, addr := "http://", c.addr
	if c.overTLS() {
		scheme, addr = "https://", c.tlsAddr
	}
	host, _, _ := net.SplitHostPort(addr)
	_, port, _ := net.SplitHostPort(listening)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // all interfaces have no name; PUBLIC_URL can say one
	}
	return scheme + net.JoinHostPort(host, port)
}

func (c config) logger(buffer *logBuffer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "json" {
		return slog.New(flushOnWarn{slog.NewJSONHandler(buffer, opts), buffer})
	}
	return slog.New(flushOnWarn{slog.NewTextHandler(buffer, opts), buffer})
}

// printSettings is the part of -h that lists them.
func printSettings(out io.Writer) {
	for _, s := range settings {
		def := ""
		if s.def != "" {
			def = " (default " + s.def + ")"
		}
		fmt.Fprintf(out, "  %-17s -%-17s %s%s\n", s.name, s.flagName(), s.meaning, def)
	}
}
