//! Records as rows. All of this blocks.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_oauth::Key;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, TransactionBehavior, params};
use serde::Serialize;

/// The columns that a row is found by, of which no two keys have the same.
#[derive(Serialize)]
pub(crate) struct Place {
    principal: Option<String>,
    server: String,
    issuer: String,
}

/// A row, for the time that it is not changed by anybody.
pub(crate) struct Stored {
    pub(crate) row: i64,
    pub(crate) place: Place,
    pub(crate) sealed: String,
}

impl Place {
    pub(crate) fn of(key: &Key) -> Self {
        Self {
            principal: key.principal.clone(),
            server: digest(&key.server),
            issuer: key.issuer.clone(),
        }
    }

    /// What ties a seal to its place, so that it is broken anywhere else.
    pub(crate) fn purpose(&self) -> String {
        serde_json::to_string(self).expect("texts are JSON")
    }
}

/// A server's column: its URL may hold a key.
fn digest(server: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, server.as_bytes()))
}

pub(crate) fn load(connection: &Connection, at: &Place) -> Result<Option<String>> {
    let select = "SELECT sealed FROM records WHERE principal IS ?1 AND server = ?2 AND issuer = ?3";
    connection
        .query_row(select, params![at.principal, at.server, at.issuer], |row| row.get(0))
        .optional()
}

pub(crate) fn save(connection: &mut Connection, at: &Place, sealed: &str) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    remove(&transaction, at)?;
    let insert = "INSERT INTO records (principal, server, issuer, sealed) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(insert, params![at.principal, at.server, at.issuer, sealed])?;
    transaction.commit()
}

pub(crate) fn remove(connection: &Connection, at: &Place) -> Result<()> {
    let delete = "DELETE FROM records WHERE principal IS ?1 AND server = ?2 AND issuer = ?3";
    connection.execute(delete, params![at.principal, at.server, at.issuer]).map(drop)
}

/// The keys of the records of one principal at one server.
pub(crate) fn keys(
    connection: &Connection,
    principal: Option<&str>,
    server: &str,
) -> Result<Vec<Key>> {
    let select = "SELECT issuer FROM records WHERE principal IS ?1 AND server = ?2 ORDER BY issuer";
    let mut select = connection.prepare(select)?;
    let key = |row: &Row<'_>| Ok(Key::new(principal, server, row.get::<_, String>(0)?));
    select.query_map(params![principal, digest(server)], key)?.collect()
}

/// Some rows, in their order, after one of them.
pub(crate) fn after(connection: &Connection, row: i64) -> Result<Vec<Stored>> {
    let select = "SELECT rowid, principal, server, issuer, sealed FROM records
                  WHERE rowid > ?1 ORDER BY rowid LIMIT 200";
    let stored = |row: &Row<'_>| {
        let place = Place { principal: row.get(1)?, server: row.get(2)?, issuer: row.get(3)? };
        Ok(Stored { row: row.get(0)?, place, sealed: row.get(4)? })
    };
    connection.prepare(select)?.query_map([row], stored)?.collect()
}

/// Replaces a seal, unless somebody else has replaced the record.
pub(crate) fn replace(connection: &Connection, old: &Stored, sealed: &str) -> Result<()> {
    let update = "UPDATE records SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2";
    connection.execute(update, params![old.row, old.sealed, sealed]).map(drop)
}
