-- The parking desk (permits, passages, barrier moves, crossings, visits) and the pictures of `evidence`.
-- Times are UTC milliseconds, ids are 16 bytes, texts in JSON are named so. Every key begins with the organisation:
-- an id that another organisation's edge made can never touch a row of this one.

-- What lets a plate through a gate. A withdrawn permit stays, so that what it once opened can be explained.
CREATE TABLE permits (
    organisation BLOB NOT NULL,
    id BLOB NOT NULL,
    plate TEXT NOT NULL,
    -- The plate as gates compare it: the letter O and the digit 0 count as the same.
    plate_key TEXT NOT NULL,
    holder TEXT NOT NULL,
    group_name TEXT NOT NULL,
    note TEXT NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    schedule_json TEXT NOT NULL,
    -- JSON list of gate ids; empty means every gate.
    gates_json TEXT NOT NULL,
    -- 1: a known plate that does not open.
    denied INTEGER NOT NULL,
    withdrawn_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

-- A plate has at most one permit in force: two would be two answers to one question.
CREATE UNIQUE INDEX permits_in_force ON permits (organisation, plate_key) WHERE withdrawn_at IS NULL;
CREATE INDEX permits_by_plate ON permits (organisation, plate_key, id);

-- One vehicle's way through a gate: one passage, one row.
CREATE TABLE passages (
    organisation BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    gate BLOB NOT NULL,
    edge BLOB NOT NULL,
    -- The event that judged it: number `seq` of `epoch`, the raw event is in the ledger.
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    -- The edge's wall clock at the verdict, as it was, and how far it could be trusted.
    event_at INTEGER NOT NULL,
    time_quality TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    -- The moment that lists are sorted by: `event_at` if its clock could be trusted, `received_at` otherwise.
    at INTEGER NOT NULL,
    camera TEXT NOT NULL,
    plate TEXT,
    plate_key TEXT,
    confidence REAL,
    direction TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    permit BLOB,
    book_version INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ended_at INTEGER,
    frames INTEGER NOT NULL,
    stages_json TEXT NOT NULL,
    -- The whole read with candidates, characters and corners; never rewritten by a correction.
    read_json TEXT,
    models_json TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX passages_by_time ON passages (organisation, at, id);
CREATE INDEX passages_by_gate ON passages (organisation, gate, at, id);
CREATE INDEX passages_by_plate ON passages (organisation, plate_key, at, id);

-- What a barrier was told and why. One row per event.
CREATE TABLE barrier_moves (
    organisation BLOB NOT NULL,
    edge BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    gate BLOB NOT NULL,
    action TEXT NOT NULL,
    -- passage, order, hold_over
    cause TEXT NOT NULL,
    -- The passage that it belongs to, if it belongs to one; closing by itself belongs to the one that opened.
    passage BLOB,
    order_id BLOB,
    event_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, edge, epoch, seq)
) STRICT;

CREATE INDEX barrier_moves_by_passage ON barrier_moves (organisation, passage, epoch, seq);
CREATE INDEX barrier_moves_by_gate ON barrier_moves (organisation, gate, edge, epoch, seq);

-- Each known movement of a plate onto a site or off it, in the order of time. Visits are pairs of neighbours here,
-- so that a late event of an edge that was away pairs as if it had come in time.
CREATE TABLE crossings (
    organisation BLOB NOT NULL,
    -- The passage's id, or one of its own if a person recorded it by hand.
    id BLOB NOT NULL,
    passage BLOB,
    site BLOB NOT NULL,
    plate_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- entry, exit
    direction TEXT NOT NULL,
    visit BLOB NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE INDEX crossings_of_plate ON crossings (organisation, site, plate_key, at, id);

-- From entry to exit.
CREATE TABLE visits (
    organisation BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    plate TEXT NOT NULL,
    plate_key TEXT NOT NULL,
    permit BLOB,
    -- open: on site. closed: entry and exit known, or closed by a person. unpaired: the other half is missing.
    state TEXT NOT NULL,
    -- The first known end, for lists.
    at INTEGER NOT NULL,
    entered_at INTEGER,
    entry_passage BLOB,
    left_at INTEGER,
    exit_passage BLOB,
    -- A person's correction: beside the events, never in their place.
    corrected_by BLOB,
    corrected_name TEXT,
    corrected_reason TEXT,
    corrected_at INTEGER,
    -- 1: a person said that it is over.
    closed_by_hand INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE UNIQUE INDEX visits_on_site ON visits (organisation, site, plate_key) WHERE state = 'open';
CREATE UNIQUE INDEX visits_by_entry ON visits (organisation, entry_passage) WHERE entry_passage IS NOT NULL;
CREATE UNIQUE INDEX visits_by_exit ON visits (organisation, exit_passage) WHERE exit_passage IS NOT NULL;
CREATE INDEX visits_by_time ON visits (organisation, at, id);
CREATE INDEX visits_by_state ON visits (organisation, state, at, id);

-- Evidence: which pictures belong to which passage. The bytes are files named by their hash.
CREATE TABLE pictures (
    organisation BLOB NOT NULL,
    passage BLOB NOT NULL,
    -- frame, crop
    kind TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    edge BLOB NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    -- Retention counts from here.
    taken_at INTEGER NOT NULL,
    stored_at INTEGER,
    expired_at INTEGER,
    -- Set when the file of an expired picture is gone, or stays because a living row needs it.
    cleared_at INTEGER,
    PRIMARY KEY (organisation, passage, kind, sha256)
) STRICT;

CREATE INDEX pictures_by_file ON pictures (sha256);
CREATE INDEX pictures_living ON pictures (organisation, taken_at) WHERE expired_at IS NULL;
CREATE INDEX pictures_to_clear ON pictures (expired_at) WHERE expired_at IS NOT NULL AND cleared_at IS NULL;

-- How many days an organisation keeps pictures, where it chose.
CREATE TABLE picture_retention (
    organisation BLOB NOT NULL PRIMARY KEY,
    days INTEGER NOT NULL
) STRICT;
