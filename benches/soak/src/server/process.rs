//! The process of the HTTP servers. It obeys the commands of the client until its input ends.

use std::{io::Write as _, time::Duration};

use anyhow::Result;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    signal, time,
};

use super::{faults::Faults, http_servers::HttpServers};
use crate::{
    options::Injected,
    plan::{Command, Reply},
};

/// The time between two looks at the received requests, and between two faults.
const TICK: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn serve(injected: Injected) -> Result<()> {
    crate::client::allow_many_files()?;
    let mut servers = HttpServers::start(injected).await?;
    send(&Reply::Listening { urls: servers.urls() })?;
    let mut faults = Faults::new(injected);
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    let mut ticks = time::interval(TICK);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Ctrl-C also reaches the client, which then closes the input.
            _ = signal::ctrl_c() => {}
            command = commands.next_line() => match command? {
                Some(command) => send(&servers.obey(serde_json::from_str(&command)?))?,
                None => return Ok(()),
            },
            _ = ticks.tick() => {
                servers.check_requests();
                faults.next(&mut servers).await?;
            }
        }
    }
}

fn send(reply: &Reply) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(reply)?)?;
    Ok(output.flush()?)
}

impl HttpServers {
    fn obey(&mut self, command: Command) -> Reply {
        match command {
            Command::Rotate { server, user } => {
                Reply::Rotated { generation: self.rotate(server, user) }
            }
            Command::WhichRan { numbers } => Reply::Ran { numbers: self.which_ran(numbers) },
            Command::Report => Reply::Report(self.report()),
        }
    }
}
