package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"restaurant/class"
)

func TestIsPrivate_onlyWhatTheInternetDoesNotReach(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "10.0.0.1": true, "172.16.0.1": true, "172.31.255.254": true, "192.168.1.20": true,
		"169.254.3.4": true, "fe80::1": true, "fd00::2": true, "fc00::2": true,
		"203.0.113.5": false, "8.8.8.8": false, "172.15.0.1": false, "172.32.0.1": false, "192.169.0.1": false, "100.64.0.1": false,
		"2001:db8::1": false, "2a00:1450::1": false, "fec0::1": false,
	} {
		if got := class.IsPrivate(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// TestClassRefusal_namesTheAddress: the sentence says what to write instead.
func TestClassRefusal_namesTheAddress(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.5:8080":          "203.0.113.5 is public: name an address with -addr",
		"[2001:db8::1]:8080":        "2001:db8::1 is public: name an address with -addr",
		"[::ffff:203.0.113.5]:8080": "203.0.113.5 is public",
		"school.example:8080":       "school.example is a name",
		"[fe80::1%eth0]:8080":       "browsers do not take an address with a zone",
		"192.168.0.7:8080":          "",
		"[fd00::2]:8080":            "",
		"127.0.0.2:8080":            "",
		"localhost:8080":            "",
	} {
		err := config{addr: addr, tls: "off"}.classRefusal()
		if got := textOf(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
		if _, example, found := strings.Cut(textOf(err), "such as -addr "); found {
			example, _, _ = strings.Cut(example, " ")
			if err := (config{addr: example, tls: "off"}).classRefusal(); err != nil {
				t.Errorf("%s: the example %s is refused: %v", addr, example, err)
			}
		}
	}
	for setting, cfg := range map[string]config{
		"RESTAURANT_PUBLIC": {public: true}, "RESTAURANT_DATABASE_URL": {databaseURL: "postgres://x"}, "RESTAURANT_TLS": {tls: "self-signed"}, "RESTAURANT_BEHIND_PROXY": {behindProxy: true, tls: "off"},
	} {
		cfg.addr = "localhost:8080"
		if got := textOf(cfg.classRefusal()); !strings.Contains(got, setting) {
			t.Errorf("%s: %q", setting, got)
		}
	}
}

// TestClassRefusal_ofAPath: nothing would answer at the addresses on the board.
func TestClassRefusal_ofAPath(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"http://school.example/pizza": "leave /pizza out of RESTAURANT_PUBLIC_URL",
		"http://school.example/":      "",
		"http://school.example:8080":  "",
		"":                            "",
	} {
		cfg, _, err := readConfig("class", []string{"-addr", "localhost:8080", "-public-url", url}, func(string) string { return "" }, nil)
		if got := textOf(cfg.classRefusal()); err != nil || want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q (%v)", url, got, want, err)
		}
	}
}

// runClass runs a class of one table while use looks at it, and returns its log.
func runClass(t *testing.T, use func(url string), args ...string) (log string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	go func() {
		defer stop()
		line, _ := bufio.NewReader(r).ReadString('\n')
		go func() { _, _ = io.Copy(io.Discard, r) }() // the class serves when it has written all
		use(strings.TrimSpace(strings.TrimPrefix(line, "Write on the board: ")))
	}()
	var logged strings.Builder
	args = append([]string{"class", "-data-dir", t.TempDir(), "-addr", "127.0.0.1:0", "-tables", "1"}, args...)
	err := Run(ctx, args, nil, Stdio{In: strings.NewReader(""), Out: w, Log: &logged})
	if w.Close() != nil || err != nil {
		t.Errorf("%v: %v", args, err)
	}
	return logged.String()
}

// TestClass_allowedHosts: the class and its tables answer to a name that the operator has added,
// as the refusal of other names advises.
func TestClass_allowedHosts(t *testing.T) {
	t.Parallel()
	statusAt := func(url, host string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		return res.StatusCode
	}
	runClass(t, func(url string) {
		for host, want := range map[string]int{"school.example": 200, "other.example": 421} {
			for _, path := range []string{"class", "t/01/.well-known/jwks.json"} {
				if got := statusAt(url+path, host); got != want {
					t.Errorf("/%s at %s: %d, want %d", path, host, got, want)
				}
			}
		}
	}, "-allowed-hosts", "school.example")
}

