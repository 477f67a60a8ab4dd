package class

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

const (
	// codeLetters are letters that nobody confuses with each other or with a digit.
	codeLetters = "abcdefghjkmnpqrstuvwxyz"
	// teacherLetters are those and the digits that look like no letter.
	teacherLetters = codeLetters + "23456789"
)

// newCode returns a code for a table, such as 07-kmx: the number tells people where they
// sit, and the letters keep others out. Wrong ones are limited, see attempts.
func newCode(number int) string { return numberText(number) + "-" + randomText(codeLetters, 3) }

// newTeacherCode returns a code of about 40 bits, such as 7h3q-m2vd.
func newTeacherCode() string {
	return randomText(teacherLetters, 4) + "-" + randomText(teacherLetters, 4)
}

func randomText(letters string, length int) string {
	var b strings.Builder
	for range length {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil { // crypto/rand ends the program instead
			panic(err)
		}
		b.WriteByte(letters[n.Int64()])
	}
	return b.String()
}

// numberText writes the number of a table as its code and its folder do.
func numberText(number int) string { return fmt.Sprintf("%02d", number) }

// hashOf is what is kept of a code or a session of the teacher. They are random, so a plain
// hash is enough.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// plainCode is a code as people type it: case and blanks around it do not count.
func plainCode(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }
