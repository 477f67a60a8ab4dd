package app

import (
	"slices"
	"testing"
)

// TestSettings_areAsTheyWere holds the names and defaults that operators use in their
// scripts: the environment variable, the flag, the default.
func TestSettings_areAsTheyWere(t *testing.T) {
	want := [][3]string{
		{"ADDR", "addr", "localhost:8080"},
		{"DATA_DIR", "data-dir", "data"},
		{"DATABASE_URL", "database-url", ""},
		{"PUBLIC_URL", "public-url", ""},
		{"ACCESS_TOKEN_TTL", "access-token-ttl", "15m"},
		{"REFRESH_TOKEN_TTL", "refresh-token-ttl", "168h"},
		{"TLS", "tls", "off"},
		{"TLS_ADDR", "tls-addr", "localhost:8443"},
		{"TLS_CERT", "tls-cert", ""},
		{"TLS_KEY", "tls-key", ""},
		{"KITCHEN", "kitchen", "auto"},
		{"KITCHEN_PACE", "kitchen-pace", "3s"},
		{"RATE_LIMIT", "rate-limit", "50/s"},
		{"TOKEN_CACHE", "token-cache", "on"},
		{"DRAIN", "drain", "0s"},
		{"CORS_ORIGINS", "cors-origins", ""},
		{"BEHIND_PROXY", "behind-proxy", "off"},
		{"TRUSTED_PROXIES", "trusted-proxies", ""},
		{"PUBLIC", "public", "off"},
		{"LAB", "lab", ""},
		{"DEMO_DATA", "demo-data", ""},
		{"LOG_LEVEL", "log-level", "info"},
		{"LOG_FORMAT", "log-format", "text"},
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
	want := []string{"serve", "demo", "seed", "keys rotate", "users add", "health", "backup"}
	var got []string
	for _, c := range commands {
		got = append(got, c.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the commands are %q, and were %q", got, want)
	}
}
