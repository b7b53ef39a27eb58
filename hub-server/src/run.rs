//! Starts the hub's parts in order, waits for the signal to stop, and stops them backwards.

use std::fs::File;
use std::fs::TryLockError;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use contract::time::Clock;
use contract::time::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::audit;
use crate::auth;
use crate::auth::Token;
use crate::config;
use crate::config::Config;
use crate::evidence;
use crate::evidence::Evidence;
use crate::faults;
use crate::fleet::authority::Authority;
use crate::fleet::presence::Presence;
use crate::fleet::sight::Sight;
use crate::home;
use crate::hub::Hub;
use crate::hub::Parts;
use crate::hub::WebSettings;
use crate::link;
use crate::metrics;
use crate::outbound;
use crate::outbound::Outbound;
use crate::parking::plates;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::web;

/// Tasks that have not ended by then are cut off.
const STOP_WITHIN: Duration = Duration::from_secs(20);
const SESSIONS_EVERY: Duration = Duration::from_secs(10 * 60);
const AUDIT_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const OUTBOX_EVERY: Duration = Duration::from_secs(60);
const PICTURES_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs the hub until it is told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    if let Some(plan) = config::planted_fault() {
        warn!(
            "a fault is planted: {plan}, taken: {}",
            faults::plant(&plan)
        );
    }
    let clock = Clock::System;
    let _lock = take_data(&config.data)?;
    let authority = Arc::new(
        Authority::open(&config.data.join("authority"), clock.wall())
            .context("opening the hub's authority")?,
    );
    let names = names(&config);
    let https = web::Https::bind(
        &config.web,
        Arc::clone(&authority),
        names.clone(),
        clock.wall(),
    )
    .await?;
    let redirect = match config.web.redirect {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("listening on {address} (web.redirect)"))?,
        ),
        None => None,
    };
    let store =
        Store::open(&config.data, &config.store, clock.wall()).context("opening the store")?;
    info!(generation = store.generation(), "the store is open");
    settle_rights(&store).await?;
    settle_plates(&store).await?;
    let evidence = Arc::new(
        Evidence::open(&config.data.join("evidence"), &config.evidence)
            .context("opening the pictures")?,
    );
    let scrape_token = config::credential("scrape-token");
    if let Some(why) = scrape_token.as_deref().and_then(auth::placeholder_fault) {
        bail!(
            "the credential scrape-token can't be used: {why}; make one with `openssl rand -hex 32`"
        );
    }
    let secrets_key = config::credential("secrets-key");
    let seal = auth::Seal::open(&config.data, secrets_key.as_deref())
        .context("opening the key of the secrets")?;
    let outbound = Outbound::open(&config.outbound).context("opening the way out")?;
    let (presence, sight) = (Presence::default(), Sight::default());
    let link = link::Listener::bind(
        link::Parts {
            store: store.clone(),
            clock: clock.clone(),
            authority: Arc::clone(&authority),
            presence: presence.clone(),
            sight: sight.clone(),
            evidence: Arc::clone(&evidence),
        },
        &config.link,
    )?;
    metrics::install();
    let port = https.address()?.port();
    let hub = Arc::new(Hub::new(Parts {
        store,
        clock,
        data: config.data.clone(),
        authority,
        evidence,
        seal,
        presence,
        sight,
        outbound,
        auth: config.auth.clone(),
        web: WebSettings {
            address: address(&config, port),
            link_address: link_address(&config, link.local_address()?.port()),
            origins: config.web.origins.clone(),
            scrape_token: scrape_token.map(|token| Token::presented(&token)),
            request_timeout: config.web.request_timeout,
        },
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    }));
    let site = web::site(Arc::clone(&hub), &config.web, &names);
    start(&hub, https, site, redirect, link, port);
    end_audit(&hub, config.audit.keep_days);
    greet(&hub).await?;
    hub.ready.store(true, Ordering::SeqCst);
    tell_systemd(sd_notify::NotifyState::Ready);
    info!("the hub is ready");
    wait_for_the_end(&hub).await?;
    stop(hub).await
}

/// Makes the data directory, for its owner only, and makes sure that no other hub uses it.
pub(crate) fn take_data(data: &Path) -> anyhow::Result<File> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("making the data directory {}", data.display()))?;
    let path = data.join("lock");
    let lock = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "another hub-server uses the data directory {}",
                data.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

