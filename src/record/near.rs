//! Slips of the hand.

/// The known name that differs from `name` by its case or by one letter, if there is one.
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    // Of short names everything is one letter away.
    let limit = usize::from(name.chars().count() > 2);
    known
        .into_iter()
        .map(|other| {
            (
                strsim::damerau_levenshtein(&name, &other.to_lowercase()),
                other,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// `; did you mean "ann"?`, where [`near`] knows one.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    near(name, known).map_or_else(String::new, |other| format!("; did you mean {other:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_is_a_slip_and_two_are_another_name() {
        let known = ["bob", "ann", "al"];
        assert_eq!(near("Bobb", known), Some("bob"));
        assert_eq!(near("nan", known), Some("ann"));
        assert_eq!(near("anne-marie", known), None);
        assert_eq!((near("bo", known), near("AL", known)), (None, Some("al")));
        assert_eq!(did_you_mean("anm", known), "; did you mean \"ann\"?");
    }
}
