// Package app opens the house: it reads the settings, wires the rooms together,
// serves, and closes in an orderly way.
package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/gin-gonic/gin"
)

// Stdio are where the program reads from and writes to: Out is for people, Log for
// the log.
type Stdio struct {
	In       io.Reader
	Out, Log io.Writer
}

// Run does what the command line asks for and returns when that is done, or soon after
// ctx ends. environ is as os.Environ returns it.
func Run(ctx context.Context, args, environ []string, std Stdio) error {
	gin.SetMode(gin.ReleaseMode)
	name, args := commandOf(args)
	switch {
	case name == "help" || slices.ContainsFunc(args, isHelp):
		printHelp(std.Out)
		return nil
	case name == "version":
		_, err := fmt.Fprintln(std.Out, "restaurant", version())
		return err
	}
	for _, c := range commands {
		if c.name == name {
			return c.start(ctx, args, environ, std)
		}
	}
	return fmt.Errorf("unknown command %q; restaurant -h lists the commands", name)
}

// commandOf splits the command off the arguments. Without one, or with a flag in its
// place, it is serve.
func commandOf(args []string) (name string, rest []string) {
	if len(args) == 0 {
		return "serve", nil
	}
	switch first := args[0]; {
	case (first == "users" || first == "keys") && len(args) > 1:
		return first + " " + args[1], args[2:]
	case isHelp(first):
		return "help", nil
	case first == "-version" || first == "--version":
		return "version", nil
	case first != "" && first[0] == '-':
		return "serve", args
	default:
		return first, args[1:]
	}
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// stamped is the version where the source does not come with its history, as in an image:
// go build -ldflags "-X $(go list ./app).stamped=v1.2.3".
var stamped string

// version names the tag or commit that the program was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return cmp.Or(stamped, "devel")
}