fn start(
    hub: &Arc<Hub>,
    https: web::Https,
    site: web::Site,
    redirect: Option<TcpListener>,
    link: link::Listener,
    port: u16,
) {
    hub.tasks.spawn(https.serve(Arc::clone(hub), site));
    if let Some(listener) = redirect {
        hub.tasks
            .spawn(web::redirect(Arc::clone(hub), listener, port));
    }
    let linked = Arc::clone(hub);
    hub.tasks.spawn(async move {
        if let Err(error) = link.run(linked.stop.clone()).await {
            error!("the link to the edges ended: {error:#}");
            // A hub that edges can't reach is of no use: the service manager starts it again.
            linked.stop.cancel();
        }
    });
    every(
        hub,
        SESSIONS_EVERY,
        "removing expired sessions and kept answers",
        remove_sessions,
    );
    hub.tasks.spawn(hub.courier().run(hub.stop.clone()));
    hub.tasks.spawn(home::publisher(hub).run(hub.stop.clone()));
    every(hub, OUTBOX_EVERY, "ending delivered events", trim_outbox);
    every(
        hub,
        SESSIONS_EVERY,
        "removing expired tokens",
        remove_tokens,
    );
    every(hub, PICTURES_EVERY, "ending old pictures", end_pictures);
}

/// Runs a job now and then. A job looks at the state, and is safe to run twice.
fn every<F>(hub: &Arc<Hub>, interval: Duration, what: &'static str, job: fn(Arc<Hub>) -> F)
where
    F: Future<Output = anyhow::Result<usize>> + Send + 'static,
{
    let hub = Arc::clone(hub);
    hub.clone().tasks.spawn(async move {
        loop {
            match job(Arc::clone(&hub)).await {
                Ok(0) => {}
                Ok(count) => info!(count, "{what}: {count}"),
                Err(error) => warn!("{what} failed: {error:#}"),
            }
            tokio::select! {
                () = hub.stop.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    });
}

async fn remove_sessions(hub: Arc<Hub>) -> anyhow::Result<usize> {
    let now = hub.clock.wall();
    let removed: Result<usize, StoreError> = hub
        .store
        .write(Priority::Machines, move |tx| {
            let sessions = auth::delete_expired(tx, now)?;
            Ok(sessions + auth::delete_expired_answers(tx, now)?)
        })
        .await;
    Ok(removed?)
}

/// Ends old lines of the audit trail, if a limit is set.
fn end_audit(hub: &Arc<Hub>, keep_days: u32) {
    if keep_days == 0 {
        return;
    }
    let hub = Arc::clone(hub);
    hub.clone().tasks.spawn(async move {
        loop {
            let now = hub.clock.wall();
            let kept = DAY.saturating_mul(keep_days);
            let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
            let limit = Timestamp::from_millis(now.as_millis().saturating_sub(kept));
            let ended: Result<usize, StoreError> = hub
                .store
                .write(Priority::Machines, move |tx| audit::expire(tx, limit, now))
                .await;
            match ended {
                Ok(0) => {}
                Ok(count) => {
                    info!(count, "{count} old lines of the audit trail ended");
                    // Many end in many small transactions, so that nobody waits for long.
                    if count >= audit::ENDED_AT_ONCE && !hub.stop.is_cancelled() {
                        continue;
                    }
                }
                Err(error) => warn!("ending old lines of the audit trail failed: {error}"),
            }
            tokio::select! {
                () = hub.stop.cancelled() => return,
                () = tokio::time::sleep(AUDIT_EVERY) => {}
            }
        }
    });
}

async fn trim_outbox(hub: Arc<Hub>) -> anyhow::Result<usize> {
    let now = hub.clock.wall();
    let removed: Result<usize, StoreError> = hub
        .store
        .write(Priority::Machines, move |tx| outbound::trim(tx, now))
        .await;
    // What was delivered ends all day long; nobody needs to read of it.
    removed?;
    Ok(0)
}

/// Removes what has ended of the tokens, and makes the next signing key before somebody has to wait for it.
async fn remove_tokens(hub: Arc<Hub>) -> anyhow::Result<usize> {
    let now = hub.clock.wall();
    auth::signing_key(&hub.store, &hub.seal, now, hub.auth.signing_key).await?;
    // Nothing that a retired key signed lasts longer than this after its retirement.
    let longest = i64::try_from(auth::ACCESS_TOKEN_LONGEST.as_millis())?;
    let retired_before = Timestamp::from_millis(now.as_millis().saturating_sub(longest));
    let removed: Result<usize, StoreError> = hub
        .store
        .write(Priority::Machines, move |tx| {
            auth::delete_retired_keys(tx, retired_before)?;
            auth::delete_ended_families(tx, now)
        })
        .await;
    Ok(removed?)
}

async fn end_pictures(hub: Arc<Hub>) -> anyhow::Result<usize> {
    let done = evidence::expire_due(&hub.store, &hub.evidence, &hub.clock).await?;
    Ok(done.pictures)
}

/// Gives the seeded roles the rights that this version brings.
pub(crate) async fn settle_rights(store: &Store) -> anyhow::Result<()> {
    let settled: Result<usize, StoreError> =
        store.write(Priority::People, auth::settle_rights).await;
    match settled.context("settling the rights of the seeded roles")? {
        0 => {}
        count => info!(count, "{count} rights are new; the seeded roles have them"),
    }
    Ok(())
}

/// Fills the register of plates with those of passages from before it, so that the first search finds all. Nothing listens
/// yet; edges keep what they have.
async fn settle_plates(store: &Store) -> anyhow::Result<()> {
    match plates::fill(store)
        .await
        .context("filling the register of plates")?
    {
        0 => {}
        count => info!(count, "{count} plates of older passages can be searched"),
    }
    Ok(())
}

/// Tells whoever started the hub where it is, how to trust it, and, until it is set up, the one-time link. The link
/// is the only secret that is ever printed, to the terminal and to no log.
async fn greet(hub: &Hub) -> anyhow::Result<()> {
    let address = &hub.web.address;
    let mut text = format!(
        "Gatewarden hub {}\nconsole: {address}/\nedges: {} (UDP)\nauthority SHA-256: {}\n\
         To make a browser trust this hub, open {address}/trust and follow it; compare with the line above.\n",
        web::VERSION_AND_BUILD,
        hub.web.link_address,
        hub.authority.sha256_text(),
    );
    if let Some(token) = new_setup_link(hub).await? {
        text.push_str(&setup_line(address, &token));
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("writing to the terminal")
}

/// The line that shows a set-up link.
pub fn setup_line(address: &str, token: &Token) -> String {
    format!(
        "set-up link, for one use: {address}/setup#token={}\n",
        token.reveal()
    )
}

async fn new_setup_link(hub: &Hub) -> anyhow::Result<Option<Token>> {
    renew_setup_link(&hub.store, &hub.clock).await
}

/// Makes a new set-up link in place of any old one, unless the hub is set up.
pub async fn renew_setup_link(store: &Store, clock: &Clock) -> anyhow::Result<Option<Token>> {
    let token = Token::random();
    let now = clock.wall();
    let renewed: Result<bool, StoreError> = {
        let token = token.clone();
        store
            .write(Priority::People, move |tx| {
                if auth::any_account(tx)? {
                    return Ok(false);
                }
                auth::renew_setup_link(tx, &token, now)?;
                Ok(true)
            })
            .await
    };
    Ok(renewed.context("leaving a set-up link")?.then_some(token))
}

/// The names under which the HTTPS certificate holds.
fn names(config: &Config) -> Vec<String> {
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    names.extend(machine());
    names.extend(config.web.names.iter().cloned());
    names.sort();
    names.dedup();
    names
}

/// The machine's own name, if a certificate can carry it.
fn machine() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    is_name.then(|| name.to_owned())
}

/// Where people reach the hub, with the port that was really bound.
pub fn address(config: &Config, port: u16) -> String {
    let name = config.web.names.first().map_or("localhost", String::as_str);
    match port {
        443 => format!("https://{}", bracketed(name)),
        port => format!("https://{}:{port}", bracketed(name)),
    }
}

/// Where edges reach the hub: under its first name, or on loopback if it listens only there, or as this machine.
fn link_address(config: &Config, port: u16) -> String {
    let listen = config.link.listen.ip();
    let name = match config.web.names.first() {
        Some(name) => name.clone(),
        None if listen.is_unspecified() => machine().unwrap_or_else(|| "localhost".to_owned()),
        None => listen.to_string(),
    };
    format!("{}:{port}", bracketed(&name))
}

fn bracketed(name: &str) -> String {
    if name.contains(':') {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}

async fn wait_for_the_end(hub: &Hub) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening to signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening to signals")?;
    tokio::select! {
        _ = terminate.recv() => info!("told to stop"),
        _ = interrupt.recv() => info!("told to stop"),
        () = hub.stop.cancelled() => {}
    }
    Ok(())
}

/// Stops in the opposite order: no new work, what runs is finished, the store last.
async fn stop(hub: Arc<Hub>) -> anyhow::Result<()> {
    tell_systemd(sd_notify::NotifyState::Stopping);
    hub.ready.store(false, Ordering::SeqCst);
    hub.stop.cancel();
    hub.tasks.close();
    let mut interrupt = signal(SignalKind::interrupt()).context("listening to signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening to signals")?;
    let is_clean = tokio::select! {
        ended = tokio::time::timeout(STOP_WITHIN, hub.tasks.wait()) => ended.is_ok(),
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
    };
    let store = hub.store.clone();
    tokio::task::spawn_blocking(move || store.close())
        .await
        .context("closing the store")?;
    if is_clean {
        info!("stopped cleanly");
    } else {
        warn!("stopped with tasks that had not ended");
    }
    Ok(())
}

fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "telling systemd failed");
    }
}
