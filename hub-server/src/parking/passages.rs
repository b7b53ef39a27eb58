//! Passages: one vehicle's way through a gate is one row, made and completed by events; with the SQL of the tables
//! `passages` and `barrier_moves`.

use std::collections::BTreeMap;

use contract::event::BarrierAction;
use contract::event::BarrierMoved;
use contract::event::Cause;
use contract::event::EvidenceKind;
use contract::event::Judged;
use contract::event::PassageEnded;
use contract::ids::EdgeId;
use contract::ids::OrderId;
use contract::ids::OrganisationId;
use contract::ids::PassageId;
use contract::ids::PermitId;
use contract::ids::SiteId;
use contract::plate::Candidate;
use contract::plate::Plate;
use contract::plate::PlateRead;
use contract::sighting::Direction;
use contract::sighting::Heading;
use contract::sighting::Stages;
use contract::time::TimeQuality;
use contract::time::Timestamp;
use contract::time::rfc3339;
use contract::vehicle::Description;
use contract::vehicle::Vehicle;
use contract::verdict::Outcome;
use contract::verdict::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use super::Named;
use super::Names;
use super::likelihood;
use super::likelihood::Likelihood;
use super::plates;
use super::words;
use crate::auth::Reach;
use crate::evidence;
use crate::evidence::PictureStage;
use crate::fleet;
use crate::live;
use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// A passage as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Passage {
    /// Its identity, made at the edge.
    #[schema(value_type = Uuid)]
    pub id: PassageId,
    /// The gate.
    pub gate: Named,
    /// The site.
    pub site: Named,
    /// The camera's name in the gate's configuration.
    pub camera: String,
    /// What was read; none if something came by without a readable plate.
    #[schema(value_type = Option<String>, example = "1234BCD")]
    pub plate: Option<Plate>,
    /// How sure the read is, 0 to 1.
    #[schema(example = 0.97)]
    pub confidence: Option<f32>,
    /// What was seen of the vehicle besides its plate; none if nothing looked.
    #[schema(value_type = Option<SeenVehicle>)]
    pub vehicle: Option<Vehicle>,
    /// What the permit of that time said of its vehicle and what was seen surely contradicts; none if nothing.
    #[schema(value_type = Option<ExpectedVehicle>)]
    pub mismatch: Option<Description>,
    /// Which way this gate lets through.
    #[schema(value_type = words::Direction)]
    pub direction: Direction,
    /// Which way it went through the camera's picture; none if that was not clear.
    #[schema(value_type = Option<words::Heading>)]
    pub heading: Option<Heading>,
    /// What was decided.
    #[schema(value_type = words::Outcome)]
    pub outcome: Outcome,
    /// Why.
    #[schema(value_type = words::Reason)]
    pub reason: Reason,
    /// The permit that decided, as it is today.
    pub permit: Option<PermitMention>,
    /// The version of the permit book that was asked.
    pub book_version: u64,
    /// The first frame that showed it.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub first_seen: Timestamp,
    /// The newest frame that showed it.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
    /// When it was over.
    #[serde(serialize_with = "rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How many frames showed it.
    pub frames: u32,
    /// How long each stage took, in microseconds; a stage that did not run is zero.
    #[schema(value_type = StageTimes)]
    pub stages: Stages,
    /// The pictures kept, or what became of them.
    pub pictures: Vec<PassagePicture>,
    /// The moment that lists are sorted by.
    #[serde(skip)]
    pub at: Timestamp,
}

/// What was seen of a vehicle.
#[derive(ToSchema)]
#[schema(as = Vehicle)]
pub struct SeenVehicle {
    /// What kind it is; none if the model was not sure enough to say.
    pub r#type: Option<words::VehicleType>,
    /// How likely the likeliest kind was, 0 to 1, said or not.
    #[schema(example = 0.93)]
    pub type_confidence: f32,
    /// Its main colour; none if the model was not sure enough, or the picture had no colours.
    pub colour: Option<words::VehicleColour>,
    /// How likely the likeliest colour was, 0 to 1, said or not.
    #[schema(example = 0.81)]
    pub colour_confidence: f32,
}

