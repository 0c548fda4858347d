//! Sends a response on the connection, with the scripted faults.

use std::{fmt, sync::Arc};

use hyper::{
    Response,
    header::{HeaderName, HeaderValue},
};
use mcp_types::Era;

use crate::{
    base::{JSON, RecordedRequest, SESSION, gzip_bomb},
    http::{Part, Reply, RequestGuard, ResetHandle, ResponseBody, Stream, Writer},
    protocol::{ExchangeResponse, MultiRoundCall},
    state::{ConnectionEnd, FaultPlan, ResponseMode, RpcResponse, ServerState},
};

/// A request, with the state that the delivery of its response needs.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<ServerState>,
    pub(crate) request: RecordedRequest,
    pub(crate) era: Era,
    pub(crate) plan: FaultPlan,
    pub(crate) guard: RequestGuard,
    pub(crate) reset_handle: ResetHandle,
}

/// The source of a response: a finished response, or a call to run.
enum ResponseSource {
    Response(RpcResponse),
    Call(Box<MultiRoundCall>),
}

/// The error that closes the connection without a response.
#[derive(Debug)]
pub(crate) struct ConnectionClosed;

impl Delivery {
    pub(crate) async fn deliver(
        mut self,
        mut response: ExchangeResponse,
    ) -> Result<Response<ResponseBody>, ConnectionClosed> {
        if let Some(reply) = self.plan.replace.take() {
            response = ExchangeResponse::Reply(reply);
        }
        // If messages come before the response, only the response itself is held.
        let held_inside = match &response {
            ExchangeResponse::Call(_) => true,
            ExchangeResponse::Response(_) => !self.plan.messages_before.is_empty(),
            ExchangeResponse::Reply(_)
            | ExchangeResponse::Stream(..)
            | ExchangeResponse::Listen(_) => false,
        };
        if !held_inside {
            for barrier in std::mem::take(&mut self.plan.barriers) {
                barrier.wait().await;
            }
        }
        if let Some(end) = self.plan.end {
            if end == ConnectionEnd::Reset {
                self.reset_handle.reset();
            }
            self.guard.finish();
            return Err(ConnectionClosed);
        }
        let reset_handle = self.reset_handle.clone();
        let response = match response {
            ExchangeResponse::Reply(reply) => self.send(reply),
            ExchangeResponse::Stream(stream, start) => {
                self.guard.finish();
                let start = if self.plan.redeliver { 0 } else { start };
                let count_guard = self.shared.counters.stream();
                stream
                    .connect(start, self.plan.cut_after)
                    .map(|body| body.with_count_guard(count_guard))
            }
            ExchangeResponse::Listen(subscription) => {
                let count_guard = self.shared.counters.stream();
                let cut = self.plan.cut_after;
                self.shared.subscriptions.begin(subscription, self.guard, count_guard, cut)
            }
            ExchangeResponse::Response(response) if !self.is_streamed() => self.send_json(response),
            ExchangeResponse::Response(response) => self.stream(ResponseSource::Response(response)),
            ExchangeResponse::Call(call) => self.stream(ResponseSource::Call(call)),
        };
        Ok(response.map(|body| body.with_reset_handle(reset_handle)))
    }

    fn is_streamed(&self) -> bool {
        self.shared.config.response_mode == ResponseMode::Sse || self.plan.needs_stream()
    }

    fn send(self, reply: Reply) -> Response<ResponseBody> {
        reply.into_response().map(|body| body.with_guard(self.guard))
    }

    fn send_json(self, mut response: RpcResponse) -> Response<ResponseBody> {
        let session = response.session.take();
        let json = self.plan.response_text(response, &self.request);
        let reply = Reply::status(200).header("content-type", JSON);
        let reply = match self.plan.gzip_bomb {
            Some(size) => reply.header("content-encoding", "gzip").chunk(gzip_bomb(size, &json)),
            None => reply.padding(self.plan.padding).parts(self.plan.body_parts(json)),
        };
        with_session(self.send(reply), session.as_deref())
    }

    fn stream(self, source: ResponseSource) -> Response<ResponseBody> {
        let Self { shared, request, era, plan, guard, .. } = self;
        let new_session = match &source {
            ResponseSource::Response(response) => response.session.clone(),
            ResponseSource::Call(_) => None,
        };
        let session = new_session.as_deref().or_else(|| request.header(SESSION));
        let retry = shared.config.retry.filter(|_| era == Era::Stateful);
        let stream = shared.streams.open(session, retry);
        let count_guard = shared.counters.stream();
        let response =
            stream.connect(0, plan.cut_after).map(|body| body.with_count_guard(count_guard));
        let response = with_session(response, new_session.as_deref());
        let number = guard.number();
        let (guard, kept) = match era {
            // The request continues after the connection is closed.
            Era::Stateful => (None, Some(guard)),
            // A closed connection cancels the request.
            Era::Stateless => (Some(guard), None),
        };
        let writer = stream.writer();
        let server = Arc::clone(&shared);
        let task = shared.tasks.spawn(async move {
            let _guard = kept;
            write(&server, writer, source, plan, &request, number).await;
        });
        shared.in_flight.set_task(number, task);
        match guard {
            Some(guard) => response.map(|body| body.with_guard(guard)),
            None => response,
        }
    }
}

/// Sends all messages of a call. The response comes last.
async fn write(
    server: &ServerState,
    writer: Writer,
    source: ResponseSource,
    plan: FaultPlan,
    request: &RecordedRequest,
    number: u64,
) {
    let stream = writer.stream();
    for message in &plan.messages_before {
        stream.send(&message.to_string());
    }
    let response = match source {
        ResponseSource::Response(response) => response,
        ResponseSource::Call(call) => call.run(server, stream).await,
    };
    // From here on, cancellation does not abort the task. A held response is sent late.
    server.in_flight.set_task(number, None);
    for barrier in &plan.barriers {
        barrier.wait().await;
    }
    if let Some((bytes, every)) = plan.endless {
        stream.send_part(Part::Repeat(bytes, every));
        return stream.closed().await;
    }
    server.in_flight.finish(number);
    let json = plan.response_text(response, request);
    send_response(&plan, &json, stream);
    if plan.duplicate {
        send_response(&plan, &json, stream);
    }
    if plan.never_end {
        stream.closed().await;
    }
}

fn send_response(plan: &FaultPlan, json: &str, stream: &Stream) {
    if plan.padding == 0 {
        stream.send_with(json, |event| plan.body_parts(event));
    } else {
        stream.send_part(Part::Chunk("event: message\ndata: ".into()));
        stream.send_part(Part::Fill(plan.padding));
        stream.send_part(Part::Chunk(format!("{json}\n\n").into()));
    }
}

fn with_session(
    mut response: Response<ResponseBody>,
    session: Option<&str>,
) -> Response<ResponseBody> {
    if let Some(id) = session.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(HeaderName::from_static(SESSION), id);
    }
    response
}

impl fmt::Display for ConnectionClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection closed by a scripted fault")
    }
}

impl std::error::Error for ConnectionClosed {}
