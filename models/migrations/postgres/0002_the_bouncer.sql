-- A login opens a login session; the wristbands and vouchers of that login
-- belong to it, and all of them end with it.

CREATE TABLE login_sessions (
    id           TEXT   COLLATE "C" PRIMARY KEY, -- the sid claim
    user_id      BIGINT NOT NULL REFERENCES users (id),
    delivery     TEXT   COLLATE "C" NOT NULL CHECK (delivery IN ('body', 'refresh-cookie', 'cookies')),
    user_agent   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,                -- the last login or refresh
    access_until BIGINT NOT NULL,                -- when the last of its access tokens expires
    expires_at   BIGINT NOT NULL,                -- when its newest refresh token expires
    ended_at     BIGINT                          -- ended early; until access_until it is on the denylist
);
CREATE INDEX login_sessions_of_user ON login_sessions (user_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX login_sessions_ended ON login_sessions (access_until) WHERE ended_at IS NOT NULL;
CREATE INDEX login_sessions_access ON login_sessions (access_until);
CREATE INDEX login_sessions_use ON login_sessions (last_used_at);
CREATE INDEX login_sessions_expiry ON login_sessions (expires_at);

CREATE TABLE refresh_tokens (
    hash       TEXT   COLLATE "C" PRIMARY KEY,   -- SHA-256 of the token, in hex; the token itself is stored nowhere
    session_id TEXT   COLLATE "C" NOT NULL REFERENCES login_sessions (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT                            -- a spent one that comes again was stolen
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- The private keys are files; here stands which of them signs and how long the
-- others still count.
CREATE TABLE signing_keys (
    kid          TEXT   COLLATE "C" PRIMARY KEY,
    created_at   BIGINT NOT NULL,
    verify_until BIGINT                          -- set when the next key takes over
);
