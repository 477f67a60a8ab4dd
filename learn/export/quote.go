package export

import (
	"fmt"
	"regexp"
	"strings"

	"restaurant/learn/course"
)

// shell is how a shell calls curl, quotes a word, copies a file with one letter more, and takes a
// number from an answer.
type shell struct {
	program string
	quote   func(word string) string
	copying string // a line with the letter and the two files in it
	taking  string // lines with the file of the answer, the expression and the name in them
}

var (
	posix = shell{"curl", quoteSh, `sed 's/\.[^".]*\.[^".]*/&%s/' %s > %s`, ""}
	batch = shell{
		"curl", quoteCmd, `powershell -NoProfile -Command "` + copyingInPowerShell + `"`,
		"type %[1]s\r\nrem If you type the next line, write one percent sign for two.\r\nfor /f %%n in ('powershell -NoProfile -Command \"%[2]s\"') do set %[3]s=%%n",
	}
	powerShell = shell{"curl.exe", quotePowerShell, copyingInPowerShell, "Get-Content %[1]s\r\n$%[3]s = %[2]s"}
)

// copyingInPowerShell writes no byte-order mark, which JSON may not have.
const copyingInPowerShell = `(Get-Content %[2]s) -replace '\.[\w-]+\.[\w-]+', '$0%[1]s' | Set-Content -Encoding Ascii %[3]s`

// alter writes the line that makes the file which a request sends from the one that an
// earlier step has saved. The end of the signed text is the end of the first text with dots.
func (sh shell) alter(r course.Request) string {
	return fmt.Sprintf(sh.copying, course.Letter, r.AlteredFrom, r.BodyFile)
}

var (
	// bareWord needs no quotes in any shell.
	bareWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/=-]+$`)
	// plainWord means the same between double quotes in every shell. Lessons hold no other
	// words, so that their lines are the same everywhere; see lesson_test.go.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9 _.,:;/=@?&+{}()#\[\]%*-]+$`)
)

// quote writes a word so that a shell takes it as it is; exactly does it for words that
// not every shell reads alike.
func quote(word string, exactly func(string) string) string {
	switch {
	case bareWord.MatchString(word):
		return word
	case plainWord.MatchString(word):
		return `"` + word + `"`
	}
	return exactly(word)
}

func quoteSh(word string) string {
	return quote(word, func(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" })
}

// quoteCmd leaves % to the batch file, in which all are doubled.
func quoteCmd(word string) string {
	return quote(word, func(w string) string { return `"` + strings.ReplaceAll(w, `"`, `""`) + `"` })
}

// quotePowerShell doubles every kind of single quote that PowerShell knows.
func quotePowerShell(word string) string {
	doubled := strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")
	return quote(word, func(w string) string { return "'" + doubled.Replace(w) + "'" })
}
