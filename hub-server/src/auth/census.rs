//! How many accounts an organisation has, and how many of them are without a second factor.

use contract::ids::OrganisationId;

use super::rights::Right;
use crate::store::StoreError;
use crate::store::Tx;

/// Counts of accounts that may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// All of them.
    pub active: i64,
    /// Those without a second factor.
    pub without_factor: i64,
    /// Those that manage accounts.
    pub managers: i64,
    /// Those that manage accounts, without a second factor.
    pub managers_without_factor: i64,
}

/// Counts the organisation's accounts that may log in.
pub fn census(tx: &mut Tx, organisation: OrganisationId) -> Result<Census, StoreError> {
    let row = tx.one(
        "SELECT COUNT(*), COUNT(CASE WHEN c.has_factor = 0 THEN 1 END), COUNT(CASE WHEN c.manages = 1 THEN 1 END), \
         COUNT(CASE WHEN c.manages = 1 AND c.has_factor = 0 THEN 1 END) FROM ( \
             SELECT CASE WHEN f.account IS NULL THEN 0 ELSE 1 END AS has_factor, \
                    CASE WHEN r.seeded = 'admin' OR EXISTS (SELECT 1 FROM role_rights g WHERE g.role = r.id \
                        AND g.right_name = $1) THEN 1 ELSE 0 END AS manages \
             FROM accounts a JOIN roles r ON r.id = a.role \
             LEFT JOIN second_factors f ON f.account = a.id AND f.confirmed_at IS NOT NULL \
             WHERE a.organisation = $2 AND a.disabled_at IS NULL) c",
        &[Right::ManageAccounts.name().into(), organisation.into()],
    )?;
    Ok(Census {
        active: row.int(0)?,
        without_factor: row.int(1)?,
        managers: row.int(2)?,
        managers_without_factor: row.int(3)?,
    })
}
