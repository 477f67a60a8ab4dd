package app

import (
	"context"
	"fmt"
	"os"

	"restaurant/models"
)

func backupCommand(ctx context.Context, c call) error {
	file := c.cfg.databaseFile()
	if c.cfg.databaseURL != "" {
		return fmt.Errorf("backup copies only a database file, and this one is %s: use pg_dump of PostgreSQL instead", c.cfg.databaseName())
	}
	fmt.Fprintf(c.Out, "Copying %s to %s. You can do this while the server is running.\n", file, c.arg)
	if err := models.BackupSQLite(ctx, file, c.arg); err != nil {
		return err
	}
	info, err := os.Stat(c.arg)
	if err == nil {
		fmt.Fprintf(c.Out, "Done: %d KiB. It does not contain the keys. To restore it: restaurant restore %s. After that all users must log in again.\n", info.Size()>>10, c.arg)
	}
	return err
}
