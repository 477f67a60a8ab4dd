// Package spelling is the waiter who knows what you mean: it finds the word that a
// misspelt one was meant to be.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the one of known that somebody who wrote word may have meant: the
// fewest letters differ, and at most a third of them, or one begins with the other. If
// there is none, it returns an empty text.
func Nearest(word string, known []string) (near string) {
	word = strings.ToLower(word)
	if len(word) > 40 {
		return ""
	}
	fewest := 1 + (len(word)+2)/3
	for _, k := range known {
		if n := edits(word, k); n < fewest {
			near, fewest = k, n
		}
	}
	if near != "" || len(word) < 3 {
		return near
	}
	if i := slices.IndexFunc(known, func(k string) bool { return strings.HasPrefix(k, word) || strings.HasPrefix(word, k) }); i >= 0 {
		return known[i]
	}
	return ""
}

// edits is the Levenshtein distance: how many letters to insert, delete or replace.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
