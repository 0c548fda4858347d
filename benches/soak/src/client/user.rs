//! A user, who runs one random operation after the other.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time;

use super::{operations::Operations, world::World};
use crate::{
    options::Injected,
    plan::{HTTP_SERVERS, STDIO},
};

/// The longest pause between two operations.
const PAUSE: Duration = Duration::from_millis(600);

/// Runs operations until the world stops.
pub(crate) async fn run(world: Arc<World>, user: usize, mut random: Rng) {
    let operations = Operations::new(Arc::clone(&world), user);
    loop {
        {
            let _resting = world.rest.read().await;
            if world.is_stopped() {
                return;
            }
            operate(&operations, &mut random).await;
            world.findings.operation();
        }
        time::sleep(pause(&world, &mut random)).await;
    }
}

fn pause(world: &World, random: &mut Rng) -> Duration {
    match world.injected {
        Injected::Slow => PAUSE * 10,
        _ => PAUSE.mul_f32(random.f32()),
    }
}

async fn operate(operations: &Operations, random: &mut Rng) {
    let http = random.usize(..HTTP_SERVERS);
    match random.u32(..1000) {
        0..450 => operations.call(http, "work").await,
        450..550 => operations.call(STDIO, "work").await,
        550..650 => operations.calls_at_once(http, 8).await,
        650..670 => operations.calls_at_once(STDIO, 8).await,
        670..710 => operations.query(http).await,
        710..750 => operations.toolset(http).await,
        750..800 => operations.list_again(http).await,
        800..840 => operations.read_resource(http).await,
        840..860 => operations.resources(http).await,
        860..900 => operations.prompt(http).await,
        900..910 => operations.prompts(http).await,
        910..925 => operations.subscribe(http).await,
        925..960 => {
            let after = Duration::from_millis(random.u64(..100));
            operations.cancel(http, after).await;
        }
        960..975 => operations.ask(http).await,
        975..980 => operations.close_during_calls(http).await,
        980..985 => operations.close(http).await,
        _ => operations.rotate(http, Duration::from_millis(random.u64(..300))).await,
    }
}
