package contract

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// TestSwagger2_isValid lints the document for clients that read only Swagger 2.0, as it is
// served at the root and under a path.
func TestSwagger2_isValid(t *testing.T) {
	for name, base := range map[string]string{"at the root": "", "under a path": "/school/restaurant"} {
		t.Run(name, func(t *testing.T) {
			redocly := npm(t, t.TempDir(), "redocly", "lint", "doc.json", "--extends", "recommended")
			answer := startServer(t, "RESTAURANT_PUBLIC_URL=http://localhost"+base).Do(http.MethodGet, base+"/swagger/doc.json", "", "")
			if answer.Status != http.StatusOK {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			if err := os.WriteFile(filepath.Join(redocly.Dir, "doc.json"), answer.Body, 0o600); err != nil {
				t.Fatal(err)
			}
			mustRun(t, redocly)
		})
	}
}
