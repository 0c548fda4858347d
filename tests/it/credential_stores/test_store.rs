//! Where the stores of a test keep their records.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mcp_oauth::{MemoryStore, SealingKey, SealingKeys, Store};
use mcp_oauth_file::FileStore;
use mcp_oauth_sqlite::SqliteStore;

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    File,
    /// Files that are sealed.
    Sealed,
    Sqlite,
    /// Files that are sealed with a key of the system's keyring.
    Keyring,
}

/// Set to an application's name where there is a keyring to test, and nothing else.
pub(crate) const KEYRING: &str = "STORES_KEYRING";

/// Records of one kind of store, which go with the test.
pub(crate) struct Home {
    pub(crate) kind: Kind,
    folder: PathBuf,
    memory: MemoryStore,
}

impl Kind {
    /// Those that other processes see.
    pub(crate) fn shared() -> Vec<Self> {
        match env::var_os(KEYRING) {
            None => vec![Self::File, Self::Sealed, Self::Sqlite],
            Some(_) => vec![Self::Keyring],
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let kind = Self::shared().into_iter().find(|kind| format!("{kind:?}") == name);
        kind.unwrap_or_else(|| panic!("no kind of store is {name}"))
    }

    /// Opens a store of this kind as another process would.
    pub(crate) fn open(self, folder: &Path) -> Arc<dyn Store> {
        match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::File => Arc::new(FileStore::open(folder).unwrap()),
            Self::Sealed => Arc::new(FileStore::sealed(folder, keys(&[1])).unwrap()),
            Self::Sqlite => {
                Arc::new(SqliteStore::open(folder.join("sign-ins.db"), keys(&[1])).unwrap())
            }
            Self::Keyring => {
                let application = env::var(KEYRING).unwrap();
                Arc::new(mcp_oauth_keyring::open(&application, folder).unwrap())
            }
        }
    }
}

impl Home {
    pub(crate) fn new(kind: Kind) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("stores-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { kind, folder, memory: MemoryStore::new() }
    }

    /// One of each kind.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Kind::Memory].into_iter().chain(Kind::shared()).map(Self::new)
    }

    /// One of each kind that other processes see.
    pub(crate) fn shared() -> impl Iterator<Item = Self> {
        Kind::shared().into_iter().map(Self::new)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file beside the folder, for what is told of the processes that use it.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    /// Opens the store once more.
    pub(crate) fn open(&self) -> Arc<dyn Store> {
        match self.kind {
            Kind::Memory => Arc::new(self.memory.clone()),
            kind => kind.open(&self.folder),
        }
    }

    /// All bytes of all files, whatever the store has put there.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
        drop(fs::remove_file(self.log()));
    }
}

/// Keys for sealing, by one byte of each; the first is the newest.
pub(crate) fn keys(bytes: &[u8]) -> SealingKeys {
    let mut all = bytes.iter().map(|byte| SealingKey::new(&[*byte; 32]));
    let newest = SealingKeys::new(all.next().unwrap());
    all.fold(newest, SealingKeys::with_older)
}
