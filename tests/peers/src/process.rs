//! Starts processes, and ends them with their child processes.

use std::{
    env,
    fs::{self, File, OpenOptions},
    io,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// The variable that makes a missing program a failure if it is `required`.
const SWITCH: &str = "RELAY_REAL_SERVERS";

/// A process and its child processes. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Child,
    log: PathBuf,
}

impl Group {
    /// Starts a process and returns its standard output. Standard error is printed if the test
    /// fails.
    pub(crate) fn spawn(mut command: Command) -> io::Result<(Self, ChildStdout)> {
        // If the test is killed, the input of the process is closed, so that it can exit.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = scratch("log");
        let output = OpenOptions::new().create_new(true).append(true).open(&log)?;
        let leader = command.stderr(output).spawn();
        let mut leader = leader.or_else(|error| fs::remove_file(&log).and(Err(error)))?;
        let stdout = leader.stdout.take().unwrap();
        Ok((Self { leader, log }, stdout))
    }

    /// Returns the standard input of the process.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.leader.stdin.take().unwrap()
    }

    /// Opens the log that is printed if the test fails.
    pub(crate) fn log(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.log)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("the log of the process:\n{log}");
        }
        // No other process can have the id of the leader until the leader is waited for.
        let group = format!("-{}", self.leader.id());
        let killed = Command::new("sh").args(["-c", "kill -s KILL -- \"$0\"", &group]).status();
        let failed = !killed.is_ok_and(|status| status.success());
        let ended = self.leader.kill().and_then(|()| self.leader.wait());
        let removed = fs::remove_file(&self.log);
        if !thread::panicking() {
            assert!(!failed, "the processes of {group} may still run");
            ended.unwrap();
            removed.unwrap();
        }
    }
}

/// Returns the target folder, which contains the running test.
pub(crate) fn target() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// Returns a unique path in Cargo's folder for the files of tests.
pub(crate) fn scratch(kind: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    target().join("tmp").join(format!("peers-{}-{number}.{kind}", process::id()))
}

/// Prints that the test is skipped, and why. Fails the test if skipping is not allowed.
pub(crate) fn skip<T>(reason: &str) -> Option<T> {
    assert!(env::var(SWITCH).as_deref() != Ok("required"), "{reason}");
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not `eprintln!`, because the test runner shows its output only if the test fails. One write,
    // because other tests print too.
    let line = format!("SKIPPED {test}: {reason}\n");
    io::Write::write_all(&mut io::stderr(), line.as_bytes()).unwrap();
    None
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read},
        sync::mpsc::{Receiver, RecvTimeoutError, channel},
        time::Duration,
    };

    use super::*;

    /// Starts a process with a child. The receiver disconnects when no process holds the output any
    /// more.
    fn spawn() -> (Group, Receiver<()>) {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 3600 & echo started; wait"]);
        let (group, stdout) = Group::spawn(command).unwrap();
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        let (sender, output) = channel();
        // The child of the process holds the output open while it runs.
        thread::spawn(move || {
            let _sender: std::sync::mpsc::Sender<()> = sender;
            stdout.read_to_end(&mut Vec::new())
        });
        (group, output)
    }

    #[track_caller]
    fn assert_ends(output: &Receiver<()>) {
        let error = output.recv_timeout(Duration::from_secs(60)).unwrap_err();
        assert_eq!(error, RecvTimeoutError::Disconnected);
    }

    #[test]
    fn dropping_a_group_ends_all_its_processes() {
        let (group, output) = spawn();
        drop(group);
        assert_ends(&output);
        let (group, output) = spawn();
        let panicked = thread::spawn(move || {
            let _group = group;
            panic!("as a failing test does");
        });
        panicked.join().unwrap_err();
        assert_ends(&output);
    }
}
