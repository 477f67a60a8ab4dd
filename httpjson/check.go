package httpjson

import "restaurant/problem"

// Invalid returns a validation-failed problem about one field.
func Invalid(field, message string) error {
	return problem.ValidationFailed.New("").Fields(problem.FieldError{Field: field, Message: message})
}

// Checks collects everything that is wrong with a request, so that a client learns it
// at once.
type Checks []problem.FieldError

// Require adds the message for a field unless ok.
func (cs *Checks) Require(ok bool, field, message string) {
	if !ok {
		*cs = append(*cs, problem.FieldError{Field: field, Message: message})
	}
}

// Err returns a validation-failed problem, or nil if nothing is wrong.
func (cs *Checks) Err() error {
	if len(*cs) == 0 {
		return nil
	}
	return problem.ValidationFailed.New("").Fields(*cs...)
}
