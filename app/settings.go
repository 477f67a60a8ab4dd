package app

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"restaurant/models"
	"restaurant/spelling"
	"restaurant/tokens"
)

// setting is one setting: its variable, its default, its sentences in -h, and how a value
// gets into the config. The error of set completes the sentence "NAME …".
type setting struct {
	name, def, meaning string
	set                func(c *config, value string) error
}

// settings are in the order in which -h prints them. A set function may read what the
// settings before it have set.
var settings = []setting{
	{"RESTAURANT_ADDR", "localhost:8080", "Address for plain HTTP, as host:port. localhost means 127.0.0.1, and also [::1] if the computer has this address.", address(func(c *config) *string { return &c.addr })},
	{"RESTAURANT_ALLOWED_HOSTS", "", "More host names and addresses for this server, separated by commas, without ports. The server always accepts localhost, loopback addresses, the host of RESTAURANT_PUBLIC_URL and the names in its certificate.", list(func(c *config) *[]string { return &c.allowedHosts }, isHost, "names or addresses of hosts without a port, such as pizza.example or 192.168.0.7, separated by commas")},
	{"RESTAURANT_METRICS_TOKEN", "", "A secret of 16 characters or more. A program that collects numbers about servers (such as Prometheus) can read /metrics with it. The program sends the header \"Authorization: Bearer SECRET\".", text(func(c *config) *string { return &c.metricsToken }, checkMetricsToken)},
	{"RESTAURANT_DATA_DIR", "data", "Folder for the database (restaurant.db), your progress in the lessons (lessons.db) and the keys (one file for each key: keys/NAME.pem).", setDataDir},
	{"RESTAURANT_DATABASE_URL", "", "Address of a PostgreSQL database, which several running servers can share: postgres://user:password@host:5432/database. Without it the server uses the SQLite file in RESTAURANT_DATA_DIR.", text(func(c *config) *string { return &c.databaseURL }, checkDatabaseURL)},
	{"RESTAURANT_PUBLIC_URL", "", "Address that clients use for this server. Each token contains this address. It says which server made the token (issuer, iss). Without this setting the server uses the address that it listens on.", setPublicURL},
	{"RESTAURANT_ACCESS_TOKEN_TTL", "15m", "How long an access token is valid, from 5s to 30m.", duration(func(c *config) *time.Duration { return &c.accessTokenTTL }, tokens.MinLifetime, tokens.MaxLifetime, "5s to 30m, such as 15m")},
	{"RESTAURANT_REFRESH_TOKEN_TTL", "168h", "How long a refresh token is valid, from 1s to 720h.", duration(func(c *config) *time.Duration { return &c.refreshTTL }, time.Second, models.MaxSession, "1s to 720h, such as 168h")},
	{"RESTAURANT_TLS", "off", "off: no HTTPS. self-signed: the server makes a certificate in RESTAURANT_DATA_DIR/tls. files: the server uses RESTAURANT_TLS_CERT and RESTAURANT_TLS_KEY.", oneOf(func(c *config) *string { return &c.tls }, "off", "self-signed", "files")},
	{"RESTAURANT_TLS_ADDR", "localhost:8443", "Address for HTTPS if TLS is on. Then clients at RESTAURANT_ADDR get a redirect to this address.", address(func(c *config) *string { return &c.tlsAddr })},
	{"RESTAURANT_TLS_CERT", "", "For RESTAURANT_TLS=files: a PEM file. First comes the certificate of the server, then the certificates that prove that it is genuine (the chain). If the file changes, the server reads it again.", text(func(c *config) *string { return &c.tlsCert }, checkFile)},
	{"RESTAURANT_TLS_KEY", "", "For RESTAURANT_TLS=files: a PEM file with the private key.", text(func(c *config) *string { return &c.tlsKey }, checkFile)},
	{"RESTAURANT_KITCHEN", "auto", "auto: orders go to their next step by themselves. manual: a chef moves each order to its next step.", oneOf(func(c *config) *string { return &c.kitchen }, "auto", "manual")},
	{"RESTAURANT_KITCHEN_PACE", "3s", "Time for each step of an order, from 1ms to 24h.", duration(func(c *config) *time.Duration { return &c.kitchenPace }, time.Millisecond, 24*time.Hour, "1ms to 24h, such as 3s")},
	{"RESTAURANT_RATE_LIMIT", "50/s", "How many requests each user may send in a second: N/s (N is a number), or off. For requests without a token, the limit is for each IP address.", setRateLimit},
	{"RESTAURANT_TOKEN_CACHE", "on", "on: the server remembers which tokens it has checked. off: it checks the signature again with every request, to show how much work this is.", onOff(func(c *config) *bool { return &c.tokenCache })},
	{"RESTAURANT_DRAIN", "0s", "How long the server keeps running after it is asked to stop, from 0s to 60s. During this time /readyz tells a load balancer (a program that spreads clients over several servers) to send no new clients.", duration(func(c *config) *time.Duration { return &c.drain }, 0, time.Minute, "0s to 60s, such as 5s")},
	{"RESTAURANT_CORS_ORIGINS", "", "Origins (http or https, host and port) whose web pages may call the API, such as https://example.com, separated by commas. The value loopback allows http://localhost and http://127.0.0.1 with every port.", list(func(c *config) *[]string { return &c.corsOrigins }, isOrigin, "exact origins as browsers send them, such as https://example.com or http://localhost:3000, separated by commas, or loopback: a name in its ASCII form (such as xn--mnchen-3ya.example), a port from 1 to 65535 but no default port (:80 of http, :443 of https), no path and no *")},
	{"RESTAURANT_BEHIND_PROXY", "off", "on: a proxy in front of the server takes the HTTPS requests and passes them to the server. Without TLS, RESTAURANT_ADDR must otherwise be a loopback address. With on, it can be any address.", onOff(func(c *config) *bool { return &c.behindProxy })},
	{"RESTAURANT_TRUSTED_PROXIES", "", "Addresses or networks of proxies, separated by commas. The X-Forwarded-For header says where a request came from; the server believes it only if one of these proxies sends it.", list(func(c *config) *[]string { return &c.trustedProxies }, isNetwork, "addresses or networks, such as 10.0.0.1 or 10.0.0.0/8, separated by commas")},
	{"RESTAURANT_PUBLIC", "off", "on: the server starts only if it is safe for the public. The lab and the demo accounts must be off. No demo account in the database may have its demo password. There must be a key that signs tokens. RESTAURANT_PUBLIC_URL must begin with https://. And there must be RESTAURANT_TLS=files or RESTAURANT_BEHIND_PROXY=on.", onOff(func(c *config) *bool { return &c.public })},
	{"RESTAURANT_LAB", "", "on: the lab under /lab. Its calls are unsafe on purpose and use keys of their own. Default: on if RESTAURANT_ADDR is a loopback address and RESTAURANT_PUBLIC is off.", onOffLocal(func(c *config) *bool { return &c.lab })},
	{"RESTAURANT_DEMO_DATA", "", "on: load the built-in menu and the demo accounts. Default: on if RESTAURANT_ADDR is a loopback address and RESTAURANT_PUBLIC is off.", onOffLocal(func(c *config) *bool { return &c.demoData })},
	{"RESTAURANT_TEACHER", "", "Address of a class on the teacher's computer, such as http://192.168.1.20:8080. This server then reports the lessons there every five seconds: what you have done, and which requests the server has seen, without tokens, passwords and addresses. Needs RESTAURANT_TABLE.", setTeacher},
	{"RESTAURANT_TABLE", "", "With RESTAURANT_TEACHER: the code of your table in the class, such as 07-kmx.", setTableCode},
	{"RESTAURANT_LOG_LEVEL", "info", "debug, info, warn or error.", setLogLevel},
	{"RESTAURANT_LOG_FORMAT", "text", "text or json.", oneOf(func(c *config) *string { return &c.logFormat }, "text", "json")},
}

