//! The table `setup_links`: the one-time link that makes the first administrator.

use contract::time::Timestamp;

use super::tokens::Token;
use super::tokens::same;
use crate::store::StoreError;
use crate::store::Tx;

/// Puts a new link in place of any old one. The caller shows it once; only its hash is kept.
pub fn renew(tx: &mut Tx, token: &Token, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO setup_links (only_one, token_hash, created_at) VALUES (1, $1, $2) \
         ON CONFLICT (only_one) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at",
        &[token.hash().into(), at.into()],
    )?;
    Ok(())
}

/// Whether this is the link that holds.
pub fn holds(tx: &mut Tx, token: &Token) -> Result<bool, StoreError> {
    let row = tx.find("SELECT token_hash FROM setup_links WHERE only_one = 1", &[])?;
    match row {
        Some(row) => Ok(same(&row.bytes(0)?, &token.hash())),
        None => Ok(false),
    }
}

/// Uses the link up.
pub fn remove(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("DELETE FROM setup_links", &[])?;
    Ok(())
}
