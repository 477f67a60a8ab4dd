package handlers

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"restaurant/e2e/testkit"
)

// scrape reads the metrics as a collector does: the text, and each sample by its name and
// labels.
func (srv *server) scrape(t testing.TB) (text string, samples map[string]float64) {
	t.Helper()
	text = srv.get(t, "/metrics", fromAddress("127.0.0.1:1")).wants(t, 200, "").Body.String()
	samples = map[string]float64{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " ")
		value, err := strconv.ParseFloat(strings.TrimSpace(line[i+1:]), 64)
		if err != nil {
			t.Fatal(err)
		}
		samples[line[:i]] = value
	}
	return text, samples
}

// sample reads one sample, which must be there.
func (srv *server) sample(t testing.TB, name string) float64 {
	t.Helper()
	_, samples := srv.scrape(t)
	value, ok := samples[name]
	if !ok {
		t.Errorf("there is no %s", name)
	}
	return value
}

var counted = regexp.MustCompile(`^restaurant_(orders|logins|refreshes)_total\{`)

// wantsCounted runs what and wants exactly these counters to go up, such as
// `orders placed`, each by as much as it is named.
func (srv *server) wantsCounted(t testing.TB, what func(), names ...string) {
	t.Helper()
	_, before := srv.scrape(t)
	what()
	_, after := srv.scrape(t)
	got, want := map[string]float64{}, map[string]float64{}
	for name, value := range after {
		if counted.MatchString(name) && value != before[name] {
			got[name] = value - before[name]
		}
	}
	for _, name := range names {
		family, value, _ := strings.Cut(name, " ")
		label := "result"
		if family == "orders" {
			label = "status"
		}
		want["restaurant_"+family+"_total{"+label+`="`+value+`"}`]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted were %v, want %v", got, want)
	}
}

// TestMetrics_areCleanAndBeginAtZero: Prometheus's own linter finds no fault, and every
// value of a label is there before it happens: otherwise rate() misses the first time.
func TestMetrics_areCleanAndBeginAtZero(t *testing.T) {
	srv := newServer(t)
	srv.get(t, "/healthz") // a request to be measured
	text, samples := srv.scrape(t)
	faults, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(faults) > 0 {
		t.Errorf("the linter says %v, %v", faults, err)
	}
	if faults, err := promlint.New(strings.NewReader("# TYPE seconds counter\nseconds 1\n")).Lint(); err != nil || len(faults) == 0 {
		t.Errorf("of a metric that is none it says %v, %v", faults, err)
	}
	for family, values := range map[string]string{
		"restaurant_orders_total{status":                     "placed preparing ready served cancelled",
		"restaurant_logins_total{result":                     "ok invalid throttled busy refused abandoned failed",
		"restaurant_refreshes_total{result":                  "ok invalid reused refused abandoned failed",
		"restaurant_token_cache_lookups_total{result":        "hit miss",
		"restaurant_streams_open restaurant_hashing_waiting": "",
		"restaurant_writes_under_way":                        "",
		"restaurant_commit_writes_count":                     "",
		"restaurant_commit_duration_seconds_count":           "",
	} {
		names := strings.Fields(family)
		if values != "" {
			names = nil
			for _, value := range strings.Fields(values) {
				names = append(names, family+`="`+value+`"}`)
			}
		}
		for _, name := range names {
			if value, ok := samples[name]; !ok || value != 0 {
				t.Errorf("%s is %v, there: %v", name, value, ok)
			}
		}
	}
	build := `restaurant_build_info{goarch="` + runtime.GOARCH + `",goos="` + runtime.GOOS + `",goversion="` + runtime.Version() + `",version="test"}`
	if samples[build] != 1 {
		t.Errorf("there is no %s in\n%s", build, text)
	}
}

func TestMetrics_countOrdersByStatus(t *testing.T) {
	srv := newServer(t)
	alice, carla := srv.as(t, "alice"), srv.as(t, "carla")
	place := func(status int, slug, body string, opts ...option) func() {
		return func() { srv.post(t, ordersPath, body, append(opts, alice)...).wants(t, status, slug) }
	}
	move := func(id, to string, status int, slug string) func() {
		return func() { srv.do(t, "PATCH", kitchenPath+"/"+id, `{"status":"`+to+`"}`, carla).wants(t, status, slug) }
	}
	key := with("Idempotency-Key", "mine")
	srv.wantsCounted(t, place(201, "", margherita), "orders placed")
	srv.wantsCounted(t, place(201, "", margherita, key), "orders placed")
	srv.wantsCounted(t, place(201, "", margherita, key)) // a replay
	srv.wantsCounted(t, place(422, "idempotency-key-reused", strings.Replace(margherita, "large", "small", 1), key))
	srv.wantsCounted(t, place(422, "validation-failed", `{"items":[]}`))
	srv.wantsCounted(t, move("1", "preparing", 200, ""), "orders preparing")
	srv.wantsCounted(t, move("1", "preparing", 409, "invalid-transition"))
	srv.wantsCounted(t, move("1", "ready", 200, ""), "orders ready")
	srv.wantsCounted(t, move("1", "served", 200, ""), "orders served")
	cancel := func(status int, slug string) func() {
		return func() { srv.post(t, ordersPath+"/2/cancel", "", alice).wants(t, status, slug) }
	}
	srv.wantsCounted(t, cancel(200, ""), "orders cancelled")
	srv.wantsCounted(t, cancel(409, "invalid-transition"))
	id := itoa(srv.newOrder(t, alice).ID) // with PostgreSQL the replay has used up a number
	srv.wantsCounted(t, move(id, "cancelled", 200, ""), "orders cancelled")
	srv.wantsCounted(t, move("77", "preparing", 404, "not-found"))
}

