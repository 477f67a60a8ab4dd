package problem

import "net/http"

// Kind is one kind of problem: its stable name, its status, and what its page says.
// Every kind is made by define, so none can exist without a page.
type Kind struct {
	// Slug is the stable, kebab-case name; the problem's type is /problems/<slug>.
	Slug string
	// Status is the HTTP status code that this kind always has.
	Status int
	// Title names the kind in a few words.
	Title string
	// Meaning explains the kind in a sentence or two.
	Meaning string
	// Next says what the client can do now.
	Next string
	// tokenError is the error_description of a 401 that refuses a token (RFC 6750,
	// section 3); empty if no token was sent.
	tokenError string
}

// Kinds lists every kind in the order of this file.
func Kinds() []*Kind { return kinds }

// Find returns the kind with this slug, or nil.
func Find(slug string) *Kind {
	for _, k := range kinds {
		if k.Slug == slug {
			return k
		}
	}
	return nil
}

var kinds []*Kind

func define(status int, slug, title, meaning, next string) *Kind {
	k := &Kind{Slug: slug, Status: status, Title: title, Meaning: meaning, Next: next}
	kinds = append(kinds, k)
	return k
}

func refuseToken(slug, title, description, meaning, next string) *Kind {
	k := define(http.StatusUnauthorized, slug, title, meaning, next)
	k.tokenError = description
	return k
}

// challenge returns the WWW-Authenticate header of a 401 (RFC 6750, section 3): the
// bare scheme if no token was sent, the reason if one was refused.
func (k *Kind) challenge() string {
	if k.tokenError == "" {
		return "Bearer"
	}
	return `Bearer error="invalid_token", error_description="` + k.tokenError + `"`
}

const logIn = "Log in again at POST /api/v1/auth/login and send the new wristband in the header: Authorization: Bearer <access token>."

// 401: not authenticated.
var (
	AuthenticationRequired = define(http.StatusUnauthorized, "authentication-required", "No wristband",
		"This door opens only to guests who wear a wristband (an access token), and none came with the request.",
		"Log in at POST /api/v1/auth/login and send the access token in the header: Authorization: Bearer <access token>. A token in the address or in the body is ignored, because addresses end up in logs.")
	TokenMalformed = refuseToken("token-malformed", "Not a wristband", "malformed",
		"What came in the Authorization header is not a JWT that this house could have made: three base64url parts with two dots between them, a header of exactly alg, typ and kid, a payload in JSON.",
		"Check that the whole token was copied, without quotes, spaces or line breaks. "+logIn)
	TokenAlgorithmRefused = refuseToken("token-algorithm-refused", "Wrong kind of stamp", "algorithm not allowed",
		"The wristband says that it was signed with another algorithm than RS256. The door accepts one algorithm only and never lets a token choose: that is how forgeries with \"none\" or with the public key as an HMAC secret are kept out.",
		logIn)
	TokenKeyUnknown = refuseToken("token-key-unknown", "Unknown stamp", "unknown key",
		"The wristband names a key (kid) that this house does not hold: it comes from another house, or its key has been retired.",
		"See the keys that count at /.well-known/jwks.json. "+logIn)
	TokenSignatureInvalid = refuseToken("token-signature-invalid", "Broken stamp", "bad signature",
		"The signature does not fit the text of the wristband: something in it was changed after it was signed, or it was signed by somebody else.",
		"Nobody can edit a wristband, not even its owner. "+logIn)
	TokenClaimsInvalid = refuseToken("token-claims-invalid", "Not for this door", "claims not accepted",
		"The stamp is genuine, but the claims do not fit: the issuer, the audience or the type is another one, a required claim is missing or has the wrong form, or the token claims a longer life than this house ever gives.",
		"Use an access token that was issued for this address. "+logIn)
	TokenExpired = refuseToken("token-expired", "The wristband has expired", "expired",
		"Wristbands live for minutes only, so that a stolen one is soon worthless. This one has passed its exp time.",
		logIn)
	TokenRevoked = refuseToken("token-revoked", "The wristband has been cut", "revoked",
		"The login session of this wristband was ended before the wristband expired: its guest logged out or ended it, changed the password, got another role, used a refresh token twice, or carried the wristband over plain HTTP, where everybody on the way could read it; or a manager ended it, or made the kitchen fresh. The answer says which of them it was, where that is known. A redirect from http:// to https:// ends the session for that reason, and curl -L does not show its answer.",
		"Always use the https:// address where the house has one. "+logIn)
	RefreshTokenInvalid = define(http.StatusUnauthorized, "refresh-token-invalid", "That voucher is not valid",
		"The refresh token is unknown or expired, or its login session has ended.",
		"Log in again at POST /api/v1/auth/login; every login and refresh gives out a new refresh token.")
	RefreshTokenReused = define(http.StatusUnauthorized, "refresh-token-reused", "That voucher was used before",
		"A refresh token is good for one use, and this one was used before. So it is in two hands, and nobody can tell which of them is a thief's: the login session has ended, access tokens included.",
		"Log in again at POST /api/v1/auth/login. If you did not use the token twice yourself, change the password.")
	InvalidCredentials = define(http.StatusUnauthorized, "invalid-credentials", "Name and password do not match",
		"There is no guest with this name and this password. The answer is the same for an unknown name and for a wrong password, so that nobody can find out here who is a guest.",
		"Check the name and the password. In a house with demo guests they are alice, bob, vera, carla and marco, and the password of each is the name followed by -likes-pizza.")
)

