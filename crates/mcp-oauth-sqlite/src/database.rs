//! The database file: opening, and migrations of its schema.

use std::{
    fs::OpenOptions,
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::Error;

/// The timeout while another process keeps the database busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two attempts to switch the file to WAL.
const RETRY_PAUSE: Duration = Duration::from_millis(10);
/// The application ID that marks a database of this crate: "Rly1".
const APPLICATION_ID: i32 = 0x526c_7931;

/// The migrations, one for each schema version. The file stores how many have run. They must not
/// change.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE records (
        principal TEXT, -- NULL for the application itself
        server TEXT NOT NULL, -- a digest of its URL
        issuer TEXT NOT NULL,
        sealed TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX places ON records (principal, server, issuer);"];

/// Opens the file, and runs missing migrations. Creates the file if it does not exist.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    create(path).map_err(|error| Error::failed(path, error))?;
    let failed = |error| Error::failed(path, error);
    let mut connection = Connection::open(path).map_err(failed)?;
    configure(&connection).map_err(failed)?;
    migrate(&mut connection, path, &MIGRATIONS)?;
    Ok(connection)
}

/// Creates an empty file that only its owner can access. SQLite gives its other files the same
/// mode.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Configures a connection. Readers do not wait for writers (`WAL`), and commits survive a power
/// failure (`FULL`).
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    switch_to_wal(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")
}

/// Switches the file to WAL.
///
/// If two connections switch at the same time, one of them fails at once with "busy", without the
/// busy timeout. This function retries for the same time instead.
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_TIMEOUT =>
            {
                thread::sleep(RETRY_PAUSE);
            }
            result => return result,
        }
    }
}

/// Runs the missing migrations in one transaction.
fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), Error> {
    let failed = |error| Error::failed(path, error);
    let started = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let transaction = started.map_err(failed)?;
    let number = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) =
        (number("application_id").map_err(failed)?, number("user_version").map_err(failed)?);
    if application != APPLICATION_ID && !is_empty(&transaction).map_err(failed)? {
        return Err(Error::ForeignDatabase { path: path.to_owned() });
    }
    let completed = usize::try_from(version).unwrap_or(usize::MAX);
    let missing =
        migrations.get(completed..).ok_or_else(|| Error::NewerVersion { path: path.to_owned() })?;
    let work = || {
        missing.iter().try_for_each(|migration| transaction.execute_batch(migration))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", migrations.len() as i64)
    };
    work().and_then(|()| transaction.commit()).map_err(failed)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn columns(connection: &Connection) -> String {
        let columns = "SELECT group_concat(name) FROM pragma_table_info('records')";
        connection.query_row(columns, (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn migrates_a_file_of_any_version_once() {
        let more = [MIGRATIONS[0], "ALTER TABLE records ADD COLUMN used_at INTEGER"];
        let (mut old, path) = (memory(), Path::new("credentials"));
        for _ in 0..2 {
            migrate(&mut old, path, &MIGRATIONS).unwrap();
        }
        assert_eq!(columns(&old), "principal,server,issuer,sealed");
        for _ in 0..2 {
            migrate(&mut old, path, &more).unwrap();
        }
        assert_eq!(columns(&old), "principal,server,issuer,sealed,used_at");
        let newer = migrate(&mut old, path, &MIGRATIONS).unwrap_err();
        assert_eq!(
            newer.to_string(),
            "database \"credentials\" is from a newer version of this program; use that version"
        );
    }

    #[test]
    fn a_failed_migration_changes_nothing() {
        let (mut old, path) = (memory(), Path::new("credentials"));
        migrate(&mut old, path, &MIGRATIONS).unwrap();
        let broken = [MIGRATIONS[0], "ALTER TABLE records ADD COLUMN used_at INTEGER", "nonsense"];
        migrate(&mut old, path, &broken).unwrap_err();
        assert_eq!(columns(&old), "principal,server,issuer,sealed");
        migrate(&mut old, path, &broken[..2]).unwrap();
    }

    #[test]
    fn rejects_a_database_of_another_program() {
        let mut other = memory();
        other.execute_batch("CREATE TABLE users (name TEXT)").unwrap();
        let error = migrate(&mut other, Path::new("app.db"), &MIGRATIONS).unwrap_err();
        assert!(matches!(error, Error::ForeignDatabase { .. }), "{error}");
        assert_eq!(
            other.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)),
            Ok(1)
        );
    }
}
