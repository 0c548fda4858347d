//! One HTTP request from arrival to answer: script, handling, log, delivery.

use std::sync::Arc;

use hyper::{Request, Response, body::Incoming};

use crate::{
    answer::{Answer, Closed},
    body::Outgoing,
    exchange::Exchange,
    recorded::Recorded,
    server::Shared,
};

pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Closed> {
    let request = Recorded::read(request).await.map_err(|_| Closed)?;
    let plan = shared.script.plan(&request);
    let answer = match plan.reply(&request) {
        Some(reply) => Answer::Reply(reply),
        None => Exchange::new(&shared, &request).answer(),
    };
    // Only now, so that whoever waits for the request finds its effects.
    shared.log.record(request.clone());
    plan.deliver(answer, &request, shared.config.answers).await
}
