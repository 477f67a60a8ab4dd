package app

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/learn"
	"restaurant/learn/lab"
	"restaurant/models"
	"restaurant/server"
	"restaurant/tokens"
)

// outside answers what the lab sends to the server as clients do.
func (a *App) outside(cfg config, at site) http.Handler {
	inside := at.entrance
	if inside == nil {
		inside = a.api.Handler()
	}
	if check := cfg.table.lessons.Entrance; check != nil {
		return check(inside)
	}
	return inside
}

// newLab hands the lab what it needs of the server, as functions.
func (a *App) newLab(cfg config, at site, authority *tokens.Authority) *lab.Lab {
	return lab.New(lab.Options{
		Secure: strings.HasPrefix(authority.Issuer(), "https:"), Note: learn.Note,
		Report: func(e lab.Evidence) {
			if a.lessons != nil {
				a.lessons.Report(learn.Evidence(e))
			}
		},
		Measured: func(ctx context.Context, name string, result any) error {
			if a.lessons == nil {
				return nil
			}
			return a.lessons.Measured(ctx, name, result)
		},
		CheckPassword: func(c *gin.Context, username, password string) (lab.Guest, error) {
			u, err := a.api.CheckPassword(c, username, password)
			return lab.Guest{Sub: strconv.FormatInt(u.ID, 10), Name: u.Name, Role: string(u.Role), VIP: u.VIP}, err
		},
		OpenTickets: func(ctx context.Context) (lab.Tickets, error) {
			return models.OpenTickets(ctx, filepath.Join(cfg.dataDir, "lab"))
		},
		TokenChecks: lab.TokenChecks{
			NewToken: func() (string, error) {
				return authority.Issue(models.User{ID: 1, Name: "Alice", Role: models.RoleGuest}, tokens.NewID(), authority.Now().Add(time.Minute))
			},
			Verify:   func(token string) error { _, err := authority.Verify(token); return err },
			Remember: func(token string) error { return a.api.VerifyRemembered(token) },
			CountQueries: func(ctx context.Context) (context.Context, func() int) {
				ctx, sql := models.CountStatements(ctx)
				return ctx, func() int { return int(sql.Count()) }
			},
		},
		StagePath: cfg.table.stagePath(cfg.publicURL),
		PublicPEM: authority.Keys().PublicPEM, Refusal: authority.Refusal,
		Server:          func() http.Handler { return a.outside(cfg, at) },
		WireCertificate: func() (*tls.Certificate, []byte, error) { return server.SelfSignedOnce(cfg.certificateNames()) },
		Clock:           lab.Clock{Ahead: authority.Ahead, Advance: authority.Advance, Most: tokens.MaxAhead},
	})
}
