package app

import (
	"fmt"
	"io"
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
	{"ADDR", "localhost:8080", "where plain HTTP listens: host:port", text(func(c *config) *string { return &c.addr }, checkAddr)},
	{"DATA_DIR", "data", "folder of the database (restaurant.db), the lessons' progress (lessons.db) and the keys (keys/<kid>.pem)", setDataDir},
	{"DATABASE_URL", "", "postgres://user:password@host:5432/database, for several instances on one database (default: the SQLite file in DATA_DIR)", text(func(c *config) *string { return &c.databaseURL }, checkDatabaseURL)},
	{"PUBLIC_URL", "", "address under which clients reach the server, the iss of its tokens (default: made from ADDR)", setPublicURL},
	{"ACCESS_TOKEN_TTL", "15m", "lifetime of an access token, 5s to 30m", duration(func(c *config) *time.Duration { return &c.accessTokenTTL }, tokens.MinLifetime, tokens.MaxLifetime, "5s to 30m, such as 15m")},
	{"REFRESH_TOKEN_TTL", "168h", "lifetime of a refresh token, 1s to 720h", duration(func(c *config) *time.Duration { return &c.refreshTTL }, time.Second, models.MaxSession, "1s to 720h, such as 168h")},
	{"TLS", "off", "off; self-signed: creates a certificate in DATA_DIR/tls; files: TLS_CERT and TLS_KEY", oneOf(func(c *config) *string { return &c.tls }, "off", "self-signed", "files")},
	{"TLS_ADDR", "localhost:8443", "where HTTPS listens under TLS; ADDR then only redirects to it", text(func(c *config) *string { return &c.tlsAddr }, checkAddr)},
	{"TLS_CERT", "", "certificate chain for TLS=files, PEM; read again when it changes", text(func(c *config) *string { return &c.tlsCert }, checkFile)},
	{"TLS_KEY", "", "private key for TLS=files, PEM", text(func(c *config) *string { return &c.tlsKey }, checkFile)},
	{"KITCHEN", "auto", "auto: orders advance by themselves; manual: a chef advances them", oneOf(func(c *config) *string { return &c.kitchen }, "auto", "manual")},
	{"KITCHEN_PACE", "3s", "time for each step of an order, 1ms to 24h", duration(func(c *config) *time.Duration { return &c.kitchenPace }, time.Millisecond, 24*time.Hour, "1ms to 24h, such as 3s")},
	{"RATE_LIMIT", "50/s", "requests a second for each user, or each address without a token: N/s, or off", setRateLimit},
	{"TOKEN_CACHE", "on", "off: check the signature of a token again with every request, to see what that costs", onOff(func(c *config) *bool { return &c.tokenCache })},
	{"DRAIN", "0s", "how long to go on serving after a request to stop, while readyz tells a load balancer to send no more clients, 0s to 60s", duration(func(c *config) *time.Duration { return &c.drain }, 0, time.Minute, "0s to 60s, such as 5s")},
	{"CORS_ORIGINS", "", "origins whose pages may call the API, exact and comma-separated (default: none)", list(func(c *config) *[]string { return &c.corsOrigins }, isOrigin, "exact origins, such as https://example.com, separated by commas; * is not allowed")},
	{"BEHIND_PROXY", "off", "on: a TLS proxy stands in front, so ADDR may be an address that is not loopback", onOff(func(c *config) *bool { return &c.behindProxy })},
	{"TRUSTED_PROXIES", "", "addresses or networks whose X-Forwarded-For counts, comma-separated (default: none)", list(func(c *config) *[]string { return &c.trustedProxies }, isNetwork, "addresses or networks, such as 10.0.0.1 or 10.0.0.0/8, separated by commas")},
	{"PUBLIC", "off", "on: refuse to start with demo accounts, the lab, or generated keys and settings", onOff(func(c *config) *bool { return &c.public })},
	{"LAB", "", "on: the deliberately unsafe teaching toys under /lab, with keys of their own (default: on while ADDR is on loopback and PUBLIC is off)", onOffLocal(func(c *config) *bool { return &c.lab })},
	{"DEMO_DATA", "", "on: load the menu and the demo accounts of seed/ (default: on while ADDR is on loopback and PUBLIC is off)", onOffLocal(func(c *config) *bool { return &c.demoData })},
	{"LOG_LEVEL", "info", "debug, info, warn or error", setLogLevel},
	{"LOG_FORMAT", "text", "text or json", oneOf(func(c *config) *string { return &c.logFormat }, "text", "json")},
}

// flagName is the setting's name in kebab-case.
func (s setting) flagName() string { return strings.ReplaceAll(strings.ToLower(s.name), "_", "-") }

// printSettings prints the part of -h that lists the settings.
func printSettings(out io.Writer) {
	for _, s := range settings {
		def := ""
		if s.def != "" {
			def = " (default " + s.def + ")"
		}
		fmt.Fprintf(out, "  %-17s -%-17s %s%s\n", s.name, s.flagName(), s.meaning, def)
	}
}