/// What a permit said of its vehicle, as far as it was contradicted.
#[derive(ToSchema)]
#[schema(as = VehicleMismatch)]
pub struct ExpectedVehicle {
    /// The kind that it should be; none if that is not contradicted.
    pub r#type: Option<words::VehicleType>,
    /// The colour that it should have; none if that is not contradicted.
    pub colour: Option<words::VehicleColour>,
}

/// How long each stage of a passage took, in microseconds.
#[derive(ToSchema)]
#[schema(as = Stages)]
pub struct StageTimes {
    /// From the camera's clock to the frame in hand.
    pub capture_us: u64,
    /// Bytes to pixels.
    pub decode_us: u64,
    /// Finding plates.
    pub detect_us: u64,
    /// Reading plates.
    pub read_us: u64,
    /// Sighting to verdict.
    pub decide_us: u64,
    /// Appending the event to the spool, on disk for good.
    pub record_us: u64,
    /// Telling the barrier to move.
    pub actuate_us: u64,
    /// Looking at the vehicle: its type and colour.
    pub vehicle_us: u64,
}

/// The permit of a passage, as far as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PermitRef)]
pub struct PermitMention {
    /// Its identity.
    #[schema(value_type = Uuid)]
    pub id: PermitId,
    /// Its plate, which the read may differ from.
    pub plate: String,
    /// Who holds it.
    pub holder: String,
}

/// A picture of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Picture)]
pub struct PassagePicture {
    /// `frame` or `crop`.
    #[schema(example = "crop")]
    pub kind: &'static str,
    /// Whether its bytes are here, still at the edge, or gone after their time.
    pub state: PictureStage,
    /// Where its bytes are.
    #[schema(example = "/api/v1/passages/01937f2e-7d10-7000-8000-000000000001/pictures/crop")]
    pub url: String,
    /// Its type.
    #[schema(example = "image/jpeg")]
    pub media_type: String,
    /// Its size.
    pub size_bytes: u64,
}

/// Everything that is known of a passage.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PassageDetail {
    /// What a list shows.
    #[serde(flatten)]
    pub passage: Passage,
    /// The most likely texts, the best first.
    #[schema(value_type = Vec<PlateCandidate>)]
    pub candidates: Vec<Candidate>,
    /// The characters of the plate with what else they could be.
    pub characters: Vec<PlateCharacter>,
    /// The plate's corners in pixels of the frame, clockwise from the top left.
    #[schema(value_type = Option<Vec<Vec<f32>>>)]
    pub corners: Option<[[f32; 2]; 4]>,
    /// How sure the detector is that this is a plate, 0 to 1.
    pub detection: Option<f32>,
    /// How sure the gate was of the permit, and which other came nearest.
    #[serde(flatten)]
    pub likelihood: Likelihood,
    /// `name@version` of each model that took part.
    pub models: Vec<String>,
    /// How the barrier moved for it, in order.
    pub barrier: Vec<Move>,
    /// The event that reported it.
    pub event: Reported,
}

/// One possible text of a read.
#[derive(ToSchema)]
#[schema(as = Candidate)]
pub struct PlateCandidate {
    /// The text, normalised.
    pub text: String,
    /// How likely the whole text is, 0 to 1.
    pub confidence: f32,
}

/// One character of a read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Character)]
pub struct PlateCharacter {
    /// What it could be, most likely first.
    pub options: Vec<CharacterOption>,
}

/// One thing that a character could be.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CharacterOption {
    /// The letter or digit.
    #[schema(value_type = String, example = "B")]
    pub symbol: char,
    /// How likely, 0 to 1.
    pub probability: f32,
}

