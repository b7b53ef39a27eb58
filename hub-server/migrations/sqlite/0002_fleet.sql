-- The fleet and what it reports: gates, edges, their enrolment, directives and the ledger of events.
-- Ids are 16 bytes, times UTC milliseconds, truth values 0 or 1.

CREATE TABLE edges (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL,
    site BLOB NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    -- The machine's own name, as it said at enrolment.
    machine TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enrolled', 'retired')),
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    -- The certificate in DER, as it was issued.
    certificate BLOB NOT NULL,
    version TEXT,
    -- The newest epoch that this edge reported in.
    epoch INTEGER,
    -- The number after the newest event that the edge is known to have.
    next_seq INTEGER NOT NULL DEFAULT 1,
    -- Kept coarsely: with each batch, and when a connection begins or ends.
    last_heard_at INTEGER,
    -- The number of the next directive.
    next_directive INTEGER NOT NULL DEFAULT 1,
    -- The edge has every directive up to here for good.
    directives_through INTEGER NOT NULL DEFAULT 0,
    -- The directive that carries the wanted permit book; 0 for none.
    book_directive INTEGER NOT NULL DEFAULT 0,
    -- The version of the permit book in force at the edge.
    book_version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX edges_names ON edges (organisation, name) WHERE state = 'enrolled';

CREATE TABLE gates (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL,
    site BLOB NOT NULL REFERENCES sites (id),
    -- The edge that runs it; none after that edge was retired.
    edge BLOB REFERENCES edges (id),
    name TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('entry', 'exit')),
    created_at INTEGER NOT NULL,
    UNIQUE (organisation, site, name)
) STRICT;
CREATE INDEX gates_edges ON gates (edge);

-- One-time codes. Only the hash of the secret is kept.
CREATE TABLE enrolments (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL,
    site BLOB NOT NULL REFERENCES sites (id),
    name TEXT NOT NULL,
    -- JSON: [{"name", "direction"}].
    gates TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    -- SHA-256 of the key that used it: the same machine may ask again if the answer was lost.
    used_key BLOB,
    edge BLOB REFERENCES edges (id)
) STRICT;
CREATE INDEX enrolments_organisations ON enrolments (organisation, created_at);

-- The version counter of each organisation's permit book.
CREATE TABLE books (
    organisation BLOB PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;

-- Orders of people to move a barrier. They expire within seconds and run at most once.
CREATE TABLE orders (
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
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'expired', 'repeated', 'blocked', 'no_such_gate')),
    sent_at INTEGER,
    done_at INTEGER,
    UNIQUE (edge, number)
) STRICT;
CREATE INDEX orders_gates ON orders (organisation, gate, given_at);

-- How far the hub has each (edge, epoch) without a gap, and how many events it holds of it.
CREATE TABLE streams (
    edge BLOB NOT NULL REFERENCES edges (id),
    epoch INTEGER NOT NULL,
    organisation BLOB NOT NULL,
    through INTEGER NOT NULL,
    held INTEGER NOT NULL,
    -- Events kept whose body could not be read, or that were refused.
    unreadable INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (edge, epoch)
) STRICT;

-- Every event, once, verbatim. Never partitioned: (edge, epoch, seq) stays unique.
CREATE TABLE ledger (
    edge BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    organisation BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    -- The edge's wall clock at the event.
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    gate BLOB,
    -- The event's CBOR as it came, fields of the future included.
    raw BLOB NOT NULL,
    -- taken: its meaning is in the desks. unknown: a kind of the future. unreadable: the body is not its kind's
    -- CBOR. refused: about a gate of somebody else, or against a rule of the desk.
    state TEXT NOT NULL CHECK (state IN ('taken', 'unknown', 'unreadable', 'refused')),
    why TEXT,
    PRIMARY KEY (edge, epoch, seq)
) STRICT;
CREATE INDEX ledger_refused ON ledger (organisation, received_at) WHERE state IN ('unreadable', 'refused');

-- Missing numbers, named and never papered over.
CREATE TABLE gaps (
    edge BLOB NOT NULL REFERENCES edges (id),
    epoch INTEGER NOT NULL,
    -- The first missing number.
    expected INTEGER NOT NULL,
    -- The first number after the gap.
    got INTEGER NOT NULL,
    organisation BLOB NOT NULL,
    at INTEGER NOT NULL,
    -- open: asked for again. filled: they came. lost: the edge no longer has them.
    state TEXT NOT NULL CHECK (state IN ('open', 'filled', 'lost')),
    closed_at INTEGER,
    PRIMARY KEY (edge, epoch, expected)
) STRICT;

-- The newest state of each input; the event that told it decides what is newer.
CREATE TABLE gate_inputs (
    gate BLOB NOT NULL REFERENCES gates (id),
    name TEXT NOT NULL,
    organisation BLOB NOT NULL,
    active INTEGER NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (gate, name)
) STRICT;

CREATE TABLE gate_cameras (
    gate BLOB NOT NULL REFERENCES gates (id),
    name TEXT NOT NULL,
    organisation BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'offline', 'frozen')),
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (gate, name)
) STRICT;

CREATE TABLE edge_models (
    edge BLOB NOT NULL REFERENCES edges (id),
    name TEXT NOT NULL,
    organisation BLOB NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    input TEXT NOT NULL,
    classes TEXT NOT NULL,
    loaded INTEGER NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (edge, name)
) STRICT;
