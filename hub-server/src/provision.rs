//! Unattended set-up: organisation, site, permits and an enrolment, before anybody has an account.
//!
//! For installers and the demonstration. It runs on a stopped hub's data, only while there is no organisation; the
//! first administrator still comes with the one-time set-up link.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use clap::Args;
use contract::code::EnrolCode;
use contract::ids::EdgeId;
use contract::ids::OrganisationId;
use contract::ids::PermitId;
use contract::ids::SiteId;
use contract::sighting::Direction;
use contract::time::Clock;
use contract::time::Timestamp;

use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Organisation;
use crate::config::Config;
use crate::fleet::authority::Authority;
use crate::fleet::directives;
use crate::fleet::enrolments;
use crate::fleet::enrolments::Enrolment;
use crate::fleet::enrolments::PlannedGate;
use crate::fleet::sites;
use crate::fleet::sites::Site;
use crate::parking::permit_sheet;
use crate::parking::permits;
use crate::parking::permits::Terms;
use crate::run;
use crate::store::Id;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Tx;

/// What to prepare.
#[derive(Debug, Args)]
pub struct Plan {
    /// The organisation's name.
    #[arg(long)]
    organisation: String,
    /// The first site's name.
    #[arg(long)]
    site: String,
    /// The site's time zone, for example Europe/Madrid.
    #[arg(long)]
    time_zone: String,
    /// A CSV file of permits.
    #[arg(long)]
    permits: Option<PathBuf>,
    /// The name of an edge to enrol; its code is printed.
    #[arg(long, requires = "gate")]
    edge: Option<String>,
    /// A gate of that edge as NAME:entry or NAME:exit; may be given several times.
    #[arg(long, value_parser = gate, requires = "edge")]
    gate: Vec<PlannedGate>,
}

/// Prepares the hub; gives the enrolment code if one was asked for.
pub async fn provision(
    config: &Config,
    plan: Plan,
    clock: &Clock,
) -> anyhow::Result<Option<String>> {
    let now = clock.wall();
    let zone = jiff::tz::TimeZone::get(&plan.time_zone).with_context(|| {
        format!(
            "{:?} is not the name of a time zone, such as Europe/Madrid",
            plan.time_zone
        )
    })?;
    for (option, text) in [
        ("--organisation", &plan.organisation),
        ("--site", &plan.site),
    ] {
        if let Some(fault) = sites::name_fault(text) {
            bail!("{option} {fault}");
        }
    }
    let rows = match &plan.permits {
        Some(file) => read_permits(file, &zone)?,
        None => Vec::new(),
    };
    let _lock = run::take_data(&config.data)?;
    let authority =
        Authority::open(&config.data.join("authority"), now).context("opening the authority")?;
    let store = Store::open(&config.data, &config.store, now).context("opening the store")?;
    let code = plan.edge.is_some().then(|| EnrolCode {
        secret: rand::random(),
        authority: authority.fingerprint(),
    });
    let secret_hash = code.map(|code| enrolments::hash(&code.secret));
    let written = store
        .write(Priority::People, move |tx| {
            write(tx, &plan, &rows, secret_hash, now)
        })
        .await
        .context("writing organisation, site and permits");
    store.close();
    written?;
    Ok(code.map(|code| code.to_string()))
}

fn write(
    tx: &mut Tx,
    plan: &Plan,
    rows: &[(u64, Terms)],
    secret_hash: Option<[u8; 32]>,
    now: Timestamp,
) -> anyhow::Result<()> {
    if let Some(there) = auth::oldest_organisation(tx)? {
        bail!("this hub has an organisation already: {}", there.name);
    }
    let organisation = Organisation {
        id: OrganisationId::fresh(now),
        name: plan.organisation.trim().to_owned(),
    };
    let site = Site {
        id: SiteId::fresh(now),
        name: plan.site.trim().to_owned(),
        time_zone: plan.time_zone.clone(),
        capacity: None,
        created_at: now,
    };
    auth::insert_organisation(tx, &organisation, now)?;
    sites::insert(tx, organisation.id, &site)?;
    for (line, terms) in rows {
        match permits::insert(tx, organisation.id, PermitId::fresh(now), terms, now) {
            Err(StoreError::Unique(_)) => bail!("line {line} of the permits repeats a plate"),
            other => other?,
        };
    }
    if !rows.is_empty() {
        directives::leave_book(tx, organisation.id)?;
    }
    if let (Some(name), Some(secret_hash)) = (&plan.edge, secret_hash) {
        let enrolment = Enrolment {
            id: EdgeId::fresh(now).0,
            organisation: organisation.id,
            site: site.id,
            name: name.clone(),
            gates: plan.gate.clone(),
            created_by: "provisioning".to_owned(),
            created_at: now,
            expires_at: now.plus(Duration::from_secs(24 * 60 * 60)),
            used_at: None,
            used_key: None,
            edge: None,
        };
        enrolments::create(tx, &enrolment, secret_hash)?;
    }
    let entry = audit::Entry {
        organisation: organisation.id,
        at: now,
        actor: Actor::System,
        action: "hub.provision",
        object_kind: "organisation",
        object_id: organisation.id.to_string(),
        summary: format!("The hub was provisioned with {} permits.", rows.len()),
        details: serde_json::json!({ "organisation": organisation.name, "site": site.name, "time_zone": site.time_zone }),
        address: String::new(),
    };
    audit::record(tx, &entry)?;
    Ok(())
}

fn read_permits(file: &Path, zone: &jiff::tz::TimeZone) -> anyhow::Result<Vec<(u64, Terms)>> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    permit_sheet::read(&bytes, &BTreeMap::new(), zone).map_err(|faults| {
        let told: Vec<String> = faults
            .iter()
            .map(|fault| format!("line {}: {} {}", fault.row, fault.field, fault.why))
            .collect();
        anyhow::anyhow!("{} has faults:\n{}", file.display(), told.join("\n"))
    })
}

fn gate(text: &str) -> Result<PlannedGate, String> {
    let (name, direction) = text
        .rsplit_once(':')
        .ok_or("a gate is NAME:entry or NAME:exit")?;
    let direction = match direction {
        "entry" => Direction::Entry,
        "exit" => Direction::Exit,
        other => return Err(format!("{other:?} is neither entry nor exit")),
    };
    if name.trim().is_empty() {
        return Err("a gate needs a name".to_owned());
    }
    Ok(PlannedGate {
        name: name.trim().to_owned(),
        direction,
    })
}
