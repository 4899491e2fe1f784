//! Decoding ahead of use, so that a network and the decoder do not wait for each other.

use std::sync::mpsc::sync_channel;
use std::thread;

/// Makes items on a thread of its own while `take` uses those before: one is in use, one waits, one is
/// being made. Their order is that of `make`, and what `take` leaves is not made.
///
/// A panic in `make` ends the program's unwinding in the caller, as if it had been called there.
pub fn ahead<T: Send, R>(
    make: impl Iterator<Item = T> + Send,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(1);
        let maker = scope.spawn(move || {
            for item in make {
                if sender.send(item).is_err() {
                    return;
                }
            }
        });
        let taken = take(&mut receiver.into_iter());
        match maker.join() {
            Ok(()) => taken,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn items_come_in_order_and_at_most_two_too_many_are_made() {
        let made = AtomicUsize::new(0);
        let make = (0..100).inspect(|_| {
            made.fetch_add(1, Ordering::SeqCst);
        });
        let first: Vec<usize> = ahead(make, |items| items.take(5).collect());
        assert_eq!(first, [0, 1, 2, 3, 4]);
        assert!((5..=7).contains(&made.load(Ordering::SeqCst)));
        assert_eq!(ahead(0..3, |items| items.sum::<i32>()), 3);
    }

    #[test]
    #[should_panic(expected = "broken")]
    fn a_panic_of_the_maker_is_not_swallowed() {
        ahead(
            (0..1).map(|_| panic!("broken")),
            |items: &mut dyn Iterator<Item = ()>| items.count(),
        );
    }
}
