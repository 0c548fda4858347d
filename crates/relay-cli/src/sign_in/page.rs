//! The page that the browser shows after a callback.

/// A page with a heading and a short text.
pub(crate) struct Page<'a> {
    pub(crate) heading: &'a str,
    pub(crate) text: &'a str,
}

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem}\
    h1{font-size:1.75rem;line-height:1.25;margin:0 0 .75rem}\
    p{margin:0;overflow-wrap:anywhere}";
/// The SHA-256 hash of the style in Base64. The content security policy allows only this style.
const STYLE_HASH: &str = "J+Ktgtt1/2gz3keW+mVCGRguCpSAfW+dQYSpW7UOBik=";

impl Page<'_> {
    /// The page for a callback that does not belong to the current sign-in.
    pub(crate) const UNKNOWN_SIGN_IN: Page<'static> = Page {
        heading: "Unknown sign-in",
        text: "Relay is waiting for a different sign-in, and ignored this one. If you started it, \
               return to the terminal. Otherwise, close this page.",
    };

    /// Returns the headers of a page. Each ends with CRLF.
    pub(crate) fn headers() -> String {
        format!(
            "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'sha256-{STYLE_HASH}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        )
    }

    /// Returns the HTML of the page.
    pub(crate) fn to_html(&self) -> String {
        let (heading, text) = (escape_html(self.heading), escape_html(self.text));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{heading} · Relay</title>\n<style>{STYLE}</style>\n\
             <h1>{heading}</h1>\n<p>{text}</p>\n</html>\n"
        )
    }
}

/// Escapes the text for HTML. Some of the text comes from servers.
fn escape_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    #[test]
    fn the_policy_allows_the_style() {
        assert_eq!(STYLE_HASH, STANDARD.encode(digest(&SHA256, STYLE.as_bytes())));
    }
}
