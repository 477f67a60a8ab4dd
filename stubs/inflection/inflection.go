// Package inflection stands in for github.com/jinzhu/inflection, with which GORM makes the names of
// tables. The real one compiles some hundred patterns at each start, for words that no table here has.
// These are the rules for regular English nouns. A table of people or of children needs a method
// TableName on its model.
package inflection

import "strings"

// Plural returns dishes for dish and deliveries for delivery.
func Plural(noun string) string {
	stem, endsInY := strings.CutSuffix(noun, "y")
	switch {
	case noun == "":
		return ""
	case endsInY && !endsIn(stem, "a", "e", "o", "u"):
		return stem + "ies"
	case endsIn(noun, "s", "x", "z", "ch", "sh"):
		return noun + "es"
	}
	return noun + "s"
}

// Singular takes an s away. GORM asks for it in tables that join others, of which there are none.
func Singular(noun string) string { return strings.TrimSuffix(noun, "s") }

func endsIn(word string, ends ...string) bool {
	for _, end := range ends {
		if strings.HasSuffix(word, end) {
			return true
		}
	}
	return false
}
