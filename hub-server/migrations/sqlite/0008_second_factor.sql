-- The second factor: a secret that an authenticator shares, codes for the day on which it is lost, and roles that need one.

CREATE TABLE second_factors (
    account      BLOB PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    secret       BLOB NOT NULL,     -- sealed: see auth/seal.rs
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,           -- NULL: shown, but no code of it was given yet
    last_step    INTEGER NOT NULL DEFAULT 0, -- the newest step of 30 s of which a code was taken; none is taken twice
    failures     INTEGER NOT NULL DEFAULT 0, -- wrong codes since the first of them
    failing_since INTEGER
) STRICT;

-- Of each code only the hash; a row goes with its use.
CREATE TABLE recovery_codes (
    account   BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (account, code_hash)
) STRICT;

-- 1: who has the role has no rights until a second factor is set up.
ALTER TABLE roles ADD COLUMN needs_second_factor INTEGER NOT NULL DEFAULT 0;
