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

const logIn = "Log in again at POST /api/v1/auth/login. Send the new wristband in the header: Authorization: Bearer <access token>."

// 401: not authenticated.
var (
	AuthenticationRequired = define(http.StatusUnauthorized, "authentication-required", "No wristband",
		"This call is only for people who are logged in. The request has no wristband (access token).",
		"Log in at POST /api/v1/auth/login. Send the access token in the header: Authorization: Bearer <access token>. The server ignores a token in the body. It also ignores a token in the address, because servers write addresses into their logs.")
	TokenMalformed = refuseToken("token-malformed", "Not a wristband", "malformed",
		"The Authorization header contains something that cannot be a wristband (access token) from this server. An access token is a JWT: three parts with two dots between them, each part written in base64url (letters, digits, - and _). In a token from this server, the first part (the header) has exactly the fields alg, typ and kid. The second part (the payload) is JSON.",
		"Check that you copied the whole token, without quotes, spaces or line breaks. "+logIn)
	TokenAlgorithmRefused = refuseToken("token-algorithm-refused", "Wrong signature algorithm", "algorithm not allowed",
		"The wristband (access token) says that it was signed with an algorithm that is not RS256. The server accepts only RS256, and it never lets a token choose the algorithm. So two kinds of forged tokens do not work here. The first kind has no signature (the algorithm \"none\"). The second kind (the algorithm HS256) is signed with a key that everybody knows: the public key.",
		logIn)
	TokenKeyUnknown = refuseToken("token-key-unknown", "Unknown key", "unknown key",
		"The wristband (access token) names a key (kid) that this server does not know. The token comes from another server, or its key is no longer in use.",
		"/.well-known/jwks.json lists the keys that are in use. "+logIn)
	TokenSignatureInvalid = refuseToken("token-signature-invalid", "Wrong signature", "bad signature",
		"The signature does not match the text of the wristband (access token). Somebody changed the text after it was signed, or somebody else signed it.",
		"A wristband that somebody has edited never works, not even if its owner did it. "+logIn)
	TokenClaimsInvalid = refuseToken("token-claims-invalid", "Not for this server", "claims not accepted",
		"The signature of the wristband (access token) is real, but the server does not accept its claims (what the token says). Perhaps it comes from another server (issuer), is for another server (audience), or is another type of token. Perhaps a claim is missing or has the wrong form. Or the token is valid for longer than this server allows.",
		"Use an access token that you got from this server, at the address that you use now. "+logIn)
	TokenExpired = refuseToken("token-expired", "The wristband has expired", "expired",
		"A wristband (access token) is valid only for minutes, so a stolen one is soon useless. The time in its exp claim has passed.",
		logIn)
	TokenRevoked = refuseToken("token-revoked", "The login session has ended", "revoked",
		"The login session of this wristband (access token) ended before the wristband expired. There are several possible reasons. The guest logged out, ended the session or changed the password. A manager ended the session, or changed the role or the VIP status. A voucher (refresh token) was used twice. The wristband was sent over plain HTTP, where others can read it. The restaurant was reset. Or somebody restored an older copy of the order book (database). The answer names the reason if the server knows it.",
		"Always use the https:// address if the server has one. If you send the wristband to http://, its login session ends, and the answer is a redirect to https://. curl -L follows the redirect without the wristband. So it shows the error authentication-required, and not token-revoked. "+logIn)
	RefreshTokenInvalid = define(http.StatusUnauthorized, "refresh-token-invalid", "That voucher is not valid",
		"The voucher (refresh token) is unknown or expired, or its login session has ended.",
		"Log in again at POST /api/v1/auth/login. Every login and every refresh gives you a new refresh token.")
	RefreshTokenReused = define(http.StatusUnauthorized, "refresh-token-reused", "That voucher was used before",
		"A voucher (refresh token) works only once, and this one was used before. Perhaps two people have a copy, and one of them is a thief. The server cannot know which of them. So it has ended the login session, and the access tokens of this session no longer work.",
		"Log in again at POST /api/v1/auth/login. If you did not use it twice yourself, change your password.")
	InvalidCredentials = define(http.StatusUnauthorized, "invalid-credentials", "Name and password do not match",
		"There is no account with this name and this password. The answer is the same for an unknown name and for a wrong password, so it tells nobody which accounts there are.",
		"Check the name and the password. The demo accounts are alice, bob, vera, carla and marco, if the server has them. Their password is the name followed by -likes-pizza.")
)

