package learn

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/httpjson"
	"restaurant/learn/course"
)

// Measurements have names. compare has one for each distance, such as compare/5.
const (
	measuredCompare = "compare/"
	measuredWeights = "weigh"
)

// measurement is a result of the lab, as the store keeps it.
type measurement struct {
	name   string
	at     time.Time
	result []byte // JSON
}

// Measured keeps a result of the lab for the comparison sheet: the answer of /lab/compare
// as compare/0 or compare/5, after its distance, and that of /lab/weigh as weigh. A newer
// one replaces the older one of the same name.
func (h *Handler) Measured(ctx context.Context, name string, result any) error {
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return h.store.saveMeasurement(ctx, measurement{name, time.Now(), text})
}

// measured returns a number of the newest comparison at its distance. It is not known before
// the first one.
func (h *Handler) measured(ctx context.Context, m course.Measured) (number float64, known bool, err error) {
	all, err := h.store.measurements(ctx)
	if err != nil {
		return 0, false, err
	}
	runs, _ := runsIn(all)
	for _, run := range runs {
		if door := run.door(m.Door); door != nil && run.DistanceMS == m.DistanceMS {
			return map[string]float64{"bytes": float64(door.Bytes), "queries": float64(door.Queries), "median_us": door.MedianUS}[m.Value], true, nil
		}
	}
	return 0, false, nil
}

// @Description	What the lab has measured of each way to check who asks.
type measuredRun struct {
	MeasuredAt time.Time `json:"measured_at" example:"2026-01-31T19:04:00Z" format:"date-time" validate:"required"`
	// How many requests there were of each kind.
	N int `json:"n" example:"100" validate:"required"`
	// How far the database is, in milliseconds. It is simulated.
	DistanceMS int            `json:"distance_ms" example:"5" validate:"required"`
	Doors      []measuredDoor `json:"doors" validate:"required"`
} //@name MeasuredRun

// @Description	One way to check who asks.
type measuredDoor struct {
	Door string `json:"door" example:"jwt" enums:"jwt,jwt-remembered,session" validate:"required"`
	// What the client sends with each request.
	Bytes int `json:"bytes" example:"700" validate:"required"`
	// SQL statements for one request.
	Queries  int           `json:"queries" example:"0" validate:"required"`
	MedianUS float64       `json:"median_us" example:"170" validate:"required"`
	P95US    float64       `json:"p95_us" example:"220" validate:"required"`
	AtOnce   measuredTimes `json:"at_once" validate:"required"`
} //@name MeasuredDoor

// @Description	Times while several requests run at once, in microseconds.
type measuredTimes struct {
	MedianUS float64 `json:"median_us" example:"400" validate:"required"`
	P95US    float64 `json:"p95_us" example:"900" validate:"required"`
} //@name MeasuredTimes

// @Description	One row of the comparison.
type comparisonRow struct {
	Row     string `json:"row" example:"Size" validate:"required"`
	JWT     string `json:"jwt" example:"larger: it carries what it says" validate:"required"`
	Session string `json:"session" example:"smaller: it is only random text" validate:"required"`
	// What was measured in this server. Null before that, and where there is no number.
	Measured *string `json:"measured" example:"700 bytes with each request, against 40" extensions:"x-nullable" validate:"required"`
	// The sentence of the course, the lessons that try it, and when the server saw it.
	Claim   string     `json:"claim" example:"B27" validate:"required"`
	Lessons []string   `json:"lessons" example:"L12,L13" validate:"required"`
	SeenAt  *time.Time `json:"seen_at" example:"2026-01-31T19:04:00Z" format:"date-time" extensions:"x-nullable" validate:"required"`
} //@name ComparisonRow

// @Description	A token against a session, with your own numbers.
type comparisonResponse struct {
	Rows []comparisonRow `json:"rows" validate:"required"`
	// The newest run of /lab/compare for each distance.
	Runs []measuredRun `json:"runs" validate:"required"`
	// The newest answer of /lab/weigh. Null before that.
	Weights *map[string]any `json:"weights" swaggertype:"object" extensions:"x-nullable" validate:"required"`
} //@name Comparison

