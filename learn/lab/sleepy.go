package lab

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/problem"
)

// @Description	What the sleepy bouncer (token check) says.
type sleepyResponse struct {
	Welcome string `json:"welcome" example:"Welcome to the VIP lounge, Alice!" validate:"required"`
	// The prize for who gets in: a flag made of paper.
	Flag string `json:"flag" example:"paper-flag" validate:"required"`
	// Why the real bouncer refuses this token. Null if he accepts it.
	RealBouncer *string `json:"real_bouncer" example:"token-signature-invalid" extensions:"x-nullable" validate:"required"`
} //@name SleepyLounge

// paperFlag is all that this endpoint protects.
const paperFlag = "a flag made of paper: there is nothing behind this door"

// sleepyLounge lets in everybody whose token says that they are VIPs. It checks nothing.
//
//	@Summary		A VIP lounge with a sleepy bouncer
//	@Description	This bouncer (token check) reads the token and believes it: no algorithm, no key, no signature, no time is checked. Behind the door is only a flag made of paper.
//	@ID				showSleepyLounge
//	@Tags			lab
//	@Produce		json
//	@Security		Bearer
//	@Success		200	{object}	sleepyResponse
//	@Failure		401	{object}	problem.Problem	"authentication-required, token-malformed"
//	@Failure		403	{object}	problem.Problem	"vip-only"
//	@Router			/lab/sleepy/lounge [get]
func (l *Lab) sleepyLounge(c *gin.Context) error {
	raw, isBearer := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
	if !isBearer {
		return problem.AuthenticationRequired.New("")
	}
	parts := strings.Split(strings.TrimSpace(raw), ".")
	if len(parts) != 3 {
		return problem.TokenMalformed.New("")
	}
	claims, err := decode(parts[1])
	if err != nil {
		return problem.TokenMalformed.New("")
	}
	if claims["vip"] != true {
		return problem.VIPOnly.New("Even a sleepy bouncer (token check) reads the token: it says that you are no VIP.")
	}
	refusal := l.Refusal(raw)
	if refusal != "" {
		l.Note(c, "fake-let-in")
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, sleepyResponse{"Welcome to the VIP lounge, " + nameIn(claims) + "!", paperFlag, httpjson.Optional(refusal)})
}

// nameIn is the name that a token states, shortened: nobody has checked it.
func nameIn(claims members) string {
	const most = 64 // runes
	name, _ := claims["name"].(string)
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most])
	}
	if name == "" {
		return "stranger"
	}
	return name
}
