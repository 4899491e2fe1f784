//! From a clip to pixels: who is where, what is in front of whom, and a little motion.

use super::cast::{Character, hand, swing};
use super::draw::Dice;
use super::pen::Pen;
use super::script::Clip;
use image::RgbImage;
use tiny_skia::Pixmap;

/// Width and height of a frame, in pixels.
pub const SIZE: u32 = 128;
/// Frames in a clip.
pub const FRAMES: usize = 5;

/// A figure's place in the scene. Coordinates are pixels; (x, y) is where the feet are.
struct Spot {
    who: usize,
    x: f32,
    y: f32,
    scale: f32,
    mirrored: bool,
    drift: f32,
    phase: f32,
}

/// A drawn clip: frames and, for each member of the cast, a box in each frame.
pub struct Footage {
    /// The frames, `SIZE` x `SIZE`.
    pub frames: Vec<RgbImage>,
    /// `[x1, y1, x2, y2]` in pixels, indexed by cast member and frame.
    pub boxes: Vec<Vec<[u32; 4]>>,
}

/// Draws a clip. `seed` is the world's; places look alike within an episode.
#[must_use]
pub fn render(seed: u64, clip: &Clip) -> Footage {
    let episode = clip.id.split("_shot_").next().unwrap_or_default();
    let mut set = blank(SIZE);
    let mut light = Dice::new(seed, &["stage", episode, clip.place.word()]);
    clip.place.draw(&mut Pen::new(&mut set), &mut light);

    let mut dice = Dice::new(seed, &["scene", &clip.id]);
    let spots = block_out(&mut dice, clip);
    let prop_x = dice.between(8.0, 120.0);
    let prop_in_front = dice.chance(0.5);

    let mut frames = Vec::with_capacity(FRAMES);
    let mut boxes = vec![Vec::with_capacity(FRAMES); clip.cast.len()];
    for frame in 0..FRAMES {
        let time = frame as f32 / FRAMES as f32;
        let mut pixmap = set.clone();
        let mut pen = Pen::new(&mut pixmap);
        let floor_prop = |pen: &mut Pen<'_>, y: f32| {
            if let Some(prop) = clip.standing {
                prop.draw(&mut pen.at(prop_x, y, 1.25, false));
            }
        };
        if !prop_in_front {
            floor_prop(&mut pen, 94.0);
        }
        for spot in &spots {
            let x = spot.x + spot.drift * (time - 0.4);
            boxes[spot.who].push(draw_figure(&mut pen, clip, spot, x, time));
        }
        if prop_in_front {
            floor_prop(&mut pen, 125.0);
        }
        frames.push(to_rgb(&pixmap));
    }
    Footage { frames, boxes }
}

/// Chooses spots, back to front.
fn block_out(dice: &mut Dice, clip: &Clip) -> Vec<Spot> {
    let count = clip.cast.len();
    let mut slots: Vec<usize> = (0..count).collect();
    dice.shuffle(&mut slots);
    let mut spots: Vec<Spot> = slots
        .into_iter()
        .enumerate()
        .map(|(who, slot)| {
            let width = 128.0 / count as f32;
            let slack = (width - 30.0).min(34.0) * 0.5;
            let depth = dice.between(0.0, 1.0);
            let crowd = [1.12, 1.0, 0.92][count - 1];
            Spot {
                who,
                x: (slot as f32 + 0.5) * width + dice.between(-slack, slack),
                y: 104.0 + 18.0 * depth,
                scale: crowd * (0.92 + 0.14 * depth) * dice.between(0.95, 1.05),
                mirrored: dice.chance(0.5),
                drift: dice.between(-3.5, 3.5),
                phase: dice.between(0.0, 1.0),
            }
        })
        .collect();
    spots.sort_by(|a, b| a.y.total_cmp(&b.y));
    spots
}

