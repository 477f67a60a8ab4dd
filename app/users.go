package app

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	"restaurant/models"
)

func userFlags(c *call, f *flag.FlagSet) {
	c.user.Role = models.RoleGuest
	f.Func("role", "guest, chef or manager", func(v string) error {
		c.user.Role = models.Role(strings.ToLower(strings.TrimSpace(v)))
		return nil
	})
	f.BoolVar(&c.user.VIP, "vip", false, "may enter the lounge")
	f.StringVar(&c.user.Name, "name", "", "the name that the server shows (default: the username)")
}

func usersAddCommand(ctx context.Context, c call) (err error) {
	u := c.user
	u.Username, u.Name = c.arg, cmp.Or(u.Name, strings.TrimSpace(c.arg))
	if !u.Role.Valid() {
		return fmt.Errorf("-role %s", models.RoleRule)
	}
	if u.Password, err = readPassword(ctx, c.Stdio); err != nil {
		return err
	}
	var row models.User
	err = withStore(ctx, c, func(store *models.Store) (err error) {
		row, err = store.AddUser(ctx, u)
		return err
	})
	if err == nil {
		fmt.Fprintf(c.Out, "%s can log in as a %s.\n", row.Username, row.Role)
	}
	return err
}

func readPassword(ctx context.Context, std Stdio) (string, error) {
	fmt.Fprintln(std.Out, "Type the password (it is shown), then Enter:")
	return readLine(ctx, std.In)
}
