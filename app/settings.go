package app

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"restaurant/models"
	"restaurant/tokens"
)

// setting is one setting: its variable, its default, its line in -h, and how a value
// gets into the config. The error of set completes the sentence "NAME …".
type setting struct {
	name, def, meaning string
	set                func(c *config, value string) error
}

// settings are in the order in which -h prints them. A set function may read what the
// settings before it have set.
var settings = []setting{
	{"RESTAURANT_ADDR", "localhost:8080", "where plain HTTP listens: host:port; localhost is 127.0.0.1 and, where there is one, [::1]", address(func(c *config) *string { return &c.addr })},
	{"RESTAURANT_ALLOWED_HOSTS", "", "further host names and addresses under which the server answers, comma-separated, without ports (default: none beside localhost, loopback addresses, the host of RESTAURANT_PUBLIC_URL and the names of the certificate)", list(func(c *config) *[]string { return &c.allowedHosts }, isHost, "names or addresses of hosts without a port, such as pizza.example or 192.168.0.7, separated by commas")},
	{"RESTAURANT_METRICS_TOKEN", "", "a secret of 16 characters or more with which a collector such as Prometheus reads /metrics as a bearer token (default: none)", text(func(c *config) *string { return &c.metricsToken }, checkMetricsToken)},
	{"RESTAURANT_DATA_DIR", "data", "folder of the database (restaurant.db), the lessons' progress (lessons.db) and the keys (keys/<kid>.pem)", setDataDir},
	{"RESTAURANT_DATABASE_URL", "", "postgres://user:password@host:5432/database, for several instances on one database (default: the SQLite file in RESTAURANT_DATA_DIR)", text(func(c *config) *string { return &c.databaseURL }, checkDatabaseURL)},
	{"RESTAURANT_PUBLIC_URL", "", "address under which clients reach the server, the iss of its tokens (default: made from RESTAURANT_ADDR)", setPublicURL},
	{"RESTAURANT_ACCESS_TOKEN_TTL", "15m", "lifetime of an access token, 5s to 30m", duration(func(c *config) *time.Duration { return &c.accessTokenTTL }, tokens.MinLifetime, tokens.MaxLifetime, "5s to 30m, such as 15m")},
	{"RESTAURANT_REFRESH_TOKEN_TTL", "168h", "lifetime of a refresh token, 1s to 720h", duration(func(c *config) *time.Duration { return &c.refreshTTL }, time.Second, models.MaxSession, "1s to 720h, such as 168h")},
	{"RESTAURANT_TLS", "off", "off; self-signed: creates a certificate in RESTAURANT_DATA_DIR/tls; files: RESTAURANT_TLS_CERT and RESTAURANT_TLS_KEY", oneOf(func(c *config) *string { return &c.tls }, "off", "self-signed", "files")},
	{"RESTAURANT_TLS_ADDR", "localhost:8443", "where HTTPS listens under TLS; RESTAURANT_ADDR then only redirects to it", address(func(c *config) *string { return &c.tlsAddr })},
	{"RESTAURANT_TLS_CERT", "", "certificate chain for RESTAURANT_TLS=files, PEM; read again when it changes", text(func(c *config) *string { return &c.tlsCert }, checkFile)},
	{"RESTAURANT_TLS_KEY", "", "private key for RESTAURANT_TLS=files, PEM", text(func(c *config) *string { return &c.tlsKey }, checkFile)},
	{"RESTAURANT_KITCHEN", "auto", "auto: orders advance by themselves; manual: a chef advances them", oneOf(func(c *config) *string { return &c.kitchen }, "auto", "manual")},
	{"RESTAURANT_KITCHEN_PACE", "3s", "time for each step of an order, 1ms to 24h", duration(func(c *config) *time.Duration { return &c.kitchenPace }, time.Millisecond, 24*time.Hour, "1ms to 24h, such as 3s")},
	{"RESTAURANT_RATE_LIMIT", "50/s", "requests a second for each user, or each address without a token: N/s, or off", setRateLimit},
	{"RESTAURANT_TOKEN_CACHE", "on", "off: check the signature of a token again with every request, to see what that costs", onOff(func(c *config) *bool { return &c.tokenCache })},
	{"RESTAURANT_DRAIN", "0s", "how long to go on serving after a request to stop, while readyz tells a load balancer to send no more clients, 0s to 60s", duration(func(c *config) *time.Duration { return &c.drain }, 0, time.Minute, "0s to 60s, such as 5s")},
	{"RESTAURANT_CORS_ORIGINS", "", "origins whose pages may call the API, exact and comma-separated; loopback: any port of http://localhost and http://127.0.0.1 (default: none)", list(func(c *config) *[]string { return &c.corsOrigins }, isOrigin, "exact origins, such as https://example.com, separated by commas, or loopback; * is not allowed")},
	{"RESTAURANT_BEHIND_PROXY", "off", "on: a TLS proxy stands in front, so RESTAURANT_ADDR may be an address that is not loopback", onOff(func(c *config) *bool { return &c.behindProxy })},
	{"RESTAURANT_TRUSTED_PROXIES", "", "addresses or networks whose X-Forwarded-For counts, comma-separated (default: none)", list(func(c *config) *[]string { return &c.trustedProxies }, isNetwork, "addresses or networks, such as 10.0.0.1 or 10.0.0.0/8, separated by commas")},
	{"RESTAURANT_PUBLIC", "off", "on: refuse to start with demo accounts, the lab, or generated keys and settings", onOff(func(c *config) *bool { return &c.public })},
	{"RESTAURANT_LAB", "", "on: the deliberately unsafe teaching toys under /lab, with keys of their own (default: on while RESTAURANT_ADDR is on loopback and RESTAURANT_PUBLIC is off)", onOffLocal(func(c *config) *bool { return &c.lab })},
	{"RESTAURANT_DEMO_DATA", "", "on: load the menu and the demo accounts of seed/ (default: on while RESTAURANT_ADDR is on loopback and RESTAURANT_PUBLIC is off)", onOffLocal(func(c *config) *bool { return &c.demoData })},
	{"RESTAURANT_LOG_LEVEL", "info", "debug, info, warn or error", setLogLevel},
	{"RESTAURANT_LOG_FORMAT", "text", "text or json", oneOf(func(c *config) *string { return &c.logFormat }, "text", "json")},
}

