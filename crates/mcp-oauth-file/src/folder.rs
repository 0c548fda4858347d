//! The folder and what is done to its files. All of this blocks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use mcp_http::mcp_client::BoxError;
use mcp_oauth::{Key, Record, SealingKeys, Unreadable, UnreadableReason};
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
    /// Those that records are sealed with; `None` if they are not.
    encryption_keys: Option<SealingKeys>,
}

/// What is in a file: names of files are digests, so that the key is in it as well.
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    key: Key,
    /// The record, or a text that is its seal.
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Folder {
    /// Opens a folder, which is made if it is not there.
    pub(crate) fn open(path: &Path, encryption_keys: Option<SealingKeys>) -> io::Result<Self> {
        permissions::create_private_folder(path)?;
        Ok(Self { path: path.to_owned(), encryption_keys })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn load(&self, key: &Key) -> Result<Option<Record>, BoxError> {
        let Some(json) = read(&self.file(key, "json"))? else { return Ok(None) };
        match serde_json::from_slice(&json) {
            Ok(Entry { key: stored_key, record }) if stored_key == *key => {
                Ok(Some(self.decode(key, record)?))
            }
            _ => Err(Unreadable::new(key, UnreadableReason::Damaged).into()),
        }
    }

    fn decode(&self, key: &Key, record: &RawValue) -> Result<Record, Unreadable> {
        let sealed = serde_json::from_str::<&str>(record.get()).ok();
        match (&self.encryption_keys, sealed) {
            (None, None) => Record::from_json(key, record.get().as_bytes()),
            (Some(keys), Some(sealed)) => {
                let json = keys.open(&associated_data(key), sealed);
                let json = json.map_err(|_| Unreadable::new(key, UnreadableReason::Sealed))?;
                Record::from_json(key, &json)
            }
            _ => Err(Unreadable::new(key, UnreadableReason::Sealed)),
        }
    }

    /// Writes a record beside the old one and puts it in its place in one step, once it is surely on
    /// the disk. What an earlier process left half written is overwritten.
    pub(crate) fn save(&self, key: &Key, record: &Record) -> Result<(), BoxError> {
        let json = self.encode(key, record)?;
        let _lock = self.lock()?;
        let (new_path, path) = (self.file(key, "new"), self.file(key, "json"));
        let mut file = permissions::private_file_options().truncate(true).open(&new_path)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new_path, &path)?;
        Ok(self.sync()?)
    }

    fn encode(&self, key: &Key, record: &Record) -> serde_json::Result<Zeroizing<Vec<u8>>> {
        let record = match &self.encryption_keys {
            None => record.to_json(),
            Some(keys) => {
                let sealed = keys.seal(&associated_data(key), &record.to_json());
                Zeroizing::new(serde_json::to_vec(&sealed)?)
            }
        };
        let entry = Entry { key: key.clone(), record: serde_json::from_slice(&record)? };
        serde_json::to_vec(&entry).map(Zeroizing::new)
    }

    pub(crate) fn remove(&self, key: &Key) -> Result<(), BoxError> {
        let _lock = self.lock()?;
        match fs::remove_file(self.file(key, "json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(self.sync()?),
        }
    }

    /// The keys of the records of one principal at one server.
    pub(crate) fn keys(&self, principal: Option<&str>, server: &str) -> Result<Vec<Key>, BoxError> {
        let files = self.record_files(&file_name::prefix(principal, server))?;
        // Between the two somebody may have removed one.
        let keys = files.iter().filter_map(|path| read_key(path).transpose());
        let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
        keys.sort();
        Ok(keys)
    }

    /// The keys of all records. A file that names none is passed over, for the sake of the others.
    pub(crate) fn all_keys(&self) -> Result<Vec<Key>, BoxError> {
        let keys = self.record_files("")?.into_iter().filter_map(|path| {
            let key = read_key(&path);
            key.inspect_err(|error| tracing::warn!(%error, "a record is passed over")).ok()?
        });
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        Ok(keys)
    }

    /// The files of records whose names begin like this.
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

    fn file(&self, key: &Key, extension: &str) -> PathBuf {
        self.path.join(file_name::of(key, extension))
    }

    /// Waits until nobody else changes a file.
    fn lock(&self) -> io::Result<File> {
        let file = permissions::private_file_options().open(self.path.join("folder.lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Sees to it that what was renamed or removed is so after a power cut, too.
    fn sync(&self) -> io::Result<()> {
        // Elsewhere a folder cannot be opened like a file.
        if cfg!(unix) { File::open(&self.path)?.sync_all() } else { Ok(()) }
    }
}

/// What ties a seal to its place, so that it is broken anywhere else.
fn associated_data(key: &Key) -> String {
    file_name::of(key, "record")
}

/// The key that a file names, unless it is there no more.
fn read_key(path: &Path) -> Result<Option<Key>, BoxError> {
    let Some(json) = read(path)? else { return Ok(None) };
    match serde_json::from_slice::<Entry<'_>>(&json) {
        Ok(entry) => Ok(Some(entry.key)),
        // What is wrong with it is not told: it may quote a token.
        Err(_) => {
            Err(format!("{} is damaged: remove it, and sign in again", path.display()).into())
        }
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, BoxError> {
    let length = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?.len(),
    };
    if length > MAX_FILE_SIZE {
        return Err(format!("{} is larger than {MAX_FILE_SIZE} bytes", path.display()).into());
    }
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        json => Ok(Some(Zeroizing::new(json?))),
    }
}
