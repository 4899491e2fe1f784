//! One frame: from the cache, or asked for until it is there.

use super::budget::{Budget, Paid};
use super::cache::{Answers, Kept, key};
use super::dialect::{Answer, Ask, Content, Speak, no_answer, words};
use super::fault::ServiceFault;
use super::pace::{Pace, pause};
use crate::card::HttpCard;
use crate::fetch::{FetchError, Reply, Secret, Service};
use crate::record::{Absence, DrawnFrame, FrameIndex, FrameReport};
use crate::vision::decode_any_image;
use image::RgbImage;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// The most that an answer may have; an image of 4096 by 4096 pixels fits in base64.
const MOST_BYTES: u64 = 96 << 20;
/// Characters of a service's words that are kept.
const MOST_WORDS: usize = 500;
/// What a revised prompt may have in the journal.
const MOST_NOTE: usize = 2000;

/// Asks a service for frames.
pub(super) struct Caller<'a> {
    pub(super) card: HttpCard,
    pub(super) speech: Box<dyn Speak>,
    pub(super) service: Service,
    pub(super) answers: Answers,
    pub(super) pace: Pace,
    pub(super) budget: &'a dyn Budget,
    pub(super) note: &'a (dyn Fn(&str) + Sync),
    pub(super) stopped: &'a (dyn Fn() -> bool + Sync),
    pub(super) key: Option<Secret>,
    pub(super) offline: bool,
}

