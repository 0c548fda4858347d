//! Lines out of bytes, none longer than a limit.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

/// What is kept of the beginning of a line that is too long: enough to see whom it is for.
const BEGINNING: usize = 4 * 1024;
/// The same of its end.
const END: usize = 256;

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Whole(Bytes),
    /// It is longer than allowed; no more is kept of it.
    TooLong {
        beginning: Bytes,
        end: Bytes,
    },
}

/// Reads lines. Of one that is too long, no more is held than the limit.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    /// So many bytes have been looked through for the end of the line.
    seen: usize,
    /// How the line began that is being passed over.
    passed_over: Option<Bytes>,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, seen: 0, passed_over: None }
    }

    fn finish(&mut self, line: BytesMut) -> Line {
        self.seen = 0;
        let line = line.freeze();
        let beginning = match self.passed_over.take() {
            Some(beginning) => beginning,
            None if line.len() > self.limit => {
                Bytes::copy_from_slice(&line[..BEGINNING.min(line.len())])
            }
            None => return Line::Whole(line),
        };
        let end = Bytes::copy_from_slice(&line[line.len().saturating_sub(END)..]);
        Line::TooLong { beginning, end }
    }

    fn pass_over(&mut self, read: &mut BytesMut) {
        let beginning = || Bytes::copy_from_slice(&read[..BEGINNING.min(read.len())]);
        self.passed_over.get_or_insert_with(beginning);
        read.advance(read.len().saturating_sub(END));
    }
}

impl Decoder for Lines {
    type Item = Line;
    type Error = io::Error;

    fn decode(&mut self, read: &mut BytesMut) -> io::Result<Option<Line>> {
        if let Some(end) = memchr(b'\n', &read[self.seen..]) {
            let mut line = read.split_to(self.seen + end + 1);
            line.truncate(line.len() - 1);
            return Ok(Some(self.finish(line)));
        }
        if read.len() > self.limit || self.passed_over.is_some() {
            self.pass_over(read);
        }
        self.seen = read.len();
        Ok(None)
    }

    /// The last line may lack its end.
    fn decode_eof(&mut self, read: &mut BytesMut) -> io::Result<Option<Line>> {
        match self.decode(read)? {
            None if !read.is_empty() => {
                let line = read.split();
                Ok(Some(self.finish(line)))
            }
            line => Ok(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(limit);
        let (mut read, mut out) = (BytesMut::new(), Vec::new());
        for part in parts {
            read.extend_from_slice(part);
            out.extend(std::iter::from_fn(|| lines.decode(&mut read).unwrap()));
        }
        out.extend(std::iter::from_fn(|| lines.decode_eof(&mut read).unwrap()));
        out
    }

    fn whole(line: &str) -> Line {
        Line::Whole(Bytes::copy_from_slice(line.as_bytes()))
    }

    #[test]
    fn lines_may_come_in_any_parts() {
        let expected = || ["one", "", "two\r", "half"].map(whole).into_iter().collect::<Vec<_>>();
        assert_eq!(lines(&[b"one\n\ntwo\r\nhalf"], 10), expected());
        assert_eq!(lines(&[b"on", b"e", b"\n", b"\ntwo\r\nha", b"lf"], 10), expected());
        assert_eq!(lines(&[], 10), []);
    }

    #[test]
    fn of_a_line_that_is_too_long_little_is_kept() {
        let long = "x".repeat(3 * BEGINNING);
        let text = format!("ok\n{long}end\nok\n");
        let parts: Vec<&[u8]> = text.as_bytes().chunks(1_000).collect();
        for parts in [&parts[..], &[text.as_bytes()]] {
            let read = lines(parts, BEGINNING * 2);
            assert_eq!((&read[0], &read[2], read.len()), (&whole("ok"), &whole("ok"), 3));
            let Line::TooLong { beginning, end } = &read[1] else { panic!("{read:?}") };
            assert_eq!((beginning.len(), end.len()), (BEGINNING, END));
            assert!(end.ends_with(b"xend"));
        }
        assert_eq!(lines(&[b"abc\nabcd"], 3).len(), 2);
        let Line::TooLong { beginning, end } = &lines(&[b"abcd"], 3)[0] else { panic!() };
        assert_eq!((&beginning[..], &end[..]), (&b"abcd"[..], &b"abcd"[..]));
    }

    #[test]
    fn a_flood_without_an_end_is_not_kept() {
        let mut lines = Lines::new(100);
        let mut read = BytesMut::new();
        for _ in 0..1_000 {
            read.extend_from_slice(&[b'x'; 1_000]);
            assert_eq!(lines.decode(&mut read).unwrap(), None);
            assert!(read.len() <= END);
        }
    }
}
