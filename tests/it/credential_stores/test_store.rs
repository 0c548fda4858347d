//! The credential stores of the tests, and where they keep their records.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mcp_oauth::{EncryptionKey, EncryptionKeys, MemoryStore, Store};
use mcp_oauth_file::FileStore;
use mcp_oauth_sqlite::SqliteStore;

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    File,
    /// Encrypted files.
    Encrypted,
    Sqlite,
    /// Files that are encrypted with a key of the system's keyring.
    Keyring,
}

/// If set, only the keyring store is tested, with this application name.
pub(crate) const KEYRING: &str = "STORES_KEYRING";

/// A store of one kind. Its files are deleted when this is dropped.
pub(crate) struct TestStore {
    pub(crate) kind: StoreKind,
    folder: PathBuf,
    memory: MemoryStore,
}

impl StoreKind {
    /// The kinds that several processes can share.
    pub(crate) fn shared() -> Vec<Self> {
        match env::var_os(KEYRING) {
            None => vec![Self::File, Self::Encrypted, Self::Sqlite],
            Some(_) => vec![Self::Keyring],
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        let kind = Self::shared().into_iter().find(|kind| format!("{kind:?}") == name);
        kind.unwrap_or_else(|| panic!("unknown kind of store {name}"))
    }

    /// Opens a store of this kind as another process would.
    pub(crate) fn open(self, folder: &Path) -> Arc<dyn Store> {
        match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::File => Arc::new(FileStore::open(folder).unwrap()),
            Self::Encrypted => {
                Arc::new(FileStore::encrypted(folder, encryption_keys(&[1])).unwrap())
            }
            Self::Sqlite => Arc::new(
                SqliteStore::open(folder.join("sign-ins.db"), encryption_keys(&[1])).unwrap(),
            ),
            Self::Keyring => {
                let application = env::var(KEYRING).unwrap();
                Arc::new(mcp_oauth_keyring::open(&application, folder).unwrap())
            }
        }
    }
}

impl TestStore {
    pub(crate) fn new(kind: StoreKind) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("stores-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { kind, folder, memory: MemoryStore::new() }
    }

    /// One store of each kind.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [StoreKind::Memory].into_iter().chain(StoreKind::shared()).map(Self::new)
    }

    /// One store of each kind that several processes can share.
    pub(crate) fn shared() -> impl Iterator<Item = Self> {
        StoreKind::shared().into_iter().map(Self::new)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log file of child processes. It is next to the directory.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    /// Opens the store again.
    pub(crate) fn open(&self) -> Arc<dyn Store> {
        match self.kind {
            StoreKind::Memory => Arc::new(self.memory.clone()),
            kind => kind.open(&self.folder),
        }
    }

    /// The bytes of all files in the directory.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
        drop(fs::remove_file(self.log()));
    }
}

/// Encryption keys, each made of one repeated byte. The first is the newest.
pub(crate) fn encryption_keys(bytes: &[u8]) -> EncryptionKeys {
    let mut all = bytes.iter().map(|byte| EncryptionKey::new(&[*byte; 32]));
    let newest = EncryptionKeys::new(all.next().unwrap());
    all.fold(newest, EncryptionKeys::with_older)
}
