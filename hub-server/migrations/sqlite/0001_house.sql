-- The house: organisations, accounts, sessions, the audit trail, live news. Times are UTC milliseconds, ids are
-- UUIDv7 in 16 bytes. Each column is described in docs/DATABASE.md.

-- Which life of the database this is. One row. A restored or promoted database takes a new, larger generation.
CREATE TABLE lives (
    only_one   INTEGER PRIMARY KEY CHECK (only_one = 1),
    generation INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) STRICT;

-- A tenant.
CREATE TABLE organisations (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A tenant's places.
CREATE TABLE sites (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name         TEXT NOT NULL,
    time_zone    TEXT NOT NULL, -- IANA name
    capacity     INTEGER,       -- cars; NULL: not counted
    created_at   INTEGER NOT NULL,
    UNIQUE (organisation, name)
) STRICT;

-- Who uses the console. Names are unique over all organisations, without regard to case (name_key).
CREATE TABLE accounts (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL UNIQUE,
    role         TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
    password     TEXT NOT NULL, -- pbkdf2-sha256$iterations$salt$hash
    created_at   INTEGER NOT NULL,
    disabled_at  INTEGER
) STRICT;

CREATE INDEX accounts_by_organisation ON accounts (organisation, name_key);

-- Log-ins that hold. Only the hash of the cookie is kept.
CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    account    BLOB NOT NULL REFERENCES accounts (id),
    csrf       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The one-time set-up link that holds; only its hash is kept. One row at most.
CREATE TABLE setup_links (
    only_one   INTEGER PRIMARY KEY CHECK (only_one = 1),
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The audit trail: one hash chain per organisation. Rows are never changed.
CREATE TABLE audit_lines (
    organisation BLOB NOT NULL,
    number       INTEGER NOT NULL, -- from 1, without gaps
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL CHECK (actor_kind IN ('account', 'edge', 'system')),
    actor_id     BLOB,
    actor_name   TEXT NOT NULL,
    action       TEXT NOT NULL,
    object_kind  TEXT NOT NULL,
    object_id    TEXT NOT NULL,
    summary      TEXT NOT NULL,
    details      TEXT NOT NULL, -- JSON
    address      TEXT NOT NULL,
    previous     BLOB NOT NULL,
    hash         BLOB NOT NULL,
    PRIMARY KEY (organisation, number)
) STRICT;

CREATE INDEX audit_lines_by_action ON audit_lines (organisation, action, number);

-- Where each chain ends, so that a cut end is seen.
CREATE TABLE audit_ends (
    organisation BLOB PRIMARY KEY,
    number       INTEGER NOT NULL,
    hash         BLOB NOT NULL
) STRICT;

-- What consoles are told, kept for those who come back.
CREATE TABLE live_news (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    organisation BLOB NOT NULL,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX live_news_by_organisation ON live_news (organisation, id);
