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

const logIn = "Log in again at POST /api/v1/auth/login. Send the new wristband in the header: Authorization: Bearer <access token>."

// 401: not authenticated.
var (
	AuthenticationRequired = define(http.StatusUnauthorized, "authentication-required", "No wristband",
		"This call is only for guests who are logged in. The request came without a wristband (access token).",
		"Log in at POST /api/v1/auth/login. Send the access token in the header: Authorization: Bearer <access token>. The server ignores a token in the body, and also in the address, because addresses end up in logs.")
	TokenMalformed = refuseToken("token-malformed", "Not a wristband", "malformed",
		"The Authorization header does not contain a wristband (access token) of this server. An access token is a JWT. It has three parts in base64url with two dots between them. Here its header contains exactly alg, typ and kid, and its payload is JSON.",
		"Check that you copied the whole token, without quotes, spaces or line breaks. "+logIn)
	TokenAlgorithmRefused = refuseToken("token-algorithm-refused", "Wrong signature algorithm", "algorithm not allowed",
		"The wristband (access token) says that it was signed with another algorithm than RS256. The server accepts only RS256 and never lets a token choose. So it refuses tokens that are forged with \"none\", or with the public key as an HMAC secret.",
		logIn)
	TokenKeyUnknown = refuseToken("token-key-unknown", "Unknown key", "unknown key",
		"The wristband (access token) names a key (kid) that this server does not know. The token comes from another server, or its key is no longer in use.",
		"The keys that are in use are at /.well-known/jwks.json. "+logIn)
	TokenSignatureInvalid = refuseToken("token-signature-invalid", "Wrong signature", "bad signature",
		"The signature does not match the text of the wristband (access token). Somebody changed the text after it was signed, or somebody else signed it.",
		"A wristband that somebody has edited never works, not even if its owner did it. "+logIn)
	TokenClaimsInvalid = refuseToken("token-claims-invalid", "Not for this server", "claims not accepted",
		"The signature of the wristband (access token) is genuine, but the server does not accept its claims. The issuer, the audience or the type is a different one. Or a required claim is missing or has the wrong form. Or the token wants to live longer than this server allows.",
		"Use an access token that was issued for this address. "+logIn)
	TokenExpired = refuseToken("token-expired", "The wristband has expired", "expired",
		"A wristband (access token) is valid for minutes only, so that a stolen one soon becomes useless. The time in its exp claim is over.",
		logIn)
	TokenRevoked = refuseToken("token-revoked", "The login session has ended", "revoked",
		"The login session of this wristband (access token) ended before the wristband expired. There are several possible reasons. The guest logged out, ended the session or changed the password. A manager ended the session, or changed the role or the VIP status. A refresh token was used twice. The wristband was sent over plain HTTP, where others can read it. The restaurant was reset. Or it went back to a copy of its order book (database). The answer names the reason if the server knows it.",
		"Always use the https:// address if the server has one. A request to http:// that is redirected to https:// ends the login session, too. curl -L follows the redirect and does not show its message. "+logIn)
	RefreshTokenInvalid = define(http.StatusUnauthorized, "refresh-token-invalid", "That voucher is not valid",
		"The voucher (refresh token) is unknown or expired, or its login session has ended.",
		"Log in again at POST /api/v1/auth/login. Every login and every refresh gives you a new refresh token.")
	RefreshTokenReused = define(http.StatusUnauthorized, "refresh-token-reused", "That voucher was used before",
		"A voucher (refresh token) works only once, and this one was used before. Perhaps two people have a copy, and one of them is a thief. The server cannot know which of them. So it has ended the login session, access tokens included.",
		"Log in again at POST /api/v1/auth/login. If you did not use the token twice yourself, change the password.")
	InvalidCredentials = define(http.StatusUnauthorized, "invalid-credentials", "Name and password do not match",
		"There is no guest with this name and this password. The answer is the same for an unknown name and for a wrong password. So nobody can find out from this answer who is a guest.",
		"Check the name and the password. The demo guests are alice, bob, vera, carla and marco, if the server has them. Their password is the name followed by -likes-pizza.")
)

