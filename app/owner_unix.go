//go:build unix

package app

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives files the owner of the one that they replace or belong to: root may
// restore what another user's server must be able to open. Only root can, and for others
// there is nothing to do.
func keepOwner(of fs.FileInfo, files ...string) error {
	was, ok := of.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	for _, file := range files {
		if err := os.Lchown(file, int(was.Uid), int(was.Gid)); err != nil {
			return err
		}
	}
	return nil
}
