package e2e

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"restaurant/e2e/testkit"
)

// TestFirstSteps_canAllBeTaken does what each of the four lines says that the program
// prints when it is ready, on a port of its own, over plain HTTP and under TLS.
func TestFirstSteps_canAllBeTaken(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the printed command needs curl: install it")
	}
	t.Setenv("RESTAURANT_LOG_LEVEL", "error") // nothing between the lines
	plain := testkit.Start(t, t.TempDir())
	secure, _ := startTLS(t, t.TempDir())
	for _, server := range []*testkit.Process{plain, secure} {
		t.Run(server.URL, func(t *testing.T) {
			server.AwaitOutput("and so on.")
			_, steps, _ := strings.Cut(server.Output.String(), "Restaurant is running at ")
			lines := strings.Split(strings.TrimSpace(steps), "\n")
			if len(lines) != 4 {
				t.Fatalf("%d lines: %q", len(lines), lines)
			}
			for i, page := range map[int]string{0: "<title>", 2: "swagger-ui"} {
				path := strings.TrimPrefix(regexp.MustCompile(`https?://\S+`).FindString(lines[i]), server.URL)
				if res := server.Do("GET", path, "", ""); res.Status != http.StatusOK || !strings.Contains(string(res.Body), page) {
					t.Errorf("%s: %d", lines[i], res.Status)
				}
			}
			command := regexp.MustCompile(`curl .*`).FindString(lines[1])
			command = strings.Replace(command, "curl", "curl -q", 1) // a newcomer has no .curlrc that asks for a page
			if _, output, err := runScript(t, command+" -f"); err != nil || !strings.Contains(output, "L01") {
				t.Errorf("%s: %v, %q", command, err, output)
			}
			for _, name := range regexp.MustCompile(`alice|bob|vera|carla|marco`).FindAllString(lines[3], 5) {
				login := `{"username":"` + name + `","password":"` + name + `-likes-pizza"}`
				if status := server.Call("POST", "/api/v1/auth/login", "", login, nil); status != http.StatusOK {
					t.Errorf("%s cannot log in: %d", name, status)
				}
			}
		})
	}
}
