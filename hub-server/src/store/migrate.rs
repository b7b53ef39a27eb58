//! The schema's history: every file of migrations/ in its order, applied once, at start.

use contract::time::Timestamp;
use rusqlite::Connection;
use rusqlite_migration::M;
use rusqlite_migration::Migrations;

use super::StoreError;

/// Every migration in its order. A released file is never changed; a new one is added here.
const SQLITE: [(&str, &str); 5] = [
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

    #[test]
    fn the_schema_builds_twice_to_the_same_generation() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = sqlite(&mut connection, Timestamp::from_millis(5)).unwrap();
        let again = sqlite(&mut connection, Timestamp::from_millis(9)).unwrap();
        assert_eq!((first, again), (5, 5));
    }
}
