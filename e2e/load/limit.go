package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"restaurant/e2e/testkit/process"
)

// limitScript makes a script for pgbench out of an order that is stored: it inserts the
// same row, for a guest at random, with a key of its own.
const limitScript = `SELECT format(E'\\set guest random(%s, %s)\n', min(id), max(id)) FROM users WHERE username LIKE 'guest-%';
SELECT format('INSERT INTO orders (user_id, status, lines, total_cents, idempotency_key, request_hash, placed_at, updated_at) '
	'VALUES (:guest, ''placed'', %L, %s, gen_random_uuid() || '''', %L, %s, %s) ON CONFLICT DO NOTHING RETURNING id;',
	lines, total_cents, request_hash, placed_at, updated_at)
FROM orders WHERE request_hash IS NOT NULL ORDER BY id DESC LIMIT 1`

// limit lets pgbench, which is written in C and knows no HTTP, insert rows over as many
// connections as there are guests: this is what the database can do on this machine.
func (c *cluster) limit(ctx context.Context) (s stats, err error) {
	script := filepath.Join(c.instances[0].dir, "limit.sql")
	if _, err = os.Stat(script); errors.Is(err, os.ErrNotExist) {
		err = c.writeLimitScript(ctx, script)
	}
	if err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "pgbench"), "--no-vacuum", "--protocol=prepared",
		"--client="+strconv.Itoa(connections), "--jobs=2", fmt.Sprintf("--time=%.0f", c.span.Seconds()), "--file="+script, c.url)
	text, err := cmd.CombinedOutput()
	done := transactions.FindSubmatch(text)
	if err != nil || done == nil {
		return s, process.WithOutput(fmt.Errorf("pgbench failed (on Debian it comes with postgresql): %w", err), string(text))
	}
	s.Requests, err = strconv.ParseInt(string(done[1]), 10, 64)
	s.Span = c.span
	return s, err
}

var transactions = regexp.MustCompile(`number of transactions actually processed: (\d+)\nnumber of failed transactions: 0 `)

func (c *cluster) writeLimitScript(ctx context.Context, file string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "psql"), "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", c.url, "-c", limitScript)
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("psql failed: %w", err)
	}
	return os.WriteFile(file, text, 0o600)
}
