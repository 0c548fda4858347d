//! The folder and what is done to its files. All of this blocks.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_http::mcp_client::BoxError;
use mcp_oauth::{Key, Record};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A folder with a file for each record.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

/// What is in a file: names of files are digests, so that the key is in it as well.
#[derive(Serialize, Deserialize)]
struct Entry {
    key: Key,
    record: Record,
}

impl Folder {
    /// Opens a folder, which is made if it is not there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn load(&self, key: &Key) -> Result<Option<Record>, BoxError> {
        let entry = read(&self.file(key, "json"))?;
        Ok(entry.filter(|entry| entry.key == *key).map(|entry| entry.record))
    }

    /// Writes a record beside the old one and puts it in its place in one step, once it is surely on
    /// the disk. What an earlier process left half written is overwritten.
    pub(crate) fn save(&self, key: &Key, record: &Record) -> Result<(), BoxError> {
        let _alone = self.lock_file("folder.lock")?;
        let entry = Entry { key: key.clone(), record: record.clone() };
        let json = Zeroizing::new(serde_json::to_vec(&entry)?);
        let (new, place) = (self.file(key, "new"), self.file(key, "json"));
        let mut file = private().truncate(true).open(&new)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&new, &place)?;
        Ok(self.sync()?)
    }

    pub(crate) fn remove(&self, key: &Key) -> Result<(), BoxError> {
        let _alone = self.lock_file("folder.lock")?;
        match fs::remove_file(self.file(key, "json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(self.sync()?),
        }
    }

    /// The keys of all records.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, BoxError> {
        let mut keys = Vec::new();
        for file in fs::read_dir(&self.0)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                // Between the two somebody may have removed it.
                keys.extend(read(&path)?.map(|entry| entry.key));
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// Waits for the lock of a key. It ends with the file, and so with the process.
    pub(crate) fn lock(&self, key: &Key) -> io::Result<File> {
        self.lock_file(&name(key, "lock"))
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let file = private().open(self.0.join(name))?;
        file.lock()?;
        Ok(file)
    }

    fn file(&self, key: &Key, extension: &str) -> PathBuf {
        self.0.join(name(key, extension))
    }

    /// Sees to it that what was renamed or removed is so after a power cut, too.
    fn sync(&self) -> io::Result<()> {
        // Elsewhere a folder cannot be opened like a file.
        if cfg!(unix) { File::open(&self.0)?.sync_all() } else { Ok(()) }
    }
}

/// How files are opened that only their owner reads.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A name of any key's file: keys are of any length, and hold what no file system takes.
fn name(key: &Key, extension: &str) -> String {
    let Key { principal, server, issuer, .. } = key;
    let parts = [principal.as_deref(), Some(server), Some(issuer)];
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        // Lengths first, so that no two keys are the same bytes; there is none without a principal.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        context.update(&length.to_be_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    }
    format!("{}.{extension}", URL_SAFE_NO_PAD.encode(context.finish()))
}

fn read(path: &Path) -> Result<Option<Entry>, BoxError> {
    let length = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata?.len(),
    };
    if length > LARGEST {
        return Err(format!("{} is larger than {LARGEST} bytes", path.display()).into());
    }
    let json = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        json => Zeroizing::new(json?),
    };
    // What is wrong with it is not told: it may quote a token.
    let entry = serde_json::from_slice(&json);
    entry.map(Some).map_err(|_| format!("{} is no sign-in", path.display()).into())
}
