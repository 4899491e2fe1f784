//! From an address, or from a file at hand, to a checked file in its place.

use super::attempt::Attempt;
use super::environment::{Source, without_password};
use super::place::{Place, Record, free_bytes};
use super::web::Web;
use super::{Digest, Environment, Expected, FetchError, Patience};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What happens while a file is fetched.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another process fetches this file; this one waits for it.
    Waiting,
    /// The file is there, but is not what it should be; it is fetched again.
    Damaged {
        /// What it is.
        found: &'a Digest,
    },
    /// A request begins.
    Begun {
        /// Where the file comes from.
        from: &'a str,
        /// Bytes that an earlier request brought.
        have: u64,
    },
    /// Bytes came.
    Received {
        /// How many are there.
        done: u64,
        /// How many there will be, where that is known.
        total: Option<u64>,
    },
    /// A request failed; the next one follows after a wait.
    Retrying {
        /// Why.
        why: &'a FetchError,
        /// How long.
        wait: Duration,
    },
    /// The whole file is there and is read once more for its hash.
    Checking,
}

/// How a file came to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It was there.
    Present,
    /// It was downloaded, or copied from a mirror's folder.
    Fetched,
    /// It was copied from a file that was at hand.
    Given,
}

/// A file in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Its size and hash.
    #[serde(flatten)]
    pub digest: Digest,
    /// How it came there.
    pub origin: Origin,
}

/// Fetches files.
pub struct Fetcher {
    environment: Environment,
    patience: Patience,
    web: Web,
    pub(super) free: FreeBytes,
}

/// Free bytes of a folder, where the system says so.
type FreeBytes = Box<dyn Fn(&Path) -> Option<u64>>;

