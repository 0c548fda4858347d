//! One HTTP request from arrival to answer: script, handling, log, delivery.

use std::sync::Arc;

use hyper::{Request, Response, body::Incoming};
use mcp_types::Era;

use super::{delivery::Delivery, test_server::Shared};
use crate::{
    base::Recorded,
    http::{Link, Outgoing, Ticket},
    protocol::{Answer, Closed, Exchange, SESSION},
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
    let ticket = Ticket::new(&shared, &request, era);
    let answer = match plan.reply(&request) {
        Some(reply) => Answer::Reply(reply),
        None => exchange.answer(),
    };
    // Only now, so that whoever waits for the request finds its effects.
    shared.log.record(request.clone());
    Delivery { shared, request, era, plan, ticket, link }.deliver(answer).await
}
