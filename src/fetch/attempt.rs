//! One request: what is there is kept, what comes is added.

use super::environment::without_password;
use super::place::{PartOf, Place};
use super::web::{self, Rest, Web};
use super::{Expected, FetchError};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use ureq::http::{HeaderMap, Response};

/// What a request is for.
pub(super) struct Attempt<'a> {
    pub(super) web: &'a Web,
    pub(super) address: &'a str,
    pub(super) expected: &'a Expected,
    pub(super) place: &'a Place,
    /// Free bytes of a folder, where the system says so.
    pub(super) free: &'a dyn Fn(&Path) -> Option<u64>,
}

/// How far a request came.
pub(super) type Tell<'a> = &'a mut dyn FnMut(u64, Option<u64>);

impl Attempt<'_> {
    /// Receives the file, or what is missing of it. Whatever stops this, the part on the disk is a beginning of the file.
    pub(super) fn run(&self, tell: Tell<'_>) -> Result<(), FetchError> {
        let have = self.usable_part();
        if have > 0 && self.expected.bytes == Some(have) {
            return Ok(());
        }
        let of = self.place.part_of().unwrap_or_default();
        let rest = (have > 0).then_some(Rest {
            from: have,
            version: of.version.as_deref().filter(|_| of.address == self.address),
        });
        let answer = self.web.get(self.address, rest.as_ref())?;
        let status = answer.status().as_u16();
        match (status, web::range(answer.headers())) {
            (206, Some((from, total))) if from == Some(have) && have > 0 => {
                self.receive(answer, have, total, tell)
            }
            (200, _) => {
                let total = web::length(answer.headers());
                self.receive(answer, 0, total, tell)
            }
            (416, Some((_, total))) if total == Some(have) => Ok(()),
            // Not the rest that was asked for: the whole file then.
            (206 | 416, _) if have > 0 => {
                self.place.forget();
                self.run(tell)
            }
            _ => Err(FetchError::Status {
                address: without_password(self.address),
                status,
                wait: web::retry_after(answer.headers()),
            }),
        }
    }

    /// Bytes of the part that can be gone on with. Without a version and without a hash a join of two versions would
    /// not be noticed, and what is longer than the file is not its beginning.
    fn usable_part(&self) -> u64 {
        let have = self.place.received();
        let same = self
            .place
            .part_of()
            .is_some_and(|of| of.address == self.address && of.version.is_some());
        let too_long = self.expected.bytes.is_some_and(|bytes| have > bytes);
        if have > 0 && (too_long || !(same || self.expected.sha256.is_some())) {
            self.place.forget();
            return 0;
        }
        have
    }

    fn receive(
        &self,
        answer: Response<ureq::Body>,
        have: u64,
        total: Option<u64>,
        tell: Tell<'_>,
    ) -> Result<(), FetchError> {
        if let (Some(found), Some(wanted)) = (total, self.expected.bytes)
            && found != wanted
        {
            return Err(self.wrong_size(found, wanted));
        }
        let total = total.or(self.expected.bytes);
        self.check_room(have, total)?;
        let (parts, body) = answer.into_parts();
        let mut file = self.open(have, &parts.headers)?;
        let written = self.copy(&mut body.into_reader(), &mut file, (have, total), tell);
        // What is there is kept, also where the connection ended.
        let synced = file.sync_all();
        written?;
        synced.map_err(|source| FetchError::write(self.place.part(), None, source))
    }

    fn open(&self, have: u64, headers: &HeaderMap) -> Result<File, FetchError> {
        if have > 0 {
            return self.place.go_on();
        }
        self.place.begin(&PartOf {
            address: self.address.to_owned(),
            version: web::version(headers),
        })
    }

    fn check_room(&self, have: u64, total: Option<u64>) -> Result<(), FetchError> {
        let needed = total.map_or(0, |total| total.saturating_sub(have));
        match (self.free)(self.place.folder()) {
            Some(free) if free < needed => Err(FetchError::NoRoom {
                path: self.place.file.clone(),
                needed,
                free,
            }),
            _ => Ok(()),
        }
    }

    fn wrong_size(&self, found: u64, wanted: u64) -> FetchError {
        FetchError::WrongSize {
            address: without_password(self.address),
            found,
            wanted,
        }
    }

    fn copy(
        &self,
        body: &mut dyn Read,
        file: &mut File,
        (have, total): (u64, Option<u64>),
        tell: Tell<'_>,
    ) -> Result<(), FetchError> {
        let mut buffer = vec![0; 1 << 17];
        let mut done = have;
        let cut = |received, source| FetchError::Cut {
            address: without_password(self.address),
            received,
            total,
            source,
        };
        tell(done, total);
        loop {
            let got = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(cut(done, source)),
            };
            let needed = total.map(|total| total.saturating_sub(done));
            file.write_all(&buffer[..got])
                .map_err(|source| FetchError::write(self.place.part(), needed, source))?;
            done += got as u64;
            if let Some(wanted) = self.expected.bytes
                && done > wanted
            {
                return Err(self.wrong_size(done, wanted));
            }
            tell(done, total);
        }
        match total {
            Some(total) if done < total => {
                let source = io::Error::from(io::ErrorKind::UnexpectedEof);
                Err(cut(done, source))
            }
            _ => Ok(()),
        }
    }
}
