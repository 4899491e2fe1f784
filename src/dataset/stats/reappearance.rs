//! After how many frames a character is seen again.

use super::spread::Histogram;
use serde::Serialize;

/// Within stories, from the character labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reappearance {
    /// Times that a character is seen for the first time in a story.
    pub introductions: usize,
    /// Frames since a character was last seen, whenever it is seen again: 1 where it stays on, 2 where
    /// it was away for a frame.
    pub distance: Histogram,
}

/// `stories` are label vectors, one per frame. A frame without labels counts as showing no character.
pub(super) fn reappearance<'a>(
    stories: impl Iterator<Item = Vec<Option<&'a [bool]>>>,
) -> Reappearance {
    let mut introductions = 0;
    let mut distances = Vec::new();
    for frames in stories {
        let count = frames.iter().flatten().map(|labels| labels.len()).max();
        let mut last: Vec<Option<usize>> = vec![None; count.unwrap_or(0)];
        for (place, labels) in frames.iter().enumerate() {
            for (index, set) in labels.iter().flat_map(|labels| labels.iter().enumerate()) {
                if !set {
                    continue;
                }
                match last[index] {
                    None => introductions += 1,
                    Some(before) => distances.push(place - before),
                }
                last[index] = Some(place);
            }
        }
    }
    Reappearance {
        introductions,
        distance: Histogram::of(&distances),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_since_last_seen() {
        let (a, b, empty) = ([true, false], [true, true], [false, false]);
        let story = vec![Some(&a[..]), Some(&b), None, Some(&empty), Some(&b)];
        let found = reappearance(std::iter::once(story));
        assert_eq!(found.introductions, 2);
        assert_eq!(found.distance.counts, [(1, 1), (3, 2)].into());
    }
}
