-- Roles as data, accounts that are limited to sites, and sessions that can be listed and ended one by one.

-- What an account may be in its organisation. Five are there from the start; others are made by people.
CREATE TABLE roles (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    organisation BLOB NOT NULL REFERENCES organisations (id),
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    seeded       TEXT CHECK (seeded IN ('admin', 'operator', 'viewer', 'technician', 'customer')), -- NULL: made by people
    created_at   INTEGER NOT NULL,
    UNIQUE (organisation, name_key)
) STRICT;

-- The rights of a role. The seeded admin has every right and no rows here, so that it has those of the future, too.
CREATE TABLE role_rights (
    role       BLOB NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    right_name TEXT NOT NULL,
    PRIMARY KEY (role, right_name)
) STRICT;

-- The rights that the seeded roles have been given or refused already. One that a later version brings is not in here
-- and goes to the seeded roles at that version's first start; what people changed since stays.
CREATE TABLE known_rights (
    right_name TEXT PRIMARY KEY
) STRICT;

-- An id of version 7 from the organisation's time, as the hub makes them.
INSERT INTO roles (id, organisation, name, name_key, seeded, created_at)
SELECT unhex(printf('%012x', max(o.created_at, 0)) || '7' || substr(hex(randomblob(2)), 2) || '8'
             || substr(hex(randomblob(2)), 2) || hex(randomblob(6))),
       o.id, seed.name, seed.name, seed.name, o.created_at
FROM organisations o
CROSS JOIN (SELECT 'admin' AS name UNION ALL SELECT 'operator' UNION ALL SELECT 'viewer' UNION ALL SELECT 'technician'
            UNION ALL SELECT 'customer') AS seed;

ALTER TABLE accounts ADD COLUMN role_id BLOB REFERENCES roles (id);
UPDATE accounts SET role_id =
    (SELECT r.id FROM roles r WHERE r.organisation = accounts.organisation AND r.seeded = accounts.role);
ALTER TABLE accounts DROP COLUMN role;
ALTER TABLE accounts RENAME COLUMN role_id TO role;
-- 0: only the sites in account_sites.
ALTER TABLE accounts ADD COLUMN all_sites INTEGER NOT NULL DEFAULT 1;

CREATE INDEX accounts_by_role ON accounts (role);

CREATE TABLE account_sites (
    account BLOB NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    site    BLOB NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    PRIMARY KEY (account, site)
) STRICT;

-- Who reaches which site: an organisation all of its own, an account all of its organisation's or those it is limited
-- to. Queries of what belongs to a site go through it, so that a limit holds from the moment it is written.
CREATE VIEW reach AS
SELECT organisation AS who, id AS site FROM sites
UNION ALL
SELECT a.id, s.id FROM accounts a JOIN sites s ON s.organisation = a.organisation WHERE a.all_sites = 1
UNION ALL
SELECT l.account, l.site FROM account_sites l JOIN accounts a ON a.id = l.account WHERE a.all_sites = 0;

-- By which a session is named to people; the cookie stays a secret.
ALTER TABLE sessions ADD COLUMN id BLOB;
UPDATE sessions SET id = unhex(printf('%012x', max(created_at, 0)) || '7' || substr(hex(randomblob(2)), 2) || '8'
                               || substr(hex(randomblob(2)), 2) || hex(randomblob(6)));
-- What the browser called itself.
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX sessions_by_id ON sessions (id);
CREATE INDEX sessions_by_account ON sessions (account);

-- The site that an item of news is about; NULL: the organisation.
ALTER TABLE live_news ADD COLUMN site BLOB;
