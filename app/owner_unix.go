//go:build unix

package app

import (
	"os"
	"syscall"
)

// ownedByAnother reports whether root is about to replace a file of another user, and whose.
// Root could give the new files away, but in a folder of that user their names may be links
// to files of others.
func ownedByAnother(file string) (uid uint32, is bool) {
	info, err := os.Stat(file)
	if err != nil || os.Geteuid() != 0 {
		return 0, false
	}
	was, ok := info.Sys().(*syscall.Stat_t)
	return was.Uid, ok && was.Uid != 0
}
