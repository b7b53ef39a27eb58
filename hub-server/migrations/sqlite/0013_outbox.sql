-- What leaves the hub: events on their way out, and the webhooks that take them.

-- Events, each written in the transaction of the fact that it tells. Whoever takes them keeps a position of its own.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of delivery
    event        BLOB NOT NULL UNIQUE CHECK (length(event) = 16), -- the id that receivers see
    organisation BLOB NOT NULL REFERENCES organisations (id),
    site         BLOB,          -- NULL: about no one site
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL, -- JSON
    seen_at      INTEGER        -- when the courier saw it; NULL: not yet
) STRICT;

CREATE INDEX outbox_by_organisation ON outbox (organisation, id);
CREATE INDEX outbox_unseen ON outbox (id) WHERE seen_at IS NULL;

-- Receivers of events.
CREATE TABLE webhooks (
    id              BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation    BLOB NOT NULL REFERENCES organisations (id),
    name            TEXT NOT NULL,
    url             TEXT NOT NULL,
    kinds           TEXT NOT NULL, -- JSON list; empty: all
    sites           TEXT NOT NULL, -- JSON list of ids; empty: all
    secret          BLOB NOT NULL, -- sealed
    old_secret      BLOB,          -- sealed; signs, too, until old_until
    old_until       INTEGER,
    state           TEXT NOT NULL CHECK (state IN ('on', 'paused', 'failed', 'removed')),
    position        INTEGER NOT NULL, -- it has everything of the outbox up to here, or it is a dead letter
    attempts        INTEGER NOT NULL, -- failed ones since the last success
    next_at         INTEGER NOT NULL, -- not before
    failing_since   INTEGER,
    last_success_at INTEGER,
    last_error      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX webhooks_by_organisation ON webhooks (organisation, created_at);

-- The newest attempts of each webhook.
CREATE TABLE webhook_attempts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    organisation BLOB NOT NULL,
    webhook      BLOB NOT NULL REFERENCES webhooks (id),
    event        BLOB NOT NULL,
    kind         TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    took_ms      INTEGER NOT NULL,
    status       INTEGER,       -- of the answer; NULL: there was none
    error        TEXT NOT NULL, -- empty: it was taken
    answer       TEXT NOT NULL  -- how the answer began
) STRICT;

CREATE INDEX webhook_attempts_by_webhook ON webhook_attempts (webhook, id);

-- Events that a webhook did not take in time.
CREATE TABLE webhook_dead_letters (
    webhook      BLOB NOT NULL REFERENCES webhooks (id),
    number       INTEGER NOT NULL, -- its id in the outbox
    organisation BLOB NOT NULL,
    event        BLOB NOT NULL,
    site         BLOB,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL,
    died_at      INTEGER NOT NULL,
    error        TEXT NOT NULL,
    replay_at    INTEGER,          -- asked to be delivered again
    PRIMARY KEY (webhook, number)
) STRICT;
