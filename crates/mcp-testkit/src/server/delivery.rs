//! Writes an answer to the connection, in the way that was scripted.

use std::{fmt, sync::Arc};

use hyper::{
    Response,
    header::{HeaderName, HeaderValue},
};
use mcp_types::Era;

use crate::{
    base::{JSON, Recorded, SESSION, gzip},
    http::{Link, Outgoing, Part, Reply, Stream, Ticket, Writer},
    protocol::{Answer, Talk},
    state::{AnswerMode, End, Message, Plan, Shared},
};

/// A request that is about to be answered.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<Shared>,
    pub(crate) request: Recorded,
    pub(crate) era: Era,
    pub(crate) plan: Plan,
    pub(crate) ticket: Ticket,
    pub(crate) link: Link,
}

/// What ends a stream: an answer, or a talk that leads to one.
enum Work {
    Answer(Message),
    Talk(Box<Talk>),
}

/// The connection is closed in place of an answer.
#[derive(Debug)]
pub(crate) struct Closed;

impl Delivery {
    pub(crate) async fn deliver(
        mut self,
        mut answer: Answer,
    ) -> Result<Response<Outgoing>, Closed> {
        if let Some(reply) = self.plan.replace.take() {
            answer = Answer::Reply(reply);
        }
        // With something to send first, only the answer proper is held.
        let held_inside = match &answer {
            Answer::Talk(_) => true,
            Answer::Message(_) => !self.plan.interjected.is_empty(),
            Answer::Reply(_) | Answer::Stream(..) | Answer::Listen(_) => false,
        };
        if !held_inside {
            for gate in std::mem::take(&mut self.plan.gates) {
                gate.pass().await;
            }
        }
        if let Some(end) = self.plan.end {
            if end == End::Reset {
                self.link.reset();
            }
            self.ticket.finish();
            return Err(Closed);
        }
        let link = self.link.clone();
        let response = match answer {
            Answer::Reply(reply) => self.send(reply),
            Answer::Stream(stream, start) => {
                self.ticket.finish();
                let start = if self.plan.redeliver { 0 } else { start };
                let counted = self.shared.counters.stream();
                stream.connect(start, self.plan.cut).map(|body| body.counted(counted))
            }
            Answer::Listen(subscription) => {
                let counted = self.shared.counters.stream();
                let cut = self.plan.cut;
                self.shared.subscriptions.begin(subscription, self.ticket, counted, cut)
            }
            Answer::Message(message) if !self.is_streamed() => self.send_json(message),
            Answer::Message(message) => self.stream(Work::Answer(message)),
            Answer::Talk(talk) => self.stream(Work::Talk(talk)),
        };
        Ok(response.map(|body| body.with_link(link)))
    }

    fn is_streamed(&self) -> bool {
        self.shared.config.answers == AnswerMode::Sse || self.plan.needs_stream()
    }

    fn send(self, reply: Reply) -> Response<Outgoing> {
        reply.into_response().map(|body| body.with_ticket(self.ticket))
    }

    fn send_json(self, mut message: Message) -> Response<Outgoing> {
        let session = message.session.take();
        let json = self.plan.message(message, &self.request);
        let reply = Reply::status(200).header("content-type", JSON);
        let reply = match self.plan.bomb {
            Some(size) => reply.header("content-encoding", "gzip").chunk(gzip(size, &json)),
            None => reply.fill(self.plan.padding).parts(self.plan.parts(json)),
        };
        with_session(self.send(reply), session.as_deref())
    }

    fn stream(self, work: Work) -> Response<Outgoing> {
        let Self { shared, request, era, plan, ticket, .. } = self;
        let begun = match &work {
            Work::Answer(message) => message.session.clone(),
            Work::Talk(_) => None,
        };
        let session = begun.as_deref().or_else(|| request.header(SESSION));
        let retry = shared.config.retry.filter(|_| era == Era::Handshake);
        let stream = shared.streams.open(session, retry);
        let counted = shared.counters.stream();
        let response = stream.connect(0, plan.cut).map(|body| body.counted(counted));
        let response = with_session(response, begun.as_deref());
        let number = ticket.number();
        let (ticket, kept) = match era {
            // It goes on without a connection.
            Era::Handshake => (None, Some(ticket)),
            // The connection gone, the client does not want it any more.
            Era::PerRequest => (Some(ticket), None),
        };
        let writer = stream.writer();
        let server = Arc::clone(&shared);
        let task = shared.tasks.spawn(async move {
            let _ticket = kept;
            write(&server, writer, work, plan, &request, number).await;
        });
        shared.flights.work(number, task);
        match ticket {
            Some(ticket) => response.map(|body| body.with_ticket(ticket)),
            None => response,
        }
    }
}

/// Sends all that belongs to a call, its answer last.
async fn write(
    server: &Shared,
    writer: Writer,
    work: Work,
    plan: Plan,
    request: &Recorded,
    number: u64,
) {
    let stream = writer.stream();
    for message in &plan.interjected {
        stream.send(&message.to_string());
    }
    let message = match work {
        Work::Answer(message) => message,
        Work::Talk(talk) => talk.run(server, stream).await,
    };
    // What is held from here on comes late if it is cancelled.
    server.flights.work(number, None);
    for gate in &plan.gates {
        gate.pass().await;
    }
    if let Some((bytes, every)) = plan.endless {
        stream.send_part(Part::Repeat(bytes, every));
        return stream.abandoned().await;
    }
    server.flights.finish(number);
    let json = plan.message(message, request);
    send_answer(&plan, &json, stream);
    if plan.duplicate {
        send_answer(&plan, &json, stream);
    }
    if plan.never_end {
        stream.abandoned().await;
    }
}

fn send_answer(plan: &Plan, json: &str, stream: &Stream) {
    if plan.padding == 0 {
        stream.send_as(json, |event| plan.parts(event));
    } else {
        stream.send_part(Part::Chunk("event: message\ndata: ".into()));
        stream.send_part(Part::Fill(plan.padding));
        stream.send_part(Part::Chunk(format!("{json}\n\n").into()));
    }
}

fn with_session(mut response: Response<Outgoing>, session: Option<&str>) -> Response<Outgoing> {
    if let Some(id) = session.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(HeaderName::from_static(SESSION), id);
    }
    response
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Closed {}
