package lab

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/problem"
)

const (
	// TicketCookie holds the number of a login session, and nothing else.
	TicketCookie = "lab_ticket"
	ticketLife   = time.Hour
)

// Guest is who has logged in with a ticket.
//
//	@Description	Who the ticket stands for. The server has looked it up in its list.
type Guest struct {
	Sub  string `json:"sub" example:"1" validate:"required"`
	Name string `json:"name" example:"Alice" validate:"required"`
	Role string `json:"role" example:"guest" validate:"required"`
	VIP  bool   `json:"vip" example:"false" validate:"required"`
} //@name TicketGuest

// Tickets is the list of the login sessions of the lab, in a database of its own.
type Tickets interface {
	Add(ctx context.Context, hash, guest string, until time.Time) error
	// Guest returns what a ticket stands for; ok is false if there is no such ticket.
	Guest(ctx context.Context, hash string) (guest string, ok bool, err error)
	Remove(ctx context.Context, hash string) (ok bool, err error)
	Close() error
}

// ticketList opens the list when it is needed first.
type ticketList struct {
	mu   sync.Mutex
	list Tickets
}

func (l *Lab) ticketList(ctx context.Context) (Tickets, error) {
	l.tickets.mu.Lock()
	defer l.tickets.mu.Unlock()
	if l.tickets.list == nil {
		list, err := l.OpenTickets(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		l.tickets.list = list
	}
	return l.tickets.list, nil
}

func (t *ticketList) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list != nil {
		_ = t.list.Close() // a temporary file
		t.list = nil
	}
}

// @Description	Name and password, as for a login with tokens.
type ticketLoginRequest struct {
	Username string `json:"username" example:"alice" minLength:"1" validate:"required"`
	Password string `json:"password" example:"alice-likes-pizza" minLength:"1" validate:"required"`
} //@name TicketLoginRequest

// ticketLogin logs in the way servers did before there were tokens.
//
//	@Summary		Log in for a cloakroom ticket (session cookie)
//	@Description	The cookie contains a number without a meaning. What the number stands for is in a list on the server.
//	@ID				loginForTicket
//	@Tags			lab
//	@Accept			json,x-www-form-urlencoded
//	@Produce		json
//	@Param			body	body		ticketLoginRequest	true	"Name and password"
//	@Success		200		{object}	Guest
//	@Header			200		{string}	Set-Cookie	"lab_ticket"
//	@Failure		400		{object}	problem.Problem	"malformed-json, malformed-form, unknown-field"
//	@Failure		401		{object}	problem.Problem	"invalid-credentials"
//	@Failure		403		{object}	problem.Problem	"cross-origin"
//	@Failure		413		{object}	problem.Problem	"body-too-large"
//	@Failure		415		{object}	problem.Problem	"unsupported-media-type"
//	@Failure		422		{object}	problem.Problem	"validation-failed"
//	@Failure		429		{object}	problem.Problem	"too-many-attempts"
//	@Failure		503		{object}	problem.Problem	"database-unavailable, server-busy"
//	@Router			/lab/session/login [post]
func (l *Lab) ticketLogin(c *gin.Context) error {
	req, err := readTicketLogin(c)
	if err != nil {
		return err
	}
	guest, err := l.CheckPassword(c, req.Username, req.Password)
	if err != nil {
		return err
	}
	text, err := json.Marshal(guest)
	if err != nil {
		return err
	}
	list, err := l.ticketList(c.Request.Context())
	if err != nil {
		return err
	}
	ticket := rand.Text()
	if err := list.Add(c.Request.Context(), ticketHash(ticket), string(text), time.Now().Add(ticketLife)); err != nil {
		return err
	}
	setTicket(c, ticket, int(ticketLife/time.Second), l.Secure)
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, guest)
}

func readTicketLogin(c *gin.Context) (req ticketLoginRequest, err error) {
	if httpjson.MediaType(c) != httpjson.FormType {
		err = httpjson.Bind(c, &req)
	} else {
		form, formErr := httpjson.SingleForm(c, "username", "password")
		req, err = ticketLoginRequest{form["username"], form["password"]}, formErr
	}
	if err != nil {
		return req, err
	}
	var cs httpjson.Checks
	cs.Require(req.Username != "", "username", "must be given")
	cs.Require(req.Password != "", "password", "must be given")
	return req, cs.Err()
}

// ticketHash is what the list knows of a ticket: who reads the list cannot use it.
func ticketHash(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

func setTicket(c *gin.Context, ticket string, seconds int, secure bool) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure under TLS; over plain HTTP browsers would drop it
		Name: TicketCookie, Value: ticket, Path: basepath.Of(c.Request) + "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	})
}

var noTicket = problem.AuthenticationRequired

// ticketMe looks up who the ticket stands for: one query for each request.
//
//	@Summary	Who the ticket stands for
//	@ID			showTicketGuest
//	@Tags		lab
//	@Produce	json
//	@Success	200	{object}	Guest
//	@Failure	401	{object}	problem.Problem	"authentication-required"
//	@Failure	503	{object}	problem.Problem	"database-unavailable"
//	@Router		/lab/session/me [get]
func (l *Lab) ticketMe(c *gin.Context) error {
	hash, list, err := l.ticketOf(c)
	if err != nil {
		return err
	}
	text, ok, err := list.Guest(c.Request.Context(), hash)
	switch {
	case err != nil:
		return err
	case !ok:
		return noTicket.New("The server has no login session with this ticket (session cookie). It ended, or the server was started again.")
	}
	var guest Guest
	if err := json.Unmarshal([]byte(text), &guest); err != nil {
		return err
	}
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, guest)
}

// ticketOf returns the hash of the ticket in a request, and the list.
func (l *Lab) ticketOf(c *gin.Context) (hash string, list Tickets, err error) {
	cookies := c.Request.CookiesNamed(TicketCookie)
	switch {
	case len(cookies) == 0:
		return "", nil, noTicket.New("The request has no ticket (session cookie). Log in at POST /lab/session/login, and send the cookie: curl -b ticket.txt.")
	case len(cookies) > 1:
		return "", nil, problem.AmbiguousCredentials.New("The request has two cookies with the name lab_ticket.")
	}
	list, err = l.ticketList(c.Request.Context())
	return ticketHash(cookies[0].Value), list, err
}

// ticketLogout ends the login session: the ticket is worth nothing at once.
//
//	@Summary	Give the ticket back
//	@ID			logoutTicket
//	@Tags		lab
//	@Success	204
//	@Header		204	{string}	Set-Cookie	"Deletes lab_ticket"
//	@Failure	401	{object}	problem.Problem	"authentication-required"
//	@Failure	403	{object}	problem.Problem	"cross-origin"
//	@Failure	503	{object}	problem.Problem	"database-unavailable"
//	@Router		/lab/session/logout [post]
func (l *Lab) ticketLogout(c *gin.Context) error {
	hash, list, err := l.ticketOf(c)
	if err != nil {
		return err
	}
	ok, err := list.Remove(c.Request.Context(), hash)
	switch {
	case err != nil:
		return err
	case !ok:
		return noTicket.New("The server has no login session with this ticket (session cookie).")
	}
	setTicket(c, "", -1, l.Secure)
	return httpjson.NoContent(c)
}

// toProblem is the problem for an error of the lab that is none.
func toProblem(err error) *problem.Problem {
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.ServerBusy.New("").Because(err)
	}
	return problem.InternalError.New("").Because(err)
}
