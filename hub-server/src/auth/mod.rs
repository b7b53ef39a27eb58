//! Who may use the console: organisations, accounts, roles with their rights, sessions, passwords, the set-up link.
//!
//! Called by `web` (every request names its right on its route's line) and by the command line. It knows nothing of
//! HTTP: a cookie's value comes in as text and goes out as text.
//!
//! What holds here:
//! - Roles are data: five from the start, others made by people. The seeded administrator has every right, and the
//!   last account that can manage accounts stays one. Role, sites and rights are read with each request.
//! - An account limited to sites reaches only those, in the statement itself (`Reach`), and has no right over the whole
//!   organisation.
//! - No default password. The first administrator comes with the one-time set-up link that the first start prints.
//! - Passwords are kept as PBKDF2-HMAC-SHA256 with their own salt and number of iterations; hashing never happens
//!   inside a transaction, and only a bounded number at once.
//! - Cookies, the set-up link and CSRF tokens are 32 random bytes; of the first two only hashes are kept.
//! - Access tokens are signed by a key that the hub made and only say who calls; a family of tokens that is revoked,
//!   disabled or found copied is worth nothing from the next request on.
//! - A log-in costs the same whether the name exists or not, and an address has five failures in five minutes.

mod access_tokens;
mod accounts;
mod api_keys;
mod census;
mod common_passwords;
mod imported;
mod kept_answers;
mod limits;
mod organisations;
mod passwords;
mod placeholders;
mod preferences;
mod reach;
mod rights;
mod roles;
mod seal;
mod second_factors;
mod sessions;
mod setup_links;
mod signatures;
mod token_families;
mod tokens;

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

pub use access_tokens::Claims;
pub use access_tokens::SigningError;
pub use access_tokens::SigningKey;
pub use access_tokens::check as check_access_token;
pub use access_tokens::delete_retired_keys;
pub use access_tokens::find_public_key;
pub use access_tokens::key_of as key_of_access_token;
pub use access_tokens::rotate as rotate_signing_key;
pub use access_tokens::signing_key;
pub use accounts::Account;
pub use accounts::NAME_LONGEST;
pub use accounts::any_account;
pub use accounts::change_account;
pub use accounts::delete_account;
pub use accounts::find_account;
pub use accounts::find_by_name;
pub use accounts::find_password;
pub use accounts::insert_account;
pub use accounts::is_managed;
pub use accounts::list_accounts;
pub use accounts::name_key;
pub use accounts::update_password;
pub use api_keys::ApiKey;
pub use api_keys::KEY_START;
pub use api_keys::KeyUse;
pub use api_keys::count_keys;
pub use api_keys::find_key;
pub use api_keys::find_key_use;
pub use api_keys::insert_key;
pub use api_keys::list_keys;
pub use api_keys::new_key;
pub use api_keys::note_use;
pub use api_keys::prefix_of as key_prefix;
pub use api_keys::revoke_key;
pub use census::Census;
pub use census::census;
pub use imported::is_known as is_imported;
pub use kept_answers::Earlier;
pub use kept_answers::delete_expired as delete_expired_answers;
pub use kept_answers::keep as keep_answer;
pub use kept_answers::open as open_answer;
pub use kept_answers::release as release_key;
pub use kept_answers::seal as seal_answer;
pub use kept_answers::take as take_key;
pub use limits::Attempts;
pub use limits::Principal;
pub use organisations::Organisation;
pub use organisations::find_organisation;
pub use organisations::insert_organisation;
pub use organisations::oldest_organisation;
pub use passwords::Hasher;
pub use passwords::HasherError;
pub use passwords::broken_rules;
pub use passwords::made_password;
pub use placeholders::placeholder_fault;
pub use preferences::ColourScheme;
pub use preferences::Language;
pub use preferences::Notice;
pub use preferences::Preferences;
pub use preferences::find_preferences;
pub use preferences::put_preferences;
pub use reach::Reach;
pub use rights::Right;
pub use rights::Seeded;
pub use roles::Role;
pub use roles::change_role;
pub use roles::delete_role;
pub use roles::find_role;
pub use roles::find_role_by_name;
pub use roles::insert_role;
pub use roles::list_roles;
pub use roles::seed as seed_roles;
pub use roles::settle_rights;
pub use seal::Seal;
pub use seal::SealError;
pub use second_factors::SecondFactor;
pub use second_factors::begin_factor;
pub use second_factors::belongs_to as factor_belongs_to;
pub use second_factors::confirm_factor;
pub use second_factors::count_failure;
pub use second_factors::count_recovery_codes;
pub use second_factors::delete_factor;
pub use second_factors::find_factor;
pub use second_factors::has_recovery_code;
pub use second_factors::new_recovery_codes;
pub use second_factors::new_secret;
pub use second_factors::recovery_hash;
pub use second_factors::shown as factor_shown;
pub use second_factors::step_of;
pub use second_factors::use_recovery_code;
pub use second_factors::use_step;
pub use sessions::Listed;
pub use sessions::NewSession;
pub use sessions::Session;
pub use sessions::delete_expired;
pub use sessions::delete_session;
pub use sessions::end_log_ins;
pub use sessions::find_session;
pub use sessions::insert_session;
pub use sessions::list_sessions;
pub use setup_links::holds as setup_link_holds;
pub use setup_links::remove as remove_setup_link;
pub use setup_links::renew as renew_setup_link;
pub use token_families::NewFamily;
pub use token_families::Renewal;
pub use token_families::Renewed;
pub use token_families::TokenUse;
pub use token_families::delete_ended_families;
pub use token_families::delete_family;
pub use token_families::find_family;
pub use token_families::find_token_use;
pub use token_families::insert_family;
pub use token_families::list_families;
pub use token_families::new_refresh_token;
pub use token_families::renew as renew_tokens;
pub use tokens::Token;
pub use tokens::same;

/// How people log in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a log-in holds.
    #[serde(with = "humantime_serde")]
    pub session: Duration,
    /// How long an access token of the API holds.
    #[serde(with = "humantime_serde")]
    pub access_token: Duration,
    /// How long a refresh token holds; each is used once and brings the next.
    #[serde(with = "humantime_serde")]
    pub refresh_token: Duration,
    /// How long tokens are renewed without another log-in.
    #[serde(with = "humantime_serde")]
    pub token_log_in: Duration,
    /// How often the hub makes a new key to sign access tokens with.
    #[serde(with = "humantime_serde")]
    pub signing_key: Duration,
    /// Rounds of PBKDF2 for new passwords; older ones are raised to it at their next log-in.
    pub password_iterations: u32,
    /// Failed log-ins that one address has.
    pub login_failures: usize,
    /// The time over which they are counted.
    #[serde(with = "humantime_serde")]
    pub login_window: Duration,
}

/// The longest life of an access token that is allowed.
pub const ACCESS_TOKEN_LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The fewest rounds that are allowed.
pub const ITERATIONS_FLOOR: u32 = 100_000;

impl Default for Config {
    fn default() -> Self {
        Self {
            session: Duration::from_secs(24 * 60 * 60),
            access_token: Duration::from_secs(30 * 60),
            refresh_token: Duration::from_secs(7 * 24 * 60 * 60),
            token_log_in: Duration::from_secs(30 * 24 * 60 * 60),
            signing_key: Duration::from_secs(30 * 24 * 60 * 60),
            password_iterations: 600_000,
            login_failures: 5,
            login_window: Duration::from_secs(5 * 60),
        }
    }
}

#[cfg(test)]
mod tests;
