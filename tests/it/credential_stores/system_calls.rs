//! The steps of a process, counted by a library that it is started with (`fixtures/system_calls`).

#![cfg(target_os = "linux")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use super::{child_process::Child, test_store::Home};

/// The library, which a C compiler makes.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/system_calls/system_calls.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("steps.so");
    // Others may be using the old one.
    let new = library.with_extension(std::process::id().to_string());
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&new).arg(source).arg("-ldl");
    assert!(compiler.status().unwrap().success(), "a C compiler is needed");
    fs::rename(&new, &library).unwrap();
    library
});

/// Starts a process that is killed before one of its steps, or not at all. Steps are those in the
/// store's folder, and those of the connections to a port.
pub(crate) fn start(
    task: &str,
    home: &Home,
    port: u16,
    fatal: Option<usize>,
    env: &[(&str, &Path)],
) -> Child {
    drop(fs::remove_file(home.log()));
    let (port, fatal) = (port.to_string(), fatal.map(|step| step.to_string()));
    let log = home.log();
    let mut all = vec![
        ("LD_PRELOAD", LIBRARY.as_path()),
        ("STEPS_FOLDER", home.folder()),
        ("STEPS_PORT", Path::new(&port)),
        ("STEPS_LOG", &log),
    ];
    all.extend(fatal.as_ref().map(|step| ("STEPS_KILL", Path::new(step))));
    all.extend(env);
    Child::start(task, home, &all)
}

/// The steps that were made.
pub(crate) fn made(home: &Home) -> Vec<String> {
    let log = fs::read_to_string(home.log()).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}