// prefix begins the name of each variable, because other programs set PUBLIC, TLS or
// DATABASE_URL for purposes of their own.
const prefix = "RESTAURANT_"

// flagName is the setting's name without the prefix, in kebab-case.
func (s setting) flagName() string {
	return strings.ReplaceAll(strings.ToLower(s.oldName()), "_", "-")
}

// oldName is the name of the variable up to release 0.1.0.
func (s setting) oldName() string { return strings.TrimPrefix(s.name, prefix) }

// usedByOthers are old names that mean something else to other programs, so that
// finding one says nothing.
var usedByOthers = []string{"ALLOWED_HOSTS", "PUBLIC", "TLS", "DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"}

// warnOfOldNames says which variables are set that are not read any more.
func warnOfOldNames(log io.Writer, getenv func(string) string) {
	for _, s := range settings {
		if old := s.oldName(); getenv(old) != "" && !slices.Contains(usedByOthers, old) {
			fmt.Fprintf(log, "%s is not read any more; did you mean %s?\n", old, s.name)
		}
	}
}

// printSettings prints the part of -h that lists the settings.
func printSettings(out io.Writer) {
	for _, s := range settings {
		def := ""
		if s.def != "" {
			def = " (default " + s.def + ")"
		}
		fmt.Fprintf(out, "  %-28s -%-17s %s%s\n", s.name, s.flagName(), s.meaning, def)
	}
}
