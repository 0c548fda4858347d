//! A decoder of newline-delimited lines with a limit on their length.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

/// The length of the kept beginning of an oversized line, in bytes. It contains the id of the
/// request.
const BEGINNING_LEN: usize = 4 * 1024;
/// The length of the kept end of an oversized line, in bytes.
const END_LEN: usize = 256;

/// A line without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Complete(Bytes),
    /// A line that is longer than the limit. Only its beginning and its end are kept.
    TooLong {
        beginning: Bytes,
        end: Bytes,
    },
}

/// Decodes lines. It never buffers more of a line than the limit.
#[derive(Debug)]
pub(crate) struct LineDecoder {
    limit: usize,
    /// The number of bytes that were searched for a line break.
    scanned: usize,
    /// The beginning of the oversized line that is being skipped.
    skipped_beginning: Option<Bytes>,
}

impl LineDecoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, scanned: 0, skipped_beginning: None }
    }

    fn finish_line(&mut self, line: BytesMut) -> Line {
        self.scanned = 0;
        let line = line.freeze();
        let beginning = match self.skipped_beginning.take() {
            Some(beginning) => beginning,
            None if line.len() > self.limit => {
                Bytes::copy_from_slice(&line[..BEGINNING_LEN.min(line.len())])
            }
            None => return Line::Complete(line),
        };
        let end = Bytes::copy_from_slice(&line[line.len().saturating_sub(END_LEN)..]);
        Line::TooLong { beginning, end }
    }

    fn skip(&mut self, read: &mut BytesMut) {
        let beginning = || Bytes::copy_from_slice(&read[..BEGINNING_LEN.min(read.len())]);
        self.skipped_beginning.get_or_insert_with(beginning);
        read.advance(read.len().saturating_sub(END_LEN));
    }
}

impl Decoder for LineDecoder {
    type Item = Line;
    type Error = io::Error;

    fn decode(&mut self, read: &mut BytesMut) -> io::Result<Option<Line>> {
        if let Some(end) = memchr(b'\n', &read[self.scanned..]) {
            let mut line = read.split_to(self.scanned + end + 1);
            line.truncate(line.len() - 1);
            return Ok(Some(self.finish_line(line)));
        }
        if read.len() > self.limit || self.skipped_beginning.is_some() {
            self.skip(read);
        }
        self.scanned = read.len();
        Ok(None)
    }

    /// The last line may have no line break.
    fn decode_eof(&mut self, read: &mut BytesMut) -> io::Result<Option<Line>> {
        match self.decode(read)? {
            None if !read.is_empty() => {
                let line = read.split();
                Ok(Some(self.finish_line(line)))
            }
            line => Ok(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]], limit: usize) -> Vec<Line> {
        let mut lines = LineDecoder::new(limit);
        let (mut read, mut out) = (BytesMut::new(), Vec::new());
        for part in parts {
            read.extend_from_slice(part);
            out.extend(std::iter::from_fn(|| lines.decode(&mut read).unwrap()));
        }
        out.extend(std::iter::from_fn(|| lines.decode_eof(&mut read).unwrap()));
        out
    }

    fn complete(line: &str) -> Line {
        Line::Complete(Bytes::copy_from_slice(line.as_bytes()))
    }

    #[test]
    fn decodes_lines_from_chunks_of_any_size() {
        let expected =
            || ["one", "", "two\r", "half"].map(complete).into_iter().collect::<Vec<_>>();
        assert_eq!(lines(&[b"one\n\ntwo\r\nhalf"], 10), expected());
        assert_eq!(lines(&[b"on", b"e", b"\n", b"\ntwo\r\nha", b"lf"], 10), expected());
        assert_eq!(lines(&[], 10), []);
    }

    #[test]
    fn keeps_only_the_beginning_and_end_of_an_oversized_line() {
        let long = "x".repeat(3 * BEGINNING_LEN);
        let text = format!("ok\n{long}end\nok\n");
        let parts: Vec<&[u8]> = text.as_bytes().chunks(1_000).collect();
        for parts in [&parts[..], &[text.as_bytes()]] {
            let read = lines(parts, BEGINNING_LEN * 2);
            assert_eq!((&read[0], &read[2], read.len()), (&complete("ok"), &complete("ok"), 3));
            let Line::TooLong { beginning, end } = &read[1] else { panic!("{read:?}") };
            assert_eq!((beginning.len(), end.len()), (BEGINNING_LEN, END_LEN));
            assert!(end.ends_with(b"xend"));
        }
        assert_eq!(lines(&[b"abc\nabcd"], 3).len(), 2);
        let Line::TooLong { beginning, end } = &lines(&[b"abcd"], 3)[0] else { panic!() };
        assert_eq!((&beginning[..], &end[..]), (&b"abcd"[..], &b"abcd"[..]));
    }

    #[test]
    fn does_not_buffer_an_endless_line() {
        let mut lines = LineDecoder::new(100);
        let mut read = BytesMut::new();
        for _ in 0..1_000 {
            read.extend_from_slice(&[b'x'; 1_000]);
            assert_eq!(lines.decode(&mut read).unwrap(), None);
            assert!(read.len() <= END_LEN);
        }
    }
}