// comparisonRows are the six rows. Numbers are added to them.
var comparisonRows = []comparisonRow{
	{Row: "Storage", Claim: "B23", JWT: "with the client: the server keeps nothing", Session: "on the server: a row for each login"},
	{Row: "Scalability", Claim: "B24", JWT: "every server that has the public key can check it", Session: "every server must reach the same list"},
	{Row: "Stateless", Claim: "B25", JWT: "yes: the check asks no database", Session: "no: each check reads a row"},
	{Row: "Other domains", Claim: "B26", JWT: "a header needs CORS", Session: "a cookie needs CORS with credentials and SameSite=None"},
	{Row: "Size", Claim: "B27", JWT: "larger: it carries what it says", Session: "smaller: it is only random text"},
	{Row: "Revocation", Claim: "B28", JWT: "hard: it holds until it expires, unless every door knows a list", Session: "easy: delete the row"},
}

// compare shows the comparison of tokens and sessions, with what was measured here.
//
//	@Summary		Token against session: your own numbers
//	@Description	The table of the course, with the numbers that `/lab/compare` and `/lab/weigh` have measured in this server. The `Accept` header decides: a page to print, JSON, or text. Without a preference (`*/*` or no `Accept`) it is text.
//	@ID				showComparison
//	@Tags			lessons
//	@Produce		json
//	@Success		200	{object}	comparisonResponse
//	@Router			/learn/comparison [get]
func (h *Handler) compare(c *gin.Context) error {
	measured, err := h.store.measurements(c.Request.Context())
	if err != nil {
		return err
	}
	lessons, _ := h.Tracker().snapshot()
	res := newComparison(lessons, measured)
	switch preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON, httpjson.MediaText) {
	case httpjson.MediaHTML:
		return h.renderPage(c, "comparison.html", res)
	case httpjson.MediaJSON:
		return respond(c, res)
	}
	return renderText(c, "comparison", res)
}

func newComparison(lessons []lesson, measured []measurement) (res comparisonResponse) {
	res.Runs, res.Weights = runsIn(measured)
	cert := newCertificate("", lessons, time.Time{})
	for _, row := range comparisonRows {
		row.Lessons = lessonsOf(row.Claim)
		for _, seen := range cert.Claims {
			if seen.ID == row.Claim {
				row.SeenAt = &seen.SeenAt
			}
		}
		row.Measured = httpjson.Optional(res.numbers(row.Claim))
		res.Rows = append(res.Rows, row)
	}
	return res
}

// runsIn returns the comparisons among what was measured, and the weights.
func runsIn(measured []measurement) (runs []measuredRun, weights *map[string]any) {
	for _, m := range measured {
		switch {
		case strings.HasPrefix(m.name, measuredCompare):
			run := measuredRun{MeasuredAt: m.at}
			if json.Unmarshal(m.result, &run) == nil {
				runs = append(runs, run)
			}
		case m.name == measuredWeights:
			if all := map[string]any{}; json.Unmarshal(m.result, &all) == nil {
				weights = &all
			}
		}
	}
	return runs, weights
}

// lessonsOf lists the lessons that try a claim.
func lessonsOf(claim string) (ids []string) {
	for _, l := range course.Load().Lessons {
		for _, id := range l.Claims {
			if id == claim {
				ids = append(ids, l.ID)
			}
		}
	}
	return ids
}

// numbers says what was measured for a row.
func (res comparisonResponse) numbers(claim string) string {
	var says []string
	for _, run := range res.Runs {
		jwt, session := run.door("jwt"), run.door("session")
		switch {
		case jwt == nil || session == nil:
		case claim == "B27" && len(says) == 0:
			says = append(says, fmt.Sprintf("%d bytes with each request, against %d", jwt.Bytes, session.Bytes))
		case claim == "B25":
			says = append(says, fmt.Sprintf("database %d ms away: queries for a request: %d against %d; time for a check: %.0f µs against %.0f µs",
				run.DistanceMS, jwt.Queries, session.Queries, jwt.MedianUS, session.MedianUS))
		}
	}
	return strings.Join(says, "; ")
}

func (run measuredRun) door(name string) *measuredDoor {
	for i := range run.Doors {
		if run.Doors[i].Door == name {
			return &run.Doors[i]
		}
	}
	return nil
}