// 403: not authorized.
var (
	RoleRequired = define(http.StatusForbidden, "role-required", "Staff only",
		"The wristband (access token) is real, but the role in it does not allow this call.",
		"Log in as somebody with the right role. Among the demo accounts, carla is a chef and marco is a manager. It does not help to change the role inside the token: then the signature is wrong.")
	VIPOnly = define(http.StatusForbidden, "vip-only", "VIPs only",
		"The wristband (access token) is real, but it says that this guest is not a VIP (its vip claim is false).",
		"Log in as a VIP, for example with the demo account vera. A manager can make a guest a VIP. The guest's next wristband then says so.")
	CrossOrigin = define(http.StatusForbidden, "cross-origin", "A page from another site is asking",
		"A web page from another site sent this request. Such a request may not use a cookie, log in, or change your progress in the lessons. The reason: a browser may send your cookies even when another site's page makes the request. Then that page could place an order in your name. And if the page could log in, it could try many wrong passwords. After several wrong passwords, each login has to wait, and so would yours. A site here is an origin: http or https, the host and the port together. So another port on the same host is another origin.",
		"Call the API from the pages of this server, or send the access token in an Authorization header: another site's page does not have your token. With RESTAURANT_CORS_ORIGINS, the person who runs this server can allow the pages of another origin to log in. These pages still cannot use cookies.")
	AgeRestricted = define(http.StatusForbidden, "age-restricted", "Adults only",
		"The order contains a dish or a drink for adults only. The age_over_18 claim of the wristband (access token) is false.",
		"Leave that line out of the order. The wristband says only whether a guest is 18 or older. It never contains the date of birth, because the server does not need it there.")
)

// 400, 413, 415, 417, 431: the request cannot be read.
var (
	MalformedJSON = define(http.StatusBadRequest, "malformed-json", "That is not JSON",
		"The body is not valid JSON. It may be empty, or its end may be missing. It may break the rules of JSON, name a field twice, have too many brackets inside each other, or contain bytes that are not UTF-8 text.",
		"Compare the body with the example in the documentation at /swagger/index.html. With curl, save the body in a file and send it with -H \"Content-Type: application/json\" -d \"@file.json\".")
	MalformedForm = define(http.StatusBadRequest, "malformed-form", "That is not a form",
		"The body is not a valid form. A form is text such as name=value&name=value (application/x-www-form-urlencoded). The body may be empty, name a field twice, or contain bytes that are not UTF-8 text.",
		"Send each field once, and write special characters as % and a number (percent-encoding). With curl, --data-urlencode does this: curl --data-urlencode username=alice --data-urlencode password=alice-likes-pizza.")
	UnknownField = define(http.StatusBadRequest, "unknown-field", "Unknown field",
		"The body has a field that this call does not accept. Upper and lower case make a difference: Name is not name. The server does not ignore unknown fields. If it did, somebody could send a role or a price and believe that it was accepted.",
		"Leave the field out, or correct its spelling. The documentation at /swagger/index.html lists the fields of each call.")
	TokenMissing = define(http.StatusBadRequest, "token-missing", "No token to look at",
		"This call needs a token to look at, and found none in the request.",
		"Send {\"token\": \"eyJ…\"}, or the saved answer to a login. Such an answer contains the token as access_token.")
	AmbiguousCredentials = define(http.StatusBadRequest, "ambiguous-credentials", "Two wristbands at once",
		"The request has more than one Authorization header, or two cookies with the same name. So it may contain two wristbands (access tokens). A server that picks one of them can be tricked.",
		"Send exactly one wristband.")
	MalformedRequest = define(http.StatusBadRequest, "malformed-request", "That cannot be read",
		"The server cannot read this request as HTTP. Its first line or a header does not have the right form, or contains a character that is not allowed there.",
		"Look at what you sent: curl -v shows each header. If curl takes headers from a file, each line of the file must be a header.")
	ExpectationFailed = define(http.StatusExpectationFailed, "expectation-failed", "Unknown expectation",
		"The request has an Expect header, and its value is not 100-continue. This server knows only 100-continue.",
		"Send the request without the Expect header.")
	BodyTooLarge = define(http.StatusRequestEntityTooLarge, "body-too-large", "Body too large",
		"The body is larger than 64 KiB.",
		"Send less. An order can have up to 50 lines, each with a note of up to 200 characters: that is usually smaller than 64 KiB.")
	UnsupportedMediaType = define(http.StatusUnsupportedMediaType, "unsupported-media-type", "The waiter reads JSON",
		"The waiter (API) cannot read this body. The request has no Content-Type header, or one that this call does not accept. Or the body is compressed, and no call accepts that.",
		"Send the header Content-Type: application/json (UTF-8), and no Content-Encoding. Login also accepts a form (application/x-www-form-urlencoded).")
	HeaderTooLarge = define(http.StatusRequestHeaderFieldsTooLarge, "header-too-large", "Headers too large",
		"The request line and the headers together are larger than 8 KiB. A wristband (access token) is smaller than 900 bytes.",
		"Send fewer or shorter headers and a shorter address. In a browser the reason is usually cookies: delete the cookies for this address.")
)

