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
		return fmt.Errorf("backup copies a database that is a file; this one is %s: copy it with pg_dump, which comes with PostgreSQL", c.cfg.databaseName())
	}
	fmt.Fprintf(c.Out, "Copying %s to %s; the server may keep running.\n", file, c.arg)
	if err := models.BackupSQLite(ctx, file, c.arg); err != nil {
		return err
	}
	info, err := os.Stat(c.arg)
	if err == nil {
		fmt.Fprintf(c.Out, "Done: %d KiB. It does not contain the keys. To put it back: restaurant restore %s; then all users have to log in again.\n", info.Size()>>10, c.arg)
	}
	return err
}
