package export

import (
	"regexp"
	"strings"
)

// shell is how a shell calls curl and quotes a word.
type shell struct {
	program string
	quote   func(word string) string
}

var (
	posix      = shell{"curl", quoteSh}
	batch      = shell{"curl", quoteCmd}
	powerShell = shell{"curl.exe", quotePowerShell}
)

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
