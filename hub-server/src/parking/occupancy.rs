//! Occupancy: how many vehicles are on each site. It follows from the open visits, so a corrected visit corrects it.

use std::collections::BTreeMap;

use contract::ids::SiteId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Named;
use crate::auth::Reach;
use crate::fleet;
use crate::store::StoreError;
use crate::store::Tx;

/// How full a site is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SiteOccupancy)]
pub struct Occupancy {
    /// The site.
    pub site: Named,
    /// Vehicles on site.
    #[schema(example = 17)]
    pub on_site: i64,
    /// How many it has room for, if somebody said so.
    #[schema(example = 120)]
    pub capacity: Option<i64>,
}

/// Lists every site of the organisation, empty ones too.
pub fn list_occupancy(tx: &mut Tx, of: impl Into<Reach>) -> Result<Vec<Occupancy>, StoreError> {
    let of = of.into();
    let mut on_site: BTreeMap<SiteId, i64> = BTreeMap::new();
    for row in tx.list(
        "SELECT site, COUNT(*) FROM visits WHERE organisation = $1 AND state = 'open' GROUP BY site",
        &[of.organisation.into()],
    )? {
        on_site.insert(row.id(0)?, row.int(1)?);
    }
    Ok(fleet::sites::list_sites(tx, of)?
        .into_iter()
        .map(|site| Occupancy {
            on_site: on_site.remove(&site.id).unwrap_or(0),
            site: Named {
                id: site.id.0,
                name: site.name,
            },
            capacity: site.capacity,
        })
        .collect())
}