/// One move of a barrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BarrierMove)]
pub struct Move {
    /// What the barrier was told.
    #[schema(value_type = words::BarrierAction)]
    pub action: BarrierAction,
    /// `passage`: the verdict. `order`: a person. `hold_over`: the hold time ran out and the way was free.
    #[schema(example = "passage")]
    pub cause: String,
    /// The edge's wall clock.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The event behind a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EventOrigin)]
pub struct Reported {
    /// The edge that reported it.
    pub edge: Named,
    /// Which life of the edge's numbering.
    pub epoch: u64,
    /// Its number.
    pub seq: u64,
    /// The edge's wall clock at the verdict.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How far that clock could be trusted.
    #[schema(value_type = words::TimeQuality)]
    pub time_quality: TimeQuality,
    /// When the hub took the event in.
    #[serde(serialize_with = "rfc3339::serialize")]
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
}

const COLUMNS: &str = "p.id, p.gate, p.site, p.camera, p.plate, p.confidence, p.direction, p.outcome, p.reason, \
                       m.id, m.plate, m.holder, p.book_version, p.first_seen, p.last_seen, p.ended_at, p.frames, \
                       p.stages_json, p.at, p.vehicle_type, p.vehicle_type_confidence, p.vehicle_colour, \
                       p.vehicle_colour_confidence, p.expected_type, p.expected_colour, p.heading";
const FROM: &str =
    "FROM passages p LEFT JOIN permits m ON m.organisation = p.organisation AND m.id = p.permit";

/// What lists show of the passages with these ids, newest first. The ids come from a query that was within reach.
pub(super) fn list_by_id(
    tx: &mut Tx,
    organisation: OrganisationId,
    ids: &[PassageId],
) -> Result<Vec<Passage>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = vec![organisation.into()];
    let among = Value::among(&mut values, ids.iter().map(Value::from).collect());
    let rows = tx.list(
        &format!(
            "SELECT {COLUMNS} {FROM} WHERE p.organisation = $1 AND p.id IN ({among}) ORDER BY p.at DESC, p.id DESC"
        ),
        &values,
    )?;
    passages_of(tx, organisation, &rows)
}

/// Returns what a list shows of one passage.
pub fn find_passage(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: PassageId,
) -> Result<Option<Passage>, StoreError> {
    let of = of.into();
    let mut values: Vec<Value> = vec![of.organisation.into(), id.into()];
    let within = if of.is_whole() {
        String::new()
    } else {
        values.push(of.value());
        Reach::clause("p.site", values.len())
    };
    let rows = tx.list(
        &format!("SELECT {COLUMNS} {FROM} WHERE p.organisation = $1 AND p.id = $2{within}"),
        &values,
    )?;
    Ok(passages_of(tx, of.organisation, &rows)?.pop())
}

/// Returns everything that is known of a passage.
pub fn find_detail(
    tx: &mut Tx,
    of: impl Into<Reach>,
    id: PassageId,
) -> Result<Option<PassageDetail>, StoreError> {
    let of = of.into();
    let organisation = of.organisation;
    let (Some(passage), Some(row)) = (
        find_passage(tx, of, id)?,
        tx.find(
            "SELECT read_json, models_json, edge, epoch, seq, event_at, time_quality, received_at FROM passages \
             WHERE organisation = $1 AND id = $2",
            &[organisation.into(), id.into()],
        )?,
    ) else {
        return Ok(None);
    };
    let read: Option<PlateRead> = match row.opt_text(0)? {
        Some(_) => Some(words::read_json(&row, 0)?),
        None => None,
    };
    let edge: EdgeId = row.id(2)?;
    let edge_name = fleet::edges::find_edge(tx, organisation, edge)?.map(|edge| edge.name);
    Ok(Some(PassageDetail {
        passage,
        corners: read.as_ref().map(|read| read.corners),
        detection: read.as_ref().map(|read| read.detection),
        characters: read.iter().flat_map(characters).collect(),
        candidates: read.map(|read| read.candidates).unwrap_or_default(),
        models: words::read_json(&row, 1)?,
        barrier: list_moves(tx, organisation, id)?,
        likelihood: likelihood::find(tx, of, id)?,
        event: Reported {
            edge: Named {
                id: edge.0,
                name: edge_name.unwrap_or_default(),
            },
            epoch: row.number(3)?,
            seq: row.number(4)?,
            at: row.timestamp(5)?,
            time_quality: words::read_word(&row, 6)?,
            received_at: row.timestamp(7)?,
        },
    }))
}

