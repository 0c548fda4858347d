//! Decoded tool lists, shared by all clients that receive the same bytes.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use mcp_types::{JsonRpcMessage, RequestId};

use super::{
    outcome::Outcome,
    tool::{ToolPage, decode_tool_page},
};

/// The maximum number of cached pages, and their maximum size together, in bytes.
const MAX_PAGES: usize = 256;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A cache of tool lists that clients share. Clones share the same cache.
///
/// Users of a server mostly receive the same list. Clients with the same cache decode such a list
/// once and share its tools. Set it with
/// [`ClientBuilder::shared_tool_lists`](crate::ClientBuilder::shared_tool_lists).
///
/// A cached page is found only by all bytes of its message. Data of one user therefore reaches
/// another user only if the server sends the same bytes to both.
///
/// The cache keeps at most 256 pages of 16 MiB in total. The oldest pages are removed first.
/// Clients that use them keep them.
#[derive(Clone, Default)]
pub struct SharedToolLists(Arc<RwLock<SharedPages>>);

/// The cached pages, oldest first.
#[derive(Default)]
struct SharedPages {
    pages: VecDeque<SharedPage>,
    bytes: usize,
}

/// A cached page, and its message except for the id.
struct SharedPage {
    before: Box<[u8]>,
    after: Box<[u8]>,
    page: ToolPage,
}

impl SharedToolLists {
    /// Creates an empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a page of tools, or returns it from the cache.
    pub(crate) fn decode(
        &self,
        message: &[u8],
    ) -> serde_json::Result<JsonRpcMessage<Outcome<ToolPage>>> {
        let Some(parts) = MessageParts::of(message) else { return decode_tool_page(message) };
        let id = RequestId::Number(parts.id);
        if let Some(page) = self.find(&parts) {
            return Ok(JsonRpcMessage::Result { id, result: Outcome::Complete(page) });
        }
        let message = decode_tool_page(message)?;
        match &message {
            JsonRpcMessage::Result { id: of, result: Outcome::Complete(page) } if *of == id => {
                self.insert(&parts, page);
            }
            _ => {}
        }
        Ok(message)
    }

    fn find(&self, parts: &MessageParts<'_>) -> Option<ToolPage> {
        let shared = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let cached = shared.pages.iter().rev().find(|cached| parts.is_equal_to(cached))?;
        Some(cached.page.clone())
    }

    fn insert(&self, parts: &MessageParts<'_>, page: &ToolPage) {
        let cached = SharedPage {
            before: parts.before.into(),
            after: parts.after.into(),
            page: page.clone(),
        };
        if cached.len() > MAX_BYTES {
            return;
        }
        let mut shared = self.0.write().unwrap_or_else(PoisonError::into_inner);
        shared.bytes += cached.len();
        shared.pages.push_back(cached);
        while shared.bytes > MAX_BYTES || shared.pages.len() > MAX_PAGES {
            let Some(oldest) = shared.pages.pop_front() else { break };
            shared.bytes -= oldest.len();
        }
    }
}

impl SharedPage {
    fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

impl fmt::Debug for SharedToolLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "SharedToolLists({} pages)", shared.pages.len())
    }
}

/// A message, split at its id. The id differs even if the lists are equal.
struct MessageParts<'a> {
    before: &'a [u8],
    id: i64,
    after: &'a [u8],
}

