//! A process that is killed while it stores a refresh token.

#![cfg(unix)]

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use mcp_oauth::Store;

use crate::support::{Folder, key, number, record};

const FOLDER: &str = "FILE_STORE_FOLDER";

/// Not a test by itself: the process that the tests below start and kill. It stores one refresh
/// token after the other, and says of each when it is stored.
#[tokio::test]
async fn writer() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let store = mcp_oauth_file::FileStore::open(folder).unwrap();
    for number in 1..1_000_000 {
        store.save(&key("ann"), &record(number)).await.unwrap();
        let mut stdout = std::io::stdout();
        writeln!(stdout, "stored {number}").unwrap();
        stdout.flush().unwrap();
    }
}

/// Starts the writer, by way of a shell that first does `limit`.
fn start(folder: &Folder, limit: &str) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg(format!("{limit} exec \"$0\" --exact crashes::writer --nocapture"))
        .arg(env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The numbers that the writer says it has stored.
fn stored(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| line.rsplit_once("stored ")?.1.parse().ok())
}

#[tokio::test]
async fn a_refresh_token_that_is_stored_outlives_the_process() {
    let folder = Folder::new();
    // Each time it is killed at another place: its steps are not those of this process.
    for round in 1..=20 {
        let mut child = start(&folder, "");
        let said = stored(&mut child).nth(round).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = folder.store().load(&key("ann")).await.unwrap().unwrap();
        assert!(number(&kept) >= said, "{said} was stored, and {} is there", number(&kept));
    }
    // What is left of the last one is in nobody's way.
    folder.store().save(&key("ann"), &record(7)).await.unwrap();
    assert_eq!(number(&folder.store().load(&key("ann")).await.unwrap().unwrap()), 7);
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_writes_leaves_the_old_token() {
    let folder = Folder::new();
    folder.store().save(&key("ann"), &record(42)).await.unwrap();
    // The system kills it at the first byte of the file, and after some.
    for blocks in [0, 8] {
        let mut child = start(&folder, &format!("ulimit -f {blocks};"));
        assert_eq!(stored(&mut child).count(), 0);
        assert!(!child.wait().unwrap().success());
        let new = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
        let new = new.filter(|path| path.extension().is_some_and(|extension| extension == "new"));
        let lengths: Vec<_> = new.map(|path| fs::metadata(path).unwrap().len()).collect();
        assert_eq!(lengths.len(), 1, "it was not killed between the first step and the last");
        assert_eq!(lengths[0] > 0, blocks > 0);
        assert_eq!(number(&folder.store().load(&key("ann")).await.unwrap().unwrap()), 42);
    }
    folder.store().save(&key("ann"), &record(43)).await.unwrap();
    assert_eq!(number(&folder.store().load(&key("ann")).await.unwrap().unwrap()), 43);
}
