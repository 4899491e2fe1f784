//! The HTTP client: TLS with the certificates of Mozilla compiled in, proxies, redirects, time limits.

use super::environment::without_password;
use super::{Environment, FetchError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::http::{HeaderMap, Response};
use ureq::typestate::AgentScope;

/// Redirects that are followed.
pub(super) const MOST_REDIRECTS: u32 = 8;

/// How long is waited, and how often is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Tries in a row that bring nothing.
    pub tries: u32,
    /// Wait before the second try; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(1),
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(30),
        }
    }
}

/// A client that several requests share.
#[derive(Clone, Debug)]
pub(super) struct Web(Agent);

/// From where on a file is asked for.
pub(super) struct Rest<'a> {
    pub(super) from: u64,
    /// Only if the server still has this version.
    pub(super) version: Option<&'a str>,
}

impl Web {
    pub(super) fn new(environment: &Environment, patience: Patience) -> Self {
        let config = settings(environment, patience).max_redirects(MOST_REDIRECTS);
        Self(config.build().into())
    }

    /// Asks for a file, or for the rest of it.
    pub(super) fn get(
        &self,
        address: &str,
        rest: Option<&Rest<'_>>,
    ) -> Result<Response<ureq::Body>, FetchError> {
        // A compressed answer has another size and cannot be resumed.
        let mut request = self.0.get(address).header("accept-encoding", "identity");
        if let Some(rest) = rest {
            request = request.header("range", format!("bytes={}-", rest.from));
            if let Some(version) = rest.version {
                request = request.header("if-range", version);
            }
        }
        request.call().map_err(|source| {
            let address = without_password(address);
            match source {
                ureq::Error::TooManyRedirects => FetchError::Redirects {
                    address,
                    most: MOST_REDIRECTS,
                },
                source => FetchError::Connect {
                    address,
                    source: Box::new(source),
                },
            }
        })
    }
}

/// What every client has in common.
pub(super) fn settings(environment: &Environment, patience: Patience) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(environment.proxy.clone())
        .timeout_connect(Some(patience.connect))
        .timeout_per_read(Some(patience.silence))
        .user_agent(concat!("storyeval/", env!("CARGO_PKG_VERSION")))
}

/// A header's value, where it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The size of the whole file and where the answer begins, of `Content-Range: bytes 5-9/10`.
pub(super) fn range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let value = text(headers, "content-range")?.strip_prefix("bytes ")?;
    let (range, total) = value.split_once('/')?;
    let from = range
        .split_once('-')
        .and_then(|(from, _)| from.parse().ok());
    Some((from, total.parse().ok()))
}

pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "content-length")?.trim().parse().ok()
}

/// The server's name for this version of a file. Weak tags name several and cannot be resumed by.
pub(super) fn version(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, "etag").filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(headers, "last-modified"))
        .map(str::to_owned)
}

/// How long the server asks to wait, in seconds or until a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, "retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let until = Duration::from_secs(u64::try_from(until.timestamp()).ok()?);
    Some(until.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let asked = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(asked(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let far = asked("Tue, 31 Dec 2999 23:59:59 GMT").unwrap();
        assert!(far > Duration::from_hours(24 * 365 * 100), "{far:?}");
        assert_eq!(asked("soon"), None);
    }
}
