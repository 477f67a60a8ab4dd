package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"restaurant/models"
	"restaurant/seed"
	"restaurant/tokens"
)

// publicRefusal is why public mode does not start with these settings, or nil.
func (c config) publicRefusal() error {
	switch {
	case c.lab:
		return errors.New("RESTAURANT_PUBLIC=on refuses the lab, because it is unsafe on purpose: set RESTAURANT_LAB=off")
	case c.demoData:
		return errors.New("RESTAURANT_PUBLIC=on refuses the demo accounts, because everybody knows their passwords: set RESTAURANT_DEMO_DATA=off")
	case !strings.HasPrefix(c.publicURL, "https://"):
		return errors.New("RESTAURANT_PUBLIC=on needs RESTAURANT_PUBLIC_URL, the https:// address that clients use for the server")
	case c.tls != "files" && !c.behindProxy:
		return errors.New("RESTAURANT_PUBLIC=on needs a certificate that browsers trust: set RESTAURANT_TLS=files, or RESTAURANT_BEHIND_PROXY=on with a TLS proxy in front")
	}
	return nil
}

// checkPublicMode rejects what the settings do not show: passwords that are published,
// and a key that nobody has backed up.
func checkPublicMode(ctx context.Context, cfg config, store *models.Store) error {
	left, err := seed.UnchangedDemoUsers(ctx, store)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("RESTAURANT_PUBLIC=on refuses the demo accounts that are still in %s with their demo passwords (%s): change the passwords, or start with an empty database", cfg.databaseName(), strings.Join(left, ", "))
	}
	there, err := tokens.HasKeys(cfg.keysDir())
	if err == nil && !there {
		return fmt.Errorf("RESTAURANT_PUBLIC=on refuses to generate a key at the start: create it first with restaurant keys rotate and the same settings, also those of the database, and make a copy of %s", cfg.keysDir())
	}
	return err
}
