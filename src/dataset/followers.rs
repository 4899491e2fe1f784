//! Which clips come after a clip: `following_cache<k>.pkl`, or as the published code computes it.

use super::DatasetError;
use super::path::check_id;
use super::split::Splits;
use crate::format::pickle::Pickle;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Clips with exactly `count` followers, each with them.
pub(crate) type Followers = HashMap<String, Vec<String>>;

/// A followers' cache.
#[derive(Debug, Default)]
pub(crate) struct Cached {
    /// Clips with exactly as many followers as the cache is for.
    pub(crate) whole: Followers,
    /// The next clip of every clip that has one, also of those near the end of an episode.
    pub(crate) next: HashMap<String, String>,
}

/// Takes the lists out of `following_cache<count>.pkl`. Clips with another number of followers are listed
/// at the end of an episode and start no story.
pub(crate) fn cached(pickle: &Pickle, path: &Path, count: usize) -> Result<Cached, DatasetError> {
    let wrong = |clip: Option<&str>, wanted: &str, found: &str| DatasetError::WrongContent {
        path: path.to_owned(),
        clip: clip.map(str::to_owned),
        wanted: wanted.to_owned(),
        found: found.to_owned(),
    };
    let root = pickle.root();
    let entries = root
        .entries()
        .ok_or_else(|| wrong(None, "a dict of clip ids", root.type_name()))?;
    let mut found = Cached::default();
    for (key, value) in entries {
        let id = key
            .as_str()
            .ok_or_else(|| wrong(None, "a dict of clip ids", key.type_name()))?;
        check_id(path, id)?;
        let list = "a list of clip ids";
        // The length comes first: a pickle may refer to one long list many times.
        let len = value
            .len()
            .ok_or_else(|| wrong(Some(id), list, value.type_name()))?;
        if len > count {
            found.whole.remove(id);
            continue;
        }
        let mut next = Vec::with_capacity(len);
        for item in value
            .items()
            .ok_or_else(|| wrong(Some(id), list, value.type_name()))?
        {
            let follower = item
                .as_str()
                .ok_or_else(|| wrong(Some(id), list, item.type_name()))?;
            check_id(path, follower)?;
            next.push(follower.to_owned());
        }
        match next.first() {
            Some(first) => found.next.insert(id.to_owned(), first.clone()),
            None => found.next.remove(id),
        };
        if len == count {
            found.whole.insert(id.to_owned(), next);
        } else {
            found.whole.remove(id);
        }
    }
    Ok(found)
}

/// The published procedure: all clips of all splits, sorted; clips of one season and episode are a
/// sequence.
pub(crate) fn episodes(splits: &Splits) -> Result<Vec<Vec<&str>>, DatasetError> {
    let mut episodes: Vec<Vec<&str>> = Vec::new();
    let mut last = None;
    for id in splits.sorted() {
        let here = episode(id).ok_or_else(|| DatasetError::MalformedId {
            path: splits.path().to_owned(),
            id: id.to_owned(),
        })?;
        match episodes.last_mut() {
            Some(episode) if last == Some(here) => episode.push(id),
            _ => episodes.push(vec![id]),
        }
        last = Some(here);
    }
    Ok(episodes)
}

/// Sequences from nothing but "this clip comes after that one": every clip that follows no other
/// starts one. A clip that two others claim goes to the first in the order of `ids`; what runs in a
/// circle is cut where it is entered.
pub(crate) fn chains<'a>(
    ids: impl IntoIterator<Item = &'a str>,
    next: &'a HashMap<String, String>,
) -> Vec<Vec<&'a str>> {
    let ids: Vec<&str> = ids.into_iter().collect();
    let known: HashSet<&str> = ids.iter().copied().collect();
    let followers: HashSet<&str> = next.values().map(String::as_str).collect();
    let (followed, heads): (Vec<&str>, Vec<&str>) =
        ids.iter().partition(|id| followers.contains(*id));
    let mut seen = HashSet::new();
    let mut chains = Vec::new();
    for head in heads.into_iter().chain(followed) {
        let mut chain = Vec::new();
        let mut at = Some(head);
        while let Some(id) = at.filter(|id| known.contains(id) && seen.insert(*id)) {
            chain.push(id);
            at = next.get(id).map(String::as_str);
        }
        if !chain.is_empty() {
            chains.push(chain);
        }
    }
    chains
}

/// Season and episode: fields 1 and 3 between underscores, compared as numbers.
fn episode(id: &str) -> Option<(u32, u32)> {
    let mut fields = id.split('_').skip(1);
    let season = fields.next()?.parse().ok()?;
    let episode = fields.nth(1)?.parse().ok()?;
    Some((season, episode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn season_and_episode_are_fields_one_and_three() {
        assert_eq!(episode("s_01_e_25_shot_004015_004089"), Some((1, 25)));
        assert_eq!(episode("s_1_e_025_x"), Some((1, 25)));
        assert_eq!(episode("clip7"), None);
        assert_eq!(episode("s_x_e_1"), None);
    }

    #[test]
    fn chains_follow_what_comes_next_and_never_run_in_circles() {
        let next = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs
                .iter()
                .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
                .collect()
        };
        let links = next(&[("b", "c"), ("c", "a"), ("x", "y"), ("d", "a")]);
        assert_eq!(
            chains(["a", "b", "c", "d", "x", "y", "z"], &links),
            [vec!["b", "c", "a"], vec!["d"], vec!["x", "y"], vec!["z"]]
        );
        let circle = next(&[("a", "b"), ("b", "a")]);
        assert_eq!(chains(["a", "b"], &circle), [vec!["a", "b"]]);
        let itself = next(&[("a", "a")]);
        assert_eq!(chains(["a"], &itself), [vec!["a"]]);
        let away = next(&[("a", "nowhere")]);
        assert_eq!(chains(["a"], &away), [vec!["a"]]);
    }
}
