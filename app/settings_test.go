package app

import (
	"slices"
	"testing"
)

// TestSettings_areAsTheyWere holds the names and defaults that operators use in their
// scripts: the environment variable, the flag, the default.
func TestSettings_areAsTheyWere(t *testing.T) {
	want := [][3]string{
		{"RESTAURANT_ADDR", "addr", "localhost:8080"},
		{"RESTAURANT_ALLOWED_HOSTS", "allowed-hosts", ""},
		{"RESTAURANT_METRICS_TOKEN", "metrics-token", ""},
		{"RESTAURANT_DATA_DIR", "data-dir", "data"},
		{"RESTAURANT_DATABASE_URL", "database-url", ""},
		{"RESTAURANT_PUBLIC_URL", "public-url", ""},
		{"RESTAURANT_ACCESS_TOKEN_TTL", "access-token-ttl", "15m"},
		{"RESTAURANT_REFRESH_TOKEN_TTL", "refresh-token-ttl", "168h"},
		{"RESTAURANT_TLS", "tls", "off"},
		{"RESTAURANT_TLS_ADDR", "tls-addr", "localhost:8443"},
		{"RESTAURANT_TLS_CERT", "tls-cert", ""},
		{"RESTAURANT_TLS_KEY", "tls-key", ""},
		{"RESTAURANT_KITCHEN", "kitchen", "auto"},
		{"RESTAURANT_KITCHEN_PACE", "kitchen-pace", "3s"},
		{"RESTAURANT_RATE_LIMIT", "rate-limit", "50/s"},
		{"RESTAURANT_TOKEN_CACHE", "token-cache", "on"},
		{"RESTAURANT_DRAIN", "drain", "0s"},
		{"RESTAURANT_CORS_ORIGINS", "cors-origins", ""},
		{"RESTAURANT_BEHIND_PROXY", "behind-proxy", "off"},
		{"RESTAURANT_TRUSTED_PROXIES", "trusted-proxies", ""},
		{"RESTAURANT_PUBLIC", "public", "off"},
		{"RESTAURANT_LAB", "lab", ""},
		{"RESTAURANT_DEMO_DATA", "demo-data", ""},
		{"RESTAURANT_TEACHER", "teacher", ""},
		{"RESTAURANT_TABLE", "table", ""},
		{"RESTAURANT_LOG_LEVEL", "log-level", "info"},
		{"RESTAURANT_LOG_FORMAT", "log-format", "text"},
	}
	var got [][3]string
	for _, s := range settings {
		got = append(got, [3]string{s.name, s.flagName(), s.def})
	}
	if !slices.Equal(got, want) {
		t.Errorf("the settings are\n%q, and were\n%q", got, want)
	}
}

func TestCommands_areAsTheyWere(t *testing.T) {
	want := []string{"serve", "demo", "kiosk", "class", "seed", "keys rotate", "users add", "health", "backup", "restore"}
	var got []string
	for _, c := range commands {
		got = append(got, c.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the commands are %q, and were %q", got, want)
	}
}
