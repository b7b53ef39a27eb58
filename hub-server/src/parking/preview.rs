//! What a permit of a plate would match among an organisation's permits, before anyone makes it; with its SQL on `permits`.

use contract::ids::PermitId;
use contract::plate;
use contract::plate::Plate;
use contract::plate::matching::Budgets;
use serde::Serialize;
use utoipa::ToSchema;

use super::passages::PermitMention;
use super::permits;
use super::permits::MOST_IN_FORCE;
use super::words;
use crate::auth::Reach;
use crate::store::StoreError;
use crate::store::Tx;
use crate::store::Value;

/// A permit in force, as far as a preview looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    id: PermitId,
    plate: Plate,
    holder: String,
    denied: bool,
}

/// What a permit of a plate would match, with the budgets that gates usually have.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PermitPreview {
    /// The plate as it is compared, without blanks and dashes.
    #[schema(value_type = String, example = "1234BCD")]
    pub plate: Plate,
    /// The permit in force that this plate has already; none if it has none.
    pub taken: Option<PermitMention>,
    /// Readings that are not the plate and may still be taken for it, the likeliest first; 24 at most.
    pub look_alikes: Vec<LookAlike>,
    /// Permits whose plates differ by one character, those first that are often taken for it; 20 at most. Between two such
    /// plates a bad picture never opens.
    pub near: Vec<NearPermit>,
}

/// A reading that is not the plate and may still be taken for it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LookAlike {
    /// What the reader names.
    #[schema(value_type = String, example = "1234BC0")]
    pub text: Plate,
    /// Which character it names otherwise, counted from 0.
    pub place: usize,
    /// Whether a gate opens if the reader wavers there between the two.
    pub opens_wavering: bool,
    /// Whether a gate asks a person, or keeps a denied plate out, even if the reader is sure of this text.
    pub asks: bool,
    /// The probability that a sure reading of it is the plate, 0 to 1.
    pub probability: f32,
}

/// A permit whose plate differs by one character.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NearPermit {
    /// The permit.
    pub permit: PermitMention,
    /// Whether it keeps its plate out.
    pub denied: bool,
    /// The plate's character; none where the permit's has one more.
    #[schema(value_type = Option<String>, example = "I")]
    pub own: Option<char>,
    /// The permit's character in its place; none where the plate has one more.
    #[schema(value_type = Option<String>, example = "1")]
    pub other: Option<char>,
    /// Whether the reader often takes one for the other.
    pub often: bool,
}

/// Returns the permits in force within reach, without the one that is being edited.
pub fn list_listed(
    tx: &mut Tx,
    of: impl Into<Reach>,
    except: Option<PermitId>,
) -> Result<Vec<Listed>, StoreError> {
    let of = of.into();
    let mut values: Vec<Value> = vec![of.organisation.into()];
    let within = permits::within(tx, of, &mut values)?;
    values.push(MOST_IN_FORCE.into());
    let rows = tx.list(
        &format!(
            "SELECT id, plate, holder, denied FROM permits WHERE organisation = $1 AND withdrawn_at IS NULL{within} \
             ORDER BY plate_key, id LIMIT ${}",
            values.len()
        ),
        &values,
    )?;
    let mut listed = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: PermitId = row.id(0)?;
        if Some(id) != except {
            listed.push(Listed {
                id,
                plate: words::read_plate(row, 1)?,
                holder: row.text(2)?,
                denied: row.flag(3)?,
            });
        }
    }
    Ok(listed)
}

/// What a permit of `plate` would match beside these.
pub fn of(plate: Plate, listed: &[Listed]) -> PermitPreview {
    let plates: Vec<Plate> = listed.iter().map(|listed| listed.plate.clone()).collect();
    let found = plate::preview(&plate, &plates, &Budgets::default());
    let key = plate.key();
    let near = found.near.into_iter().filter_map(|near| {
        let listed = listed.get(near.place)?;
        Some(NearPermit {
            permit: listed.mention(),
            denied: listed.denied,
            own: near.differs.0,
            other: near.differs.1,
            often: near.often,
        })
    });
    let look_alikes = found.look_alikes.into_iter().map(|alike| LookAlike {
        text: alike.text,
        place: alike.place,
        opens_wavering: alike.opens_wavering,
        asks: alike.asks,
        probability: alike.probability as f32,
    });
    PermitPreview {
        taken: listed
            .iter()
            .find(|listed| listed.plate.key() == key)
            .map(Listed::mention),
        look_alikes: look_alikes.collect(),
        near: near.collect(),
        plate,
    }
}

impl Listed {
    fn mention(&self) -> PermitMention {
        PermitMention {
            id: self.id,
            plate: self.plate.as_str().to_owned(),
            holder: self.holder.clone(),
        }
    }
}