/// Makes the row of a passage, or gives it a newer verdict of the same edge. False: nothing changed, because this
/// event was taken in before, or an edge names a passage of another.
pub(super) fn upsert(tx: &mut Tx, from: &Context<'_>, judged: &Judged) -> Result<bool, StoreError> {
    let sighting = &judged.sighting;
    let read = sighting.plate.as_ref();
    let vehicle = sighting.vehicle.as_ref();
    let mismatch = judged.mismatch.unwrap_or_default();
    let changed = tx.execute(
        "INSERT INTO passages (organisation, id, site, gate, edge, epoch, seq, event_at, time_quality, received_at, at, \
         camera, plate, plate_key, confidence, direction, outcome, reason, permit, book_version, first_seen, \
         last_seen, frames, stages_json, read_json, models_json, vehicle_type, vehicle_type_confidence, vehicle_colour, \
         vehicle_colour_confidence, expected_type, expected_colour, heading) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33) \
         ON CONFLICT (organisation, id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, \
         event_at = excluded.event_at, time_quality = excluded.time_quality, received_at = excluded.received_at, \
         camera = excluded.camera, plate = excluded.plate, plate_key = excluded.plate_key, \
         confidence = excluded.confidence, outcome = excluded.outcome, reason = excluded.reason, \
         permit = excluded.permit, book_version = excluded.book_version, last_seen = excluded.last_seen, \
         frames = excluded.frames, stages_json = excluded.stages_json, read_json = excluded.read_json, \
         models_json = excluded.models_json, vehicle_type = excluded.vehicle_type, \
         vehicle_type_confidence = excluded.vehicle_type_confidence, vehicle_colour = excluded.vehicle_colour, \
         vehicle_colour_confidence = excluded.vehicle_colour_confidence, expected_type = excluded.expected_type, \
         expected_colour = excluded.expected_colour, heading = excluded.heading \
         WHERE passages.edge = excluded.edge AND passages.gate = excluded.gate \
         AND (passages.epoch, passages.seq) < (excluded.epoch, excluded.seq)",
        &[
            from.organisation.into(),
            sighting.passage.into(),
            from.site.into(),
            from.gate.into(),
            from.edge.into(),
            from.epoch.into(),
            from.seq.into(),
            from.at.wall.into(),
            words::word(&from.at.quality).into(),
            from.received_at.into(),
            from.best_time().into(),
            sighting.camera.as_str().into(),
            read.map(|read| read.text.as_str()).into(),
            read.map(|read| read.text.key()).into(),
            read.map(|read| read.confidence).into(),
            words::word(&judged.direction).into(),
            words::word(&judged.verdict.outcome).into(),
            words::word(&judged.verdict.reason).into(),
            judged.verdict.permit.into(),
            judged.verdict.book_version.into(),
            sighting.first_seen.into(),
            sighting.last_seen.into(),
            sighting.frames.into(),
            words::to_json(&judged.stages).into(),
            read.map(words::to_json).into(),
            words::to_json(&judged.models).into(),
            vehicle.and_then(|seen| seen.kind).map(|kind| words::word(&kind)).into(),
            vehicle.map(|seen| part(seen.kind_confidence)).into(),
            vehicle.and_then(|seen| seen.colour).map(|colour| words::word(&colour)).into(),
            vehicle.map(|seen| part(seen.colour_confidence)).into(),
            mismatch.kind.map(|kind| words::word(&kind)).into(),
            mismatch.colour.map(|colour| words::word(&colour)).into(),
            sighting.heading.map(|heading| words::word(&heading)).into(),
        ],
    )?;
    if let (1, Some(read)) = (changed, read) {
        plates::note(tx, from.organisation, &read.text.key())?;
    }
    Ok(changed == 1)
}