impl Caller<'_> {
    /// Draws a frame, or says why the service does not.
    pub(super) fn frame(&self, ask: &Ask<'_>) -> Result<DrawnFrame, ServiceFault> {
        let request = self.speech.request(ask)?;
        let frame = ask.captions.len();
        let key = key(
            &self.speech.address(),
            &self.card.dialect.to_string(),
            &request.body,
            (ask.story.as_str(), frame, ask.seed),
        );
        let whole = |mut drawn: DrawnFrame| {
            let notes = [request.note.clone(), drawn.report.note.take()];
            let notes: Vec<String> = notes.into_iter().flatten().collect();
            drawn.report.note = (!notes.is_empty()).then(|| notes.join("; "));
            drawn
        };
        if let Some(drawn) = self.kept(&key) {
            return Ok(whole(drawn));
        }
        if self.offline {
            return Err(ServiceFault::Fetch(FetchError::Offline {
                address: self.speech.address(),
            }));
        }
        let _lock = self.answers.lock(&key)?;
        // Another process may have asked meanwhile.
        if let Some(drawn) = self.kept(&key) {
            return Ok(whole(drawn));
        }
        let (kept, image) = self.ask_until(ask, &request.body)?;
        self.answers.write(&key, &kept)?;
        Ok(whole(frame_of(kept, image)))
    }

    fn kept(&self, key: &str) -> Option<DrawnFrame> {
        let kept = self.answers.read(key)?;
        let image = match &kept.image {
            Ok(bytes) => Some(decode(bytes).ok()?),
            Err(_) => None,
        };
        Some(frame_of(kept, image))
    }

    /// Asks as often as the card allows.
    fn ask_until(
        &self,
        ask: &Ask<'_>,
        body: &Value,
    ) -> Result<(Kept, Option<RgbImage>), ServiceFault> {
        self.check_key()?;
        let body = body.to_string().into_bytes();
        let mut failed = 0;
        loop {
            self.pace.turn(self.stopped)?;
            let why = match self.ask_once(ask, &body) {
                Ok(answer) => return Ok(answer),
                Err(why) if why.may_pass() => why,
                Err(why) => return Err(why),
            };
            failed += 1;
            if failed >= self.card.attempts.get() {
                return Err(ServiceFault::Attempts {
                    attempts: failed,
                    source: Box::new(why),
                });
            }
            let wait = self.pace.back_off(failed, why.wait())?;
            (self.note)(&format!(
                "note: frame {} of story {}: {}; next try in {:.1} s",
                ask.captions.len(),
                ask.story,
                why.in_full(),
                wait.as_secs_f64()
            ));
            if why.wait().is_some() {
                self.pace.hold(wait);
            }
            pause(wait, self.stopped)?;
        }
    }

    fn check_key(&self) -> Result<(), ServiceFault> {
        let Some(variable) = self.card.key_env.clone() else {
            return Ok(());
        };
        match &self.key {
            None => Err(ServiceFault::NoKey { variable }),
            Some(key) if !key.is_sendable() => Err(ServiceFault::BadKey { variable }),
            Some(_) => Ok(()),
        }
    }

    /// One request, noted before and after.
    fn ask_once(
        &self,
        ask: &Ask<'_>,
        body: &[u8],
    ) -> Result<(Kept, Option<RgbImage>), ServiceFault> {
        let frame = FrameIndex(ask.captions.len() as u32);
        let call = self
            .budget
            .begin(ask.story, frame)
            .map_err(ServiceFault::Budget)?;
        let begin = Instant::now();
        let address = self.speech.address();
        let reply = self
            .service
            .post(&address, self.key.as_ref(), body, MOST_BYTES);
        let (paid, answer) = match reply {
            // Where no connection came about, nothing was asked for.
            Err(error @ FetchError::Connect { .. }) if before_request(&error) => {
                (Paid::Nothing, Err(ServiceFault::Fetch(error)))
            }
            Err(error @ FetchError::Elsewhere { .. }) => {
                (Paid::Nothing, Err(ServiceFault::Fetch(error)))
            }
            Err(error) => (Paid::Unknown, Err(ServiceFault::Fetch(error))),
            Ok(reply) => self.read(&reply),
        };
        self.budget.end(call, paid).map_err(ServiceFault::Budget)?;
        self.finish(answer?, begin.elapsed())
    }

    /// What an answer says, and whether it is paid for.
    fn read(&self, reply: &Reply) -> (Paid, Result<Answer, ServiceFault>) {
        if (200..300).contains(&reply.status) {
            let answer = self.speech.answer(reply);
            let paid = match &answer {
                Ok(answer) if matches!(answer.content, Content::Refused(_)) => Paid::Refused,
                Ok(_) => Paid::Image,
                Err(_) => Paid::Unknown,
            };
            return (paid, answer.map_err(|fault| self.clean(fault)));
        }
        if let Some(why) = self.speech.refusal(reply) {
            let content = Content::Refused(why);
            return (
                Paid::Refused,
                Ok(Answer {
                    content,
                    note: None,
                }),
            );
        }
        (Paid::Nothing, Err(self.status(reply)))
    }

    fn status(&self, reply: &Reply) -> ServiceFault {
        let message = self.shown(&words(reply), MOST_WORDS);
        let (address, status) = (self.speech.address(), reply.status);
        match status {
            401 | 403 => ServiceFault::NotAllowed {
                address,
                status,
                variable: self.card.key_env.clone(),
                message,
            },
            429 | 402
                if String::from_utf8_lossy(&reply.body).contains("insufficient_quota")
                    || status == 402 =>
            {
                ServiceFault::Quota { address, message }
            }
            _ => ServiceFault::Status {
                address,
                status,
                wait: reply.wait,
                message,
            },
        }
    }

    /// Decodes the image of an answer, which is read first where the answer only says where it is.
    fn finish(
        &self,
        answer: Answer,
        took: Duration,
    ) -> Result<(Kept, Option<RgbImage>), ServiceFault> {
        let note = answer.note.map(|note| self.shown(&note, MOST_NOTE));
        let kept = |image| Kept {
            image,
            note,
            seconds: took.as_secs_f64(),
        };
        let bytes = match answer.content {
            Content::Refused(why) => return Ok((kept(Err(self.shown(&why, MOST_WORDS))), None)),
            Content::Image(bytes) => bytes,
            Content::Link(link) => self.follow(&link)?,
        };
        let image = decode(&bytes).map_err(|source| ServiceFault::Image { source })?;
        Ok((kept(Ok(bytes)), Some(image)))
    }

    /// Reads the image that an answer points to, without the key. It is paid for, so that only reading is tried again.
    fn follow(&self, link: &str) -> Result<Vec<u8>, ServiceFault> {
        let address = self.speech.address();
        if !link.starts_with("http://") && !link.starts_with("https://") {
            return Err(no_answer(&address, "its `url` is no address of the web"));
        }
        let mut failed = 0;
        loop {
            let why = match self.service.get(link, MOST_BYTES) {
                Ok(reply) if reply.status == 200 => return Ok(reply.body),
                Ok(reply) => ServiceFault::Status {
                    address: format!("{address} (the image it points to)"),
                    status: reply.status,
                    wait: reply.wait,
                    message: String::new(),
                },
                Err(error) => ServiceFault::Fetch(error),
            };
            failed += 1;
            if !why.may_pass() {
                return Err(why);
            }
            if failed >= self.card.attempts.get() {
                return Err(ServiceFault::Attempts {
                    attempts: failed,
                    source: Box::new(why),
                });
            }
            pause(self.pace.back_off(failed, why.wait())?, self.stopped)?;
        }
    }

    /// Words of a service as they may be shown and kept: without the key, and not endless.
    fn shown(&self, text: &str, most: usize) -> String {
        let clean = match &self.key {
            Some(key) => key.scrub(text),
            None => text.to_owned(),
        };
        if clean.chars().count() <= most {
            return clean;
        }
        let cut: String = clean.chars().take(most).collect();
        format!("{cut}..")
    }

    fn clean(&self, fault: ServiceFault) -> ServiceFault {
        match fault {
            ServiceFault::Answer { address, what, cut } => ServiceFault::Answer {
                address,
                what: self.shown(&what, MOST_WORDS),
                cut,
            },
            other => other,
        }
    }
}

/// Whether a connection failed before anything was sent.
fn before_request(error: &FetchError) -> bool {
    let FetchError::Connect { source, .. } = error else {
        return false;
    };
    match &**source {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Tls(_) => true,
        ureq::Error::Timeout(stage) => {
            matches!(stage, ureq::Timeout::Connect | ureq::Timeout::Resolve)
        }
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

fn decode(bytes: &[u8]) -> Result<RgbImage, crate::vision::VisionError> {
    decode_any_image(bytes, Path::new("the answer")).map(|decoded| decoded.image)
}

fn frame_of(kept: Kept, image: Option<RgbImage>) -> DrawnFrame {
    let note = match kept.image {
        Ok(_) => kept.note,
        Err(why) => Some(why),
    };
    DrawnFrame {
        report: FrameReport {
            seconds: Some(kept.seconds),
            peak_memory_bytes: None,
            note,
        },
        ..DrawnFrame::new(image.ok_or(Absence::Refused))
    }
}
