package learn

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/learn/course"
	"restaurant/learn/export"
)

// certificateKind is in the header of a certificate, as certificate+jwt.
const certificateKind = "certificate"

// certificate is what the server confirms with its signature. It has no exp, no aud and no
// sub, and a type of its own, so that it is no access token anywhere.
//
//	@Description	What this server has seen of you. The payload of the signed certificate.
type certificate struct {
	Issuer   string `json:"iss" example:"http://localhost:8080" validate:"required"`
	IssuedAt int64  `json:"iat" example:"1769886900" validate:"required"`
	// How many sentences there are in the course.
	ClaimsOf int           `json:"claims_of" example:"66" validate:"required"`
	Claims   []seenClaim   `json:"claims" validate:"required"`
	Lessons  []doneCertify `json:"lessons" validate:"required"`
} //@name Certificate

// @Description	A sentence that you have tried, and when the server saw it.
type seenClaim struct {
	ID     string    `json:"id" example:"A1" validate:"required"`
	Lesson string    `json:"lesson" example:"L01" validate:"required"`
	SeenAt time.Time `json:"seen_at" example:"2026-01-31T19:04:00Z" format:"date-time" validate:"required"`
	// True if you took a hint in this lesson.
	WithHelp bool `json:"with_help" example:"false" validate:"required"`
} //@name SeenClaim

// @Description	A lesson that is done.
type doneCertify struct {
	ID       string    `json:"id" example:"L01" validate:"required"`
	Title    string    `json:"title" example:"Read the menu" validate:"required"`
	DoneAt   time.Time `json:"done_at" example:"2026-01-31T19:04:00Z" format:"date-time" validate:"required"`
	WithHelp bool      `json:"with_help" example:"false" validate:"required"`
} //@name DoneLesson

// @Description	The certificate, signed and in plain words.
type certificateResponse struct {
	// A JWS, signed with the key that signs access tokens. No call accepts it as a token.
	Certificate string      `json:"certificate" example:"eyJhbGciOi…" validate:"required"`
	Payload     certificate `json:"payload" validate:"required"`
	// Where the public keys are that check the signature.
	Keys string `json:"keys" example:"http://localhost:8080/.well-known/jwks.json" validate:"required"`
} //@name SignedCertificate

// newCertificate lists what the server itself has seen: no extras, and nothing that was
// restored from a file, which is the learner's own word.
func newCertificate(issuer string, lessons []lesson, now time.Time) certificate {
	cert := certificate{Issuer: issuer, IssuedAt: now.Unix(), ClaimsOf: len(course.Load().Claims), Claims: []seenClaim{}, Lessons: []doneCertify{}}
	for _, l := range lessons {
		if !l.IsDone() || l.Extra || l.Restored {
			continue
		}
		help, at := len(l.progress.Hints) > 0, l.DoneAt.Truncate(time.Second)
		cert.Lessons = append(cert.Lessons, doneCertify{l.ID, l.Title, at, help})
		for _, id := range l.Claims {
			cert.add(seenClaim{id, l.ID, at, help})
		}
	}
	slices.SortFunc(cert.Claims, func(a, b seenClaim) int {
		return strings.Compare(a.ID[:1], b.ID[:1])*1000 + compareNumbers(a.ID[1:], b.ID[1:])
	})
	return cert
}

// compareNumbers compares numbers without leading zeros.
func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// add adds a claim; of several lessons that try it, the first that was done counts.
func (cert *certificate) add(c seenClaim) {
	i := slices.IndexFunc(cert.Claims, func(have seenClaim) bool { return have.ID == c.ID })
	switch {
	case i < 0:
		cert.Claims = append(cert.Claims, c)
	case c.SeenAt.Before(cert.Claims[i].SeenAt):
		cert.Claims[i] = c
	}
}

// certify signs what the server has seen of the learner.
//
//	@Summary		Your certificate: what this server has seen, signed with its key
//	@Description	Lists the sentences that you have tried, when the server saw it, and if you took hints. The server signs it with the key that signs access tokens. So you can check it with the public keys, as other programs check your access token. The type in its header is another one, so no call accepts it as a token. The `Accept` header decides: a page to print, JSON, or only the signed text. Without a preference (`*/*` or no `Accept`) it is the signed text.
//	@ID				showCertificate
//	@Tags			lessons
//	@Produce		json
//	@Success		200	{object}	certificateResponse
//	@Router			/learn/certificate [get]
func (h *Handler) certify(c *gin.Context) error {
	if h.Sign == nil {
		return errors.New("learn: nothing signs certificates")
	}
	lessons, target := h.snapshot()
	cert := newCertificate(h.PublicURL, lessons, time.Now())
	signed, err := h.Sign(certificateKind, cert)
	if err != nil {
		return err
	}
	res := certificateResponse{signed, cert, h.PublicURL + "/.well-known/jwks.json"}
	switch preferredType(c, httpjson.MediaHTML, httpjson.MediaJSON, httpjson.MediaText) {
	case httpjson.MediaHTML:
		return h.renderPage(c, "certificate.html", certificatePage{target, res, course.Load().Claims, h.exercise()})
	case httpjson.MediaJSON:
		return respond(c, res)
	}
	return respondText(c, signed+"\n")
}

// certificatePage is what the page shows.
type certificatePage struct {
	export.Target
	certificateResponse
	Says map[string]string
	// Exercise is how to check it.
	Exercise []course.Step
}

// IssuedAt is when the certificate was signed.
func (p certificatePage) IssuedAt() time.Time { return time.Unix(p.Payload.IssuedAt, 0).UTC() }

// exercise is what lessons have for when they are done.
func (h *Handler) exercise() (steps []course.Step) {
	for _, l := range course.Load().Lessons {
		steps = append(steps, l.After...)
	}
	return steps
}