/// A probability that an edge reported: a number from 0 to 1, whatever it sent.
fn part(confidence: f32) -> f32 {
    if confidence.is_finite() {
        confidence.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Completes a passage. A passage whose verdict never arrived has no row, and gets none: the event itself is in the
/// ledger.
pub fn ended(tx: &mut Tx, from: &Context<'_>, ended: &PassageEnded) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE passages SET ended_at = $1, last_seen = $2, frames = $3, stages_json = $4, \
         heading = coalesce($5, heading) \
         WHERE organisation = $6 AND id = $7 AND edge = $8 AND ended_at IS NULL",
        &[
            from.best_time().into(),
            ended.last_seen.into(),
            ended.frames.into(),
            words::to_json(&ended.stages).into(),
            ended.heading.map(|heading| words::word(&heading)).into(),
            from.organisation.into(),
            ended.passage.into(),
            from.edge.into(),
        ],
    )?;
    if changed == 1 {
        publish(tx, from.organisation, ended.passage)?;
    }
    Ok(())
}

/// Records what a barrier was told. Closing by itself belongs to the passage that the gate last moved for.
pub fn barrier_moved(
    tx: &mut Tx,
    from: &Context<'_>,
    moved: &BarrierMoved,
) -> Result<(), StoreError> {
    let (cause, passage, order): (&str, Option<PassageId>, Option<OrderId>) = match &moved.cause {
        Cause::Passage(passage) => ("passage", Some(*passage), None),
        Cause::Order(order) => ("order", None, Some(*order)),
        Cause::HoldOver => ("hold_over", last_moved_for(tx, from)?, None),
    };
    let fresh = tx.execute(
        "INSERT INTO barrier_moves (organisation, edge, epoch, seq, gate, action, cause, passage, order_id, event_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (organisation, edge, epoch, seq) DO NOTHING",
        &[
            from.organisation.into(),
            from.edge.into(),
            from.epoch.into(),
            from.seq.into(),
            from.gate.into(),
            words::word(&moved.action).into(),
            cause.into(),
            passage.into(),
            order.into(),
            from.at.wall.into(),
        ],
    )?;
    if let (1, Some(passage)) = (fresh, passage) {
        publish(tx, from.organisation, passage)?;
    }
    Ok(())
}

/// Records that the hub has a picture's bytes for good, and tells the consoles. False: this edge has no such picture
/// to deliver.
pub fn picture_stored(
    tx: &mut Tx,
    organisation: OrganisationId,
    edge: EdgeId,
    passage: PassageId,
    kind: EvidenceKind,
    sha256: [u8; 32],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let stored = evidence::mark_stored(tx, organisation, edge, passage, kind, sha256, now)?;
    if stored {
        publish(tx, organisation, passage)?;
    }
    Ok(stored)
}

/// Tells the consoles how a passage is now.
pub(super) fn publish(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: PassageId,
) -> Result<(), StoreError> {
    match find_passage(tx, organisation, id)? {
        Some(passage) => {
            let site = SiteId(passage.site.id);
            live::publish_at(tx, organisation, site, "passage", &words::to_news(&passage))
        }
        None => Ok(()),
    }
}

fn last_moved_for(tx: &mut Tx, from: &Context<'_>) -> Result<Option<PassageId>, StoreError> {
    tx.find(
        "SELECT passage FROM barrier_moves WHERE organisation = $1 AND gate = $2 AND edge = $3 \
         AND (epoch, seq) < ($4, $5) ORDER BY epoch DESC, seq DESC LIMIT 1",
        &[
            from.organisation.into(),
            from.gate.into(),
            from.edge.into(),
            from.epoch.into(),
            from.seq.into(),
        ],
    )?
    .map_or(Ok(None), |row| row.opt_id(0))
}

fn list_moves(
    tx: &mut Tx,
    organisation: OrganisationId,
    passage: PassageId,
) -> Result<Vec<Move>, StoreError> {
    tx.list(
        "SELECT action, cause, event_at FROM barrier_moves WHERE organisation = $1 AND passage = $2 \
         ORDER BY epoch, seq",
        &[organisation.into(), passage.into()],
    )?
    .iter()
    .map(|row| {
        Ok(Move {
            action: words::read_word(row, 0)?,
            cause: row.text(1)?,
            at: row.timestamp(2)?,
        })
    })
    .collect()
}

fn passages_of(
    tx: &mut Tx,
    organisation: OrganisationId,
    rows: &[Row],
) -> Result<Vec<Passage>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let names = Names::load(tx, organisation)?;
    let ids = rows
        .iter()
        .map(|row| row.id(0))
        .collect::<Result<Vec<PassageId>, _>>()?;
    let mut pictures: BTreeMap<PassageId, Vec<evidence::Picture>> = BTreeMap::new();
    for picture in evidence::list_pictures(tx, organisation, &ids)? {
        pictures.entry(picture.passage).or_default().push(picture);
    }
    rows.iter()
        .zip(ids)
        .map(|(row, id)| read(row, &names, pictures.remove(&id).unwrap_or_default()))
        .collect()
}

