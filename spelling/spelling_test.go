package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"menu_item_id", "quantity", "note", "tls", "database_url"}
	for word, want := range map[string]string{
		"quantity":   "quantity",
		"quantty":    "quantity",
		"QUANTITY":   "quantity",
		"menuItemId": "menu_item_id",
		"notes":      "note",
		"database":   "database_url", // one begins with the other
		"tsl":        "",
		"tl":         "tls",
		"price":      "",
		"":           "",
		"a name of more than forty letters, which nobody has misspelt": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q is taken for %q, want %q", word, got, want)
		}
	}
	if got := Nearest("note", nil); got != "" {
		t.Errorf("among nothing %q was found", got)
	}
}
