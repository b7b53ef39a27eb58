-- An order can fail at the pins. SQLite changes a CHECK only by making the table anew.
CREATE TABLE orders_new (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL,
    gate BLOB NOT NULL REFERENCES gates (id),
    edge BLOB NOT NULL REFERENCES edges (id),
    -- The directive that carries it.
    number INTEGER NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('open', 'close', 'hold_open')),
    reason TEXT NOT NULL,
    account BLOB NOT NULL,
    -- The account's name when the order was given.
    account_name TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'expired', 'repeated', 'blocked', 'no_such_gate', 'failed')),
    sent_at INTEGER,
    done_at INTEGER,
    UNIQUE (edge, number)
) STRICT;
INSERT INTO orders_new SELECT id, organisation, gate, edge, number, action, reason, account, account_name, given_at, expires_at, state, sent_at, done_at FROM orders;
DROP TABLE orders;
ALTER TABLE orders_new RENAME TO orders;
CREATE INDEX orders_gates ON orders (organisation, gate, given_at);
