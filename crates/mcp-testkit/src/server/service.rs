//! Handles an HTTP request: script, routing, log and delivery.

use std::sync::Arc;

use hyper::{Request, Response, body::Incoming};
use mcp_types::Era;

use super::delivery::{ConnectionClosed, Delivery};
use crate::{
    base::{RecordedRequest, SESSION},
    http::{ResetHandle, ResponseBody},
    protocol::{Exchange, ExchangeResponse},
    state::ServerState,
};

pub(crate) async fn handle(
    shared: Arc<ServerState>,
    reset_handle: ResetHandle,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ConnectionClosed> {
    let request = RecordedRequest::read(request).await.map_err(|_| ConnectionClosed)?;
    let plan = shared.script.plan(&request);
    if plan.lose_session {
        shared.forget(request.header(SESSION));
    }
    let exchange = Exchange::new(&shared, &request);
    let era = exchange.era().unwrap_or(Era::Stateful);
    let guard = shared.in_flight.begin(&request, era, &shared.counters);
    let response = match plan.reply(&request) {
        Some(reply) => ExchangeResponse::Reply(reply),
        None => exchange.handle(),
    };
    // The request is recorded after it is handled, so that a test that waits for it sees its
    // effects.
    shared.log.record(request.clone());
    Delivery { shared, request, era, plan, guard, reset_handle }.deliver(response).await
}
