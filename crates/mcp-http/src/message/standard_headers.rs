//! Standard request headers (MCP 2026-07-28, basic/transports/streamable-http, "Standard Request
//! Headers").
//!
//! They repeat the method, the name and parameters of a request for intermediaries that do not read
//! the body.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_client::RequestHeaders;

use crate::error::Error;

const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// Adds the method, the name and the parameter headers (`Mcp-Param-*`).
pub(super) fn add(headers: &mut HeaderMap, request_headers: &RequestHeaders) -> Result<(), Error> {
    headers.insert(METHOD, method_value(request_headers)?);
    if let Some(name) = &request_headers.name {
        headers.insert(NAME, header_value(NAME.as_str(), name)?);
    }
    for (name, argument) in &request_headers.params {
        let name = format!("Mcp-Param-{name}");
        let key = HeaderName::try_from(&name).map_err(|_| Error::invalid_header_name(&name))?;
        let mut value = header_value(&name, argument)?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(())
}

/// Returns the header value of the method. A method has no encoded form.
fn method_value(request_headers: &RequestHeaders) -> Result<HeaderValue, Error> {
    let invalid = || Error::invalid_header_value(METHOD.as_str());
    if request_headers.method.is_empty()
        || !request_headers.method.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(invalid());
    }
    match &request_headers.method {
        Cow::Borrowed(method) => Ok(HeaderValue::from_static(method)),
        Cow::Owned(method) => HeaderValue::from_str(method).map_err(|_| invalid()),
    }
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(&encode(text)).map_err(|_| Error::invalid_header_value(name))
}

/// Returns the header value of a text ("Value Encoding").
///
/// The text is unchanged if it is allowed in a header and does not look like encoded text.
/// Otherwise it is encoded as Base64.
fn encode(text: &str) -> Cow<'_, str> {
    let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let padded = text.starts_with(' ') || text.ends_with(' ');
    let marked = text.starts_with("=?base64?") && text.ends_with("?=");
    match printable && !padded && !marked {
        true => text.into(),
        false => format!("=?base64?{}?=", STANDARD.encode(text)).into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes a value as a server does.
    fn decode(value: &str) -> String {
        let inside = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
        match inside {
            Some(base64) => String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap(),
            None => value.to_owned(),
        }
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn any_text_round_trips_without_header_injection(
            text in prop_oneof![any::<String>(), "[ -~\t\r\n]{0,40}", r"(=\?base64\?)?[ -~]{0,4}(\?=)?"],
        ) {
            // N-HTTP-06
            let header = header_value("mcp-name", &text).unwrap();
            prop_assert!(header.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte)));
            prop_assert_eq!(header.as_bytes(), header.as_bytes().trim_ascii());
            prop_assert_eq!(decode(header.to_str().unwrap()), text);
        }
    }

    #[test]
    fn encodes_only_values_that_need_it() {
        // N-HTTP-06
        for (text, header) in [
            ("", ""),
            ("add", "add"),
            ("file:///a b?c=d#e", "file:///a b?c=d#e"),
            ("=?base64?", "=?base64?"),
            ("=?BASE64?YQ==?=", "=?BASE64?YQ==?="),
            ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
            ("\u{e9}", "=?base64?w6k=?="),
            (" a", "=?base64?IGE=?="),
            ("a ", "=?base64?YSA=?="),
            ("a\tb", "=?base64?YQli?="),
            ("a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="),
            ("\u{7f}", "=?base64?fw==?="),
        ] {
            assert_eq!(encode(text), header);
        }
    }

    #[test]
    fn parameters_are_sensitive_and_other_headers_are_not() {
        let mut headers = HeaderMap::new();
        let mut request_headers = RequestHeaders::new("tools/call");
        request_headers.name = Some("store".to_owned());
        request_headers.params = vec![("Region".to_owned(), "5ecret".to_owned())];
        add(&mut headers, &request_headers).unwrap();
        assert_eq!(headers["mcp-param-region"], "5ecret");
        assert!(headers["mcp-param-region"].is_sensitive());
        assert!(!headers[METHOD].is_sensitive() && !headers[NAME].is_sensitive());
        assert!(!format!("{headers:?}").contains("5ecret"));
    }

    #[test]
    fn rejects_methods_and_parameter_names_that_would_inject_headers() {
        let mut headers = HeaderMap::new();
        for method in ["", "a b", "a\r\nX-Evil: 1", "\u{e9}"] {
            let error = add(&mut headers, &RequestHeaders::new(method)).unwrap_err().to_string();
            assert!(error.contains("cannot set header \"mcp-method\""), "{error}");
        }
        for name in ["a b", "a\r\nX-Evil: 1", "a:", "\u{e9}"] {
            let mut request_headers = RequestHeaders::new("tools/call");
            request_headers.params = vec![(name.to_owned(), "1".to_owned())];
            let error = add(&mut headers, &request_headers).unwrap_err().to_string();
            assert!(error.contains("invalid header name"), "{error}");
        }
    }
}
