//! Locks of keys across processes, as file locks.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
};

use mcp_http::mcp_client::BoxError;
use mcp_oauth::{KeyLocks, StoreKey, StoreLock};
use tokio::{sync::oneshot, task};

use crate::{file_name, permissions};

/// A lock for each key, shared by all processes of this machine that use the same folder.
///
/// The operating system releases a lock when its process ends, even after a crash.
///
/// # Examples
///
/// ```no_run
/// use mcp_http::mcp_client::BoxError;
/// use mcp_oauth::StoreKey;
/// use mcp_oauth_file::FileLocks;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let locks = FileLocks::open("credentials")?;
///     let (server, issuer) = ("https://mcp.example.com/mcp", "https://login.example.com");
///     let key = StoreKey::new(Some("ann"), server, issuer);
///     let lock = locks.lock(&key).await?;
///     // Only this process uses the refresh token of the key now.
///     drop(lock);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct FileLocks {
    folder: PathBuf,
    /// The locks within this process. Only the task that holds one waits for other processes.
    process_locks: KeyLocks,
}

/// A locked file. It is removed on drop.
struct HeldLock {
    path: PathBuf,
    _file: File,
    _process_lock: StoreLock,
}

impl FileLocks {
    /// Opens a folder for lock files. Creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be created.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref().to_owned();
        permissions::create_private_folder(&folder)?;
        Ok(Self { folder, process_locks: KeyLocks::default() })
    }

    /// Waits until no other task or process holds the lock of the key, and acquires it.
    ///
    /// # Errors
    ///
    /// Returns an error if the lock file cannot be opened or locked.
    pub async fn lock(&self, key: &StoreKey) -> Result<StoreLock, BoxError> {
        let _process_lock = self.process_locks.lock(key).await;
        let path = self.folder.join(file_name::for_key(key, "lock"));
        loop {
            let file = lock_file(path.clone()).await?;
            if is_linked(&file)? {
                return Ok(StoreLock::new(HeldLock { path, _file: file, _process_lock }));
            }
        }
    }
}

async fn lock_file(path: PathBuf) -> Result<File, BoxError> {
    match task::spawn_blocking(move || try_lock(&path)).await?? {
        (file, true) => Ok(file),
        (file, false) => wait_for_lock(file).await,
    }
}

/// Opens the file, and tries to lock it. Returns the file, and `true` if it is locked.
fn try_lock(path: &Path) -> io::Result<(File, bool)> {
    let file = permissions::private_file_options().open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok((file, false)),
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok((file, true)),
    }
}

/// Waits for the lock in a separate thread. Waiting threads must not fill the blocking pool,
/// because the tasks that hold the locks need it to continue.
async fn wait_for_lock(file: File) -> Result<File, BoxError> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("oauth-file-lock".to_owned()).spawn(move || {
        let locked = file.lock().map(|()| file);
        // If the receiver is gone, this unlocks the file.
        drop(sender.send(locked));
    })?;
    Ok(receiver.await??)
}

/// Returns `true` if the file is still at its path. The previous holder may have removed it.
fn is_linked(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 0);
    #[cfg(not(unix))]
    Ok(file.metadata().is_ok())
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // `is_linked` cannot detect a removed file on other systems. A leftover file does no harm.
        if cfg!(unix) {
            drop(fs::remove_file(&self.path));
        }
    }
}
