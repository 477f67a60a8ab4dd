package app

import (
	"context"
	"fmt"
	"strings"
)

func serveCommand(ctx context.Context, c call) error {
	return runServer(ctx, c, func(_ context.Context, at place) error {
		printFirstSteps(c, at.url)
		return nil
	})
}

// printFirstSteps says what somebody who has never seen the program can do now.
func printFirstSteps(c call, url string) {
	fmt.Fprintf(c.Out, "Restaurant is running at %s (Ctrl-C stops it). Open this address in a browser and order a pizza.\n", url)
	if c.cfg.demoData {
		fmt.Fprintf(c.Out, "Learn what an API and a token are. In a second terminal, type: %s -s %s/learn\n", c.cfg.curl(), url)
	}
	fmt.Fprintf(c.Out, "Try every call of the API in a browser: %s/swagger/index.html\n", url)
	if c.cfg.demoData {
		if c.cfg.teacher != "" {
			fmt.Fprintf(c.Out, "The class at %s sees your lessons at table %s.\n", c.cfg.teacher, strings.SplitN(c.cfg.tableCode, "-", 2)[0])
		}
		fmt.Fprintln(c.Out, "Log in as alice, bob, vera, carla (chef) or marco (manager). Passwords: alice-likes-pizza, bob-likes-pizza and so on.")
	}
}
