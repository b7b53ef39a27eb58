-- Log-ins of programs on a person's behalf: short access tokens, which are signed, and refresh tokens, which are kept as hashes.

-- The hub's own keys; the newest that is not retired signs, retired ones verify until what they signed has ended.
CREATE TABLE signing_keys (
    id         TEXT PRIMARY KEY,  -- the kid of what it signs
    secret     BLOB NOT NULL,     -- PKCS#8 of an Ed25519 key, sealed: see auth/seal.rs
    public     BLOB NOT NULL CHECK (length(public) = 32),
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;

-- All tokens that came of one log-in. The family is gone when it is revoked.
CREATE TABLE token_families (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    account    BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,  -- when its newest refresh token ends
    ends_at    INTEGER NOT NULL,  -- when it ends however often it is refreshed
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) STRICT;

CREATE INDEX token_families_by_account ON token_families (account);
CREATE INDEX token_families_by_end ON token_families (expires_at);

-- Used ones stay as long as the family does: one that comes again shows that somebody has a copy.
CREATE TABLE refresh_tokens (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    family     BLOB NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
