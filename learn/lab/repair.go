package lab

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
)

const (
	labIssuer   = "https://lab.example"
	labAudience = "lab"
)

// sample is a token that a verifier must let in or refuse.
type sample struct {
	name, token string
	genuine     bool
}

// samples makes eight fakes and two genuine tokens, with the lab's key and a thief's.
func (l *Lab) samples(now time.Time) ([]sample, error) {
	own, err := l.key()
	if err != nil {
		return nil, err
	}
	thief, err := l.thief()
	if err != nil {
		return nil, err
	}
	public, err := own.publicPEM()
	if err != nil {
		return nil, err
	}
	genuine := own.token(labHeader(own), labClaims("vera", now))
	parts := strings.Split(genuine, ".")
	byHand := func(text string, sign func(text string) string) string { return text + "." + sign(text) }
	return []sample{
		{"alice, genuine", own.token(labHeader(own), labClaims("alice", now)), true},
		{"vera, genuine", genuine, true},
		{"alg is none, and there is no signature", byHand(labHeader(own).with("alg", "none").encode()+"."+parts[1], func(string) string { return "" }), false},
		{"alg is HS256, signed with the public key", byHand(labHeader(own).with("alg", "HS256").encode()+"."+parts[1], func(text string) string { return signHS256(text, public) }), false},
		{"the thief's key comes along in the header (jwk)", thief.token(labHeader(own).with("jwk", thief.jwk()), labClaims("vera", now)), false},
		{"the header says where the thief's key is (jku)", thief.token(labHeader(thief).with("jku", "https://thief.example/jwks.json"), labClaims("vera", now)), false},
		{"vip was changed, and the old signature stayed", parts[0] + "." + labClaims("alice", now).with("vip", true).encode() + "." + parts[2], false},
		{"expired a minute ago", own.token(labHeader(own), labClaims("vera", now).with("exp", now.Add(-time.Minute).Unix())), false},
		{"from another issuer", own.token(labHeader(own), labClaims("vera", now).with("iss", "https://elsewhere.example")), false},
		{"for another server", own.token(labHeader(own), labClaims("vera", now).with("aud", "elsewhere")), false},
	}, nil
}

func labHeader(k key) members { return members{"alg": "RS256", "typ": "at+jwt", "kid": k.id} }

func labClaims(name string, now time.Time) members {
	return members{
		"iss": labIssuer, "aud": labAudience, "sub": name, "name": name, "vip": name == "vera",
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(),
	}
}

