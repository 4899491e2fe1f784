//! When the next request may be sent: the rate that a card allows, and the waits that a service asks for.

use super::fault::ServiceFault;
use crate::card::HttpCard;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a waiting thread asks whether it should stop.
const BLINK: Duration = Duration::from_millis(50);

/// Shared by all threads of a generator.
pub(super) struct Pace {
    between: Duration,
    first_wait: Duration,
    longest: Duration,
    /// When the next request may be sent.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(card: &HttpCard) -> Self {
        let minute = Duration::from_mins(1);
        Self {
            between: card
                .requests_per_minute
                .map_or(Duration::ZERO, |most| minute / most.get()),
            first_wait: Duration::from_millis(card.first_wait_ms.get()),
            longest: Duration::from_secs(card.longest_wait_s.get()),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for this request's turn.
    pub(super) fn turn(&self, stopped: &dyn Fn() -> bool) -> Result<(), ServiceFault> {
        loop {
            {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                let now = Instant::now();
                if *next <= now {
                    *next = now + self.between;
                    return if stopped() {
                        Err(ServiceFault::Stopped)
                    } else {
                        Ok(())
                    };
                }
            }
            // Another thread may have been asked to wait longer meanwhile, so the turn is asked for again.
            pause(BLINK.min(self.left()), stopped)?;
        }
    }

    fn left(&self) -> Duration {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.saturating_duration_since(Instant::now())
    }

    /// How long to wait after so many failed tries, where the service may ask for a time: a doubling wait with jitter,
    /// and never less than was asked for.
    pub(super) fn back_off(
        &self,
        failed: u32,
        asked: Option<Duration>,
    ) -> Result<Duration, ServiceFault> {
        if let Some(asked) = asked.filter(|asked| *asked > self.longest) {
            return Err(ServiceFault::TooBusy {
                asked,
                most: self.longest,
            });
        }
        let doubled = self.first_wait * 2u32.pow(failed.saturating_sub(1).min(16));
        // From half of the wait to all of it, so that processes that failed together do not come back together.
        let own = doubled.min(self.longest).mul_f64(0.5 + 0.5 * fraction());
        let asked = asked.map_or(Duration::ZERO, |asked| {
            asked + self.first_wait.mul_f64(fraction())
        });
        Ok(own.max(asked))
    }

    /// Holds every thread back for a time: the service is busy for all of them.
    pub(super) fn hold(&self, wait: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Instant::now() + wait);
    }
}

/// Sleeps, unless the work is stopped.
pub(super) fn pause(wait: Duration, stopped: &dyn Fn() -> bool) -> Result<(), ServiceFault> {
    let until = Instant::now() + wait;
    loop {
        if stopped() {
            return Err(ServiceFault::Stopped);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(BLINK));
    }
}

/// A number from 0 to 1 that differs from process to process and from call to call.
fn fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::{NonZeroU32, NonZeroU64};

    fn pace(change: impl FnOnce(&mut HttpCard)) -> Pace {
        let mut card = HttpCard::of_address("http://h");
        change(&mut card);
        Pace::new(&card)
    }

    #[test]
    fn waits_double_with_jitter_and_are_never_shorter_than_asked() {
        let pace = pace(|card| card.longest_wait_s = NonZeroU64::new(10).unwrap());
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..50 {
            for (failed, most) in [(1, 1.0), (2, 2.0), (3, 4.0), (9, 10.0)] {
                let wait = pace.back_off(failed, None).unwrap().as_secs_f64();
                assert!((most / 2.0..=most).contains(&wait), "{failed}: {wait}");
            }
            let asked = pace.back_off(1, Some(Duration::from_secs(7))).unwrap();
            assert!(asked >= Duration::from_secs(7) && asked <= Duration::from_secs(8));
            seen.insert(asked);
        }
        assert!(seen.len() > 10, "no jitter");
        let error = pace.back_off(1, Some(Duration::from_secs(11))).unwrap_err();
        assert!(matches!(error, ServiceFault::TooBusy { .. }));
    }

    #[test]
    fn requests_keep_their_distance_and_a_hold_is_for_all() {
        // 1200 a minute: 50 ms apart.
        let fast = pace(|card| card.requests_per_minute = NonZeroU32::new(1200));
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| fast.turn(&|| false).unwrap());
            }
        });
        assert!(begin.elapsed() >= Duration::from_millis(150));
        fast.hold(Duration::from_millis(120));
        let begin = Instant::now();
        fast.turn(&|| false).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(110));
        fast.hold(Duration::from_hours(1));
        assert!(matches!(fast.turn(&|| true), Err(ServiceFault::Stopped)));
    }
}
