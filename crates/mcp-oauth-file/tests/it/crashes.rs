//! Processes that are killed while they write. The workspace tests kill one before each of its
//! steps.

#![cfg(unix)]

use std::{
    env, fs,
    process::{Command, ExitStatus, Stdio},
};

use mcp_oauth::Store;

use crate::support::{Folder, key, number, record};

const FOLDER: &str = "FILE_STORE_FOLDER";

/// The program of the process that the test below starts and the system kills. Does nothing if it
/// runs as a test.
#[tokio::test]
async fn writer() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = mcp_oauth_file::FileStore::open(folder).unwrap();
    store.save(&key("ann"), &record(1)).await.unwrap();
}

/// Runs the writer with a limit on the size of its files. The system kills it at the limit.
fn run_writer(folder: &Folder, max_blocks: u32) -> ExitStatus {
    Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -f {max_blocks}; exec \"$0\" --exact crashes::writer"))
        .arg(env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

#[tokio::test]
async fn a_process_killed_while_writing_leaves_the_old_token() {
    let folder = Folder::new();
    folder.store().save(&key("ann"), &record(42)).await.unwrap();
    // The system kills the writer at the first byte of the file, and in the middle of it.
    for max_blocks in [0, 8] {
        assert!(!run_writer(&folder, max_blocks).success());
        let new = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let new = new.filter(|path| path.extension().is_some_and(|extension| extension == "new"));
        let lengths: Vec<_> = new.map(|path| fs::metadata(path).unwrap().len()).collect();
        assert_eq!(lengths.len(), 1, "the writer was not killed between its first and last step");
        assert_eq!(lengths[0] > 0, max_blocks > 0);
        assert_eq!(number(&folder.store().load(&key("ann")).await.unwrap().unwrap()), 42);
    }
    folder.store().save(&key("ann"), &record(43)).await.unwrap();
    assert_eq!(number(&folder.store().load(&key("ann")).await.unwrap().unwrap()), 43);
}
