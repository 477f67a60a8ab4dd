package e2e

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"restaurant/e2e/testkit"
	"restaurant/e2e/testkit/process"
)

// image is what the Dockerfile says of a container's process.
type image struct {
	user, ldflags          string
	env                    map[string]string
	entrypoint, cmd, check []string
}

func readImage(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	find := func(pattern string) string {
		m := regexp.MustCompile(`(?m)` + pattern).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("the Dockerfile has no %s", pattern)
		}
		return m[1]
	}
	words := func(pattern string) (list []string) {
		if err := json.Unmarshal([]byte(find(pattern)), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	return image{
		user: find(`^USER (\S+)$`), ldflags: find(`go build .* -ldflags "(.*?)"`), env: settingsIn(find(`^ENV (.*)$`)),
		entrypoint: words(`^ENTRYPOINT (.*)$`), cmd: words(`^CMD (.*)$`), check: words(`^HEALTHCHECK .* CMD (.*)$`),
	}
}

var setting = regexp.MustCompile(`(RESTAURANT_\w+)(?:=|: )"?([^\s"]+)`)

func settingsIn(text string) map[string]string {
	found := map[string]string{}
	for _, m := range setting.FindAllStringSubmatch(text, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// dockerRun returns the settings of the line that docs/containers.md gives.
func dockerRun(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../docs/containers.md")
	line := regexp.MustCompile(`(?m)^docker run .* restaurant$`).Find(page)
	if err != nil || line == nil {
		t.Fatalf("docs/containers.md has no such line (%v)", err)
	}
	return settingsIn(string(line))
}

// container lays what the image has, and starts commands in it as an engine does: in a root of
// its own that is read-only but for /data, as the image's user, with no other environment.
type container struct {
	image
	root, data string
}

func newContainer(t *testing.T, program string) container {
	t.Helper()
	c := container{readImage(t), t.TempDir(), t.TempDir()}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(c.root, 0o755), os.Mkdir(filepath.Join(c.root, "data"), 0o700), os.WriteFile(filepath.Join(c.root, "restaurant"), text, 0o755),
		os.Chmod(c.data, 0o700), os.Chown(c.data, 65532, 65532)); err != nil {
		t.Fatal(err)
	}
	return c
}

const enter = `root=$1 data=$2; shift 2
mount --bind "$root" "$root" && mount --bind "$data" "$root/data" && mount -o remount,bind,ro "$root" && exec env -i "$@"`

// command is one of the image's, at another port than the image's own.
func (c container) command(addr string, settings map[string]string, args ...string) *exec.Cmd {
	env := maps.Clone(c.env)
	maps.Copy(env, settings)
	_, port, _ := strings.Cut(addr, ":")
	list := []string{"-c", enter, "sh", c.root, c.data}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+strings.Replace(env[name], ":8080", ":"+port, 1))
	}
	chroot, _ := exec.LookPath("chroot") // TestImage has looked
	cmd := exec.Command("sh", append(append(list, chroot, "--userspec="+c.user, "--groups=", c.root), args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // and nothing spreads to the outside
	return cmd
}

// TestImage_runsAsDocumented replays the image without an engine: its user, environment, entry
// point and health check, over a read-only root, with the settings of the documented line.
func TestImage_runsAsDocumented(t *testing.T) {
	if _, err := exec.LookPath("chroot"); err != nil || os.Getuid() != 0 {
		t.Skip("only root may change the root and the user")
	}
	if out, err := newContainer(t, "/bin/true").command("localhost:1", nil, "/restaurant").CombinedOutput(); strings.Contains(string(out), "mount") {
		t.Skipf("this system permits no mount: %s (%v)", out, err)
	}
	img := readImage(t)
	module, err := exec.Command("go", "list", "../app").Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := strings.NewReplacer("$(go list ./app)", strings.TrimSpace(string(module)), "$VERSION", "v9.8.7").Replace(img.ldflags)
	program, err := process.Build(t.Context(), t.TempDir(), "-buildvcs=false", "-ldflags", flags)
	if err != nil {
		t.Fatal(err)
	}
	c := newContainer(t, program)
	addr, serve := testkit.FreeAddr(t), append(slices.Clone(c.entrypoint), c.cmd...)

	if out, err := c.command(addr, nil, append(slices.Clone(c.entrypoint), "version")...).Output(); err != nil || string(out) != "restaurant v9.8.7\n" {
		t.Errorf("it is %q (%v)", out, err)
	}
	if out, err := c.command(addr, nil, serve...).CombinedOutput(); err == nil || !strings.Contains(string(out), "docker run -p 127.0.0.1:8080:8080") {
		t.Errorf("without settings it says %q (%v)", out, err)
	}
	if out, err := c.command(addr, dockerRun(t), c.check...).CombinedOutput(); err == nil {
		t.Errorf("before it runs it is healthy: %s", out)
	}

	cmd := c.command(addr, dockerRun(t), serve...)
	server := testkit.Prepare(t, c.data, addr, cmd)
	server.Start()
	server.AwaitReady()
	if out, err := c.command(addr, dockerRun(t), c.check...).CombinedOutput(); err != nil {
		t.Errorf("it is not healthy: %s (%v)", out, err)
	}
	alice := server.Login("alice")
	if status := server.Call("POST", "/api/v1/orders", alice, `{"items":[{"menu_item_id":1,"size":"large","quantity":1}]}`, nil); status != 201 {
		t.Errorf("an order is answered %d", status)
	}
	if status := server.Call("POST", "/lab/forge", "", `{"token":"`+alice+`","sign":"own-key"}`, nil); status == 404 {
		t.Error("there is no lab")
	}
	wantConfined(t, server, c.data)
	server.Stop()
}

// wantConfined looks at the process from outside.
func wantConfined(t *testing.T, server *testkit.Process, data string) {
	t.Helper()
	inside := filepath.Join("/proc", strconv.Itoa(server.Cmd.Process.Pid))
	status, err := os.ReadFile(filepath.Join(inside, "status"))
	if err != nil || !strings.Contains(string(status), "\nUid:\t65532\t65532\t65532\t65532\n") {
		t.Errorf("the process has another user (%v):\n%s", err, status)
	}
	if err := os.WriteFile(filepath.Join(inside, "root", "x"), nil, 0o600); !errors.Is(err, syscall.EROFS) {
		t.Errorf("its root can be written to (%v)", err)
	}
	info, err := os.Stat(filepath.Join(data, "restaurant.db"))
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 65532 {
		t.Errorf("the database is not in the volume (%v)", err)
	}
}

// TestImage_composeHasTheSameSettings compares the file with the documented line.
func TestImage_composeHasTheSameSettings(t *testing.T) {
	text, err := os.ReadFile("../compose.single.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, environment, _ := strings.Cut(string(text), "environment:")
	if got, want := settingsIn(environment), dockerRun(t); len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("compose.single.yaml has %v, docs/containers.md %v", got, want)
	}
}