fn read(row: &Row, names: &Names, pictures: Vec<evidence::Picture>) -> Result<Passage, StoreError> {
    let id: PassageId = row.id(0)?;
    let plate = match row.opt_text(4)? {
        Some(_) => Some(words::read_plate(row, 4)?),
        None => None,
    };
    let permit = match row.opt_id(9)? {
        Some(id) => Some(PermitMention {
            id,
            plate: row.text(10)?,
            holder: row.text(11)?,
        }),
        None => None,
    };
    let mismatch = Description {
        kind: words::read_opt_word(row, 23)?,
        colour: words::read_opt_word(row, 24)?,
    };
    Ok(Passage {
        id,
        gate: names.gate(row.id(1)?),
        site: names.site(row.id(2)?),
        camera: row.text(3)?,
        plate,
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it was written from an f32"
        )]
        confidence: row.opt_real(5)?.map(|confidence| confidence as f32),
        vehicle: read_vehicle(row)?,
        mismatch: (!mismatch.is_empty()).then_some(mismatch),
        direction: words::read_word(row, 6)?,
        heading: words::read_opt_word(row, 25)?,
        outcome: words::read_word(row, 7)?,
        reason: words::read_word(row, 8)?,
        permit,
        book_version: row.number(12)?,
        first_seen: row.timestamp(13)?,
        last_seen: row.timestamp(14)?,
        ended_at: row.opt_timestamp(15)?,
        frames: u32::try_from(row.int(16)?).unwrap_or(u32::MAX),
        stages: words::read_json(row, 17)?,
        pictures: pictures
            .into_iter()
            .map(|picture| shown(id, picture))
            .collect(),
        at: row.timestamp(18)?,
    })
}

/// What was seen of the vehicle, from the columns 19 to 22.
fn read_vehicle(row: &Row) -> Result<Option<Vehicle>, StoreError> {
    let (Some(kind_confidence), Some(colour_confidence)) = (row.opt_real(20)?, row.opt_real(22)?)
    else {
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "they were written from an f32"
    )]
    let (kind_confidence, colour_confidence) = (kind_confidence as f32, colour_confidence as f32);
    Ok(Some(Vehicle {
        kind: words::read_opt_word(row, 19)?,
        kind_confidence,
        colour: words::read_opt_word(row, 21)?,
        colour_confidence,
    }))
}

fn shown(id: PassageId, picture: evidence::Picture) -> PassagePicture {
    let kind = evidence::kind_word(picture.kind);
    PassagePicture {
        kind,
        state: picture.stage,
        url: format!("/api/v1/passages/{id}/pictures/{kind}"),
        media_type: picture.media_type,
        size_bytes: picture.size_bytes,
    }
}

fn characters(read: &PlateRead) -> Vec<PlateCharacter> {
    read.characters
        .iter()
        .map(|character| PlateCharacter {
            options: character
                .options
                .iter()
                .map(|&(symbol, probability)| CharacterOption {
                    symbol,
                    probability,
                })
                .collect(),
        })
        .collect()
}
