//! Starting processes, and ending them with all that they started.

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

/// Set to `required` where what is not installed is a failure.
const SWITCH: &str = "RELAY_REAL_SERVERS";

/// A process, and those that it started. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Child,
    log: PathBuf,
}

impl Group {
    /// Starts a process; gives what it prints, but for stderr, which is shown if the test fails.
    pub(crate) fn spawn(mut command: Command) -> io::Result<(Self, ChildStdout)> {
        // A process that outlives its test, because the test was killed, finds its input closed.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = scratch("log");
        let output = OpenOptions::new().create_new(true).append(true).open(&log)?;
        let leader = command.stderr(output).spawn();
        let mut leader = leader.or_else(|error| fs::remove_file(&log).and(Err(error)))?;
        let stdout = leader.stdout.take().unwrap();
        Ok((Self { leader, log }, stdout))
    }

    /// What the process reads.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.leader.stdin.take().unwrap()
    }

    /// Where to write what is shown if the test fails.
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
        // Until the leader is waited for, no other process can have its number.
        let group = format!("-{}", self.leader.id());
        let killed = Command::new("sh").args(["-c", "kill -s KILL -- \"$0\"", &group]).status();
        let failed = !killed.is_ok_and(|status| status.success());
        let ended = self.leader.kill().and_then(|()| self.leader.wait());
        let removed = fs::remove_file(&self.log);
        if !thread::panicking() {
            assert!(!failed, "the processes of {group} may go on");
            ended.unwrap();
            removed.unwrap();
        }
    }
}

/// The target folder, in which Cargo has put the test that runs.
pub(crate) fn target() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// A name under Cargo's folder for the files of tests that nobody else has.
pub(crate) fn scratch(kind: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    target().join("tmp").join(format!("peers-{}-{number}.{kind}", process::id()))
}

/// Says that the test is skipped, and why; or fails it where it must not be.
pub(crate) fn skip<T>(reason: &str) -> Option<T> {
    assert!(env::var(SWITCH).as_deref() != Ok("required"), "{reason}");
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Past the test runner, which shows what `eprintln` prints only if the test fails; and in one
    // piece, for other tests print too.
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

    /// A process with a child of its own, and what tells that nobody holds its output any more.
    fn spawn() -> (Group, Receiver<()>) {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 3600 & echo started; wait"]);
        let (group, stdout) = Group::spawn(command).unwrap();
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        let (sender, output) = channel();
        // The grandchild holds the output open as long as it lives.
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
    fn all_processes_of_a_group_end_with_it() {
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
