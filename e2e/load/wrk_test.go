package main

import (
	"strings"
	"testing"
	"time"
)

const report = `Running 3s test @ http://127.0.0.1:8080/api/v1/menu
  2 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.20ms    2.10ms  74.66ms   93.10%
    Req/Sec    10.01k     1.02k   12.40k    71.00%
  60040 requests in 3.00s, 0.82GB read
Requests/sec:  20013.33
Transfer/sec:    281.18MB
{"requests":60040,"span":3000000,"p50":1150,"p90":8037,"p99":50305,"max":74656,"wrong":3,"example":503,"connect":1,"read":2,"write":4,"timeout":8}
`

func TestFiguresComeFromTheLastLineOfWrk(t *testing.T) {
	got, err := parseWrk(report)
	if err != nil {
		t.Fatal(err)
	}
	want := stats{
		Requests: 60040, Span: 3 * time.Second,
		P50: 1150 * time.Microsecond, P90: 8037 * time.Microsecond, P99: 50305 * time.Microsecond, Max: 74656 * time.Microsecond,
		Wrong: 3, Example: 503, Broken: 15,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.failed() != 18 {
		t.Errorf("%d failed, want 18", got.failed())
	}
	if want := ", 3 wrong answers (such as status 503), 15 broken connections or timeouts"; got.failures() != want {
		t.Errorf("faults = %q, want %q", got.failures(), want)
	}
	if got.rate() < 20013 || got.rate() > 20014 {
		t.Errorf("rate = %v, want 20013.33", got.rate())
	}
}

func TestAReportWithoutFiguresIsNoMeasurement(t *testing.T) {
	nothing := strings.ReplaceAll(report, `"requests":60040`, `"requests":0`)
	for name, out := range map[string]string{
		"empty": "", "cut off": report[:len(report)-20], "without the line": report[:strings.Index(report, "\n{")], "no request at all": nothing,
	} {
		if got, err := parseWrk(out); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

func TestTheScriptsThatThePhasesNameAreThere(t *testing.T) {
	for _, name := range []string{"common.lua", "menu.lua", "orders.lua", "place.lua", "place_with_key.lua", "login.lua"} {
		if _, err := scripts.ReadFile("lua/" + name); err != nil {
			t.Error(err)
		}
	}
}