// 403: not authorized.
var (
	RoleRequired = define(http.StatusForbidden, "role-required", "Staff only",
		"The wristband is genuine, but its role claim does not open this door.",
		"Log in as somebody with the role: among the demo accounts carla is a chef and marco a manager. Nobody can change the role inside a token without breaking its signature.")
	VIPOnly = define(http.StatusForbidden, "vip-only", "VIPs only",
		"The wristband is genuine, but its vip claim is false.",
		"Log in as a VIP: among the demo accounts vera is one. A manager can make a guest a VIP; the claim is in the next wristband.")
	CrossOrigin = define(http.StatusForbidden, "cross-origin", "Another page is asking",
		"The request comes from a page of another origin, and would have used a cookie or logged in. A browser sends cookies along whoever asks, so a strange page could order in a guest's name, and a page that may log in can guess passwords until the guest is locked out. Another port of the same host counts as another origin, too.",
		"Call the API from its own pages, or send the access token in an Authorization header, which no strange page can do for you. Whoever runs the house can let the pages of an origin log in, without cookies, with RESTAURANT_CORS_ORIGINS.")
	AgeRestricted = define(http.StatusForbidden, "age-restricted", "Adults only",
		"The order holds a dish or drink that is served to adults only, and the age_over_18 claim of the wristband is false.",
		"Leave that line out of the order. The wristband says only whether a guest is of age, never the birth date: the door asks one question, so it gets one answer.")
)

