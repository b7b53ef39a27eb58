//! The table `preferences`: how an account likes its console. Nothing in here lets anybody do anything.

use std::collections::BTreeSet;

use contract::ids::AccountId;
use contract::ids::SiteId;
use serde::Deserialize;
use serde::Serialize;

use crate::store::Row;
use crate::store::StoreError;
use crate::store::Tx;

/// What an account prefers; `None` is always "as the browser has it".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The language of the console.
    pub language: Option<Language>,
    /// The zone in which times are shown, by its name in the IANA's list.
    pub time_zone: Option<String>,
    /// The site that lists begin with; `None` for all.
    pub default_site: Option<SiteId>,
    /// Light or dark.
    pub colour_scheme: Option<ColourScheme>,
    /// What the console announces when it happens.
    pub notices: BTreeSet<Notice>,
}

/// A language of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// German.
    De,
    /// Spanish.
    Es,
}

/// How the console looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourScheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What the console announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A gate asks a person whether to open.
    GateAsks,
    /// A gate stayed closed for a vehicle.
    EntryDenied,
    /// A camera shows nothing.
    CameraDown,
}

impl Language {
    const ALL: [Self; 3] = [Self::En, Self::De, Self::Es];

    fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
        }
    }
}

impl ColourScheme {
    const ALL: [Self; 2] = [Self::Light, Self::Dark];

    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Notice {
    const ALL: [Self; 3] = [Self::GateAsks, Self::EntryDenied, Self::CameraDown];

    fn name(self) -> &'static str {
        match self {
            Self::GateAsks => "gate_asks",
            Self::EntryDenied => "entry_denied",
            Self::CameraDown => "camera_down",
        }
    }
}

/// Returns what an account prefers.
pub fn find_preferences(tx: &mut Tx, account: AccountId) -> Result<Preferences, StoreError> {
    let row = tx.find(
        "SELECT language, time_zone, default_site, colour_scheme, notices FROM preferences WHERE account = $1",
        &[account.into()],
    )?;
    row.map_or_else(|| Ok(Preferences::default()), |row| read(&row))
}

/// Puts an account's preferences in place of the old ones.
pub fn put_preferences(
    tx: &mut Tx,
    account: AccountId,
    preferences: &Preferences,
) -> Result<(), StoreError> {
    let notices: Vec<&str> = preferences.notices.iter().map(|n| n.name()).collect();
    tx.execute(
        "INSERT INTO preferences (account, language, time_zone, default_site, colour_scheme, notices) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account) DO UPDATE SET language = excluded.language, \
         time_zone = excluded.time_zone, default_site = excluded.default_site, \
         colour_scheme = excluded.colour_scheme, notices = excluded.notices",
        &[
            account.into(),
            preferences.language.map(Language::name).into(),
            preferences.time_zone.as_deref().into(),
            preferences.default_site.into(),
            preferences.colour_scheme.map(ColourScheme::name).into(),
            notices.join(" ").into(),
        ],
    )?;
    Ok(())
}

/// A name that a later version wrote means nothing here: it reads as if nothing were preferred.
fn read(row: &Row) -> Result<Preferences, StoreError> {
    let (language, scheme) = (row.opt_text(0)?, row.opt_text(3)?);
    let notices = row.text(4)?;
    Ok(Preferences {
        language: Language::ALL
            .into_iter()
            .find(|known| Some(known.name()) == language.as_deref()),
        time_zone: row.opt_text(1)?,
        default_site: row.opt_id(2)?,
        colour_scheme: ColourScheme::ALL
            .into_iter()
            .find(|known| Some(known.name()) == scheme.as_deref()),
        notices: Notice::ALL
            .into_iter()
            .filter(|known| notices.split(' ').any(|name| name == known.name()))
            .collect(),
    })
}
