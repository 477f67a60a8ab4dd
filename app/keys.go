package app

import (
	"context"
	"fmt"

	"restaurant/models"
	"restaurant/tokens"
)

func keysRotateCommand(ctx context.Context, c call) error {
	var kid string
	err := withStore(ctx, c, func(store *models.Store) (err error) {
		kid, err = rotateKeys(ctx, c.cfg, store)
		return err
	})
	if err == nil {
		fmt.Fprintf(c.Out, "%s signs from now on. Older tokens stay valid until they expire.\n", kid)
	}
	return err
}

// rotateKeys creates a signing key; where there is none yet, it is the first.
func rotateKeys(ctx context.Context, cfg config, store *models.Store) (kid string, err error) {
	rotate, err := tokens.HasKeys(cfg.keysDir())
	if err != nil {
		return "", err
	}
	keys, err := tokens.OpenKeys(cfg.keysDir())
	if err != nil {
		return "", err
	}
	_, addr := cfg.listenAddr()
	if err := registerKeys(ctx, cfg, store, keys, cfg.issuer(addr)); err != nil {
		return "", err
	}
	if !rotate {
		return keys.JWKS()[0].KeyID, nil
	}
	return keys.Rotate(ctx, cfg.accessTokenTTL)
}
