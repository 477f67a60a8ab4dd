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

// KnownDatabase returns the identity of the database that the keys in dir were used
// with last; its ID is empty if there is none, or nobody can read it any more.
func KnownDatabase(dir string) (models.Identity, error) {
	var known models.Identity
	text, err := os.ReadFile(filepath.Join(dir, knownDatabaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil && json.Unmarshal(text, &known) != nil {
		return models.Identity{}, nil //nolint:nilerr // nobody can read it any more: as if there were none
	}
	return known, err
}

// RememberDatabase writes what KnownDatabase returns.
func RememberDatabase(dir string, known models.Identity) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeFileAtomic(filepath.Join(dir, knownDatabaseFile), append(text, '\n'))
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
