package models

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"testing"
)

// TestMigrations_areByteEqual holds the sum of each migration: a released one
// never changes, not even a comment in it, because databases exist that it made.
func TestMigrations_areByteEqual(t *testing.T) {
	want := map[string]string{
		"postgres/0001_open_the_house.sql":  "c12f856185db4de12184ab965cda8b47327ac3d074186f39cc5b4e54af9970a8",
		"postgres/0002_the_bouncer.sql":     "b5f3872065785bbfd56e1db0fe3c55e89b66f8904ebbcce2c42af2b794d2454d",
		"postgres/0003_rush_hour.sql":       "aec104315d89e52e515c7decb367f21c4556d88ff8b1264a134e00dc118c61e3",
		"postgres/0004_branches.sql":        "2d1fa02c1356b42887f029fcd077e31979350a4b3bc97afc1dba096342e6d45b",
		"postgres/0005_end_reason.sql":      "1f7f5c8d928638b22baf67a84ee47431eef55994caf0751daa87e264fbd4da13",
		"sqlite/0001_open_the_house.sql":    "b5bf08fdb77c4d78f04a96d2b8819facc467fb78727b12fa379530471ee2f7e1",
		"sqlite/0002_the_bouncer.sql":       "32cf18ed0c0e34fbd1986b6c02859076715bee753145386d26054cc56ad77452",
		"sqlite/0003_rush_hour.sql":         "972f1bb07a889ec3a1902747de60adddaa5e4dcb4181e4e8c5431001da9d059b",
		"sqlite/0004_branches.sql":          "c56b67caaaed28ec3ec76a04ccf867f66fc97f3c98bc6ff41b60001b6991ad0e",
		"sqlite/0005_end_reason.sql":        "64a4812dfc5050d9ed943493e04016600493e95e103f2ee672423922278da338",
		"postgres/0006_identity.sql":        "664c7a8946ddb8684e3d236c336ba52bdfaa51f06d29a45cd59f6c2dde7e2512",
		"postgres/0007_primaries.sql":       "6e9ff62e2b829c3b8b4c5ff76b15ec07c75ff8e9a4fe4602f4e2d05b4588b202",
		"sqlite/0006_identity.sql":          "bba0f70131dc56f58fa2379980948ee7cf1cf3797e1a33f7181726cf600b0387",
		"sqlite/0007_primaries.sql":         "ee6c1f4fbfe59b4021fd33dd4efb407a5c8775d76511b392a629326022b57019",
		"postgres/0008_orders_together.sql": "3a820ea749ef9f188b80914dbf8b3975fe31413f668ba02581004022101e16a6",
		"sqlite/0008_orders_together.sql":   "282d448d5264393dba5f6a3c9323529f3372f46f74bb53bca45603e18f89ea07",
	}
	got := map[string]string{}
	folder := os.DirFS("migrations")
	err := fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, path)
		sum := sha256.Sum256(text)
		got[path] = hex.EncodeToString(sum[:])
		return err
	})
	noError(t, err)
	if !maps.Equal(got, want) {
		t.Errorf("the migrations' sums are\n%v, and were\n%v", got, want)
	}
}
