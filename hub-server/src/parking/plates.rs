//! The register of distinct plates with their grams, by which a search finds plates without reading passages; with the
//! SQL of the tables `plates`, `plate_grams`, `plate_gram_counts` and `plates_filled`.
//!
//! Every query but that of the filling carries the organisation. A plate is never taken out: passages are kept.

use std::collections::BTreeSet;

use contract::ids::OrganisationId;

use super::wanted;
use super::wanted::Near;
use super::wanted::Pattern;
use super::wanted::Wanted;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// The most plates that passages are looked up by; of more a pattern is compared with each passage, and of near ones
/// the nearest are taken.
pub const MOST_KEYS: usize = 1_000;
/// The most plates that are compared one by one.
const MOST_COMPARED: i64 = 200_000;
/// How many plates of older passages are filled in by one transaction.
const FILL_AT_ONCE: i64 = 2_000;

/// Where wanted plates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// They are these.
    Keys(Vec<String>),
    /// They are many: those that fit this pattern of LIKE.
    Like(String),
}

/// Notes a plate that was read, with its grams if it is new.
pub(super) fn note(
    tx: &mut Tx,
    organisation: OrganisationId,
    key: &str,
) -> Result<bool, StoreError> {
    let is_new = tx.execute(
        "INSERT INTO plates (organisation, plate_key) VALUES ($1, $2) ON CONFLICT (organisation, plate_key) DO NOTHING",
        &[organisation.into(), key.into()],
    )? == 1;
    if !is_new {
        return Ok(false);
    }
    for gram in wanted::grams(key) {
        tx.execute(
            "INSERT INTO plate_grams (organisation, gram, plate_key) VALUES ($1, $2, $3) \
             ON CONFLICT (organisation, gram, plate_key) DO NOTHING",
            &[organisation.into(), (&gram).into(), key.into()],
        )?;
        tx.execute(
            "INSERT INTO plate_gram_counts (organisation, gram, plates) VALUES ($1, $2, 1) \
             ON CONFLICT (organisation, gram) DO UPDATE SET plates = plate_gram_counts.plates + 1",
            &[organisation.into(), gram.into()],
        )?;
    }
    Ok(true)
}

/// Finds the plates that are wanted.
pub fn resolve(
    tx: &mut Tx,
    organisation: OrganisationId,
    wanted: &Wanted,
) -> Result<Resolved, StoreError> {
    match wanted {
        Wanted::Fits(pattern) => fitting(tx, organisation, pattern),
        Wanted::Near(near) => near_ones(tx, organisation, near).map(Resolved::Keys),
    }
}

fn fitting(
    tx: &mut Tx,
    organisation: OrganisationId,
    pattern: &Pattern,
) -> Result<Resolved, StoreError> {
    if let Some(key) = pattern.only() {
        return Ok(Resolved::Keys(vec![key]));
    }
    let like = Resolved::Like(pattern.like());
    let grams = pattern.grams();
    if grams.is_empty() {
        return Ok(like);
    }
    let known = by_rarity(tx, organisation, &grams)?;
    // What has a gram that no plate has fits none.
    let is_somewhere = known.len() == grams.len();
    let Some((rarest, plates)) = known.into_iter().next().filter(|_| is_somewhere) else {
        return Ok(Resolved::Keys(Vec::new()));
    };
    if plates > MOST_COMPARED {
        return Ok(like);
    }
    let mut keys = Vec::new();
    for row in tx.list(
        "SELECT plate_key FROM plate_grams WHERE organisation = $1 AND gram = $2 AND plate_key LIKE $3 LIMIT $4",
        &[
            organisation.into(),
            rarest.into(),
            pattern.like().into(),
            most_keys(1).into(),
        ],
    )? {
        let key = row.text(0)?;
        debug_assert!(pattern.fits(&key));
        keys.push(key);
    }
    Ok(if keys.len() > MOST_KEYS {
        like
    } else {
        Resolved::Keys(keys)
    })
}

