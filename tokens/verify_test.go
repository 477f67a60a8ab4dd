package tokens

import (
	"slices"
	"testing"

	"restaurant/models"
	"restaurant/tokens/verify"
)

// TestRoles_areThoseOfUsers: the verifier knows the roles without the package of users.
func TestRoles_areThoseOfUsers(t *testing.T) {
	for _, role := range []models.Role{models.RoleGuest, models.RoleChef, models.RoleManager, "", "Chef", "owner"} {
		if known := slices.Contains(verify.Roles, string(role)); known != role.Valid() {
			t.Errorf("%q: valid for a user %t, in a token %t", role, role.Valid(), known)
		}
	}
}
