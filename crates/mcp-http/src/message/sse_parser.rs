//! A parser of server-sent events (WHATWG HTML standard, section 9.2).
//!
//! Published crates panic on a byte order mark, take quadratic time for a long line, or have no
//! limit. This parser limits the length of an event. It does not copy an event that arrives in one
//! chunk.

use std::time::Duration;

use bytes::Bytes;
use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The maximum length of an event id, in bytes. Servers do not accept longer headers.
const MAX_ID_LEN: usize = 4 * 1024;

/// A server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The type of the event.
    pub(crate) event_type: EventType,
    /// The `data` lines of the event, joined by line feeds.
    pub(crate) data: Bytes,
}

/// The types of events that MCP uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum EventType {
    /// A message of the protocol.
    #[default]
    Message,
    /// The URL to send messages to, in the HTTP+SSE transport of 2024-11-05.
    Endpoint,
    /// The reason why the server or a gateway ends the stream. The specification does not define it.
    Error,
    /// A type that MCP does not use.
    Other,
}

/// The error for an event that is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventTooLong;

/// Parses a stream that arrives in chunks.
#[derive(Debug)]
pub(crate) struct SseParser {
    limit: usize,
    /// The bytes that have arrived and are not parsed yet.
    input: Bytes,
    /// The beginning of an incomplete line.
    line: Vec<u8>,
    data: Data,
    event_type: EventType,
    /// The last `id` field, possibly of an incomplete event.
    id: Vec<u8>,
    /// The id after the last complete event. Empty if there is none.
    last_event_id: Vec<u8>,
    retry: Option<Duration>,
    started: bool,
    after_carriage_return: bool,
}

/// The `data` lines of the current event.
#[derive(Debug)]
enum Data {
    Absent,
    /// A single line, which shares the memory of its chunk.
    Line(Bytes),
    Lines(Vec<u8>),
}

