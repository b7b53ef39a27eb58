//! The tables `roles` and `role_rights`: what an account may be, and what that lets it do.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use contract::time::Timestamp;
use uuid::Uuid;

use super::accounts::name_key;
use super::rights::Right;
use super::rights::Seeded;
use crate::store::Id;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// One role of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its identity.
    pub id: Uuid,
    /// Its name, unique in the organisation in any case; by it accounts name their role.
    pub name: String,
    /// Which of the roles of the start it is, if it is one.
    pub seeded: Option<Seeded>,
    /// What it lets an account do.
    pub rights: BTreeSet<Right>,
    /// Whether an account has these rights only with a second factor.
    pub needs_second_factor: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, name, seeded, created_at, needs_second_factor";

/// Gives a new organisation the roles that everybody starts with.
pub fn seed(tx: &mut Tx, organisation: OrganisationId, at: Timestamp) -> Result<(), StoreError> {
    for seeded in Seeded::ALL {
        let role = Role {
            id: Uuid::fresh(at),
            name: seeded.name().to_owned(),
            seeded: Some(seeded),
            rights: Right::ALL
                .into_iter()
                .filter(|right| seeded.starts_with(*right))
                .collect(),
            needs_second_factor: false,
            created_at: at,
        };
        insert_role(tx, organisation, &role)?;
    }
    Ok(())
}

/// Gives the seeded roles of every organisation the rights that this version brought and that none of them could have
/// before. Done at each start; returns how many rights were new.
pub fn settle_rights(tx: &mut Tx) -> Result<usize, StoreError> {
    let mut new = 0;
    for right in Right::ALL {
        let known = tx.execute(
            "INSERT INTO known_rights (right_name) VALUES ($1) ON CONFLICT (right_name) DO NOTHING",
            &[right.name().into()],
        )?;
        if known == 0 {
            continue;
        }
        new += 1;
        for seeded in Seeded::ALL {
            if seeded != Seeded::Admin && seeded.starts_with(right) {
                tx.execute(
                    "INSERT INTO role_rights (role, right_name) SELECT id, $1 FROM roles WHERE seeded = $2 \
                     ON CONFLICT (role, right_name) DO NOTHING",
                    &[right.name().into(), seeded.name().into()],
                )?;
            }
        }
    }
    Ok(new)
}

/// Inserts a role; a name that exists in the organisation is `StoreError::Unique`.
pub fn insert_role(
    tx: &mut Tx,
    organisation: OrganisationId,
    role: &Role,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO roles (id, organisation, name, name_key, seeded, created_at, needs_second_factor) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            role.id.into(),
            organisation.into(),
            (&role.name).into(),
            name_key(&role.name).into(),
            role.seeded.map(Seeded::name).into(),
            role.created_at.into(),
            role.needs_second_factor.into(),
        ],
    )?;
    put_rights(tx, role)
}

