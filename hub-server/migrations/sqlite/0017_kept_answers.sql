-- The answers to writes that carried an Idempotency-Key: sent again within a day, the write is not done again.

CREATE TABLE kept_answers (
    account  BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    request  BLOB NOT NULL CHECK (length(request) = 32), -- SHA-256 of all that the request said
    answer   BLOB,             -- sealed: see auth/seal.rs; NULL: begun, and its end is not known
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT;

CREATE INDEX kept_answers_by_time ON kept_answers (begun_at);
