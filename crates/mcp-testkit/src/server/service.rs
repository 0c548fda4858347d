//! One HTTP request from arrival to answer: script, handling, log, delivery.

use std::sync::Arc;

use hyper::{Request, Response, body::Incoming};
use mcp_types::Era;

use super::delivery::{Closed, Delivery};
use crate::{
    base::{Recorded, SESSION},
    http::{Link, Outgoing},
    protocol::{Answer, Exchange},
    state::Shared,
};

pub(crate) async fn answer(
    shared: Arc<Shared>,
    link: Link,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Closed> {
    let request = Recorded::read(request).await.map_err(|_| Closed)?;
    let plan = shared.script.plan(&request);
    if plan.lose_session {
        shared.forget(request.header(SESSION));
    }
    let exchange = Exchange::new(&shared, &request);
    let era = exchange.era().unwrap_or(Era::Handshake);
    let ticket = shared.flights.begin(&request, era, &shared.counters);
    let answer = match plan.reply(&request) {
        Some(reply) => Answer::Reply(reply),
        None => exchange.answer(),
    };
    // Only now, so that whoever waits for the request finds its effects.
    shared.log.record(request.clone());
    Delivery { shared, request, era, plan, ticket, link }.deliver(answer).await
}
