-- Several branches share the order book. Each publishes the public halves of its
-- keys; a key of a branch from which nothing has been heard for long is trusted
-- no more.

ALTER TABLE signing_keys ADD COLUMN branch TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE signing_keys ADD COLUMN issuer TEXT COLLATE "C" NOT NULL DEFAULT '';     -- the iss of tokens under it
ALTER TABLE signing_keys ADD COLUMN public_key TEXT COLLATE "C" NOT NULL DEFAULT ''; -- SPKI in base64
ALTER TABLE signing_keys ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;               -- when its branch last said that it has it

-- A branch that could not be told reads again which sessions have ended since.
CREATE INDEX login_sessions_ended_at ON login_sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Failed logins, for all branches together. Where SQLite keeps the order book,
-- they are counted in memory.
CREATE TABLE login_tallies (
    place    TEXT    COLLATE "C" PRIMARY KEY, -- SHA-256 of what is counted: an account, an address, or both
    failures BIGINT  NOT NULL,                -- in a row
    last_at  BIGINT  NOT NULL,                -- of the newest failure, or of the login that made it a home
    home     BOOLEAN NOT NULL                 -- an account has logged in from this address
);
CREATE INDEX login_tallies_last ON login_tallies (home, last_at);

-- The denylist is read in parts.
DROP INDEX login_sessions_ended;
CREATE INDEX login_sessions_ended ON login_sessions (access_until, id) WHERE ended_at IS NOT NULL;
