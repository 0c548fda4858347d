//! The process of the HTTP servers, as the client controls it.

use std::{env, process::Stdio};

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command as Process},
    sync::Mutex,
};

use crate::{
    options::Injected,
    plan::{Command, Reply, ServerReport},
};

/// The process of the HTTP servers. It ends with its input, so it never outlives this process.
pub(crate) struct Control {
    process: Child,
    pipes: Mutex<Pipes>,
}

struct Pipes {
    commands: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
}

impl Control {
    /// Starts the servers, and returns their URLs.
    pub(crate) async fn start(injected: Injected) -> Result<(Self, Vec<String>)> {
        let mut process = Process::new(env::current_exe()?)
            .args(["serve", &injected.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let commands = process.stdin.take().context("the servers have no input")?;
        let replies = process.stdout.take().context("the servers have no output")?;
        let mut pipes = Pipes { commands, replies: BufReader::new(replies).lines() };
        let Reply::Listening { urls } = pipes.reply().await? else { bail!("no URLs") };
        Ok((Self { process, pipes: Mutex::new(pipes) }, urls))
    }

    /// Expires the token of a user on a server. Returns the generation of the new token.
    pub(crate) async fn rotate(&self, server: usize, user: usize) -> Result<u64> {
        match self.send(&Command::Rotate { server, user }).await? {
            Reply::Rotated { generation } => Ok(generation),
            reply => bail!("unexpected {reply:?}"),
        }
    }

    /// Returns which of these calls have run.
    pub(crate) async fn which_ran(&self, numbers: Vec<u64>) -> Result<Vec<u64>> {
        match self.send(&Command::WhichRan { numbers }).await? {
            Reply::Ran { numbers } => Ok(numbers),
            reply => bail!("unexpected {reply:?}"),
        }
    }

    pub(crate) async fn report(&self) -> Result<ServerReport> {
        match self.send(&Command::Report).await? {
            Reply::Report(report) => Ok(report),
            reply => bail!("unexpected {reply:?}"),
        }
    }

    async fn send(&self, command: &Command) -> Result<Reply> {
        let mut line = serde_json::to_string(command)?;
        line.push('\n');
        let mut pipes = self.pipes.lock().await;
        pipes.commands.write_all(line.as_bytes()).await?;
        pipes.reply().await
    }

    /// Ends the process, and waits until it has ended.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.process.kill().await.context("cannot end the servers")
    }
}

impl Pipes {
    async fn reply(&mut self) -> Result<Reply> {
        let line = self.replies.next_line().await?.context("the servers have ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}
