//! Live news: what consoles are told while they are open.
//!
//! News is written in the transaction that caused it and kept for those who come back, so that a console that was
//! away resumes by the last number it saw. `web/live` sends it; this room only writes and reads the table.
//!
//! What holds here: news of one organisation is never read by another, and that of a site only by those who reach it; the table keeps the newest 10,000 items.

use contract::ids::OrganisationId;
use contract::ids::SiteId;

use crate::auth::Reach;
use crate::outbound;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Wake;

/// How many items are kept.
pub const KEPT: i64 = 10_000;

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Rises with every item of every organisation.
    pub id: i64,
    /// `passage`, `order`, `edge`, `input`, `camera`, `camera_settings`, `visit` or `permit`.
    pub kind: String,
    /// JSON.
    pub body: String,
}

/// Tells the organisation's consoles, once the transaction has committed, what is about no one of its sites: accounts
/// that are limited to sites do not see it.
pub fn publish(
    tx: &mut Tx,
    organisation: OrganisationId,
    kind: &str,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    insert(tx, organisation, None, kind, body)
}

/// Tells the organisation's consoles, once the transaction has committed, what happened at a site.
pub fn publish_at(
    tx: &mut Tx,
    organisation: OrganisationId,
    site: SiteId,
    kind: &str,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    insert(tx, organisation, Some(site), kind, body)
}

fn insert(
    tx: &mut Tx,
    organisation: OrganisationId,
    site: Option<SiteId>,
    kind: &str,
    body: &serde_json::Value,
) -> Result<(), StoreError> {
    let id = tx
        .one(
            "INSERT INTO live_news (organisation, site, kind, body) VALUES ($1, $2, $3, $4) RETURNING id",
            &[
                organisation.into(),
                site.into(),
                kind.into(),
                body.to_string().into(),
            ],
        )?
        .int(0)?;
    tx.execute(
        "DELETE FROM live_news WHERE id <= $1",
        &[(id - KEPT).into()],
    )?;
    outbound::leave(tx, organisation, site, kind, body)?;
    tx.wake(Wake::Live);
    Ok(())
}

/// Returns up to `limit` items after `after`, oldest first.
pub fn list_after(
    tx: &mut Tx,
    of: impl Into<Reach>,
    after: i64,
    limit: i64,
) -> Result<Vec<News>, StoreError> {
    let of = of.into();
    let mut values = vec![of.organisation.into(), after.into()];
    // What is about no site is about the organisation, and for those who are not limited to sites.
    let within = if of.is_whole() {
        String::new()
    } else {
        values.push(of.value());
        Reach::clause("site", values.len())
    };
    values.push(limit.into());
    let limit = values.len();
    tx.list(
        &format!(
            "SELECT id, kind, body FROM live_news WHERE organisation = $1 AND id > $2{within} ORDER BY id LIMIT ${limit}"
        ),
        &values,
    )?
    .iter()
    .map(|row| {
        Ok(News {
            id: row.int(0)?,
            kind: row.text(1)?,
            body: row.text(2)?,
        })
    })
    .collect()
}

/// Returns the number of the newest item of anybody, and of the oldest that is still kept; zeros for none.
pub fn ends(tx: &mut Tx) -> Result<(i64, i64), StoreError> {
    let row = tx.one(
        "SELECT coalesce(max(id), 0), coalesce(min(id), 0) FROM live_news",
        &[],
    )?;
    Ok((row.int(0)?, row.int(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Priority;
    use crate::store::testing::scratch;

    #[tokio::test]
    async fn news_of_one_organisation_stays_there_and_the_table_stays_bounded() {
        let store = scratch();
        let (north, _) = store.organisation("North").await;
        let (south, _) = store.organisation("South").await;
        let written: Result<(), StoreError> = store
            .write(Priority::Machines, move |tx| {
                for n in 0..KEPT + 5 {
                    let to = if n % 2 == 0 { north } else { south };
                    publish(tx, to, "passage", &serde_json::json!({ "n": n }))?;
                }
                Ok(())
            })
            .await;
        written.unwrap();
        let read: Result<_, StoreError> = store
            .read(move |tx| Ok((list_after(tx, south, 10, 2)?, ends(tx)?)))
            .await;
        let (list, ends) = read.unwrap();
        assert_eq!(ends, (KEPT + 5, 6));
        assert_eq!(list[0].id, 12);
        assert_eq!(list[1].body, "{\"n\":13}");
    }
}
