//go:build !linux

package process

import "os/exec"

// dieWithParent does nothing: only Linux ends a process together with the one that
// started it.
func dieWithParent(*exec.Cmd) {}
