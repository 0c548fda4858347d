//! The folder of records. Every function here blocks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use mcp_http::mcp_client::BoxError;
use mcp_oauth::{EncryptionKeys, InvalidRecord, InvalidRecordReason, Record, StoreKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{file_name, permissions};

/// The largest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// A folder with a file for each record.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The keys that encrypt the records; `None` if they are not encrypted.
    encryption_keys: Option<EncryptionKeys>,
}

/// The content of a file. It holds the key of the record, because the file name is only a digest.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    key: StoreKey,
    /// The record as JSON, or a string with its ciphertext.
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Folder {
    /// Opens a folder. Creates it if it does not exist.
    pub(crate) fn open(path: &Path, encryption_keys: Option<EncryptionKeys>) -> io::Result<Self> {
        permissions::create_private_folder(path)?;
        Ok(Self { path: path.to_owned(), encryption_keys })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn load(&self, key: &StoreKey) -> Result<Option<Record>, BoxError> {
        let Some(json) = read(&self.file(key, "json"))? else { return Ok(None) };
        match serde_json::from_slice(&json) {
            Ok(Entry { key: stored_key, record }) if stored_key == *key => {
                Ok(Some(self.decode(key, record)?))
            }
            _ => Err(InvalidRecord::new(key, InvalidRecordReason::Corrupt).into()),
        }
    }

    fn decode(&self, key: &StoreKey, record: &RawValue) -> Result<Record, InvalidRecord> {
        let ciphertext = serde_json::from_str::<&str>(record.get()).ok();
        match (&self.encryption_keys, ciphertext) {
            (None, None) => Record::from_json(key, record.get().as_bytes()),
            (Some(keys), Some(ciphertext)) => {
                let json = keys.decrypt(&associated_data(key), ciphertext);
                let json =
                    json.map_err(|_| InvalidRecord::new(key, InvalidRecordReason::CannotDecrypt))?;
                Record::from_json(key, &json)
            }
            _ => Err(InvalidRecord::new(key, InvalidRecordReason::CannotDecrypt)),
        }
    }

    /// Writes the record to a second file, syncs it, and renames it to the first. Overwrites a second
    /// file that an interrupted write has left.
    pub(crate) fn save(&self, key: &StoreKey, record: &Record) -> Result<(), BoxError> {
        let json = self.encode(key, record)?;
        let _lock = self.lock()?;
        let (new_path, path) = (self.file(key, "new"), self.file(key, "json"));
        let mut file = permissions::private_file_options().truncate(true).open(&new_path)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new_path, &path)?;
        Ok(self.sync()?)
    }

    fn encode(&self, key: &StoreKey, record: &Record) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let record = match &self.encryption_keys {
            None => record.to_json(),
            Some(keys) => {
                let ciphertext = keys.encrypt(&associated_data(key), &record.to_json());
                Zeroizing::new(serde_json::to_vec(&ciphertext)?)
            }
        };
        let entry = Entry { key: key.clone(), record: serde_json::from_slice(&record)? };
        serde_json::to_vec(&entry).map(Zeroizing::new)
    }

    pub(crate) fn remove(&self, key: &StoreKey) -> Result<(), BoxError> {
        let _lock = self.lock()?;
        match fs::remove_file(self.file(key, "json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(self.sync()?),
        }
    }

    /// Returns the keys of the records of one principal at one server.
    pub(crate) fn keys(
        &self,
        principal: Option<&str>,
        server: &str,
    ) -> Result<Vec<StoreKey>, BoxError> {
        let files = self.record_files(&file_name::prefix(principal, server))?;
        // A file may be removed between the listing and the read.
        let keys = files.iter().filter_map(|path| read_key(path).transpose());
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        keys.sort();
        Ok(keys)
    }

    /// Returns the keys of all records. Skips files that cannot be read.
    pub(crate) fn all_keys(&self) -> Result<Vec<StoreKey>, BoxError> {
        let keys = self.record_files("")?.into_iter().filter_map(|path| {
            let key = read_key(&path);
            key.inspect_err(|error| tracing::warn!(%error, "skipping an unreadable record")).ok()?
        });
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        Ok(keys)
    }

    /// Returns the record files whose names start with `prefix`.
    fn record_files(&self, prefix: &str) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let name = file?.file_name();
            if name.to_str().is_some_and(|it| it.starts_with(prefix) && it.ends_with(".json")) {
                files.push(self.path.join(name));
            }
        }
        Ok(files)
    }

    fn file(&self, key: &StoreKey, extension: &str) -> PathBuf {
        self.path.join(file_name::for_key(key, extension))
    }

    /// Waits for the lock of the folder, which allows one writer at a time.
    fn lock(&self) -> io::Result<File> {
        let file = permissions::private_file_options().open(self.path.join("folder.lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Syncs the folder, so that a rename or removal survives a power failure.
    fn sync(&self) -> io::Result<()> {
        // Other systems cannot open a folder as a file.
        if cfg!(unix) { File::open(&self.path)?.sync_all() } else { Ok(()) }
    }
}

/// Returns the associated data of a ciphertext, which binds it to its file. It must not change.
fn associated_data(key: &StoreKey) -> String {
    file_name::for_key(key, "record")
}

/// Reads the key in a file. Returns `None` if the file does not exist.
fn read_key(path: &Path) -> Result<Option<StoreKey>, BoxError> {
    let Some(json) = read(path)? else { return Ok(None) };
    match serde_json::from_slice::<Entry<'_>>(&json) {
        Ok(entry) => Ok(Some(entry.key)),
        // The parse error is not reported, because it may quote a token.
        Err(_) => {
            let path = path.display();
            Err(format!("file \"{path}\" is damaged; remove it and sign in again").into())
        }
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, BoxError> {
    let length = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?.len(),
    };
    if length > MAX_FILE_SIZE {
        let path = path.display();
        return Err(format!("file \"{path}\" is larger than {MAX_FILE_SIZE} bytes").into());
    }
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        json => Ok(Some(Zeroizing::new(json?))),
    }
}
