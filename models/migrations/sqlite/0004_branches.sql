-- Several branches may share an order book. Each publishes the public halves of
-- its keys; a key of a branch from which nothing has been heard for long is
-- trusted no more. In SQLite there is one branch, whose name is empty.

ALTER TABLE signing_keys ADD COLUMN branch TEXT NOT NULL DEFAULT '';
ALTER TABLE signing_keys ADD COLUMN issuer TEXT NOT NULL DEFAULT '';     -- the iss of tokens under it
ALTER TABLE signing_keys ADD COLUMN public_key TEXT NOT NULL DEFAULT ''; -- SPKI in base64
ALTER TABLE signing_keys ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;  -- when its branch last said that it has it

-- The denylist is read in parts.
DROP INDEX login_sessions_ended;
CREATE INDEX login_sessions_ended ON login_sessions (access_until, id) WHERE ended_at IS NOT NULL;
