//! Names with stars: `*` is anything without a dot, `**` anything.

/// What the stars of `pattern` mean in `name`, in order; `None` where it does not fit.
pub(super) fn stars<'n>(pattern: &str, name: &'n str) -> Option<Vec<&'n str>> {
    let Some((before, rest)) = pattern.split_once('*') else {
        return (pattern == name).then(Vec::new);
    };
    let name = name.strip_prefix(before)?;
    let (any, rest) = match rest.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let end = if any {
        name.len()
    } else {
        name.find('.').unwrap_or(name.len())
    };
    (0..=end)
        .rev()
        .filter(|end| name.is_char_boundary(*end))
        .find_map(|end| {
            let mut found = vec![&name[..end]];
            found.extend(stars(rest, &name[end..])?);
            Some(found)
        })
}

/// `pattern` with its stars replaced, in their order.
pub(super) fn filled(pattern: &str, stars: &[&str]) -> String {
    let mut parts = pattern.split('*');
    let mut found = parts.next().unwrap_or_default().to_owned();
    for (part, star) in parts.zip(stars) {
        found.push_str(star);
        found.push_str(part);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_end_at_dots() {
        assert_eq!(stars("a.*.c", "a.12.c"), Some(vec!["12"]));
        assert_eq!(stars("a.*.c", "a.1.2.c"), None);
        assert_eq!(stars("**.count", "a.b.count"), Some(vec!["a.b"]));
        assert_eq!(stars("**.count", "count"), None);
        assert_eq!(stars("x.**", "x.y.z"), Some(vec!["y.z"]));
        assert_eq!(stars("L_*.k", "L_3.k"), Some(vec!["3"]));
        assert_eq!(stars("same", "same"), Some(vec![]));
        assert_eq!(stars("same", "same.more"), None);
        assert_eq!(filled("v.*.in_*", &["1", "proj"]), "v.1.in_proj");
    }
}
