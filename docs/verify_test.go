package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var codeBlock = regexp.MustCompile("(?s)\n(## [^\n]+)\n\n\\[([^]]+)\\].*?```\\w+\n(.*?)```")

// TestVerify_showsTheExamples holds the code of verify.md to the services that are
// tried: the same lines, but for those that it leaves out.
func TestVerify_showsTheExamples(t *testing.T) {
	page, err := os.ReadFile("verify.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := codeBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 7 {
		t.Fatalf("%d services are shown", len(blocks))
	}
	for _, block := range blocks {
		text, err := os.ReadFile("examples/verify/" + block[2])
		if err != nil {
			t.Fatal(err)
		}
		rest := withoutIndent(string(text))
		for part := range strings.SplitSeq(block[3], "…\n") {
			var found bool
			if _, rest, found = strings.Cut(rest, withoutIndent(part)); !found {
				t.Errorf("%s is not what stands under %s:\n%s", block[2], block[1], part)
			}
		}
	}
}

func withoutIndent(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, "")
}
