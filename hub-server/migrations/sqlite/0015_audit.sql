-- What the audit trail needs to be searched and to end by policy.

CREATE INDEX audit_lines_by_object ON audit_lines (organisation, object_kind, object_id, number);
CREATE INDEX audit_lines_by_actor ON audit_lines (organisation, actor_id, number);
CREATE INDEX audit_lines_by_time ON audit_lines (organisation, at);

-- Where each chain begins after retention: the last line that ended, and its hash. A line of the trail says the same.
CREATE TABLE audit_cuts (
    organisation BLOB PRIMARY KEY,
    number       INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