// with returns a copy in which one member is another.
func (m members) with(name string, value any) members {
	changed := members{name: value}
	for n, v := range m {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}

// token signs a token.
func (k key) token(header, claims members) string {
	text := header.encode() + "." + claims.encode()
	signature, err := k.sign(text)
	if err != nil { // only a key that is too short fails
		panic(err)
	}
	return text + "." + signature
}

// @Description	Which guards the bouncer (token check) gets.
type repairRequest struct {
	// In a form you can send it several times.
	Guards []string `json:"guards" example:"one-algorithm,own-keys,signature,exp,issuer-audience" enums:"one-algorithm,own-keys,signature,exp,issuer-audience" validate:"required"`
} //@name RepairRequest

// @Description	What the repaired bouncer did with ten tokens.
type repairResponse struct {
	Rows []repairRow `json:"rows" validate:"required"`
	// How many tokens were treated rightly.
	Right int `json:"right" example:"10" minimum:"0" maximum:"10" validate:"required"`
	Of    int `json:"of" example:"10" validate:"required"`
} //@name Repair

// @Description	One of the ten tokens.
type repairRow struct {
	// What kind of token it is.
	Token   string `json:"token" example:"expired a minute ago" validate:"required"`
	Genuine bool   `json:"genuine" example:"false" validate:"required"`
	Should  string `json:"should" example:"refuse" enums:"accept,refuse" validate:"required"`
	Did     string `json:"did" example:"refuse" enums:"accept,refuse" validate:"required"`
	Right   bool   `json:"right" example:"true" validate:"required"`
} //@name RepairRow

// repair runs a verifier with the chosen guards against eight fakes and two genuine tokens.
//
//	@Summary		Repair the sleepy bouncer
//	@Description	You choose the guards (checks). The lab builds a bouncer (token check) from them and shows it 8 fakes and 2 genuine tokens. A bouncer who refuses everybody is no bouncer.
//	@ID				repairBouncer
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		repairRequest	true	"The guards"
//	@Success		200		{object}	repairResponse
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Router			/lab/repair [post]
func (l *Lab) repair(c *gin.Context) error {
	chosen, err := readGuards(c)
	if err != nil {
		return err
	}
	res, err := l.tryGuards(chosen)
	if err != nil {
		return err
	}
	if res.Right == res.Of {
		l.Note(c, "repaired")
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, res)
}

func readGuards(c *gin.Context) (chosen map[string]bool, err error) {
	var req repairRequest
	if httpjson.MediaType(c) == httpjson.FormType {
		form, formErr := httpjson.Form(c, []string{"guards"})
		req.Guards, err = form["guards"], formErr
	} else {
		err = httpjson.Bind(c, &req)
	}
	if err != nil {
		return nil, err
	}
	chosen = map[string]bool{}
	for _, id := range req.Guards {
		if !slices.ContainsFunc(guards, func(g guard) bool { return g.id == id }) {
			return nil, httpjson.Invalid("guards", "may be "+strings.Join(guardIDs(), ", "))
		}
		chosen[id] = true
	}
	if len(chosen) == 0 {
		return nil, httpjson.Invalid("guards", "must name one or more of "+strings.Join(guardIDs(), ", "))
	}
	return chosen, nil
}

func guardIDs() (ids []string) {
	for _, g := range guards {
		ids = append(ids, g.id)
	}
	return ids
}

func (l *Lab) tryGuards(chosen map[string]bool) (res repairResponse, err error) {
	now := time.Now()
	samples, err := l.samples(now)
	if err != nil {
		return res, err
	}
	v, err := l.verifier(chosen, now)
	if err != nil {
		return res, err
	}
	verdict := map[bool]string{true: "accept", false: "refuse"}
	for _, s := range samples {
		accepted := v.accepts(s.token)
		res.Rows = append(res.Rows, repairRow{s.name, s.genuine, verdict[s.genuine], verdict[accepted], accepted == s.genuine})
		if accepted == s.genuine {
			res.Right++
		}
	}
	res.Of = len(samples)
	return res, nil
}

func (l *Lab) verifier(chosen map[string]bool, now time.Time) (verifier, error) {
	own, err := l.key()
	if err != nil {
		return verifier{}, err
	}
	thief, err := l.thief()
	return verifier{chosen, map[string]key{own.id: own}, thief, labIssuer, labAudience, now}, err
}

// @Description	The guards (checks) that a bouncer (token check) needs.
type guardsResponse struct {
	Items []guardItem `json:"items" validate:"required"`
} //@name Guards

// @Description	A guard, in words and in three languages. The lab never executes these texts.
type guardItem struct {
	ID         string `json:"id" example:"exp" validate:"required"`
	Says       string `json:"says" example:"The token must not have expired." validate:"required"`
	Go         string `json:"go" example:"if !now.Before(time.Unix(claims.ExpiresAt, 0)) { return errExpired }" validate:"required"`
	JavaScript string `json:"javascript" example:"if (Date.now() / 1000 >= claims.exp) throw new Error()" validate:"required"`
	Python     string `json:"python" example:"if time.time() >= claims[exp]: raise ValueError()" validate:"required"`
} //@name Guard

// showGuards lists the guards.
//
//	@Summary	The guards for the sleepy bouncer, in three languages
//	@ID			showGuards
//	@Tags		lab
//	@Produce	json
//	@Success	200	{object}	guardsResponse
//	@Router		/lab/repair [get]
func (l *Lab) showGuards(c *gin.Context) error {
	var res guardsResponse
	for _, g := range guards {
		res.Items = append(res.Items, guardItem{g.id, g.says, g.golang, g.javaScript, g.python})
	}
	return httpjson.Respond(c, http.StatusOK, res)
}