// TestMetrics_countWhatTheKitchenDoesByItself: three orders, three steps of each.
func TestMetrics_countWhatTheKitchenDoesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, withKitchen(t, 20*time.Second))
		defer srv.Store.Close()
		alice := srv.as(t, "alice")
		srv.wantsCounted(t, func() {
			for range 3 {
				srv.newOrder(t, alice)
			}
			srv.Kitchen.Wake()
		}, "orders placed", "orders placed", "orders placed")
		for _, status := range []string{"orders preparing", "orders ready", "orders served"} {
			srv.wantsCounted(t, func() { time.Sleep(21 * time.Second); synctest.Wait() }, status, status, status)
		}
	})
}

// TestMetrics_countPanicsAndCutAnswers: what the recovery answers is a failure like any
// other, and an answer that got lost was a request, too.
func TestMetrics_countPanicsAndCutAnswers(t *testing.T) {
	srv := newServer(t)
	r := srv.handler.(*gin.Engine)
	r.GET("/fails", adapt(func(*gin.Context) error { return errors.New("in its own way") }))
	r.GET("/panics", adapt(func(*gin.Context) error { panic("at once") }))
	r.GET("/half", func(c *gin.Context) { c.String(200, "half"); panic("in the middle") })
	srv.post(t, "/lab/weather", `{"route":"POST /api/v1/orders","fault":"drop","for_s":60}`).wants(t, 201, "")
	srv.rawGet("/fails")
	srv.rawGet("/panics")
	wantsCut(t, func() { srv.rawGet("/half") })
	wantsCut(t, func() { srv.post(t, ordersPath, margherita, srv.as(t, "alice")) })
	for labels, want := range map[string]float64{
		`method="GET",route="/fails",status="500"`: 1, `method="GET",route="/panics",status="500"`: 1,
		`method="GET",route="/half",status="200"`: 1, `method="POST",route="/api/v1/orders",status="201"`: 1,
	} {
		if got := srv.sample(t, "restaurant_http_request_duration_seconds_count{"+labels+"}"); got != want {
			t.Errorf("%s: counted are %v, want %v", labels, got, want)
		}
	}
}

// wantsCut wants the connection of a request to be cut.
func wantsCut(t *testing.T, send func()) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler {
			t.Errorf("the connection is not cut: %v", cause)
		}
	}()
	send()
}

// TestMetrics_instancesCountTheirOwn: the sum over all instances is right.
func TestMetrics_instancesCountTheirOwn(t *testing.T) {
	twoInstances(t, func(t *testing.T, north, south *server) {
		alice, carla := north.as(t, "alice"), south.as(t, "carla")
		south.wantsCounted(t, func() {
			north.wantsCounted(t, func() { north.newOrder(t, alice) }, "orders placed")
		})
		north.wantsCounted(t, func() {
			south.wantsCounted(t, func() {
				south.do(t, "PATCH", kitchenPath+"/1", `{"status":"preparing"}`, carla).wants(t, 200, "")
			}, "orders preparing")
		})
	})
}

func TestMetrics_countLoginsByResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		login := func(username, password string, status int, slug string) func() {
			return func() { srv.tryLogin(t, username, password, home).wants(t, status, slug) }
		}
		srv.wantsCounted(t, login("alice", passwordOf("alice"), 200, ""), "logins ok")
		srv.wantsCounted(t, login("bob", "wrong", 401, "invalid-credentials"), "logins invalid")
		srv.wantsCounted(t, login("nobody", "wrong", 401, "invalid-credentials"), "logins invalid")
		srv.wantsCounted(t, login("", "", 422, "validation-failed"), "logins refused")
		srv.wantsCounted(t, func() { srv.post(t, loginPath, `{"username`).wants(t, 400, "malformed-json") }, "logins refused")
		srv.wantsCounted(t, func() {
			srv.post(t, loginPath, `{"username":"alice","password":"x","expires_in":99999}`).wants(t, 422, "lifetime-too-long")
		}, "logins refused")
		for range 4 {
			login("bob", "wrong", 401, "invalid-credentials")()
		}
		srv.wantsCounted(t, login("bob", passwordOf("bob"), 429, "too-many-attempts"), "logins throttled")
		srv.wantsCounted(t, func() { // no login, though it asks for the password, too
			srv.post(t, passwordPath, `{"current":"wrong","new":"a sentence only I know"}`, srv.as(t, "vera")).wants(t, 401, "invalid-credentials")
		})
		leave := srv.occupyHashing(t)
		srv.wantsCounted(t, login("alice", passwordOf("alice"), 503, "server-busy"), "logins busy")
		srv.wantsCounted(t, func() {
			gone, leave := context.WithCancel(t.Context())
			leave()
			req := newRequest("POST", loginPath, `{"username":"alice","password":"alice-likes-pizza"}`)
			req.Header.Set("Content-Type", "application/json")
			srv.handler.ServeHTTP(httptest.NewRecorder(), req.WithContext(gone))
		}, "logins abandoned")
		leave()
		session := srv.login(t, "alice")
		srv.Store.GuardWrites(func() error { return errors.New("somebody else holds the file") })
		srv.wantsCounted(t, login("alice", passwordOf("alice"), 503, "database-unavailable"), "logins failed")
		srv.wantsCounted(t, func() {
			srv.post(t, refreshPath, `{"refresh_token":"`+session.RefreshToken+`"}`).wants(t, 503, "database-unavailable")
		}, "refreshes failed")
	})
}

