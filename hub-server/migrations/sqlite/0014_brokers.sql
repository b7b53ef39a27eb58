-- Where an organisation publishes over MQTT; one row each.
CREATE TABLE brokers (
    organisation    BLOB PRIMARY KEY REFERENCES organisations (id),
    host            TEXT NOT NULL,
    port            INTEGER NOT NULL,
    is_tls          INTEGER NOT NULL,
    user_name       TEXT NOT NULL, -- empty: none
    password        BLOB,          -- sealed; NULL: none
    prefix          TEXT NOT NULL, -- of every topic
    discovery       TEXT NOT NULL, -- Home Assistant's prefix; empty: no discovery
    is_on           INTEGER NOT NULL,
    position        INTEGER NOT NULL, -- the broker has everything of the outbox up to here
    attempts        INTEGER NOT NULL,
    next_at         INTEGER NOT NULL,
    last_success_at INTEGER,
    last_error      TEXT NOT NULL,
    revision        INTEGER NOT NULL, -- rises with every change: whoever publishes begins anew
    changed_at      INTEGER NOT NULL
) STRICT;
