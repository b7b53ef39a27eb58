//! A migrated store in a directory of its own, for tests; not in release builds.

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