func TestMetrics_countRefreshesByResult(t *testing.T) {
	srv := newServer(t)
	session := srv.login(t, "alice")
	refresh := func(token string, status int, slug string) func() {
		return func() { srv.post(t, refreshPath, `{"refresh_token":"`+token+`"}`).wants(t, status, slug) }
	}
	srv.wantsCounted(t, refresh(session.RefreshToken, 200, ""), "refreshes ok")
	srv.wantsCounted(t, refresh(session.RefreshToken, 401, "refresh-token-reused"), "refreshes reused")
	srv.wantsCounted(t, refresh("nonsense", 401, "refresh-token-invalid"), "refreshes invalid")
	srv.wantsCounted(t, func() { srv.post(t, refreshPath, "").wants(t, 401, "refresh-token-invalid") }, "refreshes invalid")
	srv.wantsCounted(t, func() { srv.post(t, refreshPath, `{"refresh`).wants(t, 400, "malformed-json") }, "refreshes refused")
	form := func(body string, status int, slug string) func() {
		return func() {
			srv.post(t, loginPath, body, with("Content-Type", "application/x-www-form-urlencoded")).wants(t, status, slug)
		}
	}
	session = srv.login(t, "bob") // OAuth has one address for both
	srv.wantsCounted(t, form("grant_type=refresh_token&refresh_token="+session.RefreshToken, 200, ""), "refreshes ok")
	srv.wantsCounted(t, form("grant_type=password&username=bob&password="+passwordOf("bob"), 200, ""), "logins ok")
}

func TestMetrics_showOpenStreamsAndTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		alice := srv.as(t, "alice")
		srv.newOrder(t, alice)
		reading, leave := context.WithCancel(t.Context())
		for range 2 {
			go srv.get(t, ordersPath+"/1/events", alice, func(r *http.Request) { *r = *r.WithContext(reading) })
		}
		free := srv.occupyHashing(t)
		for range 3 {
			go srv.tryLogin(t, "alice", passwordOf("alice"), home)
		}
		synctest.Wait()
		if streams, line := srv.sample(t, "restaurant_streams_open"), srv.sample(t, "restaurant_hashing_waiting"); streams != 2 || line != 3 {
			t.Errorf("%v streams are open and %v wait, want 2 and 3", streams, line)
		}
		leave()
		free()
		synctest.Wait()
		if streams, line := srv.sample(t, "restaurant_streams_open"), srv.sample(t, "restaurant_hashing_waiting"); streams != 0 || line != 0 {
			t.Errorf("%v streams are open and %v wait, want none", streams, line)
		}
	})
}

var (
	ours       = regexp.MustCompile(`restaurant_[a-z_]+`)
	family     = regexp.MustCompile(`(?m)^# TYPE (restaurant_[a-z_]+) `)
	labelValue = regexp.MustCompile(`^(restaurant_[a-z_]+_total)\{(?:result|status)="([a-z]+)"\}$`)
)

// TestMetrics_areInTheDocument: docs/metrics.md names every metric and every result, and no
// other.
func TestMetrics_areInTheDocument(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	srv.get(t, "/healthz") // a request to be measured
	text, samples := srv.scrape(t)
	known := map[string]bool{}
	for _, m := range family.FindAllStringSubmatch(text, -1) {
		known[m[1]] = true
		if !strings.Contains(string(page), "| `"+m[1]+"` |") {
			t.Errorf("docs/metrics.md does not describe %s", m[1])
		}
	}
	for _, name := range ours.FindAllString(string(page), -1) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
		sharedOnly := strings.HasPrefix(name, "restaurant_database_") && !testkit.UsesPostgres()
		if !known[name] && !known[base] && !sharedOnly {
			t.Errorf("docs/metrics.md names %s, which does not exist", name)
		}
	}
	for sample := range samples {
		if m := labelValue.FindStringSubmatch(sample); m != nil {
			row := regexp.MustCompile("(?m)^\\| `" + m[1] + "` \\|.*`" + m[2] + "`")
			if !row.Match(page) {
				t.Errorf("docs/metrics.md says nothing of %s", sample)
			}
		}
	}
}
