package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Nginx writes a configuration for nginx at addr, in front of instances, into a
// folder, and returns the command that runs it. It is that of deploy/.
func Nginx(dir, addr string, instances ...string) (*exec.Cmd, error) {
	var upstream strings.Builder
	for _, instance := range instances {
		fmt.Fprintf(&upstream, "server %s max_fails=1 fail_timeout=2s;\n", loopback(instance))
	}
	conf, err := os.ReadFile(filepath.Join(Root(), "deploy", "nginx.conf"))
	err = errors.Join(err,
		os.WriteFile(filepath.Join(dir, "nginx.conf"), conf, 0o600),
		os.WriteFile(filepath.Join(dir, "instances.conf"), []byte(upstream.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "listen.conf"), []byte("listen "+loopback(addr)+";"), 0o600))
	return exec.Command("nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr", "-g", "daemon off;"), err
}

// loopback is an address of localhost as nginx takes it for one address only.
func loopback(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return "127.0.0.1:" + port
}