/// Draws one figure and returns its box, clipped to the frame.
fn draw_figure(pen: &mut Pen<'_>, clip: &Clip, spot: &Spot, x: f32, time: f32) -> [u32; 4] {
    let character = clip.cast[spot.who];
    let phase = spot.phase + time;
    let mut local = pen.at(x, spot.y, spot.scale, spot.mirrored);
    local.blob(0.0, 0.5, character.extent().0 * 0.48, 3.2, [70, 66, 80]);
    character.draw(&mut local, clip.poses[spot.who], phase);
    if let Some((holder, prop)) = clip.held
        && holder == spot.who
    {
        let (hand_x, hand_y) = hand(character);
        prop.draw(&mut local.at(hand_x, hand_y + swing(phase), 1.0, false));
    }
    let (width, height) = character.extent();
    let clamp = |value: f32| value.clamp(0.0, SIZE as f32).round() as u32;
    let half = width * 0.5 * spot.scale;
    [
        clamp(x - half),
        clamp(spot.y - height * spot.scale),
        clamp(x + half),
        clamp(spot.y + 2.0),
    ]
}

/// A portrait: the character alone, facing us, on a plain ground. 64 x 64 pixels.
#[must_use]
pub fn portrait(character: Character) -> RgbImage {
    let side = 64.0;
    let mut pixmap = blank(64);
    let mut pen = Pen::new(&mut pixmap);
    pen.wash(0.0, 0.0, side, side, [214, 222, 230]);
    let (width, height) = character.extent();
    let scale = (58.0 / height).min(58.0 / width);
    character.draw(
        &mut pen.at(32.0, 61.0, scale, false),
        super::cast::Pose::Stand,
        0.0,
    );
    to_rgb(&pixmap)
}

/// An empty square canvas; `side` is a positive constant of this file.
fn blank(side: u32) -> Pixmap {
    Pixmap::new(side, side).expect("a positive side was given")
}

fn to_rgb(pixmap: &Pixmap) -> RgbImage {
    // The set covers the frame, so alpha is 255 everywhere and nothing has to be un-multiplied.
    let mut pixels = Vec::with_capacity(pixmap.data().len() / 4 * 3);
    for pixel in pixmap.data().chunks_exact(4) {
        pixels.extend_from_slice(&pixel[..3]);
    }
    RgbImage::from_raw(pixmap.width(), pixmap.height(), pixels)
        .expect("three bytes per pixel were pushed")
}

#[cfg(test)]
mod tests {
    use super::super::script::episode;
    use super::*;

    #[test]
    fn a_clip_is_a_function_of_its_seed_and_id() {
        let clips = episode(3, 1, 2, 5);
        assert_eq!(clips, episode(3, 1, 2, 5));
        let first = render(3, &clips[1]);
        assert_eq!(first.frames, render(3, &clips[1]).frames);
        assert_ne!(first.frames, render(4, &clips[1]).frames);
    }

    #[test]
    fn frames_of_a_clip_move_slightly() {
        let clip = &episode(0, 1, 1, 4)[0];
        let frames = render(0, clip).frames;
        assert_eq!(frames.len(), FRAMES);
        let changed = frames[0]
            .pixels()
            .zip(frames[3].pixels())
            .filter(|(a, b)| a != b)
            .count();
        let total = (SIZE * SIZE) as usize;
        assert!(
            changed > 0 && changed < total / 4,
            "{changed} of {total} pixels moved"
        );
    }

    #[test]
    fn every_character_of_a_clip_is_drawn_inside_its_box() {
        for clip in episode(1, 1, 1, 7) {
            let footage = render(1, &clip);
            assert_eq!(footage.boxes.len(), clip.cast.len());
            for boxes in footage.boxes {
                assert!(
                    boxes
                        .iter()
                        .all(|[x1, y1, x2, y2]| x1 + 8 < *x2 && y1 + 20 < *y2 && *x2 <= SIZE)
                );
            }
        }
    }

    #[test]
    fn portraits_tell_the_cast_apart() {
        for (index, one) in Character::ALL.iter().enumerate() {
            for other in &Character::ALL[index + 1..] {
                assert_ne!(portrait(*one), portrait(*other));
            }
        }
    }
}
