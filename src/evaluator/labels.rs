//! Labels of the classifiers against those of the data set.

use super::EvaluatorError;

/// Checks that two lists of labels are the same, in the same order.
pub(super) fn same(
    kind: &'static str,
    bundle: &[String],
    card: &[String],
) -> Result<(), EvaluatorError> {
    let longest = bundle.len().max(card.len());
    match (0..longest).find(|position| bundle.get(*position) != card.get(*position)) {
        None => Ok(()),
        Some(position) => Err(EvaluatorError::Labels {
            kind,
            position,
            bundle: bundle.get(position).cloned(),
            card: card.get(position).cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn order_and_length_count() {
        assert!(same("character", &names("otto mira"), &names("otto mira")).is_ok());
        let error = same("character", &names("otto mira"), &names("mira otto")).unwrap_err();
        assert!(matches!(error, EvaluatorError::Labels { position: 0, .. }));
        let error = same("background", &names("hall"), &names("hall park")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "background labels of the evaluators and of the data set differ at position 1: `nothing` and `park`"
        );
    }
}