// 421, and 400 where the host is none: the request is addressed to another server.
var (
	MisdirectedRequest = define(http.StatusMisdirectedRequest, "misdirected-request", "Wrong host name",
		"The request uses a host name that does not belong to this server. The server refuses it to prevent an attack (DNS rebinding): a bad website can make its own host name point to your computer. Then its pages could talk to a server on your computer.",
		"Use the address that the server printed when it started. The server accepts localhost, loopback addresses such as 127.0.0.1 (only this computer can reach them), the host of RESTAURANT_PUBLIC_URL, and the names in its TLS certificate. The person who runs the server can add names with RESTAURANT_ALLOWED_HOSTS. A proxy in front of the server must not change the Host header.")
	MalformedHost = define(http.StatusBadRequest, "malformed-host", "That is not a host",
		"The Host header must be the name or the address of a host, and may have a port. This one is something else.",
		"Send the host and the port from the address, for example Host: localhost:8080. curl and browsers do this by themselves.")
)

// 404, 405: no such resource or method.
var (
	NotFound = define(http.StatusNotFound, "not-found", "Nothing here",
		"There is nothing at this address, or nothing that this guest may see. The answer is the same for another guest's order and for an order that does not exist. So nobody can try numbers to find out which orders other people have.",
		"Check the address and the number. The calls are listed at /swagger/index.html.")
	MethodNotAllowed = define(http.StatusMethodNotAllowed, "method-not-allowed", "Wrong method",
		"The address exists, but it does not take this method.",
		"Use one of the methods in the Allow header of the answer.")
)

// 409, 412, 422: understood, but not possible.
var (
	ValidationFailed = define(http.StatusUnprocessableEntity, "validation-failed", "Not quite right yet",
		"The server understood the request, but it cannot accept some of the values. The answer has a list of errors. It names each field and says which values the field accepts.",
		"Correct the fields that are listed and send the request again.")
	LifetimeTooLong = define(http.StatusUnprocessableEntity, "lifetime-too-long", "No wristband lives that long",
		"A login may ask for a wristband (access token) with a shorter lifetime than usual, but never with a longer one.",
		"Ask for a smaller expires_in (seconds), or leave it out.")
	IdempotencyKeyReused = define(http.StatusUnprocessableEntity, "idempotency-key-reused", "That key belongs to another order",
		"This guest has used the same Idempotency-Key before, for an order with another body. Each key belongs to one order. So the kitchen cooks an order only once, even if the request comes twice.",
		"Use a new key for a new order. To repeat the earlier order, send exactly the same body.")
	UsernameTaken = define(http.StatusConflict, "username-taken", "That name is taken",
		"Another guest has this username. Upper and lower case make no difference.",
		"Choose another username, or log in if it is yours.")
	ItemUnavailable = define(http.StatusConflict, "item-unavailable", "Sold out",
		"The order contains a dish that is on the menu, but not available now.",
		"Leave that line out, or choose a dish from GET /api/v1/menu that says \"available\": true.")
	InvalidTransition = define(http.StatusConflict, "invalid-transition", "Not at this stage",
		"The status of an order goes from placed to preparing, then ready, then served, one step at a time. An order can be cancelled only while its status is placed. Your request asks for a step that does not follow the current status.",
		"Read the order again to see its status. Then ask for the step that follows.")
	LastManager = define(http.StatusConflict, "last-manager", "The last manager must stay",
		"This is the only manager. Without a manager, nobody could manage this restaurant.",
		"First make somebody else a manager.")
	WeatherFull = define(http.StatusConflict, "weather-full", "The lab cannot make more faults",
		"With POST /lab/weather you can make requests fail on purpose, for practice. Up to 8 such faults can be active at a time, and 8 are active now.",
		"Wait until one has ended, or end them all with DELETE /lab/weather.")
	PreconditionFailed = define(http.StatusPreconditionFailed, "precondition-failed", "The dish has changed",
		"The If-Match header names an old version of the dish. Somebody has changed the dish since you read it.",
		"Read the dish again and look at what changed. The ETag header of the answer is the new version. Copy its value into the If-Match header, and send your change again.")
)

