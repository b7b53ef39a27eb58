//! The tables `pictures` and `picture_retention`: which picture belongs to which passage, and how long it is kept.

use contract::event::Evidence;
use contract::event::EvidenceKind;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// How many days pictures are kept where nobody chose.
pub const DEFAULT_RETENTION_DAYS: u32 = 30;

/// A picture that belongs to a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The passage.
    pub passage: PassageId,
    /// What it shows.
    pub kind: EvidenceKind,
    /// Its file's name.
    pub sha256: [u8; 32],
    /// Its type, as the edge said.
    pub media_type: String,
    /// Its size, as the edge said.
    pub size_bytes: u64,
    /// What became of it.
    pub stage: PictureStage,
}

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PictureStage {
    /// The hub has its bytes for good.
    Stored,
    /// Its bytes have not arrived yet.
    Waiting,
    /// Its time is over, and its bytes are gone.
    Expired,
}

/// The word of a kind, in the table and in the API.
pub fn kind_word(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Frame => "frame",
        EvidenceKind::Crop => "crop",
    }
}

/// The kind of a word.
pub fn read_kind(word: &str) -> Option<EvidenceKind> {
    match word {
        "frame" => Some(EvidenceKind::Frame),
        "crop" => Some(EvidenceKind::Crop),
        _ => None,
    }
}

/// Records that a passage has a picture whose bytes will follow. Saying it twice changes nothing.
pub fn expect(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    passage: PassageId,
    evidence: &Evidence,
    taken_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO pictures (organisation, passage, kind, sha256, edge, media_type, size_bytes, taken_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organisation, passage, kind, sha256) DO NOTHING",
        &[
            organisation.into(),
            passage.into(),
            kind_word(evidence.kind).into(),
            evidence.sha256.into(),
            edge.into(),
            evidence.media_type.as_str().into(),
            evidence.size_bytes.into(),
            taken_at.into(),
        ],
    )?;
    Ok(())
}

/// Says whether a picture that an edge offers is still waited for; none if no event of this edge names it.
pub fn picture_stage(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    passage: PassageId,
    kind: EvidenceKind,
    sha256: [u8; 32],
) -> Result<Option<PictureStage>, StoreError> {
    tx.find(
        "SELECT stored_at, expired_at FROM pictures \
         WHERE organisation = $1 AND passage = $2 AND kind = $3 AND sha256 = $4 AND edge = $5",
        &[
            organisation.into(),
            passage.into(),
            kind_word(kind).into(),
            sha256.into(),
            edge.into(),
        ],
    )?
    .map(|row| read_stage(&row, 0))
    .transpose()
}