// 403: not authorized.
var (
	RoleRequired = define(http.StatusForbidden, "role-required", "Staff only",
		"The wristband (access token) is genuine, but its role claim does not allow this call.",
		"Log in as somebody with the right role. Of the demo accounts, carla is a chef and marco is a manager. Changing the role inside a token does not help: the signature would be wrong.")
	VIPOnly = define(http.StatusForbidden, "vip-only", "VIPs only",
		"The wristband (access token) is genuine, but its vip claim is false.",
		"Log in as a VIP, for example as vera of the demo accounts. A manager can make a guest a VIP. In the guest's next wristband the claim is then true.")
	CrossOrigin = define(http.StatusForbidden, "cross-origin", "Another page is asking",
		"A web page of another origin sent this request. Such a request may not use a cookie, log in, or change a lesson. A browser also sends cookies when a strange page asks. So a strange page could place an order in your name. If it could log in, it could also try passwords until you are locked out. Another port of the same host is another origin, too.",
		"Call the API from its own pages, or send the access token in an Authorization header. A strange page cannot do that in your name. The person who runs this server can let the pages of an origin log in without cookies: with RESTAURANT_CORS_ORIGINS.")
	AgeRestricted = define(http.StatusForbidden, "age-restricted", "Adults only",
		"The order contains a dish or a drink for adults only. The age_over_18 claim of the wristband (access token) is false.",
		"Leave that line out of the order. The wristband says only whether a guest is 18 or older. It never contains the birth date, because the server does not need it.")
)

// 400, 413, 415, 417, 431: the request cannot be read.
var (
	MalformedJSON = define(http.StatusBadRequest, "malformed-json", "That is not JSON",
		"The body is not one valid JSON text. It is empty or cut off, it has a syntax error or invalid UTF-8, it is nested too deeply, or it names a field twice.",
		"Compare the body with the example in the documentation at /swagger/index.html. With curl, save the body in a file and send it with -H \"Content-Type: application/json\" -d \"@file.json\".")
	MalformedForm = define(http.StatusBadRequest, "malformed-form", "That is not a form",
		"The body is not one valid application/x-www-form-urlencoded text. It is empty or cut off, it has invalid UTF-8, or it names a field twice.",
		"Send each field once, percent-encoded. With curl, --data-urlencode does this: curl --data-urlencode username=alice --data-urlencode password=alice-likes-pizza.")
	UnknownField = define(http.StatusBadRequest, "unknown-field", "Unknown field",
		"The body has a field that this call does not take. Upper and lower case count. The server refuses unknown fields. Otherwise somebody could send a role or a price and believe that it was accepted.",
		"Leave the field out, or correct its spelling. The documentation at /swagger/index.html lists the fields of each call.")
	TokenMissing = define(http.StatusBadRequest, "token-missing", "No token to look at",
		"This call needs a token to look at, but the request has none that it can read.",
		"Send {\"token\": \"eyJ…\"}, or a saved login answer. It contains the token as access_token.")
	AmbiguousCredentials = define(http.StatusBadRequest, "ambiguous-credentials", "Two wristbands at once",
		"The request has more than one Authorization header, or two cookies of the same name. So it may bring two wristbands (access tokens). A server that picks one of them can be tricked.",
		"Send exactly one.")
	MalformedRequest = define(http.StatusBadRequest, "malformed-request", "That cannot be read",
		"The server cannot read this request as HTTP. Its first line or a header is malformed, or contains a character that is not allowed there.",
		"Look at what you sent: curl -v shows each header. If curl takes headers from a file, each line of the file must be a header.")
	ExpectationFailed = define(http.StatusExpectationFailed, "expectation-failed", "Unknown expectation",
		"The Expect header of the request asks for something other than 100-continue. This server knows only 100-continue.",
		"Send the request without the Expect header.")
	BodyTooLarge = define(http.StatusRequestEntityTooLarge, "body-too-large", "Body too large",
		"The body is larger than 64 KiB.",
		"Send less. An order takes up to 50 lines with notes of up to 200 characters, and this fits easily.")
	UnsupportedMediaType = define(http.StatusUnsupportedMediaType, "unsupported-media-type", "The waiter reads JSON",
		"The waiter (API) cannot read this body. It has no Content-Type, or one that this call does not take. Or it is compressed, and no call takes compressed bodies.",
		"Send the header Content-Type: application/json (UTF-8), and no Content-Encoding. Login takes application/x-www-form-urlencoded, too.")
	HeaderTooLarge = define(http.StatusRequestHeaderFieldsTooLarge, "header-too-large", "Headers too large",
		"The request line and the headers together have more than 8 KiB. A wristband (access token) has less than 900 bytes.",
		"Send fewer or shorter headers and a shorter address. In a browser the reason is usually cookies: delete those of this address.")
)