impl<'a> MessageParts<'a> {
    /// Finds the id without parsing the message, at its beginning or at its end. Servers put it
    /// there.
    ///
    /// In valid JSON, an id found there belongs to the message itself. At the end, the quotation
    /// mark after a comma can only start a member name, and the brace closes the message.
    fn of(message: &'a [u8]) -> Option<Self> {
        const ID_FIRST: &[u8] = br#"{"jsonrpc":"2.0","id":"#;
        const ID_LAST: &[u8] = br#","id":"#;
        let begin = match message.starts_with(ID_FIRST) {
            true => ID_FIRST.len(),
            false => {
                let rest = message.trim_ascii_end().strip_suffix(b"}")?;
                let begin = rest.iter().rposition(|byte| !byte.is_ascii_digit())? + 1;
                rest[..begin].ends_with(ID_LAST).then_some(begin)?
            }
        };
        let (before, rest) = message.split_at(begin);
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, after) = rest.split_at(end);
        let id: i64 = str::from_utf8(digits).ok()?.parse().ok()?;
        // In JSON, only the number zero itself starts with a zero.
        (digits[0] != b'0' || digits.len() == 1).then_some(Self { before, id, after })
    }

    fn is_equal_to(&self, cached: &SharedPage) -> bool {
        *self.before == *cached.before && *self.after == *cached.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str = r#"{"name":"a","inputSchema":{"type":"object"}}"#;

    /// Returns the tools of a page, or a text for any other outcome.
    fn decode(
        lists: &SharedToolLists,
        message: &str,
    ) -> Result<Vec<Arc<crate::ToolDefinition>>, String> {
        match lists.decode(message.as_bytes()) {
            Ok(JsonRpcMessage::Result { result: Outcome::Complete(page), .. }) => {
                Ok(page.items.iter().flatten().map(|entry| Arc::clone(&entry.tool)).collect())
            }
            other => Err(format!("{other:?}")),
        }
    }

    fn id(lists: &SharedToolLists, message: &str) -> RequestId {
        match lists.decode(message.as_bytes()) {
            Ok(JsonRpcMessage::Result { id, .. }) => id,
            other => panic!("{other:?}"),
        }
    }

    fn pages(lists: &SharedToolLists) -> usize {
        lists.0.read().unwrap().pages.len()
    }

    /// The spellings of a response, each with whether the cache recognizes it.
    const SPELLINGS: [(&str, bool); 6] = [
        (r#"{"jsonrpc":"2.0","id":$id,"result":{"tools":[$tool]}}"#, true),
        (r#"{"result":{"tools":[$tool]},"jsonrpc":"2.0","id":$id}"#, true),
        ("{\"result\":{\"tools\":[$tool]},\"jsonrpc\":\"2.0\",\"id\":$id}\n", true),
        (r#"{"jsonrpc": "2.0", "id": $id, "result": {"tools": [$tool]}}"#, false),
        (r#"{"id":$id,"jsonrpc":"2.0","result":{"tools":[$tool]}}"#, false),
        (r#"{"jsonrpc":"2.0","result":{"tools":[$tool]},"x,\"id":0,"id":$id,"y":1}"#, false),
    ];

    fn spelled(spelling: &str, number: u32) -> String {
        spelling.replace("$id", &number.to_string()).replace("$tool", TOOL)
    }

    #[test]
    fn equal_lists_are_shared_across_request_ids() {
        for (spelling, is_shared) in SPELLINGS {
            let lists = SharedToolLists::new();
            let first = decode(&lists, &spelled(spelling, 2)).unwrap();
            for number in [2, 7, 12_345] {
                let message = spelled(spelling, number);
                let again = decode(&lists, &message).unwrap();
                assert_eq!(again, first, "{message}");
                assert_eq!(Arc::ptr_eq(&again[0], &first[0]), is_shared, "{message}");
                assert_eq!(id(&lists, &message), RequestId::Number(number.into()), "{message}");
            }
            assert_eq!(pages(&lists), usize::from(is_shared), "{spelling}");
        }
    }

    #[test]
    fn lists_that_differ_are_not_shared() {
        let lists = SharedToolLists::new();
        let first = decode(&lists, &spelled(SPELLINGS[0].0, 2)).unwrap();
        for (from, to) in [(r#""a""#, r#""b""#), ("}}", "}} "), ("object\"", "object\",\"x\":1")] {
            let message = spelled(SPELLINGS[0].0, 2).replacen(from, to, 1);
            let other = decode(&lists, &message).unwrap();
            assert!(!Arc::ptr_eq(&other[0], &first[0]), "{message}");
        }
        assert_eq!(pages(&lists), 4);
    }

    #[test]
    fn only_the_id_of_the_message_itself_is_recognized() {
        // None of these is a valid page, or may be found as another one.
        let lists = SharedToolLists::new();
        let result = format!(r#""result":{{"tools":[{TOOL}]}}"#);
        for message in [
            format!(r#"{{{result},"jsonrpc":"2.0","x\",\"id":2}}"#),
            format!(r#"{{{result},"jsonrpc":"2.0","x":{{"a":1,"id":2}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":02,{result}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":2,"id":3,{result}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":2,{result},"id":3}}"#),
            r#"{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":""}}"#.to_owned(),
            r#"{"jsonrpc":"2.0","id":"#.to_owned(),
            "}".to_owned(),
            String::new(),
        ] {
            decode(&lists, &message).expect_err(&message);
        }
        // These digits are not the id but a part of another number.
        for number in ["20e-1", "2.0"] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":{number},{result}}}"#);
            assert_eq!(id(&lists, &message), RequestId::Number(2), "{message}");
            assert_eq!(id(&lists, &message), RequestId::Number(2), "{message}");
        }
    }

    #[test]
    fn the_oldest_pages_are_evicted_first() {
        let lists = SharedToolLists::new();
        let list =
            |name: usize| spelled(SPELLINGS[0].0, 2).replace(r#""a""#, &format!("\"{name}\""));
        let first = decode(&lists, &list(0)).unwrap();
        for name in 1..MAX_PAGES {
            decode(&lists, &list(name)).unwrap();
        }
        assert!(Arc::ptr_eq(&decode(&lists, &list(0)).unwrap()[0], &first[0]));
        decode(&lists, &list(MAX_PAGES)).unwrap();
        assert!(!Arc::ptr_eq(&decode(&lists, &list(0)).unwrap()[0], &first[0]));
        assert_eq!(pages(&lists), MAX_PAGES);

        let long = |length: usize| {
            spelled(SPELLINGS[0].0, 2).replace(r#""a""#, &format!("\"{}\"", "a".repeat(length)))
        };
        decode(&lists, &long(MAX_BYTES)).unwrap();
        assert_eq!(pages(&lists), MAX_PAGES, "too long for the cache");
        decode(&lists, &long(MAX_BYTES / 2)).unwrap();
        decode(&lists, &long(MAX_BYTES / 2 + 1)).unwrap();
        assert_eq!(pages(&lists), 1);
    }
}
