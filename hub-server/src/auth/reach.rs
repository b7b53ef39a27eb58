//! How far a query reaches: one organisation, and in it all sites or those that an account is limited to.
//!
//! The limit is part of the statement (the view `reach` of the migrations), so it holds from the moment at which it is
//! written, in running sessions and streams, too.

use contract::ids::AccountId;
use contract::ids::OrganisationId;
use uuid::Uuid;

use crate::store::Value;

/// On whose behalf a query runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The tenant: every query of tenant data carries it.
    pub organisation: OrganisationId,
    /// An account, or the organisation itself: then every site of it.
    who: Uuid,
}

impl Reach {
    /// What an account of the organisation reaches.
    pub fn of_account(organisation: OrganisationId, account: AccountId) -> Self {
        Self {
            organisation,
            who: account.0,
        }
    }

    /// Whether it is the organisation's own, so that no site needs to be asked for.
    pub fn is_whole(self) -> bool {
        self.who == self.organisation.0
    }

    /// What goes behind `WHERE`, with a leading AND: that the site in `column` is within reach. `place` is the number
    /// of the parameter that carries [`Reach::value`].
    pub fn clause(column: &str, place: usize) -> String {
        format!(" AND {column} IN (SELECT site FROM reach WHERE who = ${place})")
    }

    /// The parameter of [`Reach::clause`].
    pub fn value(self) -> Value {
        Value::Bytes(self.who.as_bytes().to_vec())
    }
}

impl From<OrganisationId> for Reach {
    /// All of an organisation: for the hub's own work, and for those who are not limited.
    fn from(organisation: OrganisationId) -> Self {
        Self {
            organisation,
            who: organisation.0,
        }
    }
}
