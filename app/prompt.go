package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// maxLine is how many bytes of a line are read; more than any answer has.
const maxLine = 4096

// readLine reads a line of input, without its end. It returns as soon as ctx ends,
// because Ctrl-C would otherwise wait for Enter; the read itself goes on until the
// process ends.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(in, maxLine)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		read <- result{strings.TrimRight(line, "\r\n"), err}
	}()
	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		return "", errors.New("stopped; nothing was changed")
	}
}