// 429: too many requests.
var (
	RateLimited = define(http.StatusTooManyRequests, "rate-limited", "Not so fast",
		"This guest, or this address, sent more requests than the server allows in a second.",
		"Wait as many seconds as the Retry-After header says. The RateLimit header of each answer says how many requests are left.")
	TooManyAttempts = define(http.StatusTooManyRequests, "too-many-attempts", "Too many wrong passwords",
		"There were several failed logins for this account or from this address, so the next try has to wait. The wait is one second at first. It doubles after each further failure, up to 15 minutes. So it takes very long to guess a password. And a guest who types a wrong letter loses only a little time.",
		"Wait as many seconds as the Retry-After header says, and try again.")
	TooManyStreams = define(http.StatusTooManyRequests, "too-many-streams", "Too many open streams",
		"An event stream is an answer that stays open and sends news. The server allows each guest only a few open streams. This guest has reached the limit.",
		"Close a stream before you open another. One stream shows everything about its order.")
)

// 5xx: failures of the server.
var (
	InternalError = define(http.StatusInternalServerError, "internal-error", "Something broke in the kitchen",
		"Something went wrong inside the server. Only the log of the server says what went wrong. The request id shows the place in the log.",
		"Try again. If it happens again, report the request_id of this answer.")
	DatabaseUnavailable = define(http.StatusServiceUnavailable, "database-unavailable", "The order book cannot be reached",
		"The server is running, but the order book (database) does not answer. So nothing can be read or written now.",
		"Wait as many seconds as the Retry-After header says, and try again. With an Idempotency-Key it is safe to send an order twice.")
	StorageFull = define(http.StatusServiceUnavailable, "storage-full", "The order book is full",
		"The disk of the server is full, so nothing can be added to the order book (database) now. Everything that was saved before is safe, and you can still read it.",
		"Try again later. The person who runs the server has to free some space on the disk.")
	ServerBusy = define(http.StatusServiceUnavailable, "server-busy", "The bouncer is busy",
		"The bouncer (login and token check) takes some time to check a password. This is on purpose, so that nobody can try millions of passwords. Too many guests are waiting at this moment, so the server refused this request. Nothing was changed.",
		"Wait as many seconds as the Retry-After header says, and try again. Guests who are logged in do not have to wait: checking a wristband (access token) is fast and needs no password.")
	LabWeather = define(http.StatusServiceUnavailable, "lab-weather", "Bad weather in the lab",
		"Somebody asked the lab to make some requests fail, with POST /lab/weather. This is one of them. The server did nothing with it. A lab fault can have any status from 400 to 599.",
		"Do the same as for a real failure with this status. If the answer has a Retry-After header, wait that many seconds, and send the request again. DELETE /lab/weather ends all faults.")
	NotReady = define(http.StatusServiceUnavailable, "not-ready", "The restaurant is not open",
		"The server is starting or stopping, and takes no new requests at this moment.",
		"Wait as many seconds as the Retry-After header says, and try again.")
)

// A class: many restaurants in one process.
var (
	TableUnknown = define(http.StatusNotFound, "table-unknown", "No such table",
		"No table of this class has this code.",
		"Look at your card again. A code is a number and three letters, such as 07-kmx. Or take a free table on the first page of the class.")
	TableMoved = define(http.StatusGone, "table-moved", "The table has a new code",
		"This code was replaced by a new one.",
		"Ask your teacher for your new code. Your work is still there.")
	UndoExpired = define(http.StatusGone, "undo-expired", "Too late to undo",
		"What was reset can be put back for ten minutes, and once.",
		"Learners can restore a file that they have downloaded from /learn/progress.")
	TableClosed = define(http.StatusServiceUnavailable, "table-closed", "The table is closed",
		"The teacher has closed this table. Nothing at it is lost.",
		"Ask your teacher to open it again.")
	TableBroken = define(http.StatusServiceUnavailable, "table-broken", "The table cannot be opened",
		"The restaurant of this table cannot be opened, for example because its file is damaged. The other tables go on. The teacher sees the reason.",
		"Tell your teacher, who can put back a copy. Until then, take another table.")
	ClassPaused = define(http.StatusServiceUnavailable, "class-paused", "The class has a pause",
		"The teacher is explaining something, so no table takes requests now. Pages and lessons can be read.",
		"Listen. After as many seconds as the Retry-After header says, send the request again.")
	ClassFull = define(http.StatusConflict, "class-full", "All tables are taken",
		"No table of this class is free.",
		"Share a table, or ask your teacher: a class can be started with up to 100 tables.")
	ClassClosed = define(http.StatusForbidden, "class-closed", "Nobody can join now",
		"This class takes nobody in by this way: it needs the code of a table, or it is closed.",
		"Ask your teacher for a code.")
)

// IssuedInFuture is the detail of TokenClaimsInvalid if iat is in the future.
const IssuedInFuture = "The wristband (access token) says that it was issued in the future: its iat is later than the clock of this server. So the clocks of two servers differ, or the clock for tokens was set back. Log in again. If that does not help, set the clocks."
