-- The order book as it was when the house first opened. A migration that has
-- landed is never edited; what changes later is a new file.
-- Times are Unix milliseconds (UTC), money is integer cents, flags are 0 or 1.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT    NOT NULL UNIQUE,            -- in lower case
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,                   -- argon2id, PHC string
    role          TEXT    NOT NULL CHECK (role IN ('guest', 'chef', 'manager')),
    vip           INTEGER NOT NULL CHECK (vip IN (0, 1)),
    birth_date    TEXT,                               -- YYYY-MM-DD; unknown counts as under age
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX users_managers ON users (id) WHERE role = 'manager';

CREATE TABLE menu_items (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: old orders point to it
    name           TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    sizes          TEXT    NOT NULL,                  -- JSON: [{size, price_cents}]
    vegetarian     INTEGER NOT NULL CHECK (vegetarian IN (0, 1)),
    allergens      TEXT    NOT NULL,                  -- JSON: [name]
    vip_only       INTEGER NOT NULL CHECK (vip_only IN (0, 1)),
    age_restricted INTEGER NOT NULL CHECK (age_restricted IN (0, 1)),
    available      INTEGER NOT NULL CHECK (available IN (0, 1)),
    version        INTEGER NOT NULL                   -- counts changes; the ETag and If-Match are made of it
) STRICT;

CREATE TABLE orders (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    status          TEXT    NOT NULL CHECK (status IN ('placed', 'preparing', 'ready', 'served', 'cancelled')),
    lines           TEXT    NOT NULL,                 -- JSON with a format version, see order_lines.go
    total_cents     INTEGER NOT NULL CHECK (total_cents > 0),
    table_name      TEXT,                             -- where the guest sits, if they said so
    idempotency_key TEXT,
    request_hash    TEXT,                             -- SHA-256 of the request that the key stands for
    placed_at       INTEGER NOT NULL,
    preparing_at    INTEGER,
    ready_at        INTEGER,
    served_at       INTEGER,
    cancelled_at    INTEGER,
    updated_at      INTEGER NOT NULL                  -- the time of the newest step
) STRICT;
CREATE UNIQUE INDEX orders_idempotency ON orders (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX orders_of_guest ON orders (user_id, id);
CREATE INDEX orders_of_guest_by_status ON orders (user_id, status, id);
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_open ON orders (id) WHERE status IN ('placed', 'preparing', 'ready');
CREATE INDEX orders_due ON orders (updated_at) WHERE status IN ('placed', 'preparing', 'ready');

-- Which deliveries of seed/ have arrived, so that what a manager deleted does
-- not come back with the next start.
CREATE TABLE deliveries (
    name       TEXT    PRIMARY KEY,
    arrived_at INTEGER NOT NULL
) STRICT;