/// Puts a role's name and rights in place of the old ones; false if the organisation has no such role.
pub fn change_role(
    tx: &mut Tx,
    organisation: OrganisationId,
    role: &Role,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE roles SET name = $1, name_key = $2, needs_second_factor = $3 WHERE organisation = $4 AND id = $5",
        &[
            (&role.name).into(),
            name_key(&role.name).into(),
            role.needs_second_factor.into(),
            organisation.into(),
            role.id.into(),
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute("DELETE FROM role_rights WHERE role = $1", &[role.id.into()])?;
    put_rights(tx, role)?;
    Ok(true)
}

/// Removes a role that people made; one that an account has is `StoreError::Foreign`. False if there is none.
pub fn delete_role(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: Uuid,
) -> Result<bool, StoreError> {
    let gone = tx.execute(
        "DELETE FROM roles WHERE organisation = $1 AND id = $2 AND seeded IS NULL",
        &[organisation.into(), id.into()],
    )?;
    Ok(gone == 1)
}

/// Returns the organisation's roles: the seeded ones in their order, then the others by name.
pub fn list_roles(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Role>, StoreError> {
    let rows = tx.list(
        &format!("SELECT {COLUMNS} FROM roles WHERE organisation = $1 ORDER BY name_key"),
        &[organisation.into()],
    )?;
    let mut roles = Vec::with_capacity(rows.len());
    for row in &rows {
        roles.push(read(tx, row)?);
    }
    roles.sort_by_key(|role| (role.seeded.is_none(), role.seeded));
    Ok(roles)
}

/// Returns one role of the organisation.
pub fn find_role(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: Uuid,
) -> Result<Option<Role>, StoreError> {
    let row = tx.find(
        &format!("SELECT {COLUMNS} FROM roles WHERE organisation = $1 AND id = $2"),
        &[organisation.into(), id.into()],
    )?;
    row.map(|row| read(tx, &row)).transpose()
}

/// Returns the organisation's role of this name, in any case.
pub fn find_role_by_name(
    tx: &mut Tx,
    organisation: OrganisationId,
    name: &str,
) -> Result<Option<Role>, StoreError> {
    let row = tx.find(
        &format!("SELECT {COLUMNS} FROM roles WHERE organisation = $1 AND name_key = $2"),
        &[organisation.into(), name_key(name).into()],
    )?;
    row.map(|row| read(tx, &row)).transpose()
}

/// The rights of a role. A name of a later version's right, left by a newer hub, means nothing here.
pub(super) fn rights_of(
    tx: &mut Tx,
    role: Uuid,
    seeded: Option<Seeded>,
) -> Result<BTreeSet<Right>, StoreError> {
    if seeded == Some(Seeded::Admin) {
        return Ok(Right::ALL.into());
    }
    let mut rights = BTreeSet::new();
    for row in tx.list(
        "SELECT right_name FROM role_rights WHERE role = $1",
        &[role.into()],
    )? {
        rights.extend(Right::parse(&row.text(0)?));
    }
    Ok(rights)
}

/// The rights that an account of a role has at this moment: none over the whole organisation if it is limited to sites,
/// and none at all while its role needs a second factor that it has not set up.
pub(super) fn rights_of_account(
    tx: &mut Tx,
    account: AccountId,
    role: Uuid,
    seeded: Option<Seeded>,
    has_all_sites: bool,
) -> Result<BTreeSet<Right>, StoreError> {
    if is_waiting(tx, account, role)? {
        return Ok(BTreeSet::new());
    }
    let mut rights = rights_of(tx, role, seeded)?;
    rights.retain(|right| has_all_sites || !right.is_organisation_wide());
    Ok(rights)
}

/// Whether the role needs a second factor that the account has not set up.
pub(super) fn is_waiting(tx: &mut Tx, account: AccountId, role: Uuid) -> Result<bool, StoreError> {
    let row = tx.find(
        "SELECT 1 FROM roles WHERE id = $1 AND needs_second_factor = 1 AND NOT EXISTS \
         (SELECT 1 FROM second_factors WHERE account = $2 AND confirmed_at IS NOT NULL)",
        &[role.into(), account.into()],
    )?;
    Ok(row.is_some())
}

/// Which of the seeded roles a column names.
pub(super) fn read_seeded(row: &Row, column: usize) -> Result<Option<Seeded>, StoreError> {
    match row.opt_text(column)? {
        None => Ok(None),
        Some(name) => Seeded::parse(&name).map(Some).ok_or(StoreError::Column {
            column,
            wanted: "a seeded role",
        }),
    }
}

fn put_rights(tx: &mut Tx, role: &Role) -> Result<(), StoreError> {
    if role.seeded == Some(Seeded::Admin) {
        return Ok(());
    }
    for right in &role.rights {
        tx.execute(
            "INSERT INTO role_rights (role, right_name) VALUES ($1, $2)",
            &[role.id.into(), right.name().into()],
        )?;
    }
    Ok(())
}

fn read(tx: &mut Tx, row: &Row) -> Result<Role, StoreError> {
    let id = row.id(0)?;
    let seeded = read_seeded(row, 2)?;
    Ok(Role {
        id,
        name: row.text(1)?,
        seeded,
        rights: rights_of(tx, id, seeded)?,
        needs_second_factor: row.flag(4)?,
        created_at: row.timestamp(3)?,
    })
}
