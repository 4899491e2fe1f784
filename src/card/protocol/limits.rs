//! Numbers of a protocol that make no sense, or that would take no end of memory or time.

use super::{CaptionText, MeanOver, Protocol, Repeats};
use crate::vision::Geometry;

/// Most of anything that is counted.
const MOST: usize = 1_000_000;
/// Longest side of an image that a network is shown.
const MOST_PIXELS: usize = 4096;

/// The first rule that a protocol breaks, and how.
pub(super) fn broken(protocol: &Protocol) -> Option<(&'static str, String)> {
    // Another level would be a setting that is silently ignored: scores and tables state 95 %. NaN is another one.
    let level = protocol.interval.level;
    let known = (level - 0.95).abs() <= 1e-12;
    if !known {
        return Some((
            "interval.level is 0.95, as scores and tables say",
            format!("level {level}"),
        ));
    }
    if let Some(broken) = protocol
        .task
        .broken(protocol.given, protocol.stories.length)
    {
        return Some(broken);
    }
    let text = protocol.clip.and_then(|rule| rule.text);
    if text == Some(CaptionText::Written) && !protocol.task.writes() {
        return Some((
            "clip.text = \"written\" needs captions that the model writes: task = \"multimodal-continuation\"",
            format!("task = \"{}\"", protocol.task),
        ));
    }
    if let Some(rule) = &protocol.classifiers {
        let mut columns = rule.f1_columns.clone();
        columns.sort_unstable();
        columns.dedup();
        if columns.len() < rule.f1_columns.len() {
            return Some((
                "classifiers.f1_columns names no column twice",
                format!("f1_columns = {:?}", rule.f1_columns),
            ));
        }
    }
    if protocol
        .fid
        .is_some_and(|rule| rule.repeats == Repeats::LastForAll)
    {
        return Some((
            "fid.repeats is every-frame or last-of-clip: no script compares sets in which one file counts as several frames",
            format!("repeats = \"{}\"", Repeats::LastForAll),
        ));
    }
    if let Some(found) = recipe_without_first(protocol) {
        return Some((
            "geometry crop-first cuts the middle out at the size `first`, which the recipe must name",
            found,
        ));
    }
    let outside = |found: &[(&'static str, Option<usize>)], most: usize| {
        found.iter().find_map(|(name, value)| {
            let value = value.filter(|value| !(1..=most).contains(value))?;
            Some(format!("{name} = {value}"))
        })
    };
    if let Some(found) = outside(&counts(protocol), MOST) {
        return Some(("counts are from 1 to 1000000", found));
    }
    if let Some(found) = outside(&sides(protocol), MOST_PIXELS) {
        return Some(("sizes in pixels are from 1 to 4096", found));
    }
    None
}

fn recipe_without_first(protocol: &Protocol) -> Option<String> {
    let features = protocol.features;
    let recipes = [
        (
            "classifiers.recipe",
            protocol.classifiers.as_ref().map(|rule| rule.recipe),
        ),
        ("features.generated", features.map(|rule| rule.generated)),
        ("features.reference", features.map(|rule| rule.reference)),
    ];
    recipes.into_iter().find_map(|(name, recipe)| {
        let recipe = recipe?;
        (recipe.geometry == Geometry::CropFirst && recipe.first.is_none())
            .then(|| format!("{name} = {recipe}"))
    })
}

fn counts(protocol: &Protocol) -> [(&'static str, Option<usize>); 10] {
    let (stories, neighbours) = (protocol.stories, protocol.neighbours);
    let batches = protocol.clip.and_then(|rule| match rule.mean {
        MeanOver::Batches(size) => Some(size),
        MeanOver::Frames => None,
    });
    [
        ("stories.length", stories.length),
        ("stories.first", stories.first),
        (
            "fid.drop_last",
            protocol.fid.and_then(|rule| rule.drop_last),
        ),
        ("kid.subset_size", protocol.kid.map(|rule| rule.subset_size)),
        ("kid.subsets", protocol.kid.map(|rule| rule.subsets)),
        (
            "neighbours.precision_k",
            neighbours.map(|rule| rule.precision_k),
        ),
        (
            "neighbours.density_k",
            neighbours.map(|rule| rule.density_k),
        ),
        (
            "inception_score.splits",
            protocol.inception_score.map(|rule| rule.splits),
        ),
        ("clip.mean.batches", batches),
        (
            "captions.references",
            protocol.captions.map(|rule| rule.references),
        ),
    ]
}

fn sides(protocol: &Protocol) -> [(&'static str, Option<usize>); 7] {
    let (features, crops) = (protocol.features, protocol.crops);
    let sides = [
        (
            "features.generated.first",
            features.and_then(|rule| rule.generated.first),
        ),
        (
            "features.reference.first",
            features.and_then(|rule| rule.reference.first),
        ),
        (
            "classifiers.recipe.first",
            (protocol.classifiers.as_ref()).and_then(|rule| rule.recipe.first),
        ),
        ("lpips.resize", protocol.lpips.and_then(|rule| rule.resize)),
        (
            "pixels.resize",
            protocol.pixels.and_then(|rule| rule.resize),
        ),
        ("crops.size", crops.map(|rule| rule.size)),
        ("crops.min_side", crops.map(|rule| rule.min_side)),
    ];
    sides.map(|(name, side)| (name, side.map(|side| side as usize)))
}

#[cfg(test)]
mod tests {
    use crate::card;

    #[test]
    fn what_makes_no_sense_is_named_before_anything_is_drawn() {
        type Change = fn(&mut card::Protocol);
        let broken = |change: Change| {
            let mut protocol = card::protocol("strict").unwrap();
            change(&mut protocol);
            super::broken(&protocol).map(|(_, found)| found)
        };
        assert_eq!(broken(|_| ()), None);
        let cases: [(Change, &str); 9] = [
            (|it| it.interval.level = f64::NAN, "level NaN"),
            (|it| it.interval.level = 0.9, "level 0.9"),
            (
                |it| it.features.as_mut().unwrap().generated.first = Some(0),
                "features.generated.first = 0",
            ),
            (
                |it| it.classifiers.as_mut().unwrap().recipe.first = Some(5000),
                "classifiers.recipe.first = 5000",
            ),
            (
                |it| it.classifiers.as_mut().unwrap().f1_columns = vec![1, 0, 1],
                "f1_columns = [1, 0, 1]",
            ),
            (
                |it| it.lpips.as_mut().unwrap().resize = Some(100_000),
                "lpips.resize = 100000",
            ),
            (|it| it.kid.as_mut().unwrap().subsets = 0, "kid.subsets = 0"),
            (
                |it| it.fid.as_mut().unwrap().repeats = card::Repeats::LastForAll,
                "repeats = \"last-for-all\"",
            ),
            (
                |it| {
                    let generated = &mut it.features.as_mut().unwrap().generated;
                    generated.geometry = crate::vision::Geometry::CropFirst;
                },
                "features.generated = pillow-f32-bicubic+crop-first+symmetric",
            ),
        ];
        for (change, wanted) in cases {
            let found = broken(change).unwrap();
            assert!(found.contains(wanted), "{found}");
        }
    }
}
