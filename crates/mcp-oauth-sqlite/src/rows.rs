//! The table of records. Every function here blocks.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_oauth::StoreKey;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, TransactionBehavior, params};
use serde::Serialize;

/// The prefix of the server in the key of a record whose server URL is unknown. No URL of an MCP
/// server starts with it.
const DIGEST_PREFIX: &str = "sha256:";

/// The columns that identify a row. No two store keys have the same columns.
///
/// Their JSON is the associated data of the ciphertext, so the names of the fields must not change.
#[derive(Serialize)]
pub(crate) struct RowKey {
    principal: Option<String>,
    server: String,
    issuer: String,
}

/// A row at the time of the read. Another writer may replace it later.
pub(crate) struct StoredRow {
    pub(crate) rowid: i64,
    pub(crate) key: RowKey,
    pub(crate) ciphertext: String,
}

impl RowKey {
    pub(crate) fn of(key: &StoreKey) -> Self {
        Self {
            principal: key.principal.clone(),
            server: digest(&key.server),
            issuer: key.issuer.clone(),
        }
    }

    /// Returns the key of a record, whose server is the first of these URLs with the digest of the
    /// row. If there is none, the digest takes the place of the URL.
    pub(crate) fn store_key(&self, urls: impl IntoIterator<Item = String>) -> StoreKey {
        let server = urls.into_iter().find(|url| digest(url) == self.server);
        let server = server.unwrap_or_else(|| format!("{DIGEST_PREFIX}{}", self.server));
        StoreKey::new(self.principal.as_deref(), server, &self.issuer)
    }

    /// Returns the associated data of the ciphertext, which binds it to its row.
    pub(crate) fn associated_data(&self) -> String {
        serde_json::to_string(self).expect("strings serialize to JSON")
    }
}

/// Returns the digest of a server's URL, because the URL may contain a secret key.
fn digest(server: &str) -> String {
    if let Some(digest) = server.strip_prefix(DIGEST_PREFIX) {
        return digest.to_owned();
    }
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, server.as_bytes()))
}

pub(crate) fn load(connection: &Connection, key: &RowKey) -> Result<Option<String>> {
    let select = "SELECT sealed FROM records WHERE principal IS ?1 AND server = ?2 AND issuer = ?3";
    connection
        .query_row(select, params![key.principal, key.server, key.issuer], |row| row.get(0))
        .optional()
}

pub(crate) fn save(connection: &mut Connection, key: &RowKey, ciphertext: &str) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    remove(&transaction, key)?;
    let insert = "INSERT INTO records (principal, server, issuer, sealed) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(insert, params![key.principal, key.server, key.issuer, ciphertext])?;
    transaction.commit()
}

pub(crate) fn remove(connection: &Connection, key: &RowKey) -> Result<()> {
    let delete = "DELETE FROM records WHERE principal IS ?1 AND server = ?2 AND issuer = ?3";
    connection.execute(delete, params![key.principal, key.server, key.issuer]).map(drop)
}

/// Returns the keys of the records of one principal at one server.
pub(crate) fn keys(
    connection: &Connection,
    principal: Option<&str>,
    server: &str,
) -> Result<Vec<StoreKey>> {
    let select = "SELECT issuer FROM records WHERE principal IS ?1 AND server = ?2 ORDER BY issuer";
    let mut select = connection.prepare(select)?;
    let key = |row: &Row<'_>| Ok(StoreKey::new(principal, server, row.get::<_, String>(0)?));
    select.query_map(params![principal, digest(server)], key)?.collect()
}

/// Returns the rows of one principal.
pub(crate) fn load_all(connection: &Connection, principal: Option<&str>) -> Result<Vec<StoredRow>> {
    let select = "SELECT rowid, principal, server, issuer, sealed FROM records
                  WHERE principal IS ?1";
    connection.prepare(select)?.query_map([principal], stored_row)?.collect()
}

/// Returns the next rows after a row ID, in order.
pub(crate) fn load_after(connection: &Connection, rowid: i64) -> Result<Vec<StoredRow>> {
    let select = "SELECT rowid, principal, server, issuer, sealed FROM records
                  WHERE rowid > ?1 ORDER BY rowid LIMIT 200";
    connection.prepare(select)?.query_map([rowid], stored_row)?.collect()
}

fn stored_row(row: &Row<'_>) -> Result<StoredRow> {
    let key = RowKey { principal: row.get(1)?, server: row.get(2)?, issuer: row.get(3)? };
    Ok(StoredRow { rowid: row.get(0)?, key, ciphertext: row.get(4)? })
}

/// Replaces a ciphertext, unless the row has changed since it was read.
pub(crate) fn replace_ciphertext(
    connection: &Connection,
    old: &StoredRow,
    ciphertext: &str,
) -> Result<()> {
    let update = "UPDATE records SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2";
    connection.execute(update, params![old.rowid, old.ciphertext, ciphertext]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;

    #[test]
    fn a_record_that_was_saved_after_the_read_is_not_replaced() {
        let folder = std::env::temp_dir().join(format!("sqlite-rows-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut connection = database::open(&folder.join("credentials.db")).unwrap();
        let key = RowKey::of(&StoreKey::new(Some("ann"), "https://a.example", "https://b.example"));
        save(&mut connection, &key, "old").unwrap();
        let [read] = <[StoredRow; 1]>::try_from(load_after(&connection, 0).unwrap()).ok().unwrap();
        save(&mut connection, &key, "saved meanwhile").unwrap();
        replace_ciphertext(&connection, &read, "encrypted again").unwrap();
        assert_eq!(load(&connection, &key).unwrap().as_deref(), Some("saved meanwhile"));
        let [read] = <[StoredRow; 1]>::try_from(load_after(&connection, 0).unwrap()).ok().unwrap();
        replace_ciphertext(&connection, &read, "encrypted again").unwrap();
        assert_eq!(load(&connection, &key).unwrap().as_deref(), Some("encrypted again"));
        drop(connection);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