// 400, 413, 415, 417, 431: the request cannot be read.
var (
	MalformedJSON = define(http.StatusBadRequest, "malformed-json", "That is not JSON",
		"The body is not one well-formed JSON text: it is empty, cut off, has a syntax error, holds invalid UTF-8, is nested too deeply or names a field twice.",
		"Compare the body with the example in the documentation at /swagger/index.html. With curl, keep it in a file and send it with -d \"@file.json\".")
	MalformedForm = define(http.StatusBadRequest, "malformed-form", "That is not a form",
		"The body is not one well-formed application/x-www-form-urlencoded text: it is empty, cut off, holds invalid UTF-8 or names a field twice.",
		"Send each field once, percent-encoded: curl -d username=alice -d password=alice-likes-pizza does it by itself.")
	UnknownField = define(http.StatusBadRequest, "unknown-field", "A field that is not on the form",
		"The body has a field that this call does not take. Names are case-sensitive. Unknown fields are refused rather than ignored, so that nobody slips in a role or a price and believes it was taken.",
		"Leave the field out, or correct its spelling; the documentation at /swagger/index.html lists the fields of each call.")
	TokenMissing = define(http.StatusBadRequest, "token-missing", "No token to look at",
		"The call reads a token aloud, and the body held none.",
		"Send {\"token\": \"eyJ…\"} or a saved login answer, which holds the token as access_token.")
	AmbiguousCredentials = define(http.StatusBadRequest, "ambiguous-credentials", "Two wristbands at once",
		"The request came with more than one Authorization header, or with two cookies of the same name, and a door that picks one of two wristbands can be fooled.",
		"Send exactly one.")
	MalformedRequest = define(http.StatusBadRequest, "malformed-request", "That cannot be read",
		"The request is no HTTP that this house can read: its first line or a header is malformed, or has a character that cannot be sent there.",
		"Look at what was sent: curl -v shows each header. A header that comes from a file is read line by line, so the file must hold headers only.")
	ExpectationFailed = define(http.StatusExpectationFailed, "expectation-failed", "Not on that condition",
		"The Expect header of the request asks for something else than 100-continue, which is all that it can ask for here.",
		"Send the request without the header Expect.")
	BodyTooLarge = define(http.StatusRequestEntityTooLarge, "body-too-large", "Too much at once",
		"The body is larger than 64 KiB.",
		"Send less: an order takes up to 50 lines and notes of up to 200 characters, which fits easily.")
	UnsupportedMediaType = define(http.StatusUnsupportedMediaType, "unsupported-media-type", "The waiter reads JSON",
		"The body came with a Content-Type that this call does not take, or with none; or it is compressed, which no call takes.",
		"Send the header Content-Type: application/json (UTF-8), and no Content-Encoding. Login takes application/x-www-form-urlencoded, too.")
	HeaderTooLarge = define(http.StatusRequestHeaderFieldsTooLarge, "header-too-large", "Headers too large",
		"The request line and headers add up to more than 8 KiB. A wristband takes less than 900 bytes.",
		"Send fewer or shorter headers and a shorter address. In a browser it is mostly cookies: delete those of this address.")
)

// 421, and 400 where the host is none: the request is addressed to another server.
var (
	MisdirectedRequest = define(http.StatusMisdirectedRequest, "misdirected-request", "Nobody of that name lives here",
		"The request reached this house under a host name that is none of its own. That is how a strange web page can talk to a server on your own computer: it lets a name of its own lead here, and the browser then takes page and server for one (DNS rebinding).",
		"Use the address that the house printed when it started. It answers to localhost, to loopback addresses such as 127.0.0.1, to the host of RESTAURANT_PUBLIC_URL and to the names of its TLS certificate. Whoever runs the house can add names with RESTAURANT_ALLOWED_HOSTS, and lets a proxy in front pass the Host header on unchanged.")
	MalformedHost = define(http.StatusBadRequest, "malformed-host", "That is no address",
		"The Host header of the request is not the name or the address of a host, with or without a port.",
		"Send the host and the port from the address, such as Host: localhost:8080; curl and browsers do so by themselves.")
)

// 404, 405: no such resource or method.
var (
	NotFound = define(http.StatusNotFound, "not-found", "Nothing here",
		"There is nothing at this address, or nothing that this guest may see. Another guest's order and an order that does not exist are answered alike, so that nobody can count the orders of others.",
		"Check the address and the number. The calls are listed at /swagger/index.html.")
	MethodNotAllowed = define(http.StatusMethodNotAllowed, "method-not-allowed", "Not that way",
		"The address exists, but not with this method.",
		"Use one of the methods that the Allow header of the answer lists.")
)