/// The nearest plates, those that are least off first. Of texts so common that more than 400,000 plates share their
/// rarest grams, the nearest of the plates compared by then.
fn near_ones(
    tx: &mut Tx,
    organisation: OrganisationId,
    near: &Near,
) -> Result<Vec<String>, StoreError> {
    // A gram that no plate has finds none, and is as good as any of those that are enough.
    let grams = near.grams();
    let known = by_rarity(tx, organisation, &grams)?;
    let unknown = grams.len() - known.len();
    let mut found: BTreeSet<(usize, String)> = BTreeSet::new();
    let (shortest, longest) = near.lengths();
    let length = |long: usize| i64::try_from(long).unwrap_or(i64::MAX);
    let mut compared = 0;
    for (gram, plates) in known
        .into_iter()
        .take(near.enough().saturating_sub(unknown))
    {
        compared += plates;
        if compared > 2 * MOST_COMPARED && !found.is_empty() {
            break;
        }
        for row in tx.list(
            "SELECT plate_key FROM plate_grams WHERE organisation = $1 AND gram = $2 \
             AND length(plate_key) BETWEEN $3 AND $4",
            &[
                organisation.into(),
                gram.into(),
                length(shortest).into(),
                length(longest).into(),
            ],
        )? {
            let key = row.text(0)?;
            if let Some(off) = near.off_by(&key) {
                found.insert((off, key));
            }
        }
    }
    Ok(found
        .into_iter()
        .take(MOST_KEYS)
        .map(|(_, key)| key)
        .collect())
}

/// Those of the grams that any plate has, with how many, the rarest first.
fn by_rarity(
    tx: &mut Tx,
    organisation: OrganisationId,
    grams: &BTreeSet<String>,
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut counted = Vec::new();
    for gram in grams {
        let row = tx.find(
            "SELECT plates FROM plate_gram_counts WHERE organisation = $1 AND gram = $2",
            &[organisation.into(), gram.into()],
        )?;
        if let Some(row) = row {
            counted.push((gram.clone(), row.int(0)?));
        }
    }
    counted.sort_by_key(|(_, plates)| *plates);
    Ok(counted)
}

fn most_keys(and: usize) -> i64 {
    i64::try_from(MOST_KEYS + and).unwrap_or(i64::MAX)
}

/// Fills in the plates of passages from before the register, a part per transaction: a start that is cut off goes on
/// where it was. Returns how many were new.
pub async fn fill(store: &Store) -> Result<usize, StoreError> {
    let mut new = 0;
    loop {
        let part: Result<Option<usize>, StoreError> =
            store.write(Priority::Machines, fill_part).await;
        match part? {
            Some(count) => new += count,
            None => return Ok(new),
        }
    }
}

/// Fills in the next part; none if all is done.
pub(super) fn fill_part(tx: &mut Tx) -> Result<Option<usize>, StoreError> {
    let at = tx.one(
        "SELECT organisation, plate_key, is_done FROM plates_filled WHERE only_one = 1",
        &[],
    )?;
    if at.int(2)? == 1 {
        return Ok(None);
    }
    let (organisation, key): (Value, Value) = (at.value(0)?.clone(), at.value(1)?.clone());
    // Of every organisation: this is the hub's own work, and shows nobody anything.
    let rows = tx.list(
        "SELECT organisation, plate_key FROM passages WHERE (organisation, plate_key) > ($1, $2) \
         AND plate_key IS NOT NULL GROUP BY organisation, plate_key ORDER BY organisation, plate_key LIMIT $3",
        &[organisation, key, FILL_AT_ONCE.into()],
    )?;
    let mut new = 0;
    for row in &rows {
        new += usize::from(note(tx, row.id(0)?, &row.text(1)?)?);
    }
    match rows.last() {
        Some(last) => tx.execute(
            "UPDATE plates_filled SET organisation = $1, plate_key = $2 WHERE only_one = 1",
            &[last.value(0)?.clone(), last.value(1)?.clone()],
        )?,
        None => tx.execute(
            "UPDATE plates_filled SET is_done = 1 WHERE only_one = 1",
            &[],
        )?,
    };
    Ok(Some(new))
}
