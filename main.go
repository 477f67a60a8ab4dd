// Restaurant is a small REST API that teaches what an API and a JSON Web Token
// are. A guest (client) gives an order to a waiter (API), who checks the
// wristband (JWT) and carries the order to the kitchen (server program).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"restaurant/app"
)

func main() {
	signalled, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	context.AfterFunc(signalled, func() {
		stop() // before anything shuts down: a second Ctrl-C ends the program at once
		cancel()
	})
	if err := app.Run(ctx, os.Args[1:], os.Environ(), app.Stdio{In: os.Stdin, Out: os.Stdout, Log: os.Stderr}); err != nil {
		fmt.Fprintln(os.Stderr, "restaurant:", err)
		os.Exit(1)
	}
}
