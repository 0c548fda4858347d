//! Collects the pages of a list within limits.

use std::{collections::HashSet, ops::ControlFlow};

use mcp_types::error_code;

use super::cache_hint::CacheHint;
use crate::{error::Error, request::MethodName};

/// A page of a list.
#[derive(Debug, Clone)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
    /// The length of the page's message, in bytes.
    pub(crate) bytes: usize,
    pub(crate) hint: Option<CacheHint>,
}

impl<T> Page<T> {
    /// Converts each entry.
    pub(crate) fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next, bytes, hint } = self;
        Page { items: items.into_iter().map(convert).collect(), next, bytes, hint }
    }
}

/// The limits of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) pages: usize,
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

/// The pages of a list that were read so far.
///
/// Cursors are opaque (MCP server/utilities/pagination). A cursor that the server repeats would
/// never end, so it is an error. If the server rejects a cursor, the list is read again from the
/// start, but only once. The same applies if the session of the cursor ends.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    method: MethodName,
    bounds: Bounds,
    items: Vec<T>,
    seen_cursors: HashSet<String>,
    pages: usize,
    bytes: usize,
    cursor: Option<String>,
    /// The combined hint of all pages, if each of them has one.
    hint: Option<CacheHint>,
    restarted: bool,
}

impl<T> Pages<T> {
    pub(crate) fn new(method: MethodName, bounds: Bounds) -> Self {
        Self {
            method,
            bounds,
            items: Vec::new(),
            seen_cursors: HashSet::new(),
            pages: 0,
            bytes: 0,
            cursor: None,
            hint: None,
            restarted: false,
        }
    }

    /// Returns the cursor of the next page.
    pub(crate) fn cursor(&self) -> Option<String> {
        self.cursor.clone()
    }

    /// Returns all entries of the list.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// Returns the combined cache hint of all pages.
    pub(crate) fn hint(&self) -> Option<CacheHint> {
        self.hint
    }

    /// Adds a page. Breaks if it was the last one.
    pub(crate) fn add(&mut self, page: Result<Page<T>, Error>) -> Result<ControlFlow<()>, Error> {
        let page = match page {
            Err(error) if self.cursor_is_stale(&error) => {
                *self = Self { restarted: true, ..Self::new(self.method.clone(), self.bounds) };
                return Ok(ControlFlow::Continue(()));
            }
            page => page?,
        };
        let Bounds { pages, items, bytes } = self.bounds;
        self.pages += 1;
        self.bytes += page.bytes;
        self.hint = match (self.pages, self.hint) {
            (1, _) => page.hint,
            (_, hint) => hint.zip(page.hint).map(|(all, page)| all.combine(page)),
        };
        self.items.extend(page.items);
        if self.items.len() > items {
            return Err(self.limit_exceeded(format!("exceeds the limit of {items} entries")));
        }
        if self.bytes > bytes {
            return Err(self.limit_exceeded(format!("exceeds the limit of {bytes} bytes")));
        }
        let Some(next) = page.next else {
            return Ok(ControlFlow::Break(()));
        };
        if self.pages == pages {
            return Err(self.limit_exceeded(format!("exceeds the limit of {pages} pages")));
        }
        if !self.seen_cursors.insert(next.clone()) {
            // An empty cursor was followed once. Its repetition means the end of the list.
            if next.is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            return Err(self.limit_exceeded("repeats a cursor and would never end".to_owned()));
        }
        self.cursor = Some(next);
        Ok(ControlFlow::Continue(()))
    }

    fn cursor_is_stale(&self, error: &Error) -> bool {
        let rejected =
            matches!(error, Error::Rpc { error, .. } if error.code == error_code::INVALID_PARAMS);
        (rejected || error.is_session_ended()) && self.cursor.is_some() && !self.restarted
    }

