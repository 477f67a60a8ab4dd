package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the system end the process when this one is killed and can
// no longer do it itself.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