impl SseParser {
    /// Creates a parser with a limit of `limit` bytes for each event.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            input: Bytes::new(),
            line: Vec::new(),
            data: Data::Absent,
            event_type: EventType::Message,
            id: Vec::new(),
            last_event_id: Vec::new(),
            retry: None,
            started: false,
            after_carriage_return: false,
        }
    }

    /// Returns the id of the last event. It is empty if the server has sent none.
    pub(crate) fn last_event_id(&self) -> &[u8] {
        &self.last_event_id
    }

    /// Returns the server's reconnection time, if it has sent one.
    pub(crate) fn reconnection_time(&self) -> Option<Duration> {
        self.retry
    }

    /// Returns a parser for the response that resumes this stream. The server sends an incomplete
    /// event again from its start.
    pub(crate) fn for_resumption(&self) -> Self {
        let id = self.last_event_id.clone();
        Self { id: id.clone(), last_event_id: id, retry: self.retry, ..Self::new(self.limit) }
    }

    /// Adds the next chunk. The caller must have read all events of the previous one.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.input = if self.started { chunk } else { self.skip_byte_order_mark(&chunk) };
    }

    /// Returns the next event if it is complete.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, EventTooLong> {
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
            } else {
                self.process_field(&line)?;
            }
        }
        Ok(None)
    }

    /// Skips a byte order mark, which may arrive in several chunks.
    fn skip_byte_order_mark(&mut self, chunk: &[u8]) -> Bytes {
        self.line.extend_from_slice(chunk);
        if BYTE_ORDER_MARK.starts_with(&self.line) && self.line != BYTE_ORDER_MARK {
            return Bytes::new();
        }
        self.started = true;
        let mut start = Bytes::from(std::mem::take(&mut self.line));
        if start.starts_with(BYTE_ORDER_MARK) {
            drop(start.split_to(BYTE_ORDER_MARK.len()));
        }
        start
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, EventTooLong> {
        if self.after_carriage_return && !self.input.is_empty() {
            self.after_carriage_return = false;
            if self.input[0] == b'\n' {
                drop(self.input.split_to(1));
            }
        }
        let Some(end) = memchr2(b'\n', b'\r', &self.input) else {
            self.check_limit(self.input.len())?;
            self.line.extend_from_slice(&std::mem::take(&mut self.input));
            return Ok(None);
        };
        self.check_limit(end)?;
        let piece = self.input.split_to(end);
        self.after_carriage_return = self.input.split_to(1)[0] == b'\r';
        if self.line.is_empty() {
            return Ok(Some(piece));
        }
        self.line.extend_from_slice(&piece);
        Ok(Some(std::mem::take(&mut self.line).into()))
    }

    fn check_limit(&self, more: usize) -> Result<(), EventTooLong> {
        let so_far = self.line.len() + self.data.len();
        if so_far + more > self.limit + b"data: ".len() { Err(EventTooLong) } else { Ok(()) }
    }

    fn process_field(&mut self, line: &Bytes) -> Result<(), EventTooLong> {
        let colon = memchr::memchr(b':', line);
        let name = &line[..colon.unwrap_or(line.len())];
        let start = colon.map_or(line.len(), |colon| colon + 1);
        let space = usize::from(line.get(start) == Some(&b' '));
        let value = line.slice(start + space..);
        match name {
            b"data" => {
                self.data.push(value);
                if self.data.len() > self.limit { Err(EventTooLong) } else { Ok(()) }
            }
            b"event" => {
                self.event_type = match &value[..] {
                    b"" | b"message" => EventType::Message,
                    b"endpoint" => EventType::Endpoint,
                    b"error" => EventType::Error,
                    _ => EventType::Other,
                };
                Ok(())
            }
            b"id" => {
                self.set_id(&value);
                Ok(())
            }
            b"retry" => {
                self.retry = parse_milliseconds(&value).or(self.retry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn set_id(&mut self, id: &[u8]) {
        if id.contains(&0) {
            return;
        }
        self.id.clear();
        if id.len() <= MAX_ID_LEN {
            self.id.extend_from_slice(id);
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.last_event_id.clone_from(&self.id);
        let event_type = std::mem::take(&mut self.event_type);
        let data = match std::mem::replace(&mut self.data, Data::Absent) {
            Data::Absent => return None,
            Data::Line(line) => line,
            Data::Lines(lines) => lines.into(),
        };
        Some(Event { event_type, data })
    }
}

/// Parses a time in milliseconds. It must consist of ASCII digits.
fn parse_milliseconds(digits: &[u8]) -> Option<Duration> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let values = digits.iter().map(|digit| u64::from(digit - b'0'));
    let number =
        values.fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(digit));
    Some(Duration::from_millis(number))
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Line(line) => line.len(),
            Self::Lines(lines) => lines.len(),
        }
    }

    fn push(&mut self, line: Bytes) {
        match self {
            Self::Absent => *self = Self::Line(line),
            Self::Line(first) => {
                let mut lines = Vec::from(std::mem::take(first));
                lines.push(b'\n');
                lines.extend_from_slice(&line);
                *self = Self::Lines(lines);
            }
            Self::Lines(lines) => {
                lines.push(b'\n');
                lines.extend_from_slice(&line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};
    use proptest::prelude::*;
    use sse_stream::SseStream;

    use super::*;

    /// The data of a message event, the last event id, and the reconnection time.
    type Read = (String, String, Option<Duration>);

    /// Returns all message events, as parsed by the `sse-stream` crate.
    fn events_by_sse_stream(text: &str) -> Vec<Read> {
        let whole = Bytes::copy_from_slice(text.as_bytes());
        let mut events =
            SseStream::from_bytes_stream(stream::iter([Ok::<_, std::io::Error>(whole)]));
        let (mut read, mut id, mut retry) = (Vec::new(), String::new(), None);
        while let Some(event) = events.next().now_or_never().unwrap() {
            let event = event.unwrap();
            // The crate returns the fields of each event, without those of earlier events.
            id = event.id.unwrap_or(id);
            retry = event.retry.map(Duration::from_millis).or(retry);
            if event.event.is_none_or(|name| name == "message" || name.is_empty()) {
                read.extend(event.data.map(|data| (data, id.clone(), retry)));
            }
        }
        read
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn parses_streams_like_the_sse_stream_crate(
            lines in prop::collection::vec(
                "(data|event|id|retry|x|)(:| |: )(message|a|[0-9]| |\0|✓){0,2}|", 0..20),
            end in r"(\r\n|\n|\r)",
            size in 1_usize..20,
        ) {
            let text = lines.join(&end) + &end;
            let mut parser = SseParser::new(1_000);
            let mut read = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                parser.push(Bytes::copy_from_slice(chunk));
                while let Some(event) = parser.next().unwrap() {
                    if event.event_type == EventType::Message {
                        let data = String::from_utf8(event.data.to_vec()).unwrap();
                        let id = String::from_utf8(parser.last_event_id().to_vec()).unwrap();
                        read.push((data, id, parser.reconnection_time()));
                    }
                }
            }
            prop_assert_eq!(read, events_by_sse_stream(&text));
        }
    }

    /// Formats the events of a stream that arrives in chunks of `size` bytes.
    fn events(stream: &[u8], size: usize) -> Result<String, EventTooLong> {
        let mut parser = SseParser::new(64);
        let mut shown = String::new();
        for chunk in stream.chunks(size) {
            parser.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = parser.next()? {
                let event_type = if event.event_type == EventType::Message { "" } else { "other " };
                shown += &format!("{event_type}{:?};", String::from_utf8_lossy(&event.data));
            }
        }
        Ok(shown)
    }

    #[test]
    fn last_event_id_changes_at_the_end_of_an_event() {
        // HTTP-11, HTTP-12, HTTP-16
        for (stream, expected) in [
            ("data: a\n\n", ""),
            ("id: 7\ndata: a\n\n", "7"),
            ("id: 7\ndata:\n\n", "7"),
            ("id: 7\n\n", "7"),
            ("id: 7\n\ndata: a\n\n", "7"),
            ("id: 7\ndata: cut off\n", ""),
            ("id: 7\n\nid: 8\ndata: cut off\n", "7"),
            ("id: 7\n\nid\ndata: a\n\n", ""),
            ("id: 7\n\nid: a\0b\ndata: a\n\n", "7"),
            ("id:  \u{e9} \n\n", " \u{e9} "),
            ("id: 7\nevent: ping\ndata: a\n\n", "7"),
        ] {
            for size in [1, 1_000] {
                let mut parser = SseParser::new(64);
                for chunk in stream.as_bytes().chunks(size) {
                    parser.push(Bytes::copy_from_slice(chunk));
                    while parser.next().unwrap().is_some() {}
                }
                let id = String::from_utf8_lossy(parser.last_event_id());
                assert_eq!(id, expected, "{stream:?} by {size}");
                assert_eq!(parser.for_resumption().last_event_id(), parser.last_event_id());
            }
        }
    }

    #[test]
    fn clears_the_event_id_if_it_is_too_long() {
        let mut parser = SseParser::new(1_000_000);
        parser.push(format!("id: 7\n\nid: {}\n\n", "x".repeat(MAX_ID_LEN + 1)).into());
        assert_eq!(parser.next(), Ok(None));
        assert_eq!(parser.last_event_id(), b"");
    }

    #[test]
    fn retry_accepts_only_ascii_digits() {
        // HTTP-11, HTTP-14
        let ms = |number| Some(Duration::from_millis(number));
        for (stream, expected) in [
            ("data: a\n\n", None),
            ("retry: 30\n", ms(30)),
            ("retry:0\n", ms(0)),
            ("retry: 007\n", ms(7)),
            ("retry: 30\nretry: 40\n\n", ms(40)),
            ("retry: 30\nretry: soon\n\n", ms(30)),
            ("retry: 30\nretry:\n\n", ms(30)),
            ("retry: +5\n", None),
            ("retry: -5\n", None),
            ("retry: 5.0\n", None),
            ("retry: 5 \n", None),
            ("retry: \u{665}\n", None),
            ("retry: 99999999999999999999\n", ms(u64::MAX)),
        ] {
            let mut parser = SseParser::new(64);
            parser.push(Bytes::from_static(stream.as_bytes()));
            while parser.next().unwrap().is_some() {}
            assert_eq!(parser.reconnection_time(), expected, "{stream:?}");
            assert_eq!(parser.for_resumption().reconnection_time(), expected, "{stream:?}");
        }
    }

    #[test]
    fn parses_streams_in_chunks_of_any_size() {
        // HTTP-11, HTTP-12
        for (stream, expected) in [
            ("data: a\n\ndata: b\n\n", r#""a";"b";"#),
            ("data:a\r\rdata:  b\r\n\r\n", r#""a";" b";"#),
            ("data: a\ndata: b\r\ndata\n\n", r#""a\nb\n";"#),
            ("\u{feff}data: a\n\n", r#""a";"#),
            ("\u{feff}\u{feff}data: a\n\n", ""),
            (": comment\nid: 1\nretry: 5\nunknown\n\ndata: a\n\n", r#""a";"#),
            (
                "event: message\ndata: a\n\nevent: endpoint\ndata: b\n\ndata: c\n\n",
                r#""a";other "b";"c";"#,
            ),
            ("event: ping\n\ndata: c\n\n", r#""c";"#),
            ("id: 0\ndata:\n\n", r#""";"#),
            ("data: \u{2713}\n\n", r#""✓";"#),
            ("data: cut off\n", ""),
            ("data: cut off", ""),
            (" data: a\n\n", ""),
            ("", ""),
        ] {
            for size in [1, 2, 3, 1_000] {
                let shown = events(stream.as_bytes(), size);
                assert_eq!(shown.as_deref(), Ok(expected), "{stream:?} by {size}");
            }
        }
    }

    #[test]
    fn rejects_events_longer_than_the_limit() {
        let long = "x".repeat(80);
        for stream in [
            format!("data: {long}\n\n"),
            format!("{long}\n"),
            format!("data: {0}\ndata: {0}\ndata: {0}\n\n", &long[..30]),
        ] {
            for size in [1, 7, 1_000] {
                assert_eq!(events(stream.as_bytes(), size), Err(EventTooLong), "{stream:?}");
            }
        }
        let exact = format!("data: {}\n\n", &long[..64]);
        assert_eq!(events(exact.as_bytes(), 7).map(|shown| shown.len()), Ok(67));
        let many = "data: x\n\n".repeat(100);
        assert_eq!(events(many.as_bytes(), 1_000).map(|shown| shown.len()), Ok(400));
    }

    #[test]
    fn does_not_copy_an_event_that_arrives_in_one_chunk() {
        let chunk = Bytes::from_static(b"event: message\ndata: {\"a\":1}\n\n");
        let mut parser = SseParser::new(64);
        parser.push(Bytes::from_static(b":\n"));
        assert_eq!(parser.next(), Ok(None));
        parser.push(chunk.clone());
        let event = parser.next().unwrap().unwrap();
        assert!(chunk.as_ptr_range().contains(&event.data.as_ptr()));
    }
}
