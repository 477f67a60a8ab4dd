package app

import (
	"context"
	"fmt"
)

func serveCommand(ctx context.Context, c call) error {
	return runServer(ctx, c, func(_ context.Context, at place) error {
		fmt.Fprintf(c.Out, "Restaurant is running at %s (Ctrl-C stops it).\nThe API documentation, to try every call: %s/swagger/index.html\n", at.url, at.url)
		if c.cfg.demoData {
			fmt.Fprintf(c.Out, "The lessons, from what an API is to why there are refresh tokens: %s -s %s/learn\n", c.cfg.curl(), at.url)
			fmt.Fprintln(c.Out, "Demo users: alice, bob, vera, carla (chef), marco (manager); the password of each is <name>-likes-pizza.")
		}
		return nil
	})
}