// TestClass_saysWhatItIgnores: in one line, only what was given, and not again for each table.
func TestClass_saysWhatItIgnores(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.pem")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"RESTAURANT_LAB=off, RESTAURANT_DEMO_DATA=off, RESTAURANT_DRAIN=5s": {"-lab", "off", "-demo-data", "OFF", "-drain", "5s"},
		"RESTAURANT_DRAIN=1s": {"-drain", "1s", "-lab", "on"},
		"RESTAURANT_TLS_CERT, RESTAURANT_TLS_KEY, RESTAURANT_TABLE": {"-tls-cert", file, "-tls-key", file, "-table", "07-kmx"},
		"": nil,
	} {
		log := runClass(t, func(url string) { openTable(t, url, "01") }, args...)
		if n := strings.Count(log, "leave out the settings that it ignores"); n != min(1, len(want)) || !strings.Contains(log, want) {
			t.Errorf("%v: %q, want %q", args, log, want)
		}
		if n := strings.Count(log, "level=WARN"); n != min(1, len(want)) {
			t.Errorf("%v: %d warnings: %s", args, n, log)
		}
	}
}

// openTable has the restaurant of a table opened.
func openTable(t *testing.T, url, number string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"t/"+number+"/.well-known/jwks.json", nil)
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK || res.Body.Close() != nil {
		t.Errorf("opening table %s: %v %v", number, res, err)
	}
}

// TestClass_isForgottenAtAnyAddress: settings that keep a class from starting do not keep its data.
func TestClass_isForgottenAtAnyAddress(t *testing.T) {
	t.Parallel()
	for _, refused := range [][]string{
		{"-addr", "203.0.113.5:8080"}, {"-addr", "school.example:8080"}, {"-tls", "self-signed"}, {"-addr", "127.0.0.1:0", "-names", "missing.txt"}, {"-addr", "127.0.0.1:0", "-tables", "0"},
	} {
		folder := t.TempDir()
		room, err := class.Open(class.Options{Folder: filepath.Join(folder, "class"), URL: "http://localhost", Log: slog.New(slog.DiscardHandler)}, class.Settings{Tables: 1})
		if err != nil || room.Close() != nil {
			t.Fatal(err)
		}
		run := func(more ...string) error {
			args := slices.Concat([]string{"class", "-data-dir", folder}, refused, more)
			return Run(t.Context(), args, nil, Stdio{In: strings.NewReader(""), Out: io.Discard, Log: io.Discard})
		}
		isThere := func() bool { return class.Summary(filepath.Join(folder, "class")) != "" }
		if err := run(); err == nil || !isThere() {
			t.Errorf("%v: it starts (%v), or the class is gone", refused, err)
		}
		if err := run("-forget", "-yes"); err != nil || isThere() {
			t.Errorf("%v: the class is still there: %v", refused, err)
		}
	}
}

