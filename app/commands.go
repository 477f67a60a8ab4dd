package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"restaurant/models"
)

// command is one command of the program.
type command struct {
	name, meaning string
	run           func(ctx context.Context, c call) error
	// flags adds flags beside the settings; nil: none.
	flags func(c *call, f *flag.FlagSet)
	// usage is the error for a command that takes one argument, and got none or more;
	// empty: it takes none.
	usage string
}

// call is one call of a command.
type call struct {
	Stdio
	cfg      config
	getenv   func(string) string
	arg      string
	generate generateOptions // flags of seed
	user     models.NewUser  // flags of users add
	yes      bool            // flag of restore
}

var commands = []command{
	{name: "serve", run: serveCommand, meaning: "start the server (the default command)"},
	{name: "demo", run: demoCommand, meaning: "start it, order a pizza as a client would, show each request, and keep running"},
	{name: "seed", run: seedCommand, flags: generateFlags, meaning: "load the menu, and with RESTAURANT_DEMO_DATA=on the demo accounts, into a stopped server's database; -guests N and -orders N also generate N guests who cannot log in and N orders of theirs, to test with much data"},
	{name: "keys rotate", run: keysRotateCommand, meaning: "sign with a new key from now on, with the server stopped (with it running: POST /api/v1/auth/keys/rotate)"},
	{name: "users add", run: usersAddCommand, flags: userFlags, usage: "users add takes one USERNAME: users add -role manager NAME", meaning: "add a user, with the server stopped: users add [-role guest|chef|manager] [-vip] [-name NAME] USERNAME; the password comes from standard input"},
	{name: "health", run: healthCommand, meaning: "ask the server that runs with these settings whether it is ready; exits with 1 if not"},
	{name: "backup", run: backupCommand, usage: "backup takes the name of one new FILE", meaning: "copy the database, also of a running server: backup FILE"},
	{name: "restore", run: restoreCommand, flags: restoreFlags, usage: "restore takes the name of one FILE: restore [-yes] FILE", meaning: "put a copy of the database back, with the server stopped: restore [-yes] FILE; shows first what it replaces, and asks unless -yes is given"},
}

// start reads the command line and runs the command.
func (cmd command) start(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	c := call{Stdio: std, getenv: getenv}
	var extra func(*flag.FlagSet)
	if cmd.flags != nil {
		extra = func(f *flag.FlagSet) { cmd.flags(&c, f) }
	}
	warnOfOldNames(std.Log, getenv)
	cfg, rest, err := readConfig(cmd.name, args, getenv, extra)
	switch {
	case err != nil:
		return err
	case cmd.usage != "" && len(rest) != 1:
		return errors.New(cmd.usage)
	case cmd.usage != "":
		c.arg = rest[0]
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q; restaurant -h shows what each command takes", rest[0])
	}
	c.cfg = cfg
	return cmd.run(ctx, c)
}

func printHelp(out io.Writer) {
	fmt.Fprint(out, "Restaurant teaches what an API and a JSON Web Token are.\n\nUsage: restaurant [command] [flags]\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-11s %s\n", c.name, c.meaning)
	}
	fmt.Fprint(out, "\nSettings (environment variable, flag; the flag wins):\n")
	printSettings(out)
	fmt.Fprint(out, "\n  -version prints the version, -h this page.\n")
}
