package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"restaurant/problem"
)

// refineSchemas adds what the comments on the types cannot say.
func refineSchemas(schemas openapi3.Schemas) error {
	for name, s := range schemas {
		if isClosed(name) {
			closeRequest(s.Value)
		}
		if isClosed(name) || name == "RefreshRequest" || name == "InspectRequest" {
			letNull(s.Value)
		}
		limitTexts(s.Value)
	}
	schemas["InspectRequest"].Value.MinProps = 1
	schemas["LoginRequest"].Value.Properties["username"].Value.Pattern = `\S`
	schemas["RegisterRequest"].Value.Properties["username"].Value.Pattern = "^[A-Za-z0-9._-]+$"
	schemas["ClockRequest"].Value.Properties["advance"].Value.Pattern = "^([0-9]+[hms])+$"
	schemas["FaultRequest"].Value.Properties["route"].Value.Pattern = "^(GET|POST|PUT|PATCH|DELETE) /"
	schemas["RepairRequest"].Value.Properties["guards"].Value.MinItems = 1
	schemas["ForgeRequest"].Value.Properties["header"].Value.Items.Value.Pattern = "^[^=]+="
	schemas["ForgeRequest"].Value.Properties["set"].Value.Items.Value.Pattern = "^[^=]+="
	for _, name := range []string{"LessonProgress", "RestoredLesson"} {
		schemas[name].Value.Properties["answers"].Value.AdditionalProperties.Schema.Value.WithMin(1)
	}
	maps.Copy(schemas, forms(schemas["LoginRequest"].Value))
	for name, s := range schemas {
		if s.Value.Description == "" {
			return fmt.Errorf("schema %s has no description", name)
		}
		for _, p := range s.Value.Properties {
			setFormat(p.Value)
		}
	}
	for _, s := range schemas {
		for _, p := range s.Value.Properties {
			spellOutNull(schemas, p.Value)
		}
	}
	schemas["LoginRequest"].Value.Properties["cookie"] = cookieMode()
	return listSlugs(schemas)
}

// isClosed reports whether unknown members are refused. Refreshing and inspecting ignore
// them.
func isClosed(name string) bool {
	switch name {
	case "OrderItem", "Size", "RestoredLesson":
		return true
	case "InspectRequest", "RefreshRequest", "LessonRequest": // the last is the request of a step
		return false
	}
	return strings.HasSuffix(name, "Request")
}

// closeRequest refuses unknown members. Where none is required, an empty object says
// nothing.
func closeRequest(s *openapi3.Schema) {
	closed := false
	s.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
	if len(s.Required) == 0 {
		s.MinProps = 1
	}
}

// letNull says that null counts as left out.
func letNull(s *openapi3.Schema) {
	for name, p := range s.Properties {
		if slices.Contains(s.Required, name) {
			continue
		}
		if p.Ref != "" { // a reference cannot be null
			p = openapi3.NewStringSchema().WithEnum(p.Value.Enum...).NewRef()
			s.Properties[name] = p
		}
		p.Value.Nullable = true
		if len(p.Value.Enum) > 0 {
			p.Value.Enum = append(p.Value.Enum, nil)
		}
	}
}

// spellOutNull puts what a property refers to in its place if it may be null: only a schema
// with a type may, and the null of one must hold in all of "allOf" (OpenAPI 3.0.3, 4.7.24.1). The document does not load if anything
// else refers to it.
func spellOutNull(schemas openapi3.Schemas, s *openapi3.Schema) {
	if !s.Nullable || len(s.AllOf) != 1 {
		return
	}
	description, target := s.Description, s.AllOf[0]
	*s = *target.Value
	s.Description, s.Nullable = description, true
	delete(schemas, strings.TrimPrefix(target.Ref, "#/components/schemas/"))
}

// setFormat says how large an integer can become.
func setFormat(s *openapi3.Schema) {
	switch {
	case s.Items != nil:
		setFormat(s.Items.Value)
	case s.AdditionalProperties.Schema != nil:
		setFormat(s.AdditionalProperties.Schema.Value)
	case s.Type.Is("integer") && s.Max != nil && *s.Max <= math.MaxInt32:
		s.Format = "int32"
	case s.Type.Is("integer"):
		s.Format = "int64"
	}
}

// listSlugs says which slugs there are.
func listSlugs(schemas openapi3.Schemas) error {
	var slugs []any
	for _, k := range problem.Kinds() {
		slugs = append(slugs, k.Slug)
	}
	reasons, problem := schemas["Inspection"].Value.Properties["reasons"], schemas["Fact"].Value.Properties["problem"]
	if reasons == nil || problem == nil {
		return errors.New("the members that hold slugs have other names")
	}
	reasons.Value.Items.Value.Enum = slugs
	problem.Value.Enum = append(slices.Clone(slugs), nil)
	return nil
}

// cookieMode is a boolean or a word, which Swagger 2.0 cannot say. Only what has a type
// may be null.
func cookieMode() *openapi3.SchemaRef {
	s := openapi3.NewOneOfSchema(openapi3.NewBoolSchema().WithNullable(), openapi3.NewStringSchema().WithEnum("refresh"))
	s.Description = "Where the tokens go. true: both in HttpOnly cookies; \"refresh\": only the refresh token in a cookie."
	return s.NewRef()
}
