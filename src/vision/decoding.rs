//! When the images for a network are decoded.

use std::sync::mpsc::sync_channel;
use std::thread;

/// When the next images are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// While the network reads the batch before: it runs elsewhere, and the cores have nothing to do.
    Ahead,
    /// When the network has done with those before: it keeps all cores busy itself. Its threads wait for
    /// each other many times an image, and whoever takes one's core lets all of them wait.
    InTurn,
}

impl Decoding {
    /// Gives `take` what `make` makes, in its order. What `take` leaves is not made, but for two items at
    /// most.
    ///
    /// # Panics
    /// When `make` does.
    pub fn feed<T: Send, R>(
        self,
        mut make: impl Iterator<Item = T> + Send,
        take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
    ) -> R {
        match self {
            Self::Ahead => ahead(make, take),
            Self::InTurn => take(&mut make),
        }
    }
}

/// Makes items on a thread of its own while `take` uses those before: one is in use, one waits, one is
/// being made.
///
/// A panic in `make` ends the program's unwinding in the caller, as if it had been called there.
fn ahead<T: Send, R>(
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
        let first: Vec<usize> = Decoding::Ahead.feed(make, |items| items.take(5).collect());
        assert_eq!(first, [0, 1, 2, 3, 4]);
        assert!((5..=7).contains(&made.load(Ordering::SeqCst)));
        assert_eq!(Decoding::Ahead.feed(0..3, |items| items.sum::<i32>()), 3);
    }

    #[test]
    fn in_turn_nothing_is_made_before_it_is_wanted() {
        let made = AtomicUsize::new(0);
        let make = (0..100).inspect(|_| {
            made.fetch_add(1, Ordering::SeqCst);
        });
        Decoding::InTurn.feed(make, |items| {
            for wanted in 0..5 {
                assert_eq!(made.load(Ordering::SeqCst), wanted);
                assert_eq!(items.next(), Some(wanted));
            }
        });
    }

    #[test]
    #[should_panic(expected = "broken")]
    fn a_panic_of_the_maker_is_not_swallowed() {
        Decoding::Ahead.feed(
            (0..1).map(|_| panic!("broken")),
            |items: &mut dyn Iterator<Item = ()>| items.count(),
        );
    }
}