// 409, 412, 422: understood, but not possible.
var (
	ValidationFailed = define(http.StatusUnprocessableEntity, "validation-failed", "Not quite right yet",
		"The request was understood, but some of its values cannot be taken; errors lists each field and what it takes.",
		"Correct the fields that are listed and send the request again.")
	LifetimeTooLong = define(http.StatusUnprocessableEntity, "lifetime-too-long", "No wristband lives that long",
		"A login may ask for a shorter life of its access token, never for a longer one than the house gives.",
		"Ask for a smaller expires_in (seconds), or leave it out.")
	IdempotencyKeyReused = define(http.StatusUnprocessableEntity, "idempotency-key-reused", "That key belongs to another order",
		"This guest has used the same Idempotency-Key for an order with another body. A key stands for one order, so that a repeated request never cooks twice.",
		"Use a new key for a new order. To repeat the earlier one, send exactly its body.")
	UsernameTaken = define(http.StatusConflict, "username-taken", "That name is taken",
		"Another guest has this username; upper and lower case make no difference.",
		"Choose another username, or log in if it is yours.")
	ItemUnavailable = define(http.StatusConflict, "item-unavailable", "Sold out",
		"The order holds a dish that is on the menu but not available now.",
		"Leave that line out, or look at GET /api/v1/menu for dishes with \"available\": true.")
	InvalidTransition = define(http.StatusConflict, "invalid-transition", "Not at this stage",
		"An order goes from placed to preparing, ready and served, one step at a time; it can be cancelled only while it is placed. The step that was asked for does not follow from where the order is.",
		"Read the order again to see its status, then ask for the step that follows.")
	LastManager = define(http.StatusConflict, "last-manager", "Somebody has to keep the keys",
		"This is the only manager, and a house without one could never be managed again.",
		"Make somebody else a manager first.")
	PreconditionFailed = define(http.StatusPreconditionFailed, "precondition-failed", "The dish has changed meanwhile",
		"The If-Match header names a version of the dish that is not the current one: somebody has changed it since it was read.",
		"Read the dish again, look at what changed, and send the change with the new ETag in If-Match.")
)

// 429: too many requests.
var (
	RateLimited = define(http.StatusTooManyRequests, "rate-limited", "Not so fast",
		"More requests came from this guest, or from this address, than the house takes in a second.",
		"Wait for the seconds that the Retry-After header names. The RateLimit header of each answer says how many requests are left.")
	TooManyAttempts = define(http.StatusTooManyRequests, "too-many-attempts", "Too many wrong passwords",
		"There were several failed logins for this account or from this address, so the next attempt has to wait: a second at first, twice as long after each further failure, 15 minutes at the most. It makes guessing hopeless and costs a guest who mistypes very little.",
		"Wait for the seconds that the Retry-After header names and try again.")
	TooManyStreams = define(http.StatusTooManyRequests, "too-many-streams", "Too many open streams",
		"This guest has as many event streams open as the house allows to one guest at a time.",
		"Close a stream before opening another; one stream shows everything about its order.")
)

// 5xx: failures of the server.
var (
	InternalError = define(http.StatusInternalServerError, "internal-error", "Something broke in the kitchen",
		"The house made a mistake. The cause is in its log under the request id, and only there.",
		"Try again. If it happens again, report the request_id of this answer.")
	DatabaseUnavailable = define(http.StatusServiceUnavailable, "database-unavailable", "The order book cannot be reached",
		"The house is open, but its database does not answer, so nothing can be read or written now.",
		"Wait for the seconds that the Retry-After header names and try again; an Idempotency-Key makes repeating an order safe.")
	StorageFull = define(http.StatusServiceUnavailable, "storage-full", "The order book is full",
		"The disk of the house is full, so nothing can be written now. What was written before is safe, and reading goes on.",
		"Try again later; whoever runs the house has to make room on the disk.")
	ServerBusy = define(http.StatusServiceUnavailable, "server-busy", "A long line at the door",
		"Checking a password takes the house a moment on purpose, so that nobody can guess passwords by the million. Just now more guests are waiting for it than could be served in a few seconds, so this one was sent away, and nothing was done.",
		"Wait for the seconds that the Retry-After header names and try again. Whoever is logged in already notices nothing: a wristband is checked without a password.")
	NotReady = define(http.StatusServiceUnavailable, "not-ready", "The house is not open",
		"The house is starting or closing and takes no new guests at this moment.",
		"Wait for the seconds that the Retry-After header names and try again.")
)