// 421, and 400 where the host is none: the request is addressed to another server.
var (
	MisdirectedRequest = define(http.StatusMisdirectedRequest, "misdirected-request", "Wrong host name",
		"The request uses a host name that does not belong to this server. The server refuses it to stop an attack: a strange web page can let its own host name point to your computer, and then talk to a server there (DNS rebinding).",
		"Use the address that the server printed when it started. It accepts localhost, loopback addresses such as 127.0.0.1, the host of RESTAURANT_PUBLIC_URL and the names of its TLS certificate. The person who runs the server can add names with RESTAURANT_ALLOWED_HOSTS. A proxy in front must pass the Host header on unchanged.")
	MalformedHost = define(http.StatusBadRequest, "malformed-host", "That is not a host",
		"The Host header of the request is not the name or the address of a host, with or without a port.",
		"Send the host and the port from the address, for example Host: localhost:8080. curl and browsers do this by themselves.")
)

// 404, 405: no such resource or method.
var (
	NotFound = define(http.StatusNotFound, "not-found", "Nothing here",
		"There is nothing at this address, or nothing that this guest may see. The answer is the same for another guest's order and for an order that does not exist. So nobody can find out which orders of other people exist by trying numbers.",
		"Check the address and the number. The calls are listed at /swagger/index.html.")
	MethodNotAllowed = define(http.StatusMethodNotAllowed, "method-not-allowed", "Wrong method",
		"The address exists, but it does not take this method.",
		"Use one of the methods in the Allow header of the answer.")
)

// 409, 412, 422: understood, but not possible.
var (
	ValidationFailed = define(http.StatusUnprocessableEntity, "validation-failed", "Not quite right yet",
		"The server understood the request, but it cannot accept some of the values. The member errors lists these fields and says what each of them takes.",
		"Correct the fields that are listed and send the request again.")
	LifetimeTooLong = define(http.StatusUnprocessableEntity, "lifetime-too-long", "No wristband lives that long",
		"A login may ask for a wristband (access token) with a shorter life than usual, but never with a longer one.",
		"Ask for a smaller expires_in (seconds), or leave it out.")
	IdempotencyKeyReused = define(http.StatusUnprocessableEntity, "idempotency-key-reused", "That key belongs to another order",
		"This guest has used the same Idempotency-Key before, for an order with another body. Each key belongs to one order. So a request that is sent twice is cooked only once.",
		"Use a new key for a new order. To repeat the earlier order, send exactly the same body.")
	UsernameTaken = define(http.StatusConflict, "username-taken", "That name is taken",
		"Another guest has this username. Upper and lower case make no difference.",
		"Choose another username, or log in if it is yours.")
	ItemUnavailable = define(http.StatusConflict, "item-unavailable", "Sold out",
		"The order contains a dish that is on the menu, but not available now.",
		"Leave that line out, or look at GET /api/v1/menu for dishes with \"available\": true.")
	InvalidTransition = define(http.StatusConflict, "invalid-transition", "Not at this stage",
		"An order goes from placed to preparing, ready and served, one step at a time. It can be cancelled only while it is placed. The step in your request does not follow the present status of the order.",
		"Read the order again to see its status. Then ask for the step that follows.")
	LastManager = define(http.StatusConflict, "last-manager", "The last manager must stay",
		"This is the only manager. Without a manager, nobody could manage this restaurant.",
		"First make somebody else a manager.")
	WeatherFull = define(http.StatusConflict, "weather-full", "The weather is bad enough",
		"The lab keeps up to 8 faults at a time, and 8 are active.",
		"Wait until one has ended, or end them all with DELETE /lab/weather.")
	PreconditionFailed = define(http.StatusPreconditionFailed, "precondition-failed", "The dish has changed",
		"The If-Match header names an old version of the dish. Somebody has changed the dish since you read it.",
		"Read the dish again and look at what changed. Then send your change with the new ETag in If-Match.")
)