/// Records that the bytes are on disk for good. False: not waited for.
pub fn mark_stored(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    passage: PassageId,
    kind: EvidenceKind,
    sha256: [u8; 32],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE pictures SET stored_at = $1 WHERE organisation = $2 AND passage = $3 AND kind = $4 AND sha256 = $5 \
         AND edge = $6 AND stored_at IS NULL AND expired_at IS NULL",
        &[
            now.into(),
            organisation.into(),
            passage.into(),
            kind_word(kind).into(),
            sha256.into(),
            edge.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Lists the pictures of passages, by passage and kind: of each kind the newest.
pub fn list_pictures(
    tx: &mut Tx,
    organisation: OrganisationId,
    passages: &[PassageId],
) -> Result<Vec<Picture>, StoreError> {
    if passages.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = vec![organisation.into()];
    let mut places = Vec::with_capacity(passages.len());
    for passage in passages {
        values.push(passage.into());
        places.push(format!("${}", values.len()));
    }
    let rows = tx.list(
        &format!(
            "SELECT passage, kind, sha256, media_type, size_bytes, stored_at, expired_at FROM pictures \
             WHERE organisation = $1 AND passage IN ({}) ORDER BY passage, kind DESC, taken_at DESC, sha256",
            places.join(", ")
        ),
        &values,
    )?;
    let mut pictures = Vec::with_capacity(rows.len());
    for row in &rows {
        pictures.push(read(row)?);
    }
    pictures.dedup_by_key(|picture: &mut Picture| (picture.passage, picture.kind));
    Ok(pictures)
}

/// Returns the newest picture of a kind.
pub fn find_picture(
    tx: &mut Tx,
    organisation: OrganisationId,
    passage: PassageId,
    kind: EvidenceKind,
) -> Result<Option<Picture>, StoreError> {
    Ok(list_pictures(tx, organisation, &[passage])?
        .into_iter()
        .find(|picture| picture.kind == kind))
}

/// Returns how many days an organisation keeps pictures.
pub fn load_retention(tx: &mut Tx, organisation: OrganisationId) -> Result<u32, StoreError> {
    let row = tx.find(
        "SELECT days FROM picture_retention WHERE organisation = $1",
        &[organisation.into()],
    )?;
    row.map_or(Ok(DEFAULT_RETENTION_DAYS), |row| {
        Ok(u32::try_from(row.int(0)?).unwrap_or(DEFAULT_RETENTION_DAYS))
    })
}

/// Sets how many days an organisation keeps pictures; the next round of [`super::expire_due`] goes by it.
pub fn set_retention(
    tx: &mut Tx,
    organisation: OrganisationId,
    days: u32,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO picture_retention (organisation, days) VALUES ($1, $2) \
         ON CONFLICT (organisation) DO UPDATE SET days = excluded.days",
        &[organisation.into(), days.into()],
    )?;
    Ok(())
}

/// The organisations that have pictures whose time may be over.
pub(super) fn organisations_with_pictures(tx: &mut Tx) -> Result<Vec<OrganisationId>, StoreError> {
    tx.list(
        "SELECT DISTINCT organisation FROM pictures WHERE expired_at IS NULL",
        &[],
    )?
    .iter()
    .map(|row| row.id(0))
    .collect()
}

/// Says of at most `limit` pictures taken before `before` that their time is over. Their files still stand.
pub(super) fn mark_expired(
    tx: &mut Tx,
    organisation: OrganisationId,
    before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<usize, StoreError> {
    tx.execute(
        "UPDATE pictures SET expired_at = $1 WHERE expired_at IS NULL AND organisation = $2 \
         AND (passage, kind, sha256) IN (SELECT passage, kind, sha256 FROM pictures \
         WHERE organisation = $2 AND taken_at < $3 AND expired_at IS NULL ORDER BY taken_at LIMIT $4)",
        &[now.into(), organisation.into(), before.into(), limit.into()],
    )
}

/// The files of expired pictures that may have to go.
pub(super) fn files_to_clear(tx: &mut Tx, limit: u32) -> Result<Vec<[u8; 32]>, StoreError> {
    tx.list(
        "SELECT DISTINCT sha256 FROM pictures WHERE expired_at IS NOT NULL AND cleared_at IS NULL LIMIT $1",
        &[limit.into()],
    )?
    .iter()
    .map(|row| row.hash(0))
    .collect()
}

/// Whether any organisation's living picture has these bytes. A file is shared by all rows that name it, so this one
/// question has no tenant.
pub(super) fn is_needed(tx: &mut Tx, sha256: [u8; 32]) -> Result<bool, StoreError> {
    Ok(tx
        .find(
            "SELECT 1 FROM pictures WHERE sha256 = $1 AND expired_at IS NULL LIMIT 1",
            &[sha256.into()],
        )?
        .is_some())
}

/// Records that an expired picture's file was dealt with.
pub(super) fn mark_cleared(
    tx: &mut Tx,
    sha256: [u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE pictures SET cleared_at = $1 WHERE sha256 = $2 AND expired_at IS NOT NULL AND cleared_at IS NULL",
        &[now.into(), sha256.into()],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<Picture, StoreError> {
    Ok(Picture {
        passage: row.id(0)?,
        kind: read_kind(&row.text(1)?).ok_or(StoreError::Column {
            column: 1,
            wanted: "a kind of picture",
        })?,
        sha256: row.hash(2)?,
        media_type: row.text(3)?,
        size_bytes: row.number(4)?,
        stage: read_stage(row, 5)?,
    })
}

/// Reads `stored_at, expired_at` from `column` on.
fn read_stage(row: &Row, column: usize) -> Result<PictureStage, StoreError> {
    let (stored, expired) = (row.opt_int(column)?, row.opt_int(column + 1)?);
    Ok(match (stored, expired) {
        (_, Some(_)) => PictureStage::Expired,
        (Some(_), None) => PictureStage::Stored,
        (None, None) => PictureStage::Waiting,
    })
}
