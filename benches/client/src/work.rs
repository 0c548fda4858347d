//! The measured work: the actions of each client, and the number of units.

use std::hint::black_box;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    clients::{Bare, Client, McpClient, RelayClient, Rmcp, User},
    meter::{self, Cost, Meter},
};

/// The names of the clients. The others are compared with the first.
pub(crate) const CLIENTS: [&str; 4] = ["bare", "mcp-client", "relay", "rmcp"];

/// The number of requests in flight for concurrent work.
const IN_FLIGHT: usize = 64;

pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The path of the server, which selects its responses.
    path: &'static str,
    kind: Kind,
    /// The number of units for measuring time and memory.
    pub(crate) units: usize,
    /// The number of units for counting instructions. Zero if they do not matter.
    pub(crate) counted: usize,
    /// The maximum of instructions or CPU time, relative to the plain client.
    pub(crate) aim: Option<f64>,
    /// The maximum of memory, relative to the plain client.
    pub(crate) memory_aim: Option<f64>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A unit is a call in an open session.
    Calls { at_once: usize },
    /// A unit is a new session, in which the tools are listed.
    Sessions,
    /// A unit is a list: again in an open session, or for the first time in a new session.
    Lists { again: bool },
    /// A unit is a user who connects, lists the tools, makes calls, and keeps the session.
    Users { calls: usize },
    /// A unit is a list from the cache of the client.
    Cached,
    /// A unit is a call. All calls are made at once.
    Burst,
}

pub(crate) const ALL: [Work; 12] = [
    Work::calls("warm call, JSON", "json/1/0", 1, 1.0),
    Work::calls("warm call, SSE", "sse/1/0", 1, 1.0),
    Work::calls("64 calls in flight, JSON", "json/1/0", IN_FLIGHT, 0.95),
    Work::calls("64 calls in flight, SSE", "sse/1/0", IN_FLIGHT, 0.95),
    Work {
        name: "new session, 100 tools",
        path: "json/100/0",
        kind: Kind::Sessions,
        units: 200,
        counted: 20,
        aim: Some(0.5),
        memory_aim: None,
    },
    Work {
        name: "list of 1,000 tools, again",
        path: "json/1000/0",
        kind: Kind::Lists { again: true },
        units: 20,
        counted: 4,
        aim: None,
        memory_aim: None,
    },
    Work {
        name: "list of 1,000 tools, the first",
        path: "json/1000/0",
        kind: Kind::Lists { again: false },
        units: 20,
        counted: 4,
        aim: Some(0.35),
        memory_aim: Some(0.35),
    },
    Work {
        name: "1,000 users, 100 tools, 3 calls",
        path: "json/100/0",
        kind: Kind::Users { calls: 3 },
        units: 1000,
        counted: 100,
        aim: Some(0.35),
        memory_aim: Some(0.15),
    },
    Work {
        name: "1,000 sessions held, 1 tool",
        path: "json/1/0",
        kind: Kind::Users { calls: 0 },
        units: 1000,
        counted: 100,
        aim: None,
        memory_aim: Some(1.5),
    },
    Work {
        name: "10,000 sessions held, 1 tool",
        path: "json/1/0",
        kind: Kind::Users { calls: 0 },
        units: 10_000,
        counted: 0,
        aim: None,
        memory_aim: None,
    },
    Work {
        name: "list of 100 tools, cached",
        path: "json/100/0",
        kind: Kind::Cached,
        units: 100_000,
        counted: 10_000,
        aim: None,
        memory_aim: None,
    },
    Work {
        name: BURST,
        path: "json/1/50",
        kind: Kind::Burst,
        units: 1000,
        counted: 0,
        aim: None,
        memory_aim: None,
    },
];

pub(crate) const BURST: &str = "1,000 calls at once, of 50 ms";

impl Work {
    const fn calls(name: &'static str, path: &'static str, at_once: usize, aim: f64) -> Self {
        let kind = Kind::Calls { at_once };
        Self { name, path, kind, units: 5000, counted: 500, aim: Some(aim), memory_aim: None }
    }
}

/// Runs units of work with a client, and prints the cost.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn measure(client: &str, work: &str, units: usize, address: &str) -> Result<()> {
    meter::allow_many_files()?;
    let work = ALL.iter().find(|each| each.name == work).context("no such work")?;
    let url = format!("http://{address}/{}", work.path);
    let costs = match client {
        "bare" => work.run::<Bare>(units, &url).await?,
        "mcp-client" => work.run::<McpClient>(units, &url).await?,
        "relay" => work.run::<RelayClient>(units, &url).await?,
        "rmcp" => work.run::<Rmcp>(units, &url).await?,
        _ => bail!("no such client"),
    };
    println!("{}", serde_json::to_string(&costs)?);
    Ok(())
}