/// What a fetcher tells its events to.
type Tell<'a> = &'a mut dyn FnMut(Event<'_>);

impl Fetcher {
    /// A fetcher with a client of its own.
    #[must_use]
    pub fn new(environment: Environment, patience: Patience) -> Self {
        let web = Web::new(&environment, patience);
        Self {
            environment,
            patience,
            web,
            free: Box::new(free_bytes),
        }
    }

    /// Where an address would be fetched from: the mirror's copy where there is a mirror.
    #[must_use]
    pub fn source(&self, address: &str) -> String {
        match self.environment.source(address) {
            Source::Web(address) => without_password(&address),
            Source::File(path) => path.display().to_string(),
        }
    }

    /// The file in `place`, if it is there and is what it should be: by what the publisher states, or else by what the
    /// first fetch recorded.
    #[must_use]
    pub fn present(place: &Path, expected: &Expected) -> Option<Fetched> {
        Self::check(&Place::new(place), expected).ok()?
    }

    /// Bytes that an unfinished fetch has left.
    #[must_use]
    pub fn left_over(place: &Path) -> u64 {
        Place::new(place).received()
    }

    /// Fetches `address` to `place`. A file that is there and right stays.
    ///
    /// # Errors
    /// [`FetchError`]; what was received stays as `NAME.part`, unless it is wrong.
    pub fn fetch(
        &self,
        address: &str,
        expected: &Expected,
        place: &Path,
        tell: Tell<'_>,
    ) -> Result<Fetched, FetchError> {
        let place = Place::new(place);
        match Self::check(&place, expected) {
            Ok(Some(there)) => return Ok(there),
            Ok(None) => {}
            Err(found) => tell(Event::Damaged { found: &found }),
        }
        let source = self.environment.source(address);
        if self.environment.offline && matches!(source, Source::Web(_)) {
            return Err(FetchError::Offline {
                address: self.source(address),
            });
        }
        let _guard = place.lock(|| tell(Event::Waiting))?;
        if let Ok(Some(there)) = Self::check(&place, expected) {
            return Ok(there);
        }
        match source {
            Source::File(path) => self.copy(&path, Origin::Fetched, expected, &place, tell),
            Source::Web(address) => self.download(&address, expected, &place, tell),
        }
    }

    /// Copies a file of this machine to `place`, if it is what it should be.
    ///
    /// # Errors
    /// [`FetchError::WrongFile`] with both hashes, and what reading and writing say.
    pub fn bring(
        &self,
        file: &Path,
        expected: &Expected,
        place: &Path,
        tell: Tell<'_>,
    ) -> Result<Fetched, FetchError> {
        let place = Place::new(place);
        let _guard = place.lock(|| tell(Event::Waiting))?;
        self.copy(file, Origin::Given, expected, &place, tell)
    }

    fn copy(
        &self,
        file: &Path,
        origin: Origin,
        expected: &Expected,
        place: &Place,
        tell: Tell<'_>,
    ) -> Result<Fetched, FetchError> {
        let from = file.display().to_string();
        tell(Event::Checking);
        let digest = Digest::of(file).map_err(|source| FetchError::Read {
            path: file.to_owned(),
            source,
        })?;
        if !expected.is_met_by(&digest) {
            return Err(FetchError::WrongFile {
                origin: from,
                found: digest,
                wanted: expected.clone(),
            });
        }
        if std::fs::canonicalize(file).ok() == std::fs::canonicalize(&place.file).ok() {
            return Ok(finished(place, digest, Origin::Present));
        }
        let free = (self.free)(place.folder()).unwrap_or(u64::MAX);
        if free < digest.bytes {
            return Err(FetchError::NoRoom {
                path: place.file.clone(),
                needed: digest.bytes,
                free,
            });
        }
        tell(Event::Begun {
            from: &from,
            have: 0,
        });
        place.copy(file, &mut |done, total| {
            tell(Event::Received {
                done,
                total: Some(total),
            });
        })?;
        place.finish(&Record {
            origin: from,
            digest: digest.clone(),
        })?;
        Ok(finished(place, digest, origin))
    }

    /// Requests until the file is whole, then checks it. Where parts of several requests do not fit together, one more
    /// request brings the whole file.
    fn download(
        &self,
        address: &str,
        expected: &Expected,
        place: &Place,
        tell: Tell<'_>,
    ) -> Result<Fetched, FetchError> {
        let mut joined = place.received() > 0;
        loop {
            joined |= self.receive(address, expected, place, tell)?;
            tell(Event::Checking);
            let part = place.part();
            let digest = Digest::of(&part).map_err(|source| FetchError::Read {
                path: part.clone(),
                source,
            })?;
            let origin = without_password(address);
            if expected.is_met_by(&digest) {
                place.finish(&Record {
                    origin,
                    digest: digest.clone(),
                })?;
                return Ok(finished(place, digest, Origin::Fetched));
            }
            place.forget();
            if !joined {
                return Err(FetchError::WrongFile {
                    origin,
                    found: digest,
                    wanted: expected.clone(),
                });
            }
            joined = false;
        }
    }

    /// Requests until the file is whole. Says whether it took several.
    fn receive(
        &self,
        address: &str,
        expected: &Expected,
        place: &Place,
        tell: Tell<'_>,
    ) -> Result<bool, FetchError> {
        let attempt = Attempt {
            web: &self.web,
            address,
            expected,
            place,
            free: &*self.free,
        };
        let (mut best, mut failed) = (place.received(), 0);
        let from = without_password(address);
        let mut again = false;
        loop {
            tell(Event::Begun {
                from: &from,
                have: place.received(),
            });
            let result = attempt.run(&mut |done, total| tell(Event::Received { done, total }));
            let Err(why) = result else { return Ok(again) };
            if matches!(why, FetchError::WrongSize { .. }) && place.received() > best {
                place.forget();
            }
            let received = place.received();
            failed = if received > best { 0 } else { failed + 1 };
            best = best.max(received);
            if !why.may_pass() || failed >= self.patience.tries {
                return Err(why);
            }
            let wait = self.wait(&why, failed);
            tell(Event::Retrying { why: &why, wait });
            std::thread::sleep(wait);
            again = true;
        }
    }

    /// How long to wait after so many requests in a row that brought nothing.
    fn wait(&self, why: &FetchError, failed: u32) -> Duration {
        let doubled = self.patience.first_wait * 2u32.pow(failed.saturating_sub(1).min(16));
        let asked = match why {
            FetchError::Status { wait, .. } => wait.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        doubled.max(asked).min(self.patience.longest_wait)
    }

    /// The file in its place; what it is where it is not what it should be.
    fn check(place: &Place, expected: &Expected) -> Result<Option<Fetched>, Digest> {
        let Ok(digest) = Digest::of(&place.file) else {
            return Ok(None);
        };
        let whole = expected.sha256.as_ref().is_some_and(|it| it.len() == 64);
        let recorded = place.record().filter(|_| !whole);
        let as_recorded = recorded.is_none_or(|record| record.digest == digest);
        if !expected.is_met_by(&digest) || !as_recorded {
            return Err(digest);
        }
        Ok(Some(finished(place, digest, Origin::Present)))
    }
}

fn finished(place: &Place, digest: Digest, origin: Origin) -> Fetched {
    Fetched {
        path: place.file.clone(),
        digest,
        origin,
    }
}
