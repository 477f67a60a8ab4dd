package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"restaurant/models"
	"restaurant/server"
)

func read(args []string, env map[string]string) (config, error) {
	c, _, err := readConfig("serve", args, func(name string) string { return env[name] }, nil)
	return c, err
}

// TestConfig_defaults: the program starts without any setting, for this machine only.
func TestConfig_defaults(t *testing.T) {
	got, err := read(nil, nil)
	want := config{
		addr: "localhost:8080", dataDir: "data", accessTokenTTL: 15 * time.Minute, refreshTTL: 7 * 24 * time.Hour,
		tls: "off", tlsAddr: "localhost:8443", kitchen: "auto", kitchenPace: 3 * time.Second, rateLimit: 50, tokenCache: true,
		lab: true, demoData: true, logLevel: slog.LevelInfo, logFormat: "text",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestConfig_flagWinsOverEnvironment(t *testing.T) {
	env := map[string]string{"RESTAURANT_DATA_DIR": "from-env", "RESTAURANT_ACCESS_TOKEN_TTL": "10m", "RESTAURANT_KITCHEN": "manual"}
	c, err := read([]string{"-data-dir", "from-flag"}, env)
	if err != nil || c.dataDir != "from-flag" || c.accessTokenTTL != 10*time.Minute || !c.kitchenMode().Manual {
		t.Errorf("got %+v, %v", c, err)
	}
}

// TestConfig_exposure: what a server may do depends on who can reach it.
func TestConfig_exposure(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  map[string]string
		demo bool
		err  string
	}{
		{"localhost has demo accounts", map[string]string{"RESTAURANT_ADDR": "localhost:0"}, true, ""},
		{"127.0.0.1 has demo accounts", map[string]string{"RESTAURANT_ADDR": "127.0.0.1:0"}, true, ""},
		{"::1 has demo accounts", map[string]string{"RESTAURANT_ADDR": "[::1]:0"}, true, ""},
		{"LOCALHOST has demo accounts", map[string]string{"RESTAURANT_ADDR": "LOCALHOST:0"}, true, ""},
		{"a bare port is refused with what was meant", map[string]string{"RESTAURANT_ADDR": "8102"}, false, "use localhost:8102"},
		{"a bare port for HTTPS, too", map[string]string{"RESTAURANT_TLS_ADDR": "8443"}, false, "RESTAURANT_TLS_ADDR must be host:port: use localhost:8443"},
		{"other programs' variables are not read", map[string]string{"PUBLIC": `C:\Users\Public`, "TLS": "1.3", "DATABASE_URL": "file:./dev.db", "LOG_LEVEL": "verbose"}, true, ""},
		{"unless they are switched off", map[string]string{"RESTAURANT_DEMO_DATA": "off"}, false, ""},
		{"all interfaces are refused", map[string]string{"RESTAURANT_ADDR": ":8080"}, false, "docker run -p 127.0.0.1:8080:8080"},
		{"another address is refused", map[string]string{"RESTAURANT_ADDR": "192.0.2.1:8080"}, false, "RESTAURANT_BEHIND_PROXY=on"},
		{"a name that only begins like it is refused", map[string]string{"RESTAURANT_ADDR": "localhost.example:8080"}, false, "RESTAURANT_ADDR"},
		{"behind a proxy there are no demo accounts", map[string]string{"RESTAURANT_ADDR": ":8080", "RESTAURANT_BEHIND_PROXY": "on"}, false, ""},
		{"all interfaces are fine under TLS", map[string]string{"RESTAURANT_ADDR": ":8080", "RESTAURANT_TLS": "self-signed"}, false, ""},
		{"public mode has no demo accounts", map[string]string{"RESTAURANT_PUBLIC": "on", "RESTAURANT_PUBLIC_URL": "https://example.com", "RESTAURANT_BEHIND_PROXY": "on"}, false, ""},
		{"not even if they are asked for", map[string]string{"RESTAURANT_PUBLIC": "on", "RESTAURANT_PUBLIC_URL": "https://example.com", "RESTAURANT_BEHIND_PROXY": "on", "RESTAURANT_DEMO_DATA": "on"}, false, "RESTAURANT_DEMO_DATA=off"},
		{"public mode needs an address", map[string]string{"RESTAURANT_PUBLIC": "on", "RESTAURANT_BEHIND_PROXY": "on"}, false, "RESTAURANT_PUBLIC_URL"},
		{"public mode needs HTTPS", map[string]string{"RESTAURANT_PUBLIC": "on", "RESTAURANT_PUBLIC_URL": "http://example.com", "RESTAURANT_BEHIND_PROXY": "on"}, false, "https://"},
		{"public mode needs a certificate", map[string]string{"RESTAURANT_PUBLIC": "on", "RESTAURANT_PUBLIC_URL": "https://example.com", "RESTAURANT_TLS": "self-signed"}, false, "RESTAURANT_TLS=files"},
		{"files need names", map[string]string{"RESTAURANT_TLS": "files"}, false, "RESTAURANT_TLS_CERT"},
		{"TLS and a plain address contradict", map[string]string{"RESTAURANT_TLS": "self-signed", "RESTAURANT_PUBLIC_URL": "http://example.com"}, false, "https://"},
		{"unless they are asked for", map[string]string{"RESTAURANT_ADDR": ":8080", "RESTAURANT_BEHIND_PROXY": "on", "RESTAURANT_DEMO_DATA": "on"}, true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := read(nil, tc.env)
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Fatalf("the error is %v", err)
			}
			if err == nil && c.demoData != tc.demo {
				t.Errorf("demo accounts: %t", c.demoData)
			}
		})
	}
}