impl Work {
    /// Returns true if the client does this work. Only relay has a cache, and rmcp needs 100 KB per
    /// session.
    pub(crate) fn supports(&self, client: &str) -> bool {
        match self.kind {
            Kind::Lists { .. } => client != "relay",
            Kind::Cached => client == "relay",
            Kind::Users { .. } => client != "rmcp" || self.units <= 1000,
            _ => true,
        }
    }

    async fn run<C: Client>(&self, units: usize, url: &str) -> Result<Vec<Cost>> {
        let client = C::new(url)?;
        match self.kind {
            Kind::Calls { at_once } => calls(&client, units, at_once).await,
            Kind::Sessions => sessions(&client, units).await,
            Kind::Lists { again: true } => lists(&client, units).await,
            Kind::Lists { again: false } => first_lists(client, units).await,
            Kind::Users { calls } => users(&client, units, calls).await,
            Kind::Cached => cached(&client, units).await,
            Kind::Burst => burst(&client, units).await,
        }
    }
}

async fn calls<C: Client>(client: &C, units: usize, at_once: usize) -> Result<Vec<Cost>> {
    let user = client.connect("token-of-one").await?;
    let tools = user.list().await?;
    at_once_calls(&user, &tools, at_once, at_once).await?;
    let meter = Meter::start();
    at_once_calls(&user, &tools, units, at_once).await?;
    Ok(vec![meter.stop()])
}

async fn at_once_calls<U: User>(
    user: &U,
    tools: &U::Tools,
    units: usize,
    at_once: usize,
) -> Result<()> {
    if at_once == 1 {
        for _ in 0..units {
            user.call(tools).await?;
        }
        return Ok(());
    }
    let calls = stream::iter(0..units).map(|_| user.call(tools));
    calls.buffer_unordered(at_once).try_collect().await
}

async fn sessions<C: Client>(client: &C, units: usize) -> Result<Vec<Cost>> {
    session(client, 0).await?;
    let meter = Meter::start();
    for index in 0..units {
        session(client, index + 1).await?;
    }
    Ok(vec![meter.stop()])
}

async fn session<C: Client>(client: &C, index: usize) -> Result<()> {
    let user = client.connect(&token(index)).await?;
    let tools = user.list().await?;
    ensure!(C::User::count(&tools) == 100, "not all of the tools");
    Ok(())
}

async fn lists<C: Client>(client: &C, units: usize) -> Result<Vec<Cost>> {
    let user = client.connect("token-of-one").await?;
    user.list().await?;
    let meter = Meter::start();
    for _ in 0..units {
        let tools = black_box(user.list().await?);
        ensure!(C::User::count(&tools) == 1000, "not all of the tools");
    }
    Ok(vec![meter.stop()])
}

async fn cached<C: Client>(client: &C, units: usize) -> Result<Vec<Cost>> {
    let user = client.connect("token-of-one").await?;
    user.list().await?;
    let meter = Meter::start();
    for _ in 0..units {
        let tools = black_box(user.list().await?);
        ensure!(C::User::count(&tools) == 100, "not all of the tools");
    }
    Ok(vec![meter.stop()])
}

async fn first_lists<C: Client>(mut client: C, units: usize) -> Result<Vec<Cost>> {
    client.connect(&token(0)).await?;
    let meter = Meter::start();
    for index in 0..units {
        client.forget();
        let user = client.connect(&token(index)).await?;
        let tools = black_box(user.list().await?);
        ensure!(C::User::count(&tools) == 1000, "not all of the tools");
    }
    Ok(vec![meter.stop()])
}

async fn users<C: Client>(client: &C, units: usize, calls: usize) -> Result<Vec<Cost>> {
    let meter = Meter::start();
    let users = stream::iter(0..units).map(async |index| -> Result<_> {
        let user = client.connect(&token(index)).await?;
        let tools = user.list().await?;
        for _ in 0..calls {
            user.call(&tools).await?;
        }
        Ok((user, tools))
    });
    let users: Vec<_> = users.buffer_unordered(IN_FLIGHT).try_collect().await?;
    let cost = meter.stop();
    drop(users);
    Ok(vec![cost])
}

/// Runs twice: first with new connections, then with open ones.
async fn burst<C: Client>(client: &C, units: usize) -> Result<Vec<Cost>> {
    let user = client.connect("token-of-one").await?;
    let tools = user.list().await?;
    let mut costs = Vec::new();
    for _ in 0..2 {
        let meter = Meter::start();
        at_once_calls(&user, &tools, units, units).await?;
        costs.push(meter.stop());
    }
    Ok(costs)
}

/// Returns a token with the length of a typical opaque token.
fn token(index: usize) -> String {
    format!("gho_16C7e42F292c6912E7710c838347Ae178B4a{index:04}")
}
