//! A migrated store in a directory of its own, for tests; not in release builds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use contract::ids::OrganisationId;
use contract::ids::SiteId;
use contract::time::Clock;
use contract::time::ManualClock;
use contract::time::Timestamp;

use super::Config;
use super::Id;
use super::Priority;
use super::Store;
use super::StoreError;
use super::Tx;

/// A store that goes away with its directory.
pub struct Scratch {
    store: Store,
    dir: PathBuf,
    /// Stands at 2026-01-01T00:00:00Z until it is moved.
    pub clock: Clock,
    /// Moves the clock.
    pub hand: Arc<ManualClock>,
}

/// Makes an empty, migrated store.
pub fn scratch() -> Scratch {
    let dir = std::env::temp_dir().join(format!("gatewarden-{}", uuid::Uuid::now_v7()));
    let (clock, hand) = Clock::manual(Timestamp::from_millis(1_767_225_600_000));
    let opened = std::fs::create_dir_all(&dir)
        .map_err(|source| StoreError::Engine(Box::new(source)))
        .and_then(|()| Store::open(&dir, &Config { readers: 2 }, clock.wall()));
    match opened {
        Ok(store) => Scratch {
            store,
            dir,
            clock,
            hand,
        },
        Err(error) => panic!("opening a scratch store: {error:?}"),
    }
}

impl Scratch {
    /// The store itself, to be shared.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Every row of every table as text, to see what a change touched.
    pub async fn rows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let read: Result<_, StoreError> = self.store.read(all_rows).await;
        match read {
            Ok(rows) => rows,
            Err(error) => panic!("reading all rows: {error:?}"),
        }
    }

    /// Writes an organisation with one site (UTC), so that other tables have something to refer to.
    pub async fn organisation(&self, name: &str) -> (OrganisationId, SiteId) {
        let at = self.clock.wall();
        let organisation = OrganisationId::fresh(at);
        let site = SiteId::fresh(at);
        let name = name.to_owned();
        let written: Result<(), StoreError> = self
            .store
            .write(Priority::People, move |tx| {
                tx.execute(
                    "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)",
                    &[organisation.into(), (&name).into(), at.into()],
                )?;
                tx.execute(
                    "INSERT INTO sites (id, organisation, name, time_zone, created_at) VALUES ($1, $2, $3, $4, $5)",
                    &[site.into(), organisation.into(), "Main".into(), "UTC".into(), at.into()],
                )?;
                Ok(())
            })
            .await;
        if let Err(error) = written {
            panic!("writing a scratch organisation: {error:?}");
        }
        (organisation, site)
    }
}

fn all_rows(tx: &mut Tx) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut all = BTreeMap::new();
    for table in tx.list(tables, &[])? {
        let table = table.text(0)?;
        let columns = tx.list(
            &format!("SELECT name FROM pragma_table_info('{table}')"),
            &[],
        )?;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| Ok(format!("quote({})", column.text(0)?)))
            .collect::<Result<_, StoreError>>()?;
        let rows = tx.list(
            &format!("SELECT {} FROM {table}", columns.join("||','||")),
            &[],
        )?;
        let rows: Result<BTreeSet<String>, StoreError> =
            rows.iter().map(|row| row.text(0)).collect();
        all.insert(table, rows?);
    }
    Ok(all)
}

impl Deref for Scratch {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.store.close();
        // Left-overs in the temporary directory harm nobody.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
