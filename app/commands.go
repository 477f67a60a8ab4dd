package app

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"restaurant/models"
	"restaurant/seed"
	"restaurant/tokens"
)

type command struct {
	name, meaning string
	run           func(ctx context.Context, args []string, getenv func(string) string, std Stdio) error
}

var commands []command

func init() { // a literal would refer to itself through printHelp
	commands = []command{
		{"serve", "open the house (what happens without a command)", serveCommand},
		{"demo", "open it, order a pizza as a guest would, show each request, and stay open", demoCommand},
		{"seed", "bring the menu, and with DEMO_DATA=on the demo accounts, to a house that is closed; -guests N and -orders N also generate N guests who cannot log in and N orders of theirs, to see how the house behaves when it has grown", seedCommand},
		{"keys rotate", "sign with a new key from now on, in a house that is closed (in an open one: POST /api/v1/auth/keys/rotate)", keysRotateCommand},
		{"users add", "add a user to a house that is closed: users add [-role guest|chef|manager] [-vip] [-name NAME] USERNAME; the password comes from standard input", usersAddCommand},
		{"health", "ask the house that runs with these settings whether it is ready; ends with 1 if not", healthCommand},
		{"backup", "copy the order book, also of an open house: backup FILE", backupCommand},
	}
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

// openStore locks the data folder and opens the order book, in it or in
// PostgreSQL. Two processes never share a folder, in which the keys are, too: the
// operating system frees the lock when the process ends, however it ends.
func openStore(ctx context.Context, cfg config) (store *models.Store, closeStore func() error, err error) {
	if err := os.MkdirAll(cfg.dataDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("DATA_DIR %s cannot be made: %w", cfg.dataDir, errors.Unwrap(err))
	}
	lock := flock.New(filepath.Join(cfg.dataDir, "lock"), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, nil, fmt.Errorf("DATA_DIR %s cannot be written to: %w", cfg.dataDir, err)
	case !locked:
		return nil, nil, fmt.Errorf("DATA_DIR %s is in use by another restaurant: stop that one first, or choose another folder", cfg.dataDir)
	}
	if cfg.databaseURL != "" {
		store, err = models.OpenPostgres(ctx, cfg.databaseURL)
	} else {
		store, err = models.OpenSQLite(ctx, cfg.databaseFile())
	}
	if err != nil {
		return nil, nil, errors.Join(err, lock.Unlock())
	}
	return store, func() error { return errors.Join(store.Close(), lock.Unlock()) }, nil
}

func seedCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	var c generateOptions
	cfg, rest, err := readConfig("seed", args, getenv, c.flags)
	if err != nil {
		return err
	}
	if err = errors.Join(rejectExtraArgs(rest), c.check(cfg)); err != nil {
		return err
	}
	store, done, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	if err = seedOnce(ctx, store, models.NewHasher(), true, cfg.demoData); err == nil {
		fmt.Fprintln(std.Out, "The menu is there; what had been delivered before is unchanged.")
	}
	if err == nil && c.requested() {
		err = c.generate(ctx, store, std.Out)
	}
	return errors.Join(err, done())
}

// seedOnce brings the first deliveries that have not arrived yet.
func seedOnce(ctx context.Context, store *models.Store, hasher *models.Hasher, menu, people bool) error {
	if menu {
		if err := seed.Menu(ctx, store); err != nil {
			return err
		}
	}
	if people {
		return seed.Users(ctx, store, hasher)
	}
	return nil
}

func rejectExtraArgs(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%q is more than the command takes; restaurant -h shows what it does", rest[0])
	}
	return nil
}

func keysRotateCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	cfg, rest, err := readConfig("keys rotate", args, getenv, nil)
	if err = errors.Join(err, rejectExtraArgs(rest)); err != nil {
		return err
	}
	store, done, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	kid, err := rotateKeys(ctx, cfg, store)
	if err = errors.Join(err, done()); err == nil {
		fmt.Fprintf(std.Out, "%s signs from now on; tokens under a key before it stay valid until they expire.\n", kid)
	}
	return err
}

// rotateKeys makes a new key; in a house that has none yet it is the first.
func rotateKeys(ctx context.Context, cfg config, store *models.Store) (kid string, err error) {
	there, err := tokens.HasKeys(cfg.keysDir())
	if err != nil {
		return "", err
	}
	keys, err := tokens.OpenKeys(cfg.keysDir())
	if err != nil {
		return "", err
	}
	addr := cfg.addr
	if cfg.overTLS() {
		addr = cfg.tlsAddr
	}
	if err := registerKeys(ctx, cfg, store, keys, cfg.issuer(addr)); err != nil {
		return "", err
	}
	if !there {
		return keys.JWKS()[0].KeyID, nil
	}
	return keys.Rotate(ctx, cfg.accessTokenTTL)
}

// registerKeys enters the keys into the order book, by the name of this branch where
// others share the book.
func registerKeys(ctx context.Context, cfg config, store *models.Store, keys *tokens.Keys, issuer string) (err error) {
	branch := tokens.Instance{Issuer: issuer}
	if store.Shared() {
		if branch.Name, err = tokens.BranchName(cfg.instanceNameFile()); err != nil {
			return err
		}
	}
	return keys.Register(ctx, store, branch)
}

func usersAddCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	var u models.NewUser
	role := string(models.RoleGuest)
	cfg, rest, err := readConfig("users add", args, getenv, func(f *flag.FlagSet) {
		f.StringVar(&role, "role", role, "guest, chef or manager")
		f.BoolVar(&u.VIP, "vip", false, "may enter the lounge")
		f.StringVar(&u.Name, "name", "", "what the waiter calls them (default: the username)")
	})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("users add takes its flags first and then one USERNAME: users add -role manager NAME")
	}
	u.Username, u.Role = rest[0], models.Role(role)
	if u.Name == "" {
		u.Name = u.Username
	}
	if !u.Role.Valid() {
		return fmt.Errorf("-role %s", models.RoleRule)
	}
	if u.Password, err = readPassword(std); err != nil {
		return err
	}
	store, done, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	row, err := store.AddUser(ctx, models.NewHasher(), u)
	if err = errors.Join(err, done()); err == nil {
		fmt.Fprintf(std.Out, "%s can log in as a %s.\n", row.Username, row.Role)
	}
	return err
}

func readPassword(std Stdio) (string, error) {
	fmt.Fprintln(std.Out, "Type the password (it is shown), then Enter:")
	line, err := bufio.NewReader(io.LimitReader(std.In, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func backupCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	cfg, rest, err := readConfig("backup", args, getenv, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("backup takes the name of one new FILE")
	}
	if cfg.databaseURL != "" {
		return fmt.Errorf("backup copies an order book that is a file; this one is in %s: copy it with pg_dump, which comes with PostgreSQL", cfg.databaseName())
	}
	fmt.Fprintf(std.Out, "Copying %s to %s; the house may stay open.\n", cfg.databaseFile(), rest[0])
	if err := models.BackupSQLite(ctx, cfg.databaseFile(), rest[0]); err != nil {
		return err
	}
	info, err := os.Stat(rest[0])
	if err == nil {
		fmt.Fprintf(std.Out, "Done: %d KiB. The keys are not in it; without them guests only have to log in again.\n", info.Size()>>10)
	}
	return err
}
