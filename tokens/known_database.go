package tokens

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"restaurant/models"
)

// knownDatabaseFile is in the folder of the keys, because what they have signed is
// about one database: where one goes, the other has to go, too.
const knownDatabaseFile = "database.json"

// knownPrimaryFile is beside it, for the same reason.
const knownPrimaryFile = "primary.json"

// KnownDatabase returns the identity of the database that the keys in dir were used
// with last; its ID is empty if there is none, or nobody can read it any more.
func KnownDatabase(dir string) (models.Identity, error) {
	return readNote[models.Identity](dir, knownDatabaseFile)
}

// RememberDatabase writes what KnownDatabase returns.
func RememberDatabase(dir string, known models.Identity) error {
	return writeNote(dir, knownDatabaseFile, known)
}

// KnownPrimary returns the newest primary that the keys in dir were used with; its System
// is empty if there is none.
func KnownPrimary(dir string) (models.Primary, error) {
	return readNote[models.Primary](dir, knownPrimaryFile)
}

// RememberPrimary writes what KnownPrimary returns.
func RememberPrimary(dir string, known models.Primary) error {
	return writeNote(dir, knownPrimaryFile, known)
}

// readNote reads a file of one value: zero if there is none, or nobody can read it.
func readNote[T any](dir, name string) (note T, err error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return note, nil
	}
	if err == nil && json.Unmarshal(text, &note) != nil {
		return *new(T), nil //nolint:nilerr // nobody can read it any more: as if there were none
	}
	return note, err
}

func writeNote(dir, name string, note any) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeFileAtomic(filepath.Join(dir, name), append(text, '\n'))
}

// ReplaceKeys puts a new key in the place of all that are in dir, so that no token
// holds any more. Where there is none, it does nothing.
func ReplaceKeys(dir string) error {
	files, err := keyFiles(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return nil
	}
	if err == nil {
		_, err = createKey(dir)
	}
	for _, file := range files {
		if err == nil {
			err = os.Remove(file)
		}
	}
	return err
}
