// Package e2e is the guest of the dining room: its tests open the real program's
// page in a real browser, click, type, and look at what a guest would see.
//
// The tests stand under the build tag e2e, because they need Chromium: `make e2e`
// runs them. They know the house only by what it answers, and the page only by
// what a guest can name: roles, accessible names and visible text.
package e2e