// 429: too many requests.
var (
	RateLimited = define(http.StatusTooManyRequests, "rate-limited", "Not so fast",
		"This guest, or this address, sent more requests than the server allows in a second.",
		"Wait as many seconds as the Retry-After header says. The RateLimit header of each answer says how many requests are left.")
	TooManyAttempts = define(http.StatusTooManyRequests, "too-many-attempts", "Too many wrong passwords",
		"There were several failed logins for this account or from this address, so the next try has to wait. The wait is one second at first. It doubles after each further failure, up to 15 minutes. This makes guessing passwords hopeless, and a guest who types a wrong letter loses little time.",
		"Wait as many seconds as the Retry-After header says, and try again.")
	TooManyStreams = define(http.StatusTooManyRequests, "too-many-streams", "Too many open streams",
		"This guest has as many event streams open as the server allows for one guest.",
		"Close a stream before you open another. One stream shows everything about its order.")
)

// 5xx: failures of the server.
var (
	InternalError = define(http.StatusInternalServerError, "internal-error", "Something broke in the kitchen",
		"The server made a mistake. The cause is only in its log, under the request id.",
		"Try again. If it happens again, report the request_id of this answer.")
	DatabaseUnavailable = define(http.StatusServiceUnavailable, "database-unavailable", "The order book cannot be reached",
		"The server is running, but the order book (database) does not answer. So nothing can be read or written now.",
		"Wait as many seconds as the Retry-After header says, and try again. With an Idempotency-Key it is safe to send an order twice.")
	StorageFull = define(http.StatusServiceUnavailable, "storage-full", "The order book is full",
		"The disk of the server is full, so nothing can be added to the order book (database) now. Everything that was saved before is safe, and you can still read it.",
		"Try again later. The person who runs the server has to free some space on the disk.")
	ServerBusy = define(http.StatusServiceUnavailable, "server-busy", "The bouncer is busy",
		"The bouncer (login and token check) takes some time to check a password. This is on purpose, so that nobody can try millions of passwords. Too many guests are waiting at this moment, so the server refused this request. It changed nothing.",
		"Wait as many seconds as the Retry-After header says, and try again. Guests who are logged in do not have to wait: the server checks a wristband (access token) without a password.")
	LabWeather = define(http.StatusServiceUnavailable, "lab-weather", "Bad weather in the lab",
		"Somebody asked the lab to make some requests fail, with POST /lab/weather. This is one of them. The server did nothing with it. A lab fault can have any status from 400 to 599.",
		"Do what your program should do with a real failure of this status: if it has a Retry-After header, wait that long, and send the request again. DELETE /lab/weather ends all faults.")
	NotReady = define(http.StatusServiceUnavailable, "not-ready", "The restaurant is not open",
		"The server is starting or stopping, and takes no new requests at this moment.",
		"Wait as many seconds as the Retry-After header says, and try again.")
)
