-- What people set for cameras, what the edges answer, how hot they are, and which way vehicles went.

-- Each change of a camera's settings; the newest revision of a camera holds.
CREATE TABLE camera_revisions (
    gate BLOB NOT NULL REFERENCES gates (id),
    -- Its name in the gate's section of edge.toml.
    camera TEXT NOT NULL,
    revision INTEGER NOT NULL,
    organisation BLOB NOT NULL,
    -- Frames a second; NULL: the edge's own settings hold.
    fps INTEGER,
    -- JSON: {"include": [[[x, y], ..], ..], "exclude": ..}, parts of the picture from 0 to 1; NULL with fps.
    areas TEXT,
    -- The revision that this one repeats; 0: the edge's own settings. NULL: none.
    restores INTEGER,
    -- Who changed it; NULL: the hub itself, after it was restored from a backup.
    account BLOB,
    account_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (gate, camera, revision)
) STRICT;

-- The newest that an edge said of a camera's settings.
CREATE TABLE camera_answers (
    gate BLOB NOT NULL REFERENCES gates (id),
    camera TEXT NOT NULL,
    organisation BLOB NOT NULL,
    revision INTEGER NOT NULL,
    -- Why it was refused; NULL: it holds.
    refused TEXT,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (gate, camera)
) STRICT;

-- Where an edge stands on its thermal ladder.
CREATE TABLE edge_heat (
    edge BLOB PRIMARY KEY REFERENCES edges (id),
    organisation BLOB NOT NULL,
    step INTEGER NOT NULL,
    most_fps INTEGER NOT NULL,
    is_coarse INTEGER NOT NULL,
    -- NULL: can't be read.
    celsius REAL,
    at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT;

-- approaching, leaving; NULL: not clear.
ALTER TABLE passages ADD COLUMN heading TEXT;
