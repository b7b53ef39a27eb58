//! Accounts at the command line: for the day on which nobody gets into the console, and for those who come from another
//! system. It works while the hub runs and while it does not; every change is in the audit trail.

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use clap::Args;
use clap::Subcommand;
use contract::ids::AccountId;
use contract::time::Clock;
use contract::time::Timestamp;

use crate::audit;
use crate::audit::Actor;
use crate::auth;
use crate::auth::Account;
use crate::auth::Hasher;
use crate::store::Id;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Tx;

/// The longest file of accounts.
const LARGEST_BYTES: u64 = 4 * 1024 * 1024;

/// What can be done to accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the accounts with their roles.
    List,
    /// Make an account; a password is made and printed unless one is given.
    Add {
        /// The name that it will log in with.
        name: String,
        /// The name of its role.
        #[arg(long, default_value = "admin")]
        role: String,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Give an account a new password and end its sessions; one is made and printed unless one is given.
    ResetPassword {
        /// The account's name.
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Turn an account's second factor off, because authenticator and recovery codes are lost.
    ResetSecondFactor {
        /// The account's name.
        name: String,
    },
    /// Keep an account from logging in and end its sessions.
    Disable {
        /// The account's name.
        name: String,
    },
    /// Let an account log in again.
    #[command(alias = "unlock")]
    Enable {
        /// The account's name.
        name: String,
    },
    /// Make accounts from a CSV file with the columns name, role and hash (bcrypt or Argon2); all of them or none.
    Import {
        /// The file.
        file: PathBuf,
    },
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordFrom {
    /// Read the password from standard input; a command line is no place for a secret.
    #[arg(long)]
    password_stdin: bool,
}

/// Does it, and gives what to tell.
pub async fn run(
    command: Command,
    store: &Store,
    hasher: &Hasher,
    clock: &Clock,
) -> anyhow::Result<String> {
    let now = clock.wall();
    match command {
        Command::List => list(store).await,
        Command::Add {
            name,
            role,
            password,
        } => add(store, hasher, now, &name, &role, &password).await,
        Command::ResetPassword { name, password } => {
            reset_password(store, hasher, now, &name, &password).await
        }
        Command::ResetSecondFactor { name } => {
            change(store, now, name, "second_factor.reset", |tx, account| {
                auth::delete_factor(tx, account.id)?;
                auth::end_log_ins(tx, account.id, None)?;
                Ok(())
            })
            .await
        }
        Command::Disable { name } => {
            change(store, now, name, "account.disable", move |tx, account| {
                let mut disabled = account.clone();
                disabled.disabled_at = Some(account.disabled_at.unwrap_or(now));
                auth::change_account(tx, &disabled)?;
                auth::end_log_ins(tx, account.id, None)?;
                if !auth::is_managed(tx, account.organisation)? {
                    bail!("after this nobody could manage accounts");
                }
                Ok(())
            })
            .await
        }
        Command::Enable { name } => {
            change(store, now, name, "account.enable", |tx, account| {
                let mut enabled = account.clone();
                enabled.disabled_at = None;
                auth::change_account(tx, &enabled)?;
                Ok(())
            })
            .await
        }
        Command::Import { file } => import(store, now, &file).await,
    }
}

async fn list(store: &Store) -> anyhow::Result<String> {
    let accounts: Result<Vec<Account>, StoreError> = store
        .read(|tx| match auth::oldest_organisation(tx)? {
            Some(organisation) => auth::list_accounts(tx, organisation.id, "", i64::MAX),
            None => Ok(Vec::new()),
        })
        .await;
    let mut text = String::new();
    for account in accounts.context("reading the accounts")? {
        let state = if account.disabled_at.is_some() {
            "disabled"
        } else {
            "enabled"
        };
        let sites = account.sites.map_or_else(
            || "all sites".to_owned(),
            |sites| format!("{} sites", sites.len()),
        );
        text.push_str(&format!(
            "{}\t{}\t{sites}\t{state}\n",
            account.name, account.role_name
        ));
    }
    Ok(text)
}

async fn add(
    store: &Store,
    hasher: &Hasher,
    now: Timestamp,
    name: &str,
    role: &str,
    from: &PasswordFrom,
) -> anyhow::Result<String> {
    let (password, told) = password(from)?;
    let hash = hasher
        .hash(&password)
        .await
        .context("hashing the password")?;
    let row = Row {
        name: name.trim().to_owned(),
        role: role.to_owned(),
        hash,
    };
    row.check()?;
    let said = format!("the account {} is made\n{told}", row.name);
    store
        .write(Priority::People, move |tx| insert(tx, &row, now))
        .await?;
    Ok(said)
}

async fn reset_password(
    store: &Store,
    hasher: &Hasher,
    now: Timestamp,
    name: &str,
    from: &PasswordFrom,
) -> anyhow::Result<String> {
    let (password, told) = password(from)?;
    let hash = hasher
        .hash(&password)
        .await
        .context("hashing the password")?;
    let said = change(
        store,
        now,
        name.to_owned(),
        "account.password",
        move |tx, account| {
            auth::update_password(tx, account.organisation, account.id, &hash)?;
            auth::end_log_ins(tx, account.id, None)?;
            Ok(())
        },
    )
    .await?;
    Ok(format!("{said}{told}"))
}

/// Changes the account of this name, with its audit line.
async fn change(
    store: &Store,
    now: Timestamp,
    name: String,
    action: &'static str,
    work: impl Fn(&mut Tx, &Account) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<String> {
    let said = format!("done: {action} of {name}\n");
    store
        .write(Priority::People, move |tx| {
            let Some((account, _)) = auth::find_by_name(tx, &name)? else {
                bail!("there is no account {name}");
            };
            work(tx, &account)?;
            let entry = entry(now, action, &account);
            audit::record(tx, &entry)?;
            Ok(())
        })
        .await?;
    Ok(said)
}

/// One account that is to be made.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    role: String,
    hash: String,
}

impl Row {
    fn check(&self) -> anyhow::Result<()> {
        let name = self.name.trim();
        if name.is_empty()
            || name.chars().count() > auth::NAME_LONGEST
            || name.chars().any(char::is_control)
        {
            bail!(
                "{name:?} is no name: 1 to {} characters in one line",
                auth::NAME_LONGEST
            );
        }
        Ok(())
    }
}

async fn import(store: &Store, now: Timestamp, file: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(file)
        .with_context(|| format!("reading {}", file.display()))?
        .len();
    if size > LARGEST_BYTES {
        bail!("{} has more than {LARGEST_BYTES} bytes", file.display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let rows = read_rows(&bytes)?;
    let count = rows.len();
    store
        .write(Priority::People, move |tx| {
            for row in &rows {
                insert(tx, row, now)?;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await?;
    Ok(format!("{count} accounts are made\n"))
}

fn read_rows(bytes: &[u8]) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut rows: Vec<Row> = Vec::new();
    for (number, row) in reader.deserialize().enumerate() {
        let line = number + 2;
        let row: Row = row.with_context(|| format!("reading line {line}"))?;
        row.check().with_context(|| format!("in line {line}"))?;
        if !auth::is_imported(&row.hash) {
            bail!("line {line}: the hash is neither bcrypt nor Argon2, or costs too much");
        }
        rows.push(row);
    }
    Ok(rows)
}

fn insert(tx: &mut Tx, row: &Row, now: Timestamp) -> anyhow::Result<()> {
    let organisation = auth::oldest_organisation(tx)?
        .context("this hub is not set up yet: use its set-up link first")?;
    let role = auth::find_role_by_name(tx, organisation.id, &row.role)?
        .with_context(|| format!("there is no role {:?}", row.role))?;
    let account = Account {
        id: AccountId::fresh(now),
        organisation: organisation.id,
        name: row.name.trim().to_owned(),
        role: role.id,
        role_name: role.name,
        sites: None,
        created_at: now,
        disabled_at: None,
    };
    match auth::insert_account(tx, &account, &row.hash) {
        Err(StoreError::Unique(_)) => bail!("there is an account {} already", account.name),
        done => done?,
    }
    audit::record(tx, &entry(now, "account.create", &account))?;
    Ok(())
}

fn entry(at: Timestamp, action: &'static str, account: &Account) -> audit::Entry {
    audit::Entry {
        organisation: account.organisation,
        at,
        actor: Actor::System,
        action,
        object_kind: "account",
        object_id: account.id.to_string(),
        summary: "Changed an account at the command line.".to_owned(),
        details: serde_json::json!({ "name": account.name, "role": account.role_name }),
        address: String::new(),
    }
}

/// The password, and what to tell of it.
fn password(from: &PasswordFrom) -> anyhow::Result<(String, String)> {
    if !from.password_stdin {
        let made = auth::made_password();
        let told = format!("password: {made}\n");
        return Ok((made, told));
    }
    let mut text = String::new();
    std::io::stdin()
        .take(LARGEST_BYTES)
        .read_to_string(&mut text)
        .context("reading the password")?;
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    let broken = auth::broken_rules(&password);
    if !broken.is_empty() {
        bail!("the password {}", broken.join(", it "));
    }
    Ok((password, String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::Scratch;
    use crate::store::testing::scratch;

    const ARGON2: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    async fn set_up() -> (Scratch, Hasher) {
        let scratch = scratch();
        let (organisation, _) = scratch.organisation("North").await;
        let at = scratch.clock.wall();
        let seeded: Result<(), StoreError> = scratch
            .write(Priority::People, move |tx| {
                auth::seed_roles(tx, organisation, at)
            })
            .await;
        seeded.unwrap();
        (scratch, Hasher::new(1000))
    }

    async fn told(scratch: &Scratch, hasher: &Hasher, command: Command) -> Result<String, String> {
        run(command, scratch, hasher, &scratch.clock)
            .await
            .map_err(|error| format!("{error:#}"))
    }

    fn named(name: &str) -> String {
        name.to_owned()
    }

    fn made() -> PasswordFrom {
        PasswordFrom {
            password_stdin: false,
        }
    }

    async fn find(scratch: &Scratch, name: &'static str) -> (Account, String) {
        let found: Result<_, StoreError> =
            scratch.read(move |tx| auth::find_by_name(tx, name)).await;
        found.unwrap().unwrap()
    }

    /// SE-16: accounts are made, given a new password, disabled and enabled at the command line, each audited.
    #[tokio::test]
    async fn accounts_are_managed_at_the_command_line_and_audited() {
        let (scratch, hasher) = set_up().await;
        let add = |name: &str, role: &str| Command::Add {
            name: named(name),
            role: named(role),
            password: made(),
        };
        let said = told(&scratch, &hasher, add("Anna", "admin")).await.unwrap();
        let first = said.split("password: ").nth(1).unwrap().trim().to_owned();
        assert!(auth::broken_rules(&first).is_empty(), "{first}");
        let (_, stored) = find(&scratch, "anna").await;
        assert!(hasher.verify(&first, Some(stored.clone())).await.unwrap());
        let reset = Command::ResetPassword {
            name: named("ANNA"),
            password: made(),
        };
        let said = told(&scratch, &hasher, reset).await.unwrap();
        let second = said.split("password: ").nth(1).unwrap().trim().to_owned();
        let (_, stored) = find(&scratch, "anna").await;
        assert!(!hasher.verify(&first, Some(stored.clone())).await.unwrap());
        assert!(hasher.verify(&second, Some(stored)).await.unwrap());
        let off = |name: &str| Command::Disable { name: named(name) };
        let refused = told(&scratch, &hasher, off("anna")).await.unwrap_err();
        assert!(refused.contains("nobody could manage"), "{refused}");
        told(&scratch, &hasher, add("Olga", "viewer"))
            .await
            .unwrap();
        told(&scratch, &hasher, off("olga")).await.unwrap();
        let list = told(&scratch, &hasher, Command::List).await.unwrap();
        assert_eq!(
            list,
            "Anna\tadmin\tall sites\tenabled\nOlga\tviewer\tall sites\tdisabled\n"
        );
        let on = Command::Enable {
            name: named("olga"),
        };
        told(&scratch, &hasher, on).await.unwrap();
        assert_eq!(find(&scratch, "olga").await.0.disabled_at, None);
        let factor = Command::ResetSecondFactor {
            name: named("olga"),
        };
        told(&scratch, &hasher, factor).await.unwrap();
        for odd in [
            add("Anna", "viewer"),
            add("x", "king"),
            add("", "viewer"),
            off("nobody"),
        ] {
            assert!(told(&scratch, &hasher, odd).await.is_err());
        }
        let organisation = find(&scratch, "anna").await.0.organisation;
        let lines: Result<_, StoreError> = scratch
            .read(move |tx| audit::list(tx, organisation, &audit::Filter::default(), 50))
            .await;
        let actions: Vec<String> = lines
            .unwrap()
            .into_iter()
            .rev()
            .map(|line| line.action)
            .collect();
        assert_eq!(
            actions,
            [
                "account.create",
                "account.password",
                "account.create",
                "account.disable",
                "account.enable",
                "second_factor.reset"
            ]
        );
    }

    /// SE-02: accounts of other systems come with their hashes, which are ours after the first log-in; all or none.
    #[tokio::test]
    async fn accounts_of_other_systems_are_imported_with_their_hashes() {
        let (scratch, hasher) = set_up().await;
        let file = scratch.dir().join("accounts.csv");
        let import = || Command::Import { file: file.clone() };
        let quoted = format!("name,role,hash\nAnna,viewer,\"{ARGON2}\"\n");
        for (text, why) in [
            (quoted.clone() + "Olga,viewer,plain\n", "neither bcrypt nor"),
            (
                quoted.clone() + &format!("Olga,king,\"{ARGON2}\"\n"),
                "no role",
            ),
            (
                quoted.clone() + &format!("anna,viewer,\"{ARGON2}\"\n"),
                "already",
            ),
            (quoted.clone() + "Olga\n", "line 3"),
            ("name,hash\nAnna,x\n".to_owned(), "line 2"),
        ] {
            std::fs::write(&file, text).unwrap();
            let refused = told(&scratch, &hasher, import()).await.unwrap_err();
            assert!(refused.contains(why), "{refused}");
            assert_eq!(told(&scratch, &hasher, Command::List).await.unwrap(), "");
        }
        std::fs::write(&file, quoted).unwrap();
        told(&scratch, &hasher, import()).await.unwrap();
        let (_, stored) = find(&scratch, "anna").await;
        assert_eq!(stored, ARGON2);
        assert!(
            hasher
                .verify("password", Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.verify("wrong", Some(stored.clone())).await.unwrap());
        assert!(
            hasher.is_outdated(&stored),
            "hashed anew at the next log-in"
        );
    }
}
