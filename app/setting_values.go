package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"restaurant/basepath"
	"restaurant/class"
	"restaurant/models"
)

// text is a setting whose value check accepts.
func text(field func(*config) *string, check func(string) error) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = v
		return check(v)
	}
}

// duration is a setting between least and most; span says both, with an example.
func duration(field func(*config) *time.Duration, least, most time.Duration, span string) func(*config, string) error {
	return func(c *config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < least || d > most {
			return errors.New("must be a duration from " + span)
		}
		*field(c) = d
		return nil
	}
}

// oneOf is a setting with a few values, compared without case.
func oneOf(field func(*config) *string, allowed ...string) func(*config, string) error {
	return func(c *config, v string) error {
		*field(c) = strings.ToLower(v)
		if !slices.Contains(allowed, *field(c)) {
			return errors.New("must be " + strings.Join(allowed, " or "))
		}
		return nil
	}
}

// list is a comma-separated setting whose items valid accepts: names and addresses of
// computers, which clients send in lower case.
func list(field func(*config) *[]string, valid func(string) bool, want string) func(*config, string) error {
	return func(c *config, v string) error {
		for item := range strings.SplitSeq(strings.ToLower(v), ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			if !valid(item) {
				return errors.New("must be " + want)
			}
			*field(c) = append(*field(c), item)
		}
		return nil
	}
}

func onOff(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) error {
		v = strings.ToLower(v)
		*field(c) = v == "on"
		if v != "on" && v != "off" {
			return errors.New("must be on or off")
		}
		return nil
	}
}

// onOffLocal is onOff for what is safe on this machine only, where it is on by default.
func onOffLocal(field func(*config) *bool) func(*config, string) error {
	return func(c *config, v string) error {
		if v != "" {
			return onOff(field)(c, v)
		}
		*field(c) = isLoopback(c.addr) && !c.public
		return nil
	}
}

// address is a setting host:port. The host is kept as clients write it: in lower case,
// without the dot that may end a name.
func address(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if isPort(v) {
			return fmt.Errorf("must be host:port: use localhost:%s", v)
		}
		host, port, err := net.SplitHostPort(v)
		if err != nil || !isPort(port) {
			return errors.New("must be host:port, such as localhost:8080")
		}
		*field(c) = net.JoinHostPort(strings.TrimSuffix(strings.ToLower(host), "."), port)
		return nil
	}
}

func isPort(v string) bool {
	_, err := strconv.ParseUint(v, 10, 16)
	return err == nil
}

func setDataDir(c *config, v string) error {
	if v == "" || strings.ContainsRune(v, 0) {
		return errors.New("must be the path of a folder")
	}
	c.dataDir = filepath.Clean(v)
	return nil
}

func checkDatabaseURL(v string) error {
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
	if err != nil || !isWeb(u) || strings.Contains(u.Host, "_") || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil || len(v) > maxPublicURL {
		return fmt.Errorf("must be http:// or https://, a host of letters, digits, dots and hyphens, and, if needed, a port from 1 to 65535 and a path, at most %d characters", maxPublicURL)
	}
	c.publicURL = strings.TrimRight(v, "/")
	return checkBasePath(c.publicURL)
}

// ownPaths are the first segments of the server's own paths. A base path that begins
// like one could not be told from it, because a proxy may strip it or pass it on.
var ownPaths = []string{"api", "css", "favicon.svg", "healthz", "icons.svg", "js", "lab", "learn", "metrics", "openapi.json", "problems", "readyz", "swagger", ".well-known"}

func checkBasePath(publicURL string) error {
	_, base := basepath.Split(publicURL)
	first, _, _ := strings.Cut(strings.TrimPrefix(base, "/"), "/")
	switch {
	case !basepath.Valid(base):
		return errors.New("may end with a path of letters, digits and ._- such as /restaurant, without empty parts")
	case slices.Contains(ownPaths, first):
		return fmt.Errorf("must not have a path that begins with /%s, because the server uses this address itself", first)
	}
	return nil
}

func checkFile(v string) error {
	if strings.ContainsRune(v, 0) {
		return errors.New("must be the path of a file")
	}
	return nil
}

func setRateLimit(c *config, v string) error {
	v = strings.ToLower(v)
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

// setTeacher takes the address that a class has on the board.
func setTeacher(c *config, v string) error {
	if v == "" {
		return nil
	}
	u, err := url.Parse(strings.ToLower(v))
	if err != nil || !isWeb(u) || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be the address of a class as it is on the board, such as http://192.168.1.20:8080, without the path of your table: its code is for RESTAURANT_TABLE")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && u.Scheme == "http" && !class.IsPrivate(ip.Unmap()) {
		return errors.New("must be a private address: a class speaks plain HTTP, so reports to a public address could be read on the way")
	}
	c.teacher = u.Scheme + "://" + u.Host
	return nil
}

func setTableCode(c *config, v string) error {
	c.tableCode = strings.ToLower(v)
	if v != "" && !class.IsCode(c.tableCode) {
		return errors.New("must be the code of your table, such as 07-kmx")
	}
	return nil
}

func checkMetricsToken(v string) error {
	if v != "" && (len(v) < 16 || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' })) {
		return errors.New("must have 16 characters or more, without blanks")
	}
	return nil
}

// isOrigin accepts an origin as browsers send it (RFC 6454, section 6.1): any other would
// be allowed and never be found equal.
func isOrigin(v string) bool {
	if v == "loopback" {
		return true
	}
	u, err := url.Parse(v)
	return err == nil && isWeb(u) && u.Scheme+"://"+u.Host == v && u.Port() != defaultPorts[u.Scheme]
}

// defaultPorts are those that browsers leave out.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// isWeb reports whether a URL can be that of a web server.
func isWeb(u *url.URL) bool {
	return defaultPorts[u.Scheme] != "" && isHost(u.Hostname()) && (isClientPort(u.Port()) || u.Port() == "" && !strings.HasSuffix(u.Host, ":"))
}

// isClientPort accepts a port to connect to, in the one form in which clients name it.
func isClientPort(v string) bool { return isPort(v) && v[0] != '0' }

// hostName is the name of a host in ASCII: a name with umlauts has a form of its own
// there, xn--….
var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// isHost accepts a host name or an IP address, without a port.
func isHost(v string) bool {
	if inner, ok := strings.CutPrefix(v, "["); ok {
		v, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return false
		}
	}
	ip, err := netip.ParseAddr(v)
	return err == nil && ip.Zone() == "" || hostName.MatchString(v)
}

func isNetwork(v string) bool {
	_, err := netip.ParseAddr(v)
	if err != nil {
		_, err = netip.ParsePrefix(v)
	}
	return err == nil
}

func setLogLevel(c *config, v string) error {
	v = strings.ToLower(v)
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, v) {
		return errors.New("must be debug, info, warn or error")
	}
	return c.logLevel.UnmarshalText([]byte(v))
}