// prefix begins the name of each variable, because other programs set PUBLIC, TLS or
// DATABASE_URL for purposes of their own.
const prefix = "RESTAURANT_"

// flagName is the setting's name without the prefix, in kebab-case.
func (s setting) flagName() string {
	return strings.ReplaceAll(strings.ToLower(s.oldName()), "_", "-")
}

// defaultFor is the default of a setting for a command.
func (s setting) defaultFor(command string) string {
	switch {
	case s.name == "RESTAURANT_ADDR" && command == "kiosk":
		return kioskAddr
	case s.name == "RESTAURANT_ADDR" && command == "class":
		return classAddr
	case (s.name == "RESTAURANT_LAB" || s.name == "RESTAURANT_DEMO_DATA") && command == "class":
		return "on" // at any address, so that off is what the operator has asked for
	}
	return s.def
}

// oldName is the name of the variable up to release 0.1.0.
func (s setting) oldName() string { return strings.TrimPrefix(s.name, prefix) }

// usedByOthers are old names that mean something else to other programs, so that
// finding one says nothing.
var usedByOthers = []string{"ALLOWED_HOSTS", "PUBLIC", "TLS", "DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"}

// warnOfOtherNames says which variables are set that are not read, but look as if somebody
// meant a setting.
func warnOfOtherNames(log io.Writer, environ []string) {
	for _, entry := range environ {
		variable, value, _ := strings.Cut(entry, "=")
		if meant := settingMeantBy(variable); value != "" && meant != "" {
			fmt.Fprintf(log, "%s has no effect. Did you mean %s?\n", variable, meant)
		}
	}
}

// settingMeantBy returns the setting whose old name a variable has, or whose name it
// misspells. Not each variable with the prefix is a mistake: Kubernetes sets
// RESTAURANT_SERVICE_HOST beside a service that is called restaurant.
func settingMeantBy(variable string) string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = strings.ToLower(s.oldName())
		switch {
		case sameVariable(variable, s.name):
			return ""
		case variable == s.oldName() && !slices.Contains(usedByOthers, variable):
			return s.name
		}
	}
	word, hasPrefix := strings.CutPrefix(strings.ToUpper(variable), prefix)
	near := spelling.Nearest(word, names)
	if !hasPrefix || near == "" {
		return ""
	}
	return prefix + strings.ToUpper(near)
}

// getenvOf looks a variable up in what os.Environ returns.
func getenvOf(environ []string) func(name string) string {
	return func(name string) string {
		for _, entry := range environ {
			if variable, value, _ := strings.Cut(entry, "="); sameVariable(variable, name) {
				return value
			}
		}
		return ""
	}
}

// sameVariable compares names as the operating system does.
func sameVariable(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// printSettings prints the part of -h that lists the settings.
func printSettings(out io.Writer) {
	for _, s := range settings {
		head := s.name + ", -" + s.flagName()
		if s.def != "" {
			head += " (default " + s.def + ")"
		}
		printItem(out, head, s.meaning)
	}
}
