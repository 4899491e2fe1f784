//! A first data set of a user's own: a card to be rewritten, and stories with drawn frames to be replaced.

use super::layout::MinisvError;
use crate::convert::{Draft, DraftError};
use crate::vision::encode_png;
use image::{Rgb, RgbImage};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

/// Frames of a story.
const FRAMES: usize = 4;
/// Sides of a frame.
const SIDE: u32 = 128;

/// Name, pronoun's gender, colour.
const CAST: [(&str, &str, [u8; 3]); 2] = [
    ("ann", "female", [214, 74, 60]),
    ("bob", "male", [52, 98, 190]),
];
/// Name, and the colours of sky and ground.
const PLACES: [(&str, [[u8; 3]; 2]); 2] = [
    ("park", [[170, 214, 240], [96, 160, 84]]),
    ("kitchen", [[240, 226, 186], [176, 128, 92]]),
];
const ACTIONS: [&str; 4] = ["waves", "sits down", "looks around", "laughs"];

/// Writes `dataset.toml`, `stories.jsonl` and `images/` with `stories` stories into `dir`, which must be absent or
/// empty.
///
/// # Errors
/// [`MinisvError::Empty`], and a folder that holds something or cannot be written.
pub fn starter(dir: &Path, stories: usize) -> Result<(), MinisvError> {
    if stories == 0 {
        return Err(MinisvError::Empty);
    }
    let draft = Draft::begin(dir)?;
    draft.put("dataset.toml", card(dir).as_bytes())?;
    let mut lines = draft.create("stories.jsonl")?;
    for story in 0..stories {
        let mut frames = Vec::with_capacity(FRAMES);
        for frame in 0..FRAMES {
            let (cast, place) = scene(story, frame);
            let image = format!("images/story-{}-{}.png", story + 1, frame + 1);
            let picture = draw(story, frame, &cast, place);
            let png = encode_png(&picture).map_err(|error| DraftError::Write {
                path: draft.place(&image),
                source: std::io::Error::other(error),
            })?;
            draft.put(&image, &png)?;
            let names: Vec<&str> = cast.iter().map(|who| CAST[*who].0).collect();
            frames.push(json!({
                "image": image,
                "caption": caption(story, frame, &names, PLACES[place].0),
                "characters": names,
                "background": PLACES[place].0,
            }));
        }
        let id = format!("story-{}", story + 1);
        let line = json!({ "id": id, "split": "test", "frames": frames });
        lines.add(format!("{line}\n").as_bytes())?;
    }
    lines.finish()?;
    draft.finish()?;
    Ok(())
}

/// Who is in a frame, and where.
fn scene(story: usize, frame: usize) -> (Vec<usize>, usize) {
    let cast = match (story + frame) % 3 {
        0 => vec![0],
        1 => vec![1],
        _ => vec![0, 1],
    };
    (cast, (story + frame / 2) % PLACES.len())
}

fn caption(story: usize, frame: usize, names: &[&str], place: &str) -> String {
    let action = ACTIONS[(story + frame) % ACTIONS.len()];
    let upper = |name: &str| name[..1].to_uppercase() + &name[1..];
    let who: Vec<String> = names.iter().map(|name| upper(name)).collect();
    // The plural of each action ends one letter earlier, or has none.
    let action = match (who.len(), action.split_once(' ')) {
        (1, _) => action.to_owned(),
        (_, Some((verb, rest))) => format!("{} {rest}", verb.trim_end_matches('s')),
        (_, None) => action.trim_end_matches('s').to_owned(),
    };
    format!("{} {action} in the {place}.", who.join(" and "))
}

/// Sky, ground, and a head on a body for each character.
fn draw(story: usize, frame: usize, cast: &[usize], place: usize) -> RgbImage {
    let colours = PLACES[place].1;
    let horizon = SIDE * 5 / 8 + (story as u32 % 4) * 3;
    let middle = |at: usize| 30 + 60 * at as u32 + (frame as u32 * 7 + story as u32 * 5) % 12;
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        for who in cast {
            let (across, head) = (x.abs_diff(middle(*who)), y.abs_diff(58));
            let body = (66..108).contains(&y) && across < 9 + (y - 66) / 4;
            if across * across + head * head < 144 || body {
                let shade = if body { 0 } else { 30 };
                return Rgb(CAST[*who]
                    .2
                    .map(|channel: u8| channel.saturating_add(shade)));
            }
        }
        // A little light from the top, so that no frame is of few colours.
        let light = (y / 8) as u8;
        Rgb(colours[usize::from(y >= horizon)].map(|channel: u8| channel.saturating_sub(light)))
    })
}

/// The card, named after its folder.
fn card(dir: &Path) -> String {
    let name = dir.file_name().map(|name| name.to_string_lossy());
    let name = name.as_deref().unwrap_or("stories");
    let id: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let id = if id.is_empty() {
        "stories".to_owned()
    } else {
        id
    };
    let mut characters = String::new();
    for (name, gender, _) in CAST {
        // Writing to a String cannot fail.
        let _ = writeln!(
            characters,
            "    {{ name = \"{name}\", gender = \"{gender}\" }},"
        );
    }
    let places: Vec<String> = PLACES
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    format!(
        "\
# The card of this data set: `storyeval dataset verify .` checks both.
id = \"{id}\"                  # what signatures of scores call it
name = \"{id}\"                # what tables call it
published_at = \"not published\"
licence = \"not stated\"

# The cast, in the order of the labels. `gender` (female, male, unknown) chooses the pronoun that replaces a name,
# `aliases` are other spellings in captions.
characters = [
{characters}]
# Names outside the cast are errors with `true`, and have no label with `false`.
closed_cast = true
# The places, in the order of the labels.
backgrounds = [{}]

split = \"test\"               # the split that is scored
story_length = {FRAMES}               # for layouts that are cut from clips; listed stories are taken as they are

# Networks, by the id of their bundle: what is absent is not scored (docs/export-evaluators.md).
[evaluators]
# characters = \"my-classifiers\"
# backgrounds = \"my-classifiers\"
# features = \"inception-fid\"
# clip = \"clip-vit-b-32\"
# lpips = \"lpips-alex\"
",
        places.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::dataset;
    use crate::dataset::{Dataset, OpenOptions, open};

    #[test]
    fn the_sample_opens_with_its_card() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("my stories");
        starter(&dir, 3).unwrap();
        let card = dataset(dir.to_str().unwrap()).unwrap();
        assert_eq!((card.id.as_str(), card.characters.len()), ("my-stories", 2));
        let data = open(&OpenOptions::new(card, &dir)).unwrap();
        assert_eq!(data.stories().len(), 3);
        assert!(data.found_names().is_empty());
        let frame = &data.stories()[0].frames[2];
        assert_eq!(&*frame.caption, "Ann and Bob look around in the kitchen.");
        assert_eq!(frame.character_labels.as_deref(), Some(&[true, true][..]));
        assert!(starter(&dir, 1).is_err());
        assert!(matches!(
            starter(&root.path().join("none"), 0),
            Err(MinisvError::Empty)
        ));
    }
}