// TestSettings_namesAreInLowerCase: as clients send them, so that they are found equal.
func TestSettings_namesAreInLowerCase(t *testing.T) {
	for _, addr := range []string{"localhost:8129", "LOCALHOST:8129", " LocalHost:8129\t", "localhost.:8129"} {
		c, err := read([]string{"-addr", addr, "-tls-addr", addr}, nil)
		if err != nil || c.addr != "localhost:8129" || c.tlsAddr != c.addr || !c.demoData || c.issuer(c.addr) != "http://localhost:8129" {
			t.Errorf("%q: %+v, %v", addr, c, err)
		}
	}
	c, err := read(nil, map[string]string{"RESTAURANT_CORS_ORIGINS": "HTTPS://A.Example , http://b.example", "RESTAURANT_TRUSTED_PROXIES": "FD00::1"})
	if err != nil || !slices.Equal(c.corsOrigins, []string{"https://a.example", "http://b.example"}) || !slices.Equal(c.trustedProxies, []string{"fd00::1"}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestSettings_rejectBadValues: the error names the variable, in one line. Each setting
// also gets good values, so that one which rejects everything is noticed.
func TestSettings_rejectBadValues(t *testing.T) {
	long := "https://" + strings.Repeat("a", 60) + ".example"
	for name, values := range map[string]struct{ good, bad []string }{
		"RESTAURANT_ADDR":              {[]string{"localhost:1", "127.0.0.1:65535"}, []string{"localhost", "localhost:http", "localhost:65536", "localhost:-1", "::1"}},
		"RESTAURANT_ALLOWED_HOSTS":     {[]string{"pizza.example", "Pizza.example., my_pizzeria,192.168.0.7", "::1", "[fd00::1]"}, []string{"pizza.example:8080", "*.example", "https://pizza.example", "pizza.example/x", "pizza..example", ".", "192.168.0.0/24", "[::1", "püzza.example", "$(id)"}},
		"RESTAURANT_DATA_DIR":          {[]string{"a/b"}, []string{"a\x00b"}},
		"RESTAURANT_DATABASE_URL":      {[]string{"postgres://db.example/restaurant", "postgresql://alice:x@127.0.0.1:5433/book?sslmode=disable&pool_max_conns=4"}, []string{"restaurant.db", "mysql://db.example/x", "host=db.example", "postgres://db.example:port/x"}},
		"RESTAURANT_PUBLIC_URL":        {[]string{"https://example.com", "http://localhost:8080/", "https://school.example/restaurant/", "http://localhost:8080/t/07-kmx", "http://[::1]:8080", "http://xn--mnchen-3ya.example", "http://x.example:65535", "https://x.example:443"}, []string{"example.com", "http://x.example:99999", "http://x.example:0", "http://x.example:", "ftp://example.com", "https://", "https://example.com/api", "https://example.com/a b", "https://example.com/a//b", "https://example.com/..", "https://example.com/a%2fb", "https://example.com?q", "https://a:b@example.com", "http://localhost$(id>pwned):8145", "http://localhost'&id&':1", "http://a_b.example", "http://münchen.example", "http://[fe80::1%25eth0]:1", long}},
		"RESTAURANT_ACCESS_TOKEN_TTL":  {[]string{"5s", "30m"}, []string{"4s", "31m", "15", "-1m", "forever"}},
		"RESTAURANT_REFRESH_TOKEN_TTL": {[]string{"1s", "720h"}, []string{"0s", "721h", "week"}},
		"RESTAURANT_TLS":               {[]string{"off", "self-signed"}, []string{"on", "files"}},
		"RESTAURANT_TLS_ADDR":          {[]string{"localhost:8443"}, []string{"8443"}},
		"RESTAURANT_TLS_CERT":          {[]string{"a.pem"}, []string{"a\x00b"}},
		"RESTAURANT_TLS_KEY":           {[]string{"a.pem"}, []string{"a\x00b"}},
		"RESTAURANT_RATE_LIMIT":        {[]string{"off", "off ", "Off", "1/S", "1000000/s"}, []string{"50", "0/s", "-1/s", "50/m", "on"}},
		"RESTAURANT_CORS_ORIGINS":      {[]string{"https://example.com", "https://a.example, http://b.example:81", "loopback", "https://b.example:80, http://b.example:443", "https://xn--mnchen-3ya.example:8443", "http://[::1]:3000"}, []string{"*", "example.com", "https://example.com/", "null", "https://b.example:443", "http://b.example:80", "https://b.example:", "https://b.example:0443", "https://b.example:65536", "https://b.example:0", "https://münchen.example", "https://a.example, http://b.example:80"}},
		"RESTAURANT_TRUSTED_PROXIES":   {[]string{"10.0.0.1", "10.0.0.0/8, ::1"}, []string{"proxy", "10.0.0.0/99"}},
		"RESTAURANT_METRICS_TOKEN":     {[]string{"0123456789abcdef"}, []string{"0123456789abcde", "0123456789 abcdef"}},
		"RESTAURANT_PUBLIC":            {[]string{"off", "OFF", " off\t"}, []string{"yes"}},
		"RESTAURANT_KITCHEN":           {[]string{"auto", "MANUAL"}, []string{"off"}},
		"RESTAURANT_DRAIN":             {[]string{"0s", "1500ms", "60s"}, []string{"61s", "-1s", "5", "soon"}},
		"RESTAURANT_KITCHEN_PACE":      {[]string{"1ms", "24h"}, []string{"0s", "25h", "3", "-3s"}},
		"RESTAURANT_BEHIND_PROXY":      {[]string{"on", "off"}, []string{"true", "1"}},
		"RESTAURANT_DEMO_DATA":         {[]string{"on", "off"}, []string{"yes"}},
		"RESTAURANT_LAB":               {[]string{"on", "off"}, []string{"yes"}},
		"RESTAURANT_LOG_LEVEL":         {[]string{"debug", "ERROR", "Info"}, []string{"loud", "INFO+2"}},
		"RESTAURANT_LOG_FORMAT":        {[]string{"text", "json"}, []string{"xml"}},
	} {
		for _, v := range values.good {
			if _, err := read(nil, map[string]string{name: v}); err != nil {
				t.Errorf("%s=%s is refused: %v", name, v, err)
			}
		}
		for _, v := range values.bad {
			_, err := read(nil, map[string]string{name: v})
			if err == nil || !strings.HasPrefix(err.Error(), name) || strings.Contains(err.Error(), "\n") || name == "RESTAURANT_DATABASE_URL" && strings.Contains(err.Error(), v) {
				t.Errorf("%s=%s: the error is %v", name, v, err)
			}
		}
		if !strings.Contains(helpText(t), name) {
			t.Errorf("-h does not list %s", name)
		}
	}
}

// TestSettings_nameWhatIsMeant: who still sets ADDR learns its new name, and who misspells a
// name the right one, in one line a variable. What other programs set is no reason to speak.
func TestSettings_nameWhatIsMeant(t *testing.T) {
	for entry, want := range map[string]string{
		"ADDR=localhost:0":                  "ADDR has no effect. Did you mean RESTAURANT_ADDR?\n",
		"DATA_DIR=data":                     "DATA_DIR has no effect. Did you mean RESTAURANT_DATA_DIR?\n",
		"RESTAURANT_PUBLC=on":               "RESTAURANT_PUBLC has no effect. Did you mean RESTAURANT_PUBLIC?\n",
		"RESTAURANT_DATABASE=postgres://x":  "RESTAURANT_DATABASE has no effect. Did you mean RESTAURANT_DATABASE_URL?\n",
		"RESTAURANT_KITCHENPACE=1s":         "RESTAURANT_KITCHENPACE has no effect. Did you mean RESTAURANT_KITCHEN_PACE?\n",
		"RESTAURANT_ADDR=localhost:0":       "",
		"RESTAURANT_ADRR=":                  "",
		"PUBLIC=C:\\Users\\Public":          "",
		"TLS=on":                            "",
		"DATABASE_URL=x":                    "",
		"=C:=C:\\":                          "",
		"RESTAURANT_SERVICE_HOST=10.0.0.1":  "",
		"RESTAURANT_SERVICE_PORT=8080":      "",
		"RESTAURANT_SERVICE_PORT_HTTP=8080": "",
		"RESTAURANT_PORT=tcp://10.0.0.1:80": "",
		"RESTAURANT_PORT_80_TCP=tcp://x:80": "",
		"RESTAURANT_PORT_80_TCP_ADDR=x":     "",
		"RESTAURANT_PORT_80_TCP_PORT=80":    "",
		"RESTAURANT_PORT_80_TCP_PROTO=tcp":  "",
	} {
		var log bytes.Buffer
		_ = Run(t.Context(), []string{"health", "-data-dir", t.TempDir(), "-addr", "localhost:1"}, []string{"x=1", entry}, Stdio{Out: io.Discard, Log: &log})
		if log.String() != want {
			t.Errorf("%s: the log says %q, want %q", entry, log.String(), want)
		}
	}
}

// TestSettings_caseOfNames: Windows takes a variable in any case, other systems do not.
func TestSettings_caseOfNames(t *testing.T) {
	environ := []string{"restaurant_addr=localhost:1", "RESTAURANT_TABLE=07-kmx", "RESTAURANT_TABLE_X=1"}
	getenv := getenvOf(environ)
	var log bytes.Buffer
	warnOfOtherNames(&log, environ[:1])
	if read := getenv("RESTAURANT_ADDR") != ""; read != (runtime.GOOS == "windows") || read != (log.Len() == 0) || getenv("RESTAURANT_TABLE") != "07-kmx" || getenv("RESTAURANT_LAB") != "" {
		t.Errorf("read %v, and the log says %q", read, log.String())
	}
}

func helpText(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if err := Run(t.Context(), []string{"-h"}, os.Environ(), Stdio{Out: &out}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSettings_areOnTheirPage compares the table of docs/settings.md with the code.
func TestSettings_areOnTheirPage(t *testing.T) {
	page, err := os.ReadFile("../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		row := regexp.MustCompile("(?m)^\\| `" + s.name + "` \\|.*$").Find(page)
		if row == nil || s.def != "" && !bytes.Contains(row, []byte("`"+s.def+"`")) {
			t.Errorf("the row for %s (default %q) is %q", s.name, s.def, row)
		}
	}
}

func TestRun_commands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, wants string
		args        []string
		fails       bool
	}{
		{"help", "Usage: restaurant", []string{"-h"}, false},
		{"help in long", "backup FILE", []string{"--help"}, false},
		{"help of a command", "Usage: restaurant", []string{"serve", "-h"}, false},
		{"version", "restaurant ", []string{"-version"}, false},
		{"an unknown command", "restaurant -h", []string{"cook"}, true},
		{"an unknown flag", "restaurant -h", []string{"-pasta"}, true},
		{"an argument too many", "unexpected argument", []string{"serve", "now"}, true},
		{"backup without a file", "FILE", []string{"backup"}, true},
		{"backup of nothing", "no database", []string{"backup", "-data-dir", t.TempDir(), t.TempDir() + "/b.db"}, true},
		{"backup of a database", "pg_dump", []string{"backup", "-database-url", "postgres://alice:mozzarella@db.example/book", "b.db"}, true},
		{"users add without a name", "USERNAME", []string{"users", "add"}, true},
		{"users without add", "restaurant -h", []string{"users"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			err := Run(context.Background(), tc.args, nil, Stdio{In: strings.NewReader(""), Out: &out, Log: &out})
			if (err != nil) != tc.fails {
				t.Fatalf("the error is %v", err)
			}
			if err != nil {
				out.WriteString(err.Error())
			}
			if !strings.Contains(out.String(), tc.wants) || strings.Contains(out.String(), "mozzarella") {
				t.Errorf("says %s", &out)
			}
		})
	}
}

func TestUsersAdd_firstManager(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	add := func(password string, args ...string) (string, error) {
		var out bytes.Buffer
		args = append([]string{"users", "add", "-data-dir", dir}, args...)
		err := Run(t.Context(), args, nil, Stdio{In: strings.NewReader(password + "\n"), Out: &out})
		return out.String(), err
	}
	if out, err := add("a sentence only I know", "-role", "Manager", "-name", "The boss", "Boss"); err != nil || !strings.Contains(out, "boss can log in as a manager") {
		t.Errorf("says %q, %v", out, err)
	}
	for _, tc := range []struct {
		password, wants string
		args            []string
	}{
		{"a sentence only I know", "another user has this username", []string{"BOSS"}},
		{"short", "password must have 8 to 128 characters", []string{"chef.one"}},
		{"a sentence only I know", "-role must be", []string{"-role", "owner", "chef.one"}},
		{"a sentence only I know", "username must have", []string{"x"}},
	} {
		if out, err := add(tc.password, tc.args...); err == nil || !strings.Contains(err.Error(), tc.wants) || strings.Contains(out+err.Error(), tc.password) {
			t.Errorf("%v: says %q, %v", tc.args, out, err)
		}
	}
}

// TestUsersAdd_passwordAsItWasMeant: a byte-order mark, which Windows puts before UTF-8, is
// not part of the password; UTF-16 is refused.
func TestUsersAdd_passwordAsItWasMeant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	add := func(username, input string) error {
		return Run(t.Context(), []string{"users", "add", "-data-dir", dir, username}, nil,
			Stdio{In: strings.NewReader(input), Out: io.Discard, Log: io.Discard})
	}
	for name, input := range map[string]string{
		"UTF-16, little end first":  "\xff\xfeM\x00\xfc\x00n\x00c\x00h\x00e\x00n\x00!\x00\r\x00\n\x00",
		"UTF-16, big end first":     "\xfe\xff\x00M\x00\xfc\x00n\x00c\x00h\x00e\x00n\x00!\x00\r\x00\n",
		"UTF-16 without its mark":   "M\x00u\x00n\x00i\x00c\x00h\x00!\x00!\x00\r\x00\n\x00",
		"a mark and a short secret": "\ufeffsecret!\n",
	} {
		if err := add("refused", input); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := add("chef.one\r\n", "\ufeffMu\u0308nchen, per favore\r\n"); err != nil {
		t.Fatal(err)
	}
	store, err := models.OpenSQLite(t.Context(), filepath.Join(dir, "restaurant.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	u, err := store.UserByUsername(t.Context(), "chef.one")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{
		"M\u00fcnchen, per favore": true, "Mu\u0308nchen, per favore": true, "\ufeffM\u00fcnchen, per favore": false,
	} {
		if ok, err := models.PasswordMatches(password, u.PasswordHash); ok != want || err != nil {
			t.Errorf("%q opens the account: %v, %v", password, ok, err)
		}
	}
}

func TestConfig_issuer(t *testing.T) {
	port := &net.TCPAddr{Port: 8443}
	for _, tc := range []struct{ addr, tlsAddr, tls, publicURL, want string }{
		{"localhost:0", "localhost:8443", "off", "", "http://localhost:8443"},
		{":8080", "localhost:8443", "off", "", "http://localhost:8443"},
		{"[::1]:8080", "localhost:8443", "off", "", "http://[::1]:8443"},
		{"localhost:8080", "0.0.0.0:8443", "self-signed", "", "https://localhost:8443"},
		{"localhost:8080", "[::]:8443", "files", "", "https://localhost:8443"},
		{"localhost:8080", "kitchen.example:8443", "files", "", "https://kitchen.example:8443"},
		{"localhost:8080", "0.0.0.0:8443", "files", "https://restaurant.example", "https://restaurant.example"},
	} {
		cfg := config{addr: tc.addr, tlsAddr: tc.tlsAddr, tls: tc.tls, publicURL: tc.publicURL}
		if got := cfg.issuer(port.String()); got != tc.want {
			t.Errorf("%+v: the issuer is %s", tc, got)
		}
	}
}

// TestCertificateNames_ofAComputer: a name that no certificate can hold does not keep the server
// from starting.
func TestCertificateNames_ofAComputer(t *testing.T) {
	for computer, want := range map[string]bool{"pizzeria": true, "pizzeria.local": true, "my_pizzeria": true, "pizzeria.": true, "küche": false, "Küche.local": false, "my pizzeria": false, "": false} {
		names := (config{tlsAddr: "0.0.0.0:8443"}).certificateNamesOn(computer)
		if _, err := server.OpenSelfSigned(t.TempDir(), names, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%q: %v", computer, err)
		}
		if slices.Contains(names, strings.TrimSuffix(computer, ".")) != want || !slices.Contains(names, "localhost") {
			t.Errorf("%q: the names are %q", computer, names)
		}
	}
}