// TestClass_isForgottenWhenItIsDamaged: without a class.json that can be read, too.
func TestClass_isForgottenWhenItIsDamaged(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"{": true, "": true, "{}": true, `{"tables":[]}`: true, "no class": false} {
		folder := t.TempDir()
		tables := filepath.Join(folder, "class", "tables")
		if want {
			if err := errors.Join(os.MkdirAll(filepath.Join(tables, "01"), 0o700), os.WriteFile(filepath.Join(folder, "class", "class.json"), []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		err := Run(t.Context(), []string{"class", "-data-dir", folder, "-forget", "-yes"}, nil, Stdio{In: strings.NewReader(""), Out: &out, Log: io.Discard})
		if want && (err != nil || exists(tables) || !strings.Contains(out.String(), "missing or damaged")) || !want && !strings.Contains(textOf(err), "there is no class in") {
			t.Errorf("%q: %v, %s", text, err, out.String())
		}
	}
}

// TestClass_takesNoOtherTablesOver: the tables of a class whose class.json was lost are not
// those of the next one, and -new keeps them beside it.
func TestClass_takesNoOtherTablesOver(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	order := filepath.Join("tables", "01", "restaurant.db")
	if err := errors.Join(os.MkdirAll(filepath.Join(folder, "class", "tables", "01"), 0o700), os.WriteFile(filepath.Join(folder, "class", order), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		ctx, stop := context.WithCancel(t.Context())
		args = append([]string{"class", "-data-dir", folder, "-addr", "127.0.0.1:0", "-tables", "1"}, args...)
		return Run(ctx, args, nil, Stdio{In: strings.NewReader(""), Out: whenWritten(stop), Log: io.Discard})
	}
	if err := run(); !strings.Contains(textOf(err), "class.json is missing") || !exists(filepath.Join(folder, "class", order)) {
		t.Errorf("without class.json: %v", err)
	}
	if err := run("-new"); err != nil {
		t.Errorf("-new: %v", err)
	}
	if aside, err := filepath.Glob(filepath.Join(folder, "class-*", order)); len(aside) != 1 {
		t.Errorf("the old tables are not beside the class: %v, %v", aside, err)
	}
	if err := run(); err != nil {
		t.Errorf("the new class does not go on: %v", err)
	}
}

// TestClass_namesAreForItsTables: names are compared with the tables that there will be. A class that
// goes on keeps its own, more or fewer than a new one has.
func TestClass_namesAreForItsTables(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		had, names int
		flags      []string
		want       string
	}{
		{0, 30, nil, ""},
		{0, 31, nil, "there are 30 tables: start with -tables 31"},
		{0, 4, []string{"-tables", "3"}, "there are 3 tables: start with -tables 4"},
		{40, 35, nil, ""},
		{40, 41, nil, "there are 40 tables: start with -tables 41"},
		{40, 40, []string{"-tables", "2"}, ""}, // no table goes away
		{3, 4, nil, "there are 3 tables: start with -tables 4"},
		{3, 4, []string{"-tables", "4"}, ""},
		{3, 4, []string{"-new"}, ""},
	} {
		folder := t.TempDir()
		if tc.had > 0 {
			room, err := class.Open(class.Options{Folder: filepath.Join(folder, "class"), URL: "http://localhost", Log: slog.New(slog.DiscardHandler)}, class.Settings{Tables: tc.had})
			if err != nil || room.Close() != nil {
				t.Fatal(err)
			}
		}
		names := filepath.Join(folder, "names.txt")
		if err := os.WriteFile(names, []byte(strings.Repeat("Vera\n", tc.names)), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		args := slices.Concat([]string{"class", "-data-dir", folder, "-addr", "127.0.0.1:0", "-names", names}, tc.flags)
		err := Run(ctx, args, nil, Stdio{In: strings.NewReader(""), Out: whenWritten(stop), Log: io.Discard})
		if got := textOf(err); tc.want == "" && err != nil || !strings.Contains(got, tc.want) {
			t.Errorf("%d names for %d tables with %v: %q", tc.names, tc.had, tc.flags, got)
		}
	}
}

// whenWritten is called by the first output.
type whenWritten func()

func (f whenWritten) Write(p []byte) (int, error) { f(); return len(p), nil }

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestBoardURLs_areReached: no address that the class does not listen on is written down.
func TestBoardURLs_areReached(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string][]string{
		"localhost:9000":   {"http://localhost:9000"},
		"127.0.0.1:9000":   {"http://localhost:9000"},
		"127.0.0.2:9000":   {"http://127.0.0.2:9000"},
		"[::1]:9000":       {"http://localhost:9000"},
		"192.168.0.7:9000": {"http://192.168.0.7:9000"},
		"[fd00::2]:9000":   {"http://[fd00::2]:9000"},
	} {
		if got := (config{addr: addr}).boardURLs("9000"); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
	if got := (config{addr: "0.0.0.0:9000"}).boardURLs("9000"); got[len(got)-1] != "http://localhost:9000" {
		t.Errorf("all addresses: %v", got)
	}
}
