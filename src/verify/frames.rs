//! What the frames of the clips are, against the card and against each other.

use super::alike::{Found, Group, Index, Member};
use super::facts::Facts;
use super::finding::{EXAMPLES, Findings};
use super::kind::Kind;
use super::pass::Pass;
use super::refusal::{described, kind};
use super::scope::{Place, Scope};
use crate::card::LayoutCard;
use crate::dataset::DatasetError;
use std::collections::{BTreeMap, HashMap};

/// Each clip against the card.
pub(super) fn check(layout: &LayoutCard, scope: &Scope, pass: &Pass, findings: &mut Findings) {
    let mut sizes: BTreeMap<(u32, u32), Vec<&Place>> = BTreeMap::new();
    for (index, looked) in &pass.clips {
        let place = &scope.clips[*index as usize];
        let (split, id) = (scope.split_of(place), place.id.as_str());
        let facts = match looked {
            Ok(facts) => facts,
            Err(error) => {
                findings.add(kind(error), split, id, || Some(described(error)));
                if let DatasetError::Frames { path, .. } = error {
                    findings.file(kind(error), split, path.display().to_string());
                }
                continue;
            }
        };
        sizes.entry(facts.size).or_default().push(place);
        let (width, height) = facts.size;
        if let Some(wanted) = layout.image
            && (width as usize, height as usize) != (wanted.width, wanted.height)
        {
            findings.add(Kind::FrameSize, split, id, || {
                Some(format!(
                    "clip `{id}` has frames of {width} x {height} pixels, the card says {} x {}",
                    wanted.width, wanted.height
                ))
            });
        }
        if let Some(wanted) = layout
            .frames_per_clip
            .filter(|wanted| *wanted != facts.frames)
        {
            findings.add(Kind::FrameCount, split, id, || {
                Some(format!(
                    "clip `{id}` has {}, the card says {wanted}",
                    facts.frames
                ))
            });
        }
        for (kind, found) in [
            (Kind::FrameConstant, facts.constant),
            (Kind::FramesFourChannels, facts.four_channels),
            (Kind::FramesDamaged, facts.damaged),
        ] {
            if found > 0 {
                findings.add(kind, split, id, || {
                    Some(format!("clip `{id}`, {found} of {}", facts.frames))
                });
            }
        }
    }
    // Against the card it is an error already.
    if layout.image.is_none() {
        usual_size(&sizes, findings);
    }
}

/// Where the card says nothing of sizes: one size within the data set.
fn usual_size(sizes: &BTreeMap<(u32, u32), Vec<&Place>>, findings: &mut Findings) {
    let most = sizes.iter().max_by_key(|(_, places)| places.len());
    let Some((usual, _)) = most.filter(|_| sizes.len() > 1) else {
        return;
    };
    let others: Vec<String> = sizes
        .iter()
        .filter(|(size, _)| *size != usual)
        .flat_map(|(_, places)| places.iter().map(|place| place.id.to_string()))
        .collect();
    let detail = format!(
        "there are {} sizes, most clips have {} x {}",
        sizes.len(),
        usual.0,
        usual.1
    );
    findings.put(Kind::SizesDiffer, None, others.len(), Some(detail), others);
}

/// Clips of the scored split against those of the others: equal, or alike.
pub(super) fn across(scope: &Scope, pass: &Pass, findings: &mut Findings) {
    let Some(scored) = scope.scored.and_then(|index| scope.splits.get(index)) else {
        return;
    };
    let facts = pass.clips.iter().filter_map(|(index, looked)| {
        let place = &scope.clips[*index as usize];
        Some((*index, place, looked.as_ref().ok()?))
    });
    let (mut equal, mut alike) = (HashMap::<&str, Group>::new(), Index::default());
    let mut probes: Vec<(&Place, &Facts)> = Vec::new();
    for (clip, place, facts) in facts {
        let sides = place.sides();
        // A clip on both sides is reported as such; it is of course like itself.
        match (sides.scored, sides.other) {
            (true, false) => probes.push((place, facts)),
            (false, true) => {
                let member = Member {
                    clip,
                    episode: place.episode,
                };
                // Frames of one colour are all alike, and say nothing.
                if let Some(likeness) = facts.likeness() {
                    equal.entry(&facts.pixels).or_default().add(member);
                    alike.add(likeness, member);
                }
            }
            _ => {}
        }
    }
    let mut pairs = Pairs {
        scope,
        split: &scored.name,
        found: BTreeMap::new(),
    };
    for (place, facts) in probes {
        let Some(likeness) = facts.likeness() else {
            continue;
        };
        if let Some(group) = equal.get(facts.pixels.as_str()) {
            let (within, elsewhere) = group.beside(place.episode);
            let found = Found {
                within: within.map(|clip| (0, clip)),
                elsewhere: elsewhere.map(|clip| (0, clip)),
            };
            pairs.add(
                Kind::FramesDuplicate,
                place,
                found.elsewhere.or(found.within),
            );
            continue;
        }
        let found = alike.find(likeness, place.episode);
        match found.elsewhere {
            Some(_) => pairs.add(Kind::FramesAlike, place, found.elsewhere),
            None => pairs.add(Kind::FramesAlikeInEpisode, place, found.within),
        }
    }
    pairs.report(findings);
}

/// Pairs across splits, by kind.
struct Pairs<'a> {
    scope: &'a Scope,
    split: &'a str,
    found: BTreeMap<Kind, Tally>,
}

#[derive(Default)]
struct Tally {
    clips: usize,
    /// Those of them whose partner is in another episode.
    elsewhere: usize,
    /// Distances and pairs, the nearest first.
    examples: Vec<(u32, String)>,
}

impl Pairs<'_> {
    fn add(&mut self, kind: Kind, place: &Place, partner: Option<(u32, u32)>) {
        let Some((distance, partner)) = partner else {
            return;
        };
        let partner = &self.scope.clips[partner as usize];
        let tally = self.found.entry(kind).or_default();
        tally.clips += 1;
        tally.elsewhere += usize::from(partner.episode != place.episode);
        let split = self.scope.split_of(partner).unwrap_or_default();
        let pair = format!("{} ~ {} ({split})", place.id, partner.id);
        // No more than a finding shows.
        let examples = &mut tally.examples;
        let at = examples.partition_point(|known| known.0 <= distance);
        examples.insert(at, (distance, pair));
        examples.truncate(EXAMPLES);
    }

    fn report(self, findings: &mut Findings) {
        for (kind, tally) in self.found {
            let Tally {
                clips, elsewhere, ..
            } = tally;
            let detail = format!(
                "{clips} clips of `{}`, {} with a clip of their own episode and {elsewhere} with one of another",
                self.split,
                clips - elsewhere
            );
            let examples = tally.examples.into_iter().map(|(_, pair)| pair).collect();
            findings.put(kind, Some(self.split), clips, Some(detail), examples);
        }
    }
}
