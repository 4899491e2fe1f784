//! Values of the environment that must not be written anywhere.

use std::path::Path;

/// Parts of the names of variables whose values are secret.
const WORDS: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];
/// Shorter values are words that occur by themselves.
const SHORTEST: usize = 8;

/// Values that are replaced by the names of their variables wherever a worker writes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Those of this process: variables that sound like secrets, and those that a card names, unless they are paths.
    pub(super) fn of_environment(named: &[String]) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::of(variables, named)
    }

    fn of(variables: impl Iterator<Item = (String, String)>, named: &[String]) -> Self {
        let is_secret = |name: &str, value: &str| {
            let upper = name.to_uppercase();
            let sounds = WORDS.iter().any(|word| upper.contains(word));
            let named = named.iter().any(|it| it == name) && !Path::new(value).exists();
            value.len() >= SHORTEST && (sounds || named)
        };
        let mut found: Vec<_> = variables
            .filter(|(name, value)| is_secret(name, value))
            .collect();
        // The longest first: one value may be the beginning of another.
        found.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Self(found)
    }

    /// The text without any of the values.
    pub(super) fn removed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.0 {
            if text.contains(value) {
                text = text.replace(value, &format!("[{name}]"));
            }
        }
        text
    }

    /// Bytes of the longest value.
    pub(super) fn longest(&self) -> usize {
        self.0.first().map_or(0, |(_, value)| value.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secrets_become_their_names() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let variables = [
            pair("OPENAI_API_KEY", "sk-0123456789"),
            pair("MY_LOGIN", "hunter2hunter2"),
            pair("HF_HOME", "/"),
            pair("KEYS", "short"),
            pair("LANG", "en_US.UTF-8"),
        ];
        let named = ["MY_LOGIN".to_owned(), "HF_HOME".to_owned()];
        let secrets = Secrets::of(variables.into_iter(), &named);
        assert_eq!(secrets.longest(), 14);
        assert_eq!(
            secrets.removed("a sk-0123456789 / hunter2hunter2 short en_US.UTF-8"),
            "a [OPENAI_API_KEY] / [MY_LOGIN] short en_US.UTF-8"
        );
    }
}
