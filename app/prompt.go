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
		read <- result{line, err}
	}()
	select {
	case r := <-read:
		if r.err != nil {
			return "", r.err
		}
		return plainText(strings.TrimRight(r.line, "\r\n"))
	case <-ctx.Done():
		return "", errors.New("stopped; nothing was changed")
	}
}

// plainText removes the mark with which Windows begins UTF-8: nobody has typed it. UTF-16,
// which PowerShell 5.1 writes with >, is an error.
func plainText(line string) (string, error) {
	if strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff") || strings.Contains(line, "\x00") {
		return "", errors.New("the input is UTF-16: type it, or save the file as UTF-8. Nothing was changed")
	}
	return strings.TrimPrefix(line, "\ufeff"), nil
}
