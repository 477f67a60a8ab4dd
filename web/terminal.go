package web

import "strings"

// terminalLine is a curl command for the page of a refusal: the options of curl, and the
// path of the call.
type terminalLine struct {
	options, path string
	// refused says that the command gets the refusal of the page. Otherwise it is the next
	// step.
	refused bool
	// withToken says that it sends the token of the first of the four calls.
	withToken bool
}

const asJSON = `-H "Content-Type: application/json" `

// sendToken is how the commands send a token that a login has written into a file.
const sendToken = `-H "@wristband.txt" `

// The commands work in every shell, so they hold no single quotes and no JSON but {}. The
// tokens are made by hand: their parts are base64url of JSON, and "c2ln" is "sig".
var terminalLines = map[string]terminalLine{
	"authentication-required": {"-i ", "/api/v1/orders", true, false},
	"token-malformed":         {`-i -H "Authorization: Bearer nonsense" `, "/api/v1/orders", true, false},
	"token-algorithm-refused": {`-i -H "Authorization: Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoieCJ9.e30.c2ln" `, "/api/v1/orders", true, false},
	"token-key-unknown":       {`-i -H "Authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.c2ln" `, "/api/v1/orders", true, false},
	"refresh-token-invalid":   {"-i -X POST ", "/api/v1/auth/refresh", true, false},
	"invalid-credentials":     {"-i -d username=nobody -d password=wrong-password ", "/api/v1/auth/login", true, false},
	"role-required":           {"-i " + sendToken, "/api/v1/kitchen/orders", true, true},
	"vip-only":                {"-i " + sendToken, "/api/v1/lounge", true, true},
	"cross-origin":            {`-i -H "Origin: http://example.com" -d username=nobody -d password=wrong-password `, "/api/v1/auth/login", true, false},
	"malformed-json":          {"-i " + asJSON + `-d "{" `, "/api/v1/auth/register", true, false},
	"malformed-form":          {"-i -d username=%zz ", "/api/v1/auth/login", true, false},
	"unknown-field":           {"-i -d nickname=alice ", "/api/v1/auth/login", true, false},
	"token-missing":           {"-i " + asJSON + `-d "{}" `, "/api/v1/auth/inspect", true, false},
	"ambiguous-credentials":   {`-i -H "Authorization: Bearer one" -H "Authorization: Bearer two" `, "/api/v1/orders", true, false},
	"malformed-request":       {"-i ", "/api/v1/menu?q=%ff", true, false},
	"expectation-failed":      {`-i -H "Expect: pizza" `, "/api/v1/menu", true, false},
	"unsupported-media-type":  {`-i -H "Content-Type: text/plain" -d pizza `, "/api/v1/auth/register", true, false},
	"misdirected-request":     {`-i -H "Host: example.com" `, "/api/v1/menu", true, false},
	"malformed-host":          {`-i -H "Host: a/b" `, "/api/v1/menu", true, false},
	"not-found":               {"-i ", "/api/v1/pizza", true, false},
	"method-not-allowed":      {"-i -X DELETE ", "/api/v1/menu", true, false},
	"validation-failed":       {"-i " + asJSON + `-d "{}" `, "/api/v1/auth/register", true, false},
	"precondition-failed":     {"-i ", "/api/v1/menu/1", false, false},
	"item-unavailable":        {"-s ", "/api/v1/menu", false, false},
	"age-restricted":          {"-s ", "/api/v1/menu", false, false},
	"invalid-transition":      {"-i " + sendToken, "/api/v1/orders", false, true},
	"idempotency-key-reused":  {"-i " + sendToken, "/api/v1/orders", false, true},
	"last-manager":            {"-i " + sendToken, "/api/v1/auth/me", false, true},
	"body-too-large":          {"-i ", "/openapi.json", false, false},
	"header-too-large":        {"-i ", "/api/v1/menu", false, false},
	"rate-limited":            {"-i ", "/api/v1/menu", false, false},
	"too-many-streams":        {"-i " + sendToken, "/api/v1/orders", false, true},
	"internal-error":          {"-i ", "/readyz", false, false},
	"database-unavailable":    {"-i ", "/readyz", false, false},
	"storage-full":            {"-i ", "/readyz", false, false},
	"server-busy":             {"-i ", "/readyz", false, false},
	"not-ready":               {"-i ", "/readyz", false, false},
}

// logInLine is the next step after every other refusal: most are of a token or a login.
var logInLine = terminalLine{options: `-fsS -H "Accept: text/plain" `, path: "/api/v1/auth/login"}

// Terminal is what commands on the pages need to know about the server.
type Terminal struct {
	// BaseURL is the address of the server, without a slash at the end.
	BaseURL string
	// CurlOptions make curl trust the server's certificate, or are empty.
	CurlOptions string
	// Demo says that the demo accounts exist.
	Demo bool
}

// command is a curl command, and what it is for.
type command struct {
	Refused bool
	// Login comes first if the command sends a token; it may be empty.
	Login, Line string
}

func (t Terminal) command(slug string) command {
	line, ok := terminalLines[slug]
	if !ok {
		return command{Line: t.login()}
	}
	c := command{Refused: line.refused, Line: t.curl(line.options, line.path)}
	if line.withToken {
		c.Login = t.login()
	}
	return c
}

// login writes a token into the file that sendToken sends.
func (t Terminal) login() string {
	who := "-d username=NAME -d password=PASSWORD "
	if t.Demo {
		who = "-d username=alice -d password=alice-likes-pizza "
	}
	return t.curl(logInLine.options+who, logInLine.path) + " -o wristband.txt"
}

func (t Terminal) curl(options, path string) string {
	words := []string{"curl"}
	if t.CurlOptions != "" {
		words = append(words, t.CurlOptions)
	}
	return strings.Join(append(words, options+t.BaseURL+path), " ")
}
