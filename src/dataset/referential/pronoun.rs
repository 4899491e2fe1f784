//! Counting pronouns that are there.

/// The third-person pronouns that count as references.
pub const PRONOUNS: [&str; 8] = ["he", "she", "they", "his", "her", "him", "their", "them"];

/// How often each of [`PRONOUNS`] occurs in `text`, in that order: whole words, whatever their case.
/// Nothing else counts; "the", "then" and "other" do not.
#[must_use]
pub fn pronoun_counts(text: &str) -> [usize; PRONOUNS.len()] {
    let mut counts = [0; PRONOUNS.len()];
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        let mut known = PRONOUNS.iter();
        if let Some(index) = known.position(|pronoun| word.eq_ignore_ascii_case(pronoun)) {
            counts[index] += 1;
        }
    }
    counts
}
