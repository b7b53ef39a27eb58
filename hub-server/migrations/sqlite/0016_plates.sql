-- Plate search: every distinct plate once, with its grams, so that a part of a plate or a plate that is nearly it is found
-- among millions of passages. Filled with every passage; older ones by parking::plates::fill at the next start.

-- Every plate that was ever read, by its key.
CREATE TABLE plates (
    organisation BLOB NOT NULL,
    plate_key TEXT NOT NULL,
    PRIMARY KEY (organisation, plate_key)
) STRICT, WITHOUT ROWID;

-- Two neighbouring characters of a plate by their shape (look-alikes as one), and its two ends with a ^.
CREATE TABLE plate_grams (
    organisation BLOB NOT NULL,
    gram TEXT NOT NULL,
    plate_key TEXT NOT NULL,
    PRIMARY KEY (organisation, gram, plate_key)
) STRICT, WITHOUT ROWID;

-- How many plates have a gram: the rarest are asked first.
CREATE TABLE plate_gram_counts (
    organisation BLOB NOT NULL,
    gram TEXT NOT NULL,
    plates INTEGER NOT NULL,
    PRIMARY KEY (organisation, gram)
) STRICT, WITHOUT ROWID;

-- How far the plates of passages from before this table are filled in: the last plate done, in the order of both columns.
CREATE TABLE plates_filled (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    organisation BLOB NOT NULL,
    plate_key TEXT NOT NULL,
    is_done INTEGER NOT NULL
) STRICT;

INSERT INTO plates_filled (only_one, organisation, plate_key, is_done) VALUES (1, x'', '', 0);

-- The indexes of passages carry what lists are narrowed by, so that looking for few among many reads no rows.
DROP INDEX passages_by_time;
DROP INDEX passages_by_gate;
DROP INDEX passages_by_plate;
CREATE INDEX passages_by_time ON passages (organisation, at, id, site, gate, plate_key, outcome, reason, heading,
    vehicle_type, vehicle_colour, expected_type, expected_colour);
-- The gate stands first: with the organisation before it, an engine without statistics prefers the index by time.
CREATE INDEX passages_by_gate ON passages (gate, at, id, organisation, site, plate_key, outcome, reason, heading,
    vehicle_type, vehicle_colour, expected_type, expected_colour);
CREATE INDEX passages_by_plate ON passages (organisation, plate_key, at, id, site, gate, outcome, reason, heading,
    vehicle_type, vehicle_colour, expected_type, expected_colour);

-- Searches that a person keeps, and shows to the organisation if wanted.
CREATE TABLE saved_searches (
    organisation BLOB NOT NULL,
    id BLOB NOT NULL,
    account BLOB NOT NULL,
    -- The account's name when it was kept.
    account_name TEXT NOT NULL,
    name TEXT NOT NULL,
    -- What the list is narrowed by, as the API takes it.
    query_json TEXT NOT NULL,
    -- 1: whoever reaches all sites of the organisation sees it.
    is_shared INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organisation, id)
) STRICT;

CREATE UNIQUE INDEX saved_searches_by_name ON saved_searches (organisation, account, name);