    fn limit_exceeded(&self, reason: String) -> Error {
        Error::ListLimitExceeded { method: self.method.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use mcp_types::ErrorObject;

    use super::*;

    fn page(items: &[u8], next: Option<&str>) -> Result<Page<u8>, Error> {
        Ok(Page { items: items.to_vec(), next: next.map(str::to_owned), bytes: 10, hint: None })
    }

    fn stale() -> Result<Page<u8>, Error> {
        let error = ErrorObject { code: -32602, message: "stale".to_owned(), data: None };
        Err(Error::Rpc {
            method: "x/list".into(),
            error: error.into(),
            status: None,
            retry_after: None,
            is_response: true,
        })
    }

    /// Reads `pages` until the list ends. Returns the requested cursors and the outcome.
    fn read(pages: Vec<Result<Page<u8>, Error>>) -> (Vec<Option<String>>, String) {
        let mut list = Pages::new("x/list".into(), Bounds { pages: 4, items: 5, bytes: 45 });
        let mut cursors = Vec::new();
        for page in pages {
            cursors.push(list.cursor());
            match list.add(page) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return (cursors, format!("{:?}", list.into_items())),
                Err(error) => return (cursors, error.to_string()),
            }
        }
        (cursors, "unfinished".to_owned())
    }

    #[test]
    fn pages_are_read_until_there_is_no_cursor() {
        // PAGE-02: an empty page with a cursor is not the end, and an empty cursor is not either
        let pages = vec![page(&[1], Some("a")), page(&[], Some("")), page(&[2, 3], None)];
        let (cursors, outcome) = read(pages);
        assert_eq!(cursors, [None, Some("a".to_owned()), Some(String::new())]);
        assert_eq!(outcome, "[1, 2, 3]");
    }

    #[test]
    fn a_repeated_empty_cursor_is_the_end() {
        let (cursors, outcome) = read(vec![page(&[1], Some("")), page(&[2], Some(""))]);
        assert_eq!(cursors, [None, Some(String::new())]);
        assert_eq!(outcome, "[1, 2]");
    }

    #[test]
    fn a_list_beyond_a_limit_is_an_error() {
        // PAGE-03
        let repeated = vec![page(&[], Some("a")), page(&[], Some("b")), page(&[], Some("a"))];
        assert!(read(repeated).1.ends_with("repeats a cursor and would never end"));
        let pages = ["a", "b", "c", "d", "e"].map(|next| page(&[], Some(next)));
        assert!(read(pages.into()).1.ends_with("exceeds the limit of 4 pages"));
        let items = vec![page(&[1, 2, 3], Some("a")), page(&[4, 5, 6], None)];
        assert!(read(items).1.ends_with("exceeds the limit of 5 entries"));
        let large = Ok(Page { items: vec![1], next: None, bytes: 46, hint: None });
        assert!(read(vec![large]).1.ends_with("exceeds the limit of 45 bytes"));
    }

    #[test]
    fn a_list_of_exactly_the_limits_is_complete() {
        // PAGE-03
        let full = |next: Option<&str>, bytes| {
            Ok(Page { items: vec![1], next: next.map(str::to_owned), bytes, hint: None })
        };
        let mut pages = ["a", "b", "c"].map(|next| full(Some(next), 10)).to_vec();
        pages.push(Ok(Page { items: vec![2, 3], next: None, bytes: 15, hint: None }));
        assert_eq!(read(pages).1, "[1, 1, 1, 2, 3]");
    }

    #[test]
    fn the_hint_of_a_list_is_the_strictest_of_its_pages() {
        // N-CACHE-06
        let hint = |ttl_ms, scope: &str| {
            let scope = serde_json::from_value(scope.into()).unwrap();
            CacheHint::new(Some(ttl_ms), Some(&scope))
        };
        let (public, private) = ("public", "private");
        for (pages, expected) in [
            (vec![hint(5, public)], hint(5, public)),
            (vec![hint(5, public), hint(9, public), hint(7, public)], hint(5, public)),
            (vec![hint(9, public), hint(5, public)], hint(5, public)),
            (vec![hint(5, public), hint(9, private)], hint(5, private)),
            (vec![hint(5, private), hint(9, public)], hint(5, private)),
            (vec![hint(5, public), CacheHint::new(Some(9), None)], hint(5, private)),
            (vec![hint(5, public), None], None),
            (vec![None, hint(5, public)], None),
            (vec![hint(5, public), None, hint(5, public)], None),
        ] {
            let mut list = Pages::new("x/list".into(), Bounds { pages: 9, items: 9, bytes: 99 });
            let last = pages.len() - 1;
            for (at, hint) in pages.into_iter().enumerate() {
                let next = (at < last).then(|| at.to_string());
                assert!(list.add(Ok(Page { items: vec![1], next, bytes: 1, hint })).is_ok());
            }
            assert_eq!(list.hint(), expected);
        }
    }

    #[test]
    fn a_rejected_cursor_restarts_the_list_once() {
        // PAGE-03
        let (cursors, outcome) =
            read(vec![page(&[1], Some("a")), stale(), page(&[2], Some("a")), page(&[3], None)]);
        assert_eq!(cursors, [None, Some("a".to_owned()), None, Some("a".to_owned())]);
        assert_eq!(outcome, "[2, 3]");
        let twice = vec![page(&[1], Some("a")), stale(), page(&[2], Some("b")), stale()];
        assert!(read(twice).1.contains("stale"));
        assert!(read(vec![stale()]).1.contains("stale"));
    }
}
