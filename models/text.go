package models

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// textRule completes what a field of text takes.
const textRule = "without control characters or characters that change the direction of the text"

// TextRule says what IsText accepts, as in "must have 1 to 80 characters, …".
const TextRule = "at least one of them visible, " + textRule

// OptionalTextRule says what IsOptionalText accepts.
const OptionalTextRule = textRule

// IsText reports whether s is text that people can read, of at most most characters: it
// shows something and has no character of which IsControl is true.
func IsText(s string, most int) bool {
	return IsOptionalText(s, most) && strings.ContainsFunc(s, isVisible)
}

// IsOptionalText is IsText for text that may be empty.
func IsOptionalText(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, IsControl)
}

// IsControl reports whether a character does something to the text around it: it breaks
// a line, a terminal or a log, or turns the direction of what follows, so that a name is
// not what it looks like (Unicode Technical Report 36). Joiners do nothing of the kind:
// Persian words and families of emoji need them.
func IsControl(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// isVisible reports whether a character leaves a mark by itself. Fillers and the blank
// of Braille are letters and symbols to Unicode, and show nothing.
func isVisible(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != brailleBlank
}

// Fold returns s as searches compare it: without case, accents and surrounding white space.
func Fold(s string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	return cases.Fold().String(strings.TrimSpace(bare))
}
