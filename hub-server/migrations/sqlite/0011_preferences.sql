-- What an account prefers. No row, or a NULL: as the browser has it.
CREATE TABLE preferences (
    account       BLOB PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    language      TEXT,                   -- en, de, es
    time_zone     TEXT,                   -- a name of the IANA's list
    default_site  BLOB REFERENCES sites (id) ON DELETE SET NULL,
    colour_scheme TEXT,                   -- light, dark
    notices       TEXT NOT NULL DEFAULT '' -- what the console announces: names with a space between them
) STRICT;
