//! System calls of a process, recorded by a preloaded library (`fixtures/system_calls`).

#![cfg(target_os = "linux")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use super::{child_process::ChildProcess, test_store::TestStore};

/// The library, built with a C compiler.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/system_calls/system_calls.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("system_calls.so");
    // Another test process may be using the old file.
    let new = library.with_extension(std::process::id().to_string());
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&new).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "a C compiler is needed");
    fs::rename(&new, &library).unwrap();
    library
});

/// Starts a process that is killed before its system call number `fatal`, if there is one.
///
/// Only system calls in the store's directory and on connections to `port` count.
pub(crate) fn start_child(
    task: &str,
    test_store: &TestStore,
    port: u16,
    fatal: Option<usize>,
    env: &[(&str, &Path)],
) -> ChildProcess {
    drop(fs::remove_file(test_store.log()));
    let (port, fatal) = (port.to_string(), fatal.map(|number| number.to_string()));
    let log = test_store.log();
    let mut all = vec![
        ("LD_PRELOAD", LIBRARY.as_path()),
        ("SYSTEM_CALLS_DIRECTORY", test_store.folder()),
        ("SYSTEM_CALLS_PORT", Path::new(&port)),
        ("SYSTEM_CALLS_LOG", &log),
    ];
    all.extend(fatal.as_ref().map(|number| ("SYSTEM_CALLS_KILL", Path::new(number))));
    all.extend(env);
    ChildProcess::start(task, test_store, &all)
}

/// The system calls that the last process made.
pub(crate) fn recorded(test_store: &TestStore) -> Vec<String> {
    let log = fs::read_to_string(test_store.log()).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}
