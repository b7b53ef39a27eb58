-- Keys with which programs call the API. A key belongs to an account and never reaches further than that account does.
CREATE TABLE api_keys (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL REFERENCES organisations (id),
    account      BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL, -- the first characters of the key, to find it again by
    key_hash     BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,       -- NULL: holds until it is revoked
    revoked_at   INTEGER,
    last_used_at INTEGER,       -- to the minute
    last_address TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX api_keys_by_organisation ON api_keys (organisation, created_at);
CREATE INDEX api_keys_by_account ON api_keys (account);

-- What a key may do: rights of its account that it was given.
CREATE TABLE api_key_rights (
    api_key    BLOB NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    right_name TEXT NOT NULL,
    PRIMARY KEY (api_key, right_name)
) STRICT;
