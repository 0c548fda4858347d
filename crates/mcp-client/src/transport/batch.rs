//! JSON-RPC batches, which only 2025-03-26 has (MCP 2025-03-26, basic, "Batching").

use std::fmt;

use bytes::Bytes;
use serde::{
    Deserializer as _,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The maximum number of messages in a batch, because a short message uses more memory than its
/// length.
const MAX_MESSAGES: usize = 10_000;

/// Returns `true` if the text is an array.
pub(crate) fn is_batch(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'[')
}

/// Splits a batch into its messages, without copying them.
pub(crate) fn split_batch(batch: &Bytes) -> serde_json::Result<Vec<Bytes>> {
    let mut text = serde_json::Deserializer::from_slice(batch);
    let parts = text.deserialize_seq(BatchVisitor(batch))?;
    text.end()?;
    Ok(parts)
}

struct BatchVisitor<'a>(&'a Bytes);

impl<'de> Visitor<'de> for BatchVisitor<'de> {
    type Value = Vec<Bytes>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<Vec<Bytes>, A::Error> {
        let mut parts = Vec::new();
        while let Some(message) = messages.next_element::<&RawValue>()? {
            if parts.len() == MAX_MESSAGES {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_MESSAGES} messages in a batch"
                )));
            }
            parts.push(self.0.slice_ref(message.get().as_bytes()));
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_split_up_to_a_limit() {
        let batch = Bytes::from(r#" [{"id":1}, 7 ,[]] "#);
        assert!(is_batch(&batch));
        assert_eq!(split_batch(&batch).unwrap(), [r#"{"id":1}"#, "7", "[]"]);
        assert!(
            split_batch(&Bytes::from("[1] 2")).is_err()
                && split_batch(&Bytes::from("[1,")).is_err()
        );
        let many = |count| Bytes::from(format!("[{}]", vec!["1"; count].join(",")));
        assert_eq!(split_batch(&many(MAX_MESSAGES)).unwrap().len(), MAX_MESSAGES);
        let error = split_batch(&many(MAX_MESSAGES + 1)).unwrap_err().to_string();
        assert!(error.starts_with("more than 10000 messages in a batch"), "{error}");
    }
}
