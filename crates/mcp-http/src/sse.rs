//! Server-sent events, by the rules of the WHATWG HTML standard, section 9.2.
//!
//! The published crates panic on a byte order mark, take quadratic time for a long line, or have no
//! limit; this one copies nothing where an event arrives in one piece, and stops at a limit.

use bytes::Bytes;
use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An event of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Whether its type is `message`, the only one that MCP uses.
    pub(crate) is_message: bool,
    /// Its `data` lines, joined by line feeds.
    pub(crate) data: Bytes,
}

/// An event is longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Takes the stream piece by piece and gives its events.
#[derive(Debug)]
pub(crate) struct Parser {
    limit: usize,
    /// What has arrived and is not yet read.
    input: Bytes,
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    data: Data,
    other_type: bool,
    begun: bool,
    after_carriage_return: bool,
}

/// The `data` lines of the event under way.
#[derive(Debug)]
enum Data {
    Absent,
    /// One line, still where it arrived.
    Line(Bytes),
    Lines(Vec<u8>),
}

impl Parser {
    /// A parser of events of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            input: Bytes::new(),
            line: Vec::new(),
            data: Data::Absent,
            other_type: false,
            begun: false,
            after_carriage_return: false,
        }
    }

    /// Takes the next piece. All events of the last one have to be read before.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.input = if self.begun { chunk } else { self.begin(&chunk) };
    }

    /// The next event, if all of it has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLong> {
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                if let Some(event) = self.dispatch() {
                    return Ok(Some(event));
                }
            } else {
                self.field(&line)?;
            }
        }
        Ok(None)
    }

    /// Passes over a byte order mark, which may arrive in pieces.
    fn begin(&mut self, chunk: &[u8]) -> Bytes {
        self.line.extend_from_slice(chunk);
        if BYTE_ORDER_MARK.starts_with(&self.line) && self.line != BYTE_ORDER_MARK {
            return Bytes::new();
        }
        self.begun = true;
        let mut start = Bytes::from(std::mem::take(&mut self.line));
        if start.starts_with(BYTE_ORDER_MARK) {
            drop(start.split_to(BYTE_ORDER_MARK.len()));
        }
        start
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, TooLong> {
        if self.after_carriage_return && !self.input.is_empty() {
            self.after_carriage_return = false;
            if self.input[0] == b'\n' {
                drop(self.input.split_to(1));
            }
        }
        let Some(end) = memchr2(b'\n', b'\r', &self.input) else {
            self.check(self.input.len())?;
            self.line.extend_from_slice(&std::mem::take(&mut self.input));
            return Ok(None);
        };
        self.check(end)?;
        let piece = self.input.split_to(end);
        self.after_carriage_return = self.input.split_to(1)[0] == b'\r';
        if self.line.is_empty() {
            return Ok(Some(piece));
        }
        self.line.extend_from_slice(&piece);
        Ok(Some(std::mem::take(&mut self.line).into()))
    }

    fn check(&self, more: usize) -> Result<(), TooLong> {
        let so_far = self.line.len() + self.data.len();
        if so_far + more > self.limit + b"data: ".len() { Err(TooLong) } else { Ok(()) }
    }

    fn field(&mut self, line: &Bytes) -> Result<(), TooLong> {
        let colon = memchr::memchr(b':', line);
        let name = &line[..colon.unwrap_or(line.len())];
        let start = colon.map_or(line.len(), |colon| colon + 1);
        let space = usize::from(line.get(start) == Some(&b' '));
        let value = line.slice(start + space..);
        match name {
            b"data" => {
                self.data.push(value);
                if self.data.len() > self.limit { Err(TooLong) } else { Ok(()) }
            }
            b"event" => {
                self.other_type = !value.is_empty() && value != "message";
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        let is_message = !std::mem::take(&mut self.other_type);
        let data = match std::mem::replace(&mut self.data, Data::Absent) {
            Data::Absent => return None,
            Data::Line(line) => line,
            Data::Lines(lines) => lines.into(),
        };
        Some(Event { is_message, data })
    }
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

    /// The data of all message events, as another parser reads them.
    fn by_another_parser(text: &str) -> Vec<String> {
        let whole = Bytes::copy_from_slice(text.as_bytes());
        let mut events =
            SseStream::from_bytes_stream(stream::iter([Ok::<_, std::io::Error>(whole)]));
        let mut data = Vec::new();
        while let Some(event) = events.next().now_or_never().unwrap() {
            let event = event.unwrap();
            if event.event.is_none_or(|name| name == "message" || name.is_empty()) {
                data.extend(event.data);
            }
        }
        data
    }

    proptest! {
        #[test]
        fn streams_are_read_as_another_parser_does(
            lines in prop::collection::vec("(data|event|id|retry|x|)(:| |: )(message|a| |✓){0,2}|", 0..20),
            end in r"(\r\n|\n|\r)",
            size in 1_usize..20,
        ) {
            let text = lines.join(&end) + &end;
            let mut parser = Parser::new(1_000);
            let mut data = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                parser.push(Bytes::copy_from_slice(chunk));
                while let Some(event) = parser.next().unwrap() {
                    if event.is_message {
                        data.push(String::from_utf8(event.data.to_vec()).unwrap());
                    }
                }
            }
            prop_assert_eq!(data, by_another_parser(&text));
        }
    }

    /// The events of a stream that arrives in pieces of `size` bytes, one a line.
    fn events(stream: &[u8], size: usize) -> Result<String, TooLong> {
        let mut parser = Parser::new(64);
        let mut shown = String::new();
        for chunk in stream.chunks(size) {
            parser.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = parser.next()? {
                let kind = if event.is_message { "" } else { "other " };
                shown += &format!("{kind}{:?};", String::from_utf8_lossy(&event.data));
            }
        }
        Ok(shown)
    }

    #[test]
    fn streams_are_read_by_the_standard_however_they_arrive() {
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
    fn an_event_has_a_limit() {
        let long = "x".repeat(80);
        for stream in [
            format!("data: {long}\n\n"),
            format!("{long}\n"),
            format!("data: {0}\ndata: {0}\ndata: {0}\n\n", &long[..30]),
        ] {
            for size in [1, 7, 1_000] {
                assert_eq!(events(stream.as_bytes(), size), Err(TooLong), "{stream:?}");
            }
        }
        let exact = format!("data: {}\n\n", &long[..64]);
        assert_eq!(events(exact.as_bytes(), 7).map(|shown| shown.len()), Ok(67));
        let many = "data: x\n\n".repeat(100);
        assert_eq!(events(many.as_bytes(), 1_000).map(|shown| shown.len()), Ok(400));
    }

    #[test]
    fn an_event_that_arrives_whole_is_not_copied() {
        let chunk = Bytes::from_static(b"event: message\ndata: {\"a\":1}\n\n");
        let mut parser = Parser::new(64);
        parser.push(Bytes::from_static(b":\n"));
        assert_eq!(parser.next(), Ok(None));
        parser.push(chunk.clone());
        let event = parser.next().unwrap().unwrap();
        assert!(chunk.as_ptr_range().contains(&event.data.as_ptr()));
    }
}
