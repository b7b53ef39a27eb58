//! The table `organisations`: the tenants.

use contract::ids::OrganisationId;
use contract::time::Timestamp;

use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its identity.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
}

/// Inserts an organisation with the roles that everybody starts with.
pub fn insert_organisation(
    tx: &mut Tx,
    organisation: &Organisation,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)",
        &[
            organisation.id.into(),
            (&organisation.name).into(),
            at.into(),
        ],
    )?;
    super::roles::seed(tx, organisation.id, at)
}

/// Returns the organisation of this id.
pub fn find_organisation(
    tx: &mut Tx,
    id: OrganisationId,
) -> Result<Option<Organisation>, StoreError> {
    tx.find(
        "SELECT id, name FROM organisations WHERE id = $1",
        &[id.into()],
    )?
    .map(read)
    .transpose()
}

/// Returns the first organisation of this hub: the one whose trail records attempts that belong to nobody known.
pub fn oldest_organisation(tx: &mut Tx) -> Result<Option<Organisation>, StoreError> {
    tx.find(
        "SELECT id, name FROM organisations ORDER BY created_at, id LIMIT 1",
        &[],
    )?
    .map(read)
    .transpose()
}

fn read(row: Row) -> Result<Organisation, StoreError> {
    Ok(Organisation {
        id: row.id(0)?,
        name: row.text(1)?,
    })
}
