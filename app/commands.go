package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"restaurant/models"
)

// command is one command of the program.
type command struct {
	name, meaning string
	args          string // what may follow the name, as -h shows it
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
	trust    string          // flag of kiosk
	class    classOptions    // flags of class
}

var commands = []command{
	{name: "serve", run: serveCommand, meaning: "Start the server. This is the default command."},
	{name: "demo", run: demoCommand, meaning: "Start the server, order a pizza as a client, show each request, and keep running."},
	{name: "kiosk", args: "[-trust URL]", run: kioskCommand, flags: kioskFlags, meaning: "Start the kiosk, which some lessons need. Type this command in a second terminal. It is a small server that checks access tokens with the public keys of another server. Its address is " + kioskAddr + ". You can change it with RESTAURANT_ADDR or -addr. -trust is the address of the server whose tokens the kiosk accepts (default http://localhost:8080)."},
	{name: "class", args: "[-tables N] [-title TEXT] [-names FILE] [-join open|code|closed] [-unlock parts|all] [-new] [-forget]", run: classCommand, flags: classFlags, meaning: "Start one restaurant for each learner of a class, up to 100 in one program, and a page for the teacher. They are reached in your own network, over plain HTTP (default address " + classAddr + ": all addresses of this computer). -names is a file with one name a line. -join says who may take a table. -unlock parts opens the lessons part by part. A class that was stopped goes on; -new begins another one, and -forget deletes the old one after asking."},
	{name: "seed", args: "[-guests N] [-orders N]", run: seedCommand, flags: generateFlags, meaning: "Load the menu into the database. With RESTAURANT_DEMO_DATA=on, also load the demo accounts. Stop the server first. For tests with a lot of data, -guests adds N invented guests, and -orders adds N orders from invented guests. Nobody can log in as one of these guests."},
	{name: "keys rotate", run: keysRotateCommand, meaning: "Create a new key, which signs all tokens from now on. Stop the server first, or use POST /api/v1/auth/keys/rotate while it is running."},
	{name: "users add", args: "[-role guest|chef|manager] [-vip] [-name NAME] USERNAME", run: usersAddCommand, flags: userFlags, usage: "users add takes one USERNAME: users add -role manager NAME", meaning: "Add a user. Stop the server first. The command reads the password from standard input: type it when the command asks."},
	{name: "health", run: healthCommand, meaning: "Check if the server is ready. Use the settings with which you started the server. The exit code is 1 if it is not."},
	{name: "backup", args: "FILE", run: backupCommand, usage: "backup takes the name of one new FILE", meaning: "Copy the SQLite database to a new FILE. (For PostgreSQL use pg_dump.) You can do this while the server is running."},
	{name: "restore", args: "[-yes] FILE", run: restoreCommand, flags: restoreFlags, usage: "restore takes the name of one FILE: restore [-yes] FILE", meaning: "Replace the SQLite database with FILE, an older copy that backup made. Stop the server first. restore shows what it will replace, and asks before it does so. With -yes it does not ask."},
}

// start reads the command line and runs the command.
func (cmd command) start(ctx context.Context, args, environ []string, std Stdio) error {
	c := call{Stdio: std, getenv: getenvOf(environ)}
	var extra func(*flag.FlagSet)
	if cmd.flags != nil {
		extra = func(f *flag.FlagSet) { cmd.flags(&c, f) }
	}
	warnOfOtherNames(std.Log, environ)
	cfg, rest, err := readConfig(cmd.name, args, c.getenv, extra)
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
	fmt.Fprint(out, `Restaurant teaches what an API and a token (JSON Web Token) are. You learn by ordering a pizza.

Usage: restaurant [command] [flags]

Begin with "restaurant demo". Or type "restaurant", and open its address in a browser.

Commands:
`)
	for _, c := range commands {
		printItem(out, strings.TrimSpace(c.name+" "+c.args), c.meaning)
	}
	fmt.Fprint(out, `
Settings. You can give each one as an environment variable (RESTAURANT_ADDR) or as
a flag (-addr). If you give both, the server uses the flag.
A loopback address, such as localhost, is one that only this computer can reach.
`)
	printSettings(out)
	fmt.Fprint(out, "\n-version prints the version. -h prints this help.\n")
}

// printItem prints a head and below it the text that explains it, in lines that fit into a
// terminal of 80 columns.
func printItem(out io.Writer, head, text string) {
	const indent, width = "     ", 80
	fmt.Fprintf(out, "  %s\n%s", head, indent)
	column := len(indent)
	for word := range strings.FieldsSeq(text) {
		if column+1+len(word) > width {
			fmt.Fprintf(out, "\n%s", indent)
			column = len(indent)
		}
		fmt.Fprintf(out, " %s", word)
		column += 1 + len(word)
	}
	fmt.Fprintln(out)
}
