package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"restaurant/kitchen"
	"restaurant/tokens"
)

// config is every knob of the house. Each is an environment variable and a
// flag; the flag wins.
type config struct {
	addr           string
	dataDir        string
	publicURL      string // empty: made from addr
	accessTokenTTL time.Duration
	kitchenPace    time.Duration // kitchen.Manual: a chef moves the orders
	behindProxy    bool
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
	{"DATA_DIR", "data", "folder of the order book (restaurant.db) and the keys (keys/<kid>.pem)", setDataDir},
	{"PUBLIC_URL", "", "address under which guests reach the house, the iss of its tokens (default: made from ADDR)", setPublicURL},
	{"ACCESS_TOKEN_TTL", "15m", "life of an access token, 5s to 30m", setAccessTokenTTL},
	{"KITCHEN", "auto", "auto: orders are cooked by themselves; manual: a chef moves them", nil},
	{"KITCHEN_PACE", "3s", "time for each step of an order, 1ms to 24h", setKitchenPace},
	{"BEHIND_PROXY", "off", "on: a TLS proxy stands in front, so ADDR may be an address that is not loopback", setSwitch(func(c *config) *bool { return &c.behindProxy })},
	{"DEMO_DATA", "", "on: bring the menu and the demo accounts of seed/ (default: on while ADDR is on loopback)", setDemoData},
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
	values := map[string]string{}
	for _, s := range settings {
		values[s.name] = pick(s)
		if s.set == nil {
			continue
		}
		if err := s.set(&c, values[s.name]); err != nil {
			return c, fmt.Errorf("%s %w", s.name, err)
		}
	}
	switch values["KITCHEN"] {
	case "auto":
	case "manual":
		c.kitchenPace = kitchen.Manual
	default:
		return c, errors.New("KITCHEN must be auto or manual")
	}
	if !c.onLoopback() && !c.behindProxy {
		return c, fmt.Errorf("ADDR %s is not loopback, and over plain HTTP everybody on the way could read passwords and tokens: use localhost, or put a TLS proxy in front and say BEHIND_PROXY=on", c.addr)
	}
	return c, nil
}

func setAddr(c *config, v string) error {
	_, port, err := net.SplitHostPort(v)
	if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
		return errors.New("must be host:port, such as localhost:8080")
	}
	c.addr = v
	return nil
}

func setDataDir(c *config, v string) error {
	if v == "" || strings.ContainsRune(v, 0) {
		return errors.New("must be the path of a folder")
	}
	c.dataDir = filepath.Clean(v)
	return nil
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

func setKitchenPace(c *config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		return errors.New("must be a duration from 1ms to 24h, such as 3s")
	}
	c.kitchenPace = d
	return nil
}

func setDemoData(c *config, v string) error {
	if v == "" {
		c.demoData = c.onLoopback()
		return nil
	}
	return setSwitch(func(c *config) *bool { return &c.demoData })(c, v)
}

func setSwitch(field func(*config) *bool) func(*config, string) error {
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

// onLoopback tells whether only this machine can reach the house.
func (c config) onLoopback() bool {
	host, _, _ := net.SplitHostPort(c.addr)
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (c config) database() string { return filepath.Join(c.dataDir, "restaurant.db") }
func (c config) keys() string     { return filepath.Join(c.dataDir, "keys") }

// issuer is the address of the house, once it is known on which port it listens.
func (c config) issuer(listening net.Addr) string {
	if c.publicURL != "" {
		return c.publicURL
	}
	host, _, _ := net.SplitHostPort(c.addr)
	_, port, _ := net.SplitHostPort(listening.String())
	return "http://" + net.JoinHostPort(cmp.Or(host, "localhost"), port)
}

func (c config) logger(out io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(out, opts))
	}
	return slog.New(slog.NewTextHandler(out, opts))
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
