//! The schema's history: every file of migrations/ in its order, applied once, at start.

use contract::time::Timestamp;
use rusqlite::Connection;
use rusqlite_migration::M;
use rusqlite_migration::Migrations;

use super::StoreError;

/// Every migration in its order. A released file is never changed; a new one is added here.
const SQLITE: &[(&str, &str)] = &[
    (
        "0001_house",
        include_str!("../../migrations/sqlite/0001_house.sql"),
    ),
    (
        "0002_fleet",
        include_str!("../../migrations/sqlite/0002_fleet.sql"),
    ),
    (
        "0003_parking",
        include_str!("../../migrations/sqlite/0003_parking.sql"),
    ),
    (
        "0004_failed_orders",
        include_str!("../../migrations/sqlite/0004_failed_orders.sql"),
    ),
    (
        "0005_vehicles",
        include_str!("../../migrations/sqlite/0005_vehicles.sql"),
    ),
    (
        "0006_roles",
        include_str!("../../migrations/sqlite/0006_roles.sql"),
    ),
    (
        "0007_api_keys",
        include_str!("../../migrations/sqlite/0007_api_keys.sql"),
    ),
    (
        "0008_second_factor",
        include_str!("../../migrations/sqlite/0008_second_factor.sql"),
    ),
    (
        "0009_cameras",
        include_str!("../../migrations/sqlite/0009_cameras.sql"),
    ),
    (
        "0010_likelihood",
        include_str!("../../migrations/sqlite/0010_likelihood.sql"),
    ),
    (
        "0011_preferences",
        include_str!("../../migrations/sqlite/0011_preferences.sql"),
    ),
    (
        "0012_tokens",
        include_str!("../../migrations/sqlite/0012_tokens.sql"),
    ),
    (
        "0013_outbox",
        include_str!("../../migrations/sqlite/0013_outbox.sql"),
    ),
    (
        "0014_brokers",
        include_str!("../../migrations/sqlite/0014_brokers.sql"),
    ),
    (
        "0015_audit",
        include_str!("../../migrations/sqlite/0015_audit.sql"),
    ),
    (
        "0016_plates",
        include_str!("../../migrations/sqlite/0016_plates.sql"),
    ),
    (
        "0017_kept_answers",
        include_str!("../../migrations/sqlite/0017_kept_answers.sql"),
    ),
];

/// Brings the schema up to date and returns which life of the database this is.
pub(super) fn sqlite(connection: &mut Connection, now: Timestamp) -> Result<u64, StoreError> {
    let steps = SQLITE
        .iter()
        .map(|(name, sql)| M::up(sql).comment(name))
        .collect();
    Migrations::new(steps)
        .to_latest(connection)
        .map_err(|source| StoreError::Migration(Box::new(source)))?;
    // The first life is named by the moment it began, so that a database made anew has a larger one than the old.
    connection
        .execute(
            "INSERT INTO lives (only_one, generation, started_at) VALUES (1, $1, $2) ON CONFLICT (only_one) DO NOTHING",
            [now.as_millis(), now.as_millis()],
        )
        .map_err(StoreError::from)?;
    connection
        .query_row(
            "SELECT generation FROM lives WHERE only_one = 1",
            [],
            |row| row.get::<_, i64>(0),
        )
        .map(i64::cast_unsigned)
        .map_err(StoreError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accounts and sessions of a hub from before roles were data keep what they were.
    #[test]
    fn accounts_from_before_roles_were_data_keep_their_role() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        let before = SQLITE.iter().take(5).map(|(_, sql)| M::up(sql)).collect();
        Migrations::new(before).to_latest(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO organisations VALUES (x'00000000000000000000000000000001', 'North', 1767225600000);
                 INSERT INTO organisations VALUES (x'00000000000000000000000000000002', 'South', 1767225600000);
                 INSERT INTO accounts VALUES (x'00000000000000000000000000000011', x'00000000000000000000000000000001',
                     'Anna', 'anna', 'admin', 'hash', 5, NULL);
                 INSERT INTO accounts VALUES (x'00000000000000000000000000000012', x'00000000000000000000000000000002',
                     'Olga', 'olga', 'operator', 'hash', 5, 7);
                 INSERT INTO sessions VALUES (zeroblob(32), x'00000000000000000000000000000011', 'csrf', 5, 9, 'there');",
            )
            .unwrap();
        sqlite(&mut connection, Timestamp::from_millis(5)).unwrap();
        let rows: Vec<(String, String, bool, i64, Option<i64>)> = connection
            .prepare(
                "SELECT a.name, r.seeded, r.organisation = a.organisation, a.all_sites, a.disabled_at \
                 FROM accounts a JOIN roles r ON r.id = a.role ORDER BY a.name",
            )
            .unwrap()
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            rows,
            [
                ("Anna".to_owned(), "admin".to_owned(), true, 1, None),
                ("Olga".to_owned(), "operator".to_owned(), true, 1, Some(7)),
            ]
        );
        let id: Vec<u8> = connection
            .query_row("SELECT id FROM sessions", [], |row| row.get(0))
            .unwrap();
        assert_eq!(uuid::Uuid::from_slice(&id).unwrap().get_version_num(), 7);
        let roles: i64 = connection
            .query_row("SELECT count(DISTINCT id) FROM roles", [], |row| row.get(0))
            .unwrap();
        assert_eq!(roles, 10);
    }

    #[test]
    fn the_schema_builds_twice_to_the_same_generation() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = sqlite(&mut connection, Timestamp::from_millis(5)).unwrap();
        let again = sqlite(&mut connection, Timestamp::from_millis(9)).unwrap();
        assert_eq!((first, again), (5, 5));
    }
}
