//! The cookies of one user of one server (RFC 6265).
//!
//! Load balancers use cookies to send all requests of a session to the same replica. A cookie goes
//! only to the origin that has set it. The attribute `Domain` is ignored, so a cookie never goes to
//! another host. The parser is our own, because a published jar keeps cookies of many hosts, and has
//! no limits.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, header};

use crate::endpoint::Endpoint;

/// The maximum number of cookies of one user.
const MAX_COOKIES: usize = 50;
/// The maximum length of a cookie, in bytes (RFC 6265, section 6.1).
const MAX_LENGTH: usize = 4096;
/// The maximum length of all cookies together, in bytes. Servers often accept no longer header.
const MAX_TOTAL: usize = 8 * 1024;

/// The cookies of one user of one server. All of them are secrets.
#[derive(Default)]
pub(super) struct CookieJar(Mutex<VecDeque<Cookie>>);

/// One cookie.
struct Cookie {
    name: String,
    value: String,
    path: String,
    expires: Option<SystemTime>,
    /// True if the cookie is sent only over an encrypted connection or to this machine.
    secure: bool,
}

impl CookieJar {
    /// Adds the cookies for a request to `url`. A cookie that the headers contain already is not
    /// replaced. Returns the values that were added.
    pub(super) fn add_to(&self, headers: &mut HeaderMap, url: &Endpoint) -> Vec<String> {
        let mut cookies = self.lock();
        if cookies.is_empty() {
            return Vec::new();
        }
        let now = SystemTime::now();
        cookies.retain(|cookie| !cookie.is_expired(now));
        let configured = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        let mut text = configured.unwrap_or_default().to_owned();
        let is_configured = |name: &str| {
            let pairs = configured.unwrap_or_default().split(';');
            pairs.filter_map(|pair| pair.split_once('=')).any(|(other, _)| other.trim() == name)
        };
        let mut added = Vec::new();
        for cookie in cookies.iter().filter(|cookie| cookie.belongs_to(url)) {
            if !is_configured(&cookie.name) {
                let separator = if text.is_empty() { "" } else { "; " };
                text += &format!("{separator}{}={}", cookie.name, cookie.value);
                added.push(cookie.value.clone());
            }
        }
        if let (false, Ok(mut value)) = (added.is_empty(), HeaderValue::try_from(text)) {
            value.set_sensitive(true);
            headers.insert(header::COOKIE, value);
        }
        added
    }

    /// Stores the cookies of a response from `url`. Returns their values.
    pub(super) fn store(&self, headers: &HeaderMap, url: &Endpoint) -> Vec<String> {
        let values = headers.get_all(header::SET_COOKIE).iter().take(MAX_COOKIES);
        let parsed = values.filter_map(|value| Cookie::parse(value.to_str().ok()?, url));
        let parsed: Vec<Cookie> = parsed.collect();
        if parsed.is_empty() {
            return Vec::new();
        }
        let secrets = parsed.iter().map(|cookie| cookie.value.clone()).collect();
        let mut cookies = self.lock();
        let now = SystemTime::now();
        for cookie in parsed {
            cookies.retain(|other| (&other.name, &other.path) != (&cookie.name, &cookie.path));
            if !cookie.is_expired(now) {
                cookies.push_back(cookie);
            }
        }
        let total = |cookies: &VecDeque<Cookie>| cookies.iter().map(Cookie::len).sum::<usize>();
        while cookies.len() > MAX_COOKIES || total(&cookies) > MAX_TOTAL {
            cookies.pop_front();
        }
        secrets
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Cookie>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cookie {
    /// Parses a `Set-Cookie` header (RFC 6265, section 5.2). Returns `None` if it is too long, has no
    /// name, or may not be set by this URL.
    fn parse(header: &str, url: &Endpoint) -> Option<Self> {
        if header.len() > MAX_LENGTH {
            return None;
        }
        let mut parts = header.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: default_path(url.url().path()).to_owned(),
            expires: None,
            secure: false,
        };
        let mut max_age = None;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => cookie.path = value.to_owned(),
                "expires" => cookie.expires = httpdate::parse_http_date(value).ok(),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                "secure" => cookie.secure = true,
                _ => {}
            }
        }
        // `Max-Age` takes precedence over `Expires`.
        if let Some(seconds) = max_age {
            let age = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            let now = SystemTime::now();
            cookie.expires = match age.is_zero() {
                true => Some(SystemTime::UNIX_EPOCH),
                false => now.checked_add(age),
            };
        }
        let is_allowed = !cookie.name.is_empty() && (!cookie.secure || url.is_confidential());
        is_allowed.then_some(cookie)
    }

    fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Returns whether the cookie is sent to this URL of its origin (RFC 6265, section 5.4).
    fn belongs_to(&self, url: &Endpoint) -> bool {
        let rest = url.url().path().strip_prefix(self.path.as_str());
        let is_below = rest.is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        is_below && (!self.secure || url.is_confidential())
    }

    fn len(&self) -> usize {
        self.name.len() + self.value.len()
    }
}

