//go:build unix

package tokens

import (
	"fmt"
	"os"
	"testing"
)

func TestOpenKeys_refusesAKeyThatOthersMayRead(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true,
		0o640: false, 0o604: false, 0o660: false, 0o644: false, 0o602: false, 0o610: false,
	} {
		t.Run(fmt.Sprintf("mode %04o", mode), func(t *testing.T) {
			dir := t.TempDir()
			path := put(t, dir, thumbprint(&ownKey().PublicKey)+".pem", pemOf(t, ownKey()))
			noError(t, os.Chmod(path, mode))
			before := listing(t, dir)
			_, err := OpenKeys(dir)
			if ok {
				noError(t, err)
			} else {
				wantRefused(t, err, path, "chmod 600", fmt.Sprintf("%04o", mode))
			}
			if listing(t, dir) != before {
				t.Error("the folder was changed")
			}
		})
	}
}
