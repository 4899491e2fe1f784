//! Counting pronouns that are there.

const PRONOUNS: [&str; 8] = ["he", "she", "they", "his", "her", "him", "their", "them"];

/// Number of third-person pronouns in `text`: whole words `he she they his her him their them`,
/// whatever their case. Nothing else counts; "the", "then" and "other" do not.
#[must_use]
pub fn references_true(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| {
            PRONOUNS
                .iter()
                .any(|pronoun| word.eq_ignore_ascii_case(pronoun))
        })
        .count()
}

/// Whether `text` has a pronoun that [`references_true`] counts.
#[must_use]
pub fn has_pronoun(text: &str) -> bool {
    references_true(text) > 0
}