/// Returns the path of a cookie without the attribute `Path` (RFC 6265, section 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(last) => &path[..last],
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieJar({} cookies)", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example/v1/mcp";

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::parse(url).unwrap()
    }

    fn store(jar: &CookieJar, url: &str, cookies: &[&str]) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        jar.store(&headers, &endpoint(url));
    }

    fn sent(jar: &CookieJar, url: &str) -> String {
        let mut headers = HeaderMap::new();
        jar.add_to(&mut headers, &endpoint(url));
        let cookie = headers.get(header::COOKIE);
        assert!(cookie.is_none_or(HeaderValue::is_sensitive));
        cookie.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn cookies_are_sent_by_path_until_they_expire() {
        for (cookie, url, expected) in [
            ("lb=a; Path=/; HttpOnly; SameSite=Lax", URL, "lb=a"),
            ("lb = a b ", URL, "lb=a b"),
            ("lb=a", "https://a.example/v1/other", "lb=a"),
            ("lb=a", "https://a.example/v2/mcp", ""),
            ("lb=a; path=/v1/mcp", "https://a.example/v1/mcp/", "lb=a"),
            ("lb=a; path=/v1/m", URL, ""),
            ("lb=a; Domain=b.example; Path=/", URL, "lb=a"),
            ("lb=a; Max-Age=60; Expires=Wed, 21 Oct 2015 07:28:00 GMT", URL, "lb=a"),
            ("lb=a; Expires=Wed, 21 Oct 2015 07:28:00 GMT", URL, ""),
            ("lb=a; Max-Age=0", URL, ""),
            ("lb=a; Max-Age=-1", URL, ""),
            ("lb=a; Max-Age=9223372036854775807", URL, "lb=a"),
            ("lb=a; Secure", URL, "lb=a"),
            ("no cookie", URL, ""),
            ("=a", URL, ""),
        ] {
            let jar = CookieJar::default();
            store(&jar, URL, &[cookie]);
            assert_eq!(sent(&jar, url), expected, "{cookie} {url}");
        }
        let jar = CookieJar::default();
        store(&jar, "http://a.example/", &["lb=a; Secure"]);
        assert_eq!(sent(&jar, "http://a.example/"), "");
    }

    #[test]
    fn a_new_value_replaces_the_old_one() {
        let jar = CookieJar::default();
        store(&jar, URL, &["a=1", "b=2"]);
        store(&jar, URL, &["a=3", "b=; Max-Age=0"]);
        assert_eq!(sent(&jar, URL), "a=3");
        assert_eq!(format!("{jar:?}"), "CookieJar(1 cookies)");
    }

    #[test]
    fn a_configured_cookie_takes_precedence() {
        let jar = CookieJar::default();
        store(&jar, URL, &["a=1", "b=2"]);
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=own; c=3"));
        assert_eq!(jar.add_to(&mut headers, &endpoint(URL)), ["2"]);
        assert_eq!(headers[header::COOKIE], "a=own; c=3; b=2");
    }

    #[test]
    fn the_number_and_the_length_of_cookies_are_limited() {
        let jar = CookieJar::default();
        for n in 0..MAX_COOKIES + 10 {
            store(&jar, URL, &[&format!("c{n}=1")]);
        }
        assert_eq!(jar.lock().len(), MAX_COOKIES);
        assert_eq!(jar.lock()[0].name, "c10");
        store(&jar, URL, &[&format!("long={}", "x".repeat(MAX_LENGTH))]);
        assert!(!sent(&jar, URL).contains("long"));
        for n in 0..4 {
            store(&jar, URL, &[&format!("long{n}={}", "x".repeat(MAX_LENGTH - 10))]);
        }
        assert!(sent(&jar, URL).len() < MAX_TOTAL + 1024);
    }
}
