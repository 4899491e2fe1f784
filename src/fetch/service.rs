//! Requests to a service: one request, one answer of bounded size.

use super::environment::without_password;
use super::web::{self, MOST_REDIRECTS};
use super::{Environment, FetchError, Patience, Secret};
use std::io::{self, Read};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Response, header};

/// A client of services. What it sends with a key goes to one address only: redirects of a POST are not followed.
#[derive(Clone, Debug)]
pub struct Service {
    posts: Agent,
    gets: Agent,
    offline: bool,
}

/// An answer of a service, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Type of the body, as the server calls it.
    pub kind: Option<String>,
    /// How long the server asks to wait before the next request.
    pub wait: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

impl Service {
    /// A client. `whole` is how long a request with its answer may take.
    #[must_use]
    pub fn new(environment: &Environment, patience: Patience, whole: Duration) -> Self {
        let agent = |redirects| {
            let config = web::settings(environment, patience)
                .max_redirects(redirects)
                .timeout_global(Some(whole));
            config.build().into()
        };
        Self {
            posts: agent(0),
            gets: agent(MOST_REDIRECTS),
            offline: environment.offline,
        }
    }

    /// Posts JSON and reads an answer of at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError::Offline`], [`FetchError::Connect`], [`FetchError::Cut`], [`FetchError::TooLarge`] and
    /// [`FetchError::Elsewhere`]. Other statuses are answers.
    pub fn post(
        &self,
        address: &str,
        key: Option<&Secret>,
        json: &[u8],
        most: u64,
    ) -> Result<Reply, FetchError> {
        self.allow(address)?;
        let mut request = self
            .posts
            .post(address)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(value) = key.and_then(Secret::bearer) {
            request = request.header(header::AUTHORIZATION, value);
        }
        let answer = request.send(json).map_err(|error| failed(address, error))?;
        let status = answer.status().as_u16();
        if (300..400).contains(&status) {
            let to = web::text(answer.headers(), "location").unwrap_or("nowhere");
            return Err(FetchError::Elsewhere {
                address: shown(address),
                status,
                to: shown(to),
            });
        }
        read(address, answer, most)
    }

    /// Reads what an address of a service's answer holds, without any key.
    ///
    /// # Errors
    /// Those of [`Service::post`], and [`FetchError::Redirects`].
    pub fn get(&self, address: &str, most: u64) -> Result<Reply, FetchError> {
        self.allow(address)?;
        let answer = self.gets.get(address).call();
        read(
            address,
            answer.map_err(|error| failed(address, error))?,
            most,
        )
    }

    fn allow(&self, address: &str) -> Result<(), FetchError> {
        if self.offline {
            return Err(FetchError::Offline {
                address: shown(address),
            });
        }
        Ok(())
    }
}

/// An address without its query, where services put signatures.
fn shown(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    without_password(path)
}

fn failed(address: &str, error: ureq::Error) -> FetchError {
    let address = shown(address);
    match error {
        ureq::Error::TooManyRedirects => FetchError::Redirects {
            address,
            most: MOST_REDIRECTS,
        },
        // Its text has the whole address.
        ureq::Error::BadUri(_) => FetchError::Connect {
            source: Box::new(ureq::Error::HostNotFound),
            address,
        },
        error => FetchError::Connect {
            address,
            source: Box::new(error),
        },
    }
}

/// Reads a body that is announced, or turns out, to have at most `most` bytes.
fn read(address: &str, answer: Response<ureq::Body>, most: u64) -> Result<Reply, FetchError> {
    let (parts, body) = answer.into_parts();
    let total = web::length(&parts.headers);
    let too_large = || FetchError::TooLarge {
        address: shown(address),
        most,
        found: total,
    };
    if total.is_some_and(|total| total > most) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let outcome = body.into_reader().take(most + 1).read_to_end(&mut bytes);
    let received = bytes.len() as u64;
    let cut = |source| FetchError::Cut {
        address: shown(address),
        received,
        total,
        source,
    };
    outcome.map_err(cut)?;
    if received > most {
        return Err(too_large());
    }
    if total.is_some_and(|total| received < total) {
        return Err(cut(io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    Ok(Reply {
        status: parts.status.as_u16(),
        kind: web::text(&parts.headers, "content-type").map(str::to_owned),
        wait: web::retry_after(&parts.headers),
        body: bytes,
    })
}
