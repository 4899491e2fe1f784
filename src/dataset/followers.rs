//! Which clips come after a clip: `following_cache<k>.pkl`, or computed as the published code does.

use super::DatasetError;
use super::path::{check_id, read_pickle};
use super::split::Splits;
use std::collections::BTreeMap;
use std::path::Path;

/// Clips with exactly `count` followers, each with them.
pub(super) type Followers = BTreeMap<String, Vec<String>>;

/// Reads `following_cache<count>.pkl` in `folder`. Clips with another number of followers stand at
/// the end of an episode and start no story, so they are left out.
pub(super) fn cached(path: &Path, count: usize) -> Result<Followers, DatasetError> {
    let wrong = |clip: Option<&str>, wanted: &str, found: &str| DatasetError::WrongContent {
        path: path.to_owned(),
        clip: clip.map(str::to_owned),
        wanted: wanted.to_owned(),
        found: found.to_owned(),
    };
    let pickle = read_pickle(path)?;
    let root = pickle.root();
    let entries = root
        .entries()
        .ok_or_else(|| wrong(None, "a dict of clip ids", root.type_name()))?;
    let mut followers = Followers::new();
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
        if len != count {
            followers.remove(id);
            continue;
        }
        let mut next = Vec::with_capacity(count);
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
        followers.insert(id.to_owned(), next);
    }
    Ok(followers)
}

/// The published procedure: all clips of all splits, sorted; a clip is followed by the next `count`
/// when they are of its season and episode.
pub(super) fn computed(splits: &Splits, count: usize) -> Result<Followers, DatasetError> {
    let ids = splits.sorted();
    let episodes: Vec<(u32, u32)> = ids
        .iter()
        .map(|id| {
            episode(id).ok_or_else(|| DatasetError::MalformedId {
                path: splits.path().to_owned(),
                id: (*id).to_owned(),
            })
        })
        .collect::<Result<_, _>>()?;
    Ok((0..ids.len().saturating_sub(count))
        .filter(|start| {
            episodes[start + 1..=start + count]
                .iter()
                .all(|episode| *episode == episodes[*start])
        })
        .map(|start| {
            let next = ids[start + 1..=start + count].iter();
            (
                ids[start].to_owned(),
                next.map(|id| (*id).to_owned()).collect(),
            )
        })
        .collect())
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
}
