//! Captions and labels: every defect of every clip that a split or its stories need.

use super::finding::Findings;
use super::kind::Kind;
use super::refusal::{described, kind};
use super::scope::Scope;
use crate::card::DatasetCard;
use crate::dataset::catalog::{Catalog, Entry, NeededBy, ShotIndex};
use crate::dataset::open::{Metadata, sizes_on_card};
use crate::record::{StoryFrame, StoryId};
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};

/// What the metadata of the chosen splits say that they should not.
pub(super) fn check(data: &Metadata, scope: &Scope, findings: &mut Findings) {
    let (catalog, card) = (&data.catalog, &data.card);
    for (split, listed) in scope.chosen(catalog) {
        let mut seen = HashSet::new();
        let mut need = |shot: ShotIndex, needed_by: NeededBy<'_>| {
            if !seen.insert(shot) {
                return;
            }
            let id = catalog.shots[shot as usize].clip.as_str();
            match catalog.frame(shot, needed_by) {
                Ok(frame) => read(frame, card, &split.name, findings),
                Err(error) => {
                    let kind = match kind(&error) {
                        // Where the readers find something else than labels they do not come so far.
                        Kind::FileMalformed => Kind::LabelsMalformed,
                        kind => kind,
                    };
                    findings.add(kind, Some(&split.name), id, || Some(described(&error)));
                }
            }
        };
        for shot in listed {
            need(*shot, NeededBy::Split(&split.name));
        }
        for window in &split.windows {
            let Some(first) = window.first() else {
                continue;
            };
            let story = StoryId::new(catalog.shots[*first as usize].clip.as_str());
            for shot in window {
                need(*shot, NeededBy::Story(&story));
            }
        }
    }
    sizes(data, card, scope, findings);
    stories(catalog, scope, findings);
    twice(data, findings);
}

/// The metadata of one frame.
fn read(frame: &StoryFrame, card: &DatasetCard, split: &str, findings: &mut Findings) {
    let id = frame.clip.as_str();
    if !frame.caption.chars().any(char::is_alphanumeric) {
        findings.add(Kind::CaptionEmpty, Some(split), id, || {
            Some(format!("clip `{id}` has {:?}", &*frame.caption))
        });
    }
    if let Some(labels) = &frame.character_labels {
        let wrong: Vec<&str> = card
            .characters
            .iter()
            .zip(labels.iter())
            .filter(|(character, label)| {
                let has = |name: &str| {
                    let names = frame.characters.iter();
                    names
                        .into_iter()
                        .any(|other| other.eq_ignore_ascii_case(name))
                };
                if **label {
                    !has(&character.name) && !character.aliases.iter().any(|alias| has(alias))
                } else {
                    // The published labels know no other spelling than the first.
                    has(&character.name)
                }
            })
            .map(|(character, _)| character.name.as_str())
            .collect();
        if !wrong.is_empty() {
            findings.add(Kind::LabelsContradict, Some(split), id, || {
                Some(format!("clip `{id}`, about {}", wrong.join(", ")))
            });
        }
    }
    if let Some(labels) = &frame.background_labels {
        let set = labels.iter().filter(|label| **label).count();
        if set != 1 {
            findings.add(Kind::BackgroundNotOneHot, Some(split), id, || {
                Some(format!("clip `{id}` has {set}"))
            });
        }
    }
}

/// Sizes of splits against the card.
fn sizes(data: &Metadata, card: &DatasetCard, scope: &Scope, findings: &mut Findings) {
    let what = data.catalog.entry.plural();
    for (split, wanted) in sizes_on_card(card, &data.layout) {
        let list = data.catalog.splits.get(split);
        let found = list.map_or(0, |list| list.entries);
        // A split that is absent altogether is nowhere in the scope; when all are asked for it counts.
        let own = scope.splits.iter().find(|own| own.name == split);
        let asked = own.map_or_else(
            || scope.splits.iter().all(|split| split.chosen),
            |own| own.chosen,
        );
        if let Some(wanted) = wanted.filter(|wanted| asked && *wanted != found) {
            let detail = format!("`{split}` has {found} {what}, the card says {wanted}");
            findings.put(
                Kind::CountDiffers,
                Some(split),
                found,
                Some(detail),
                Vec::new(),
            );
        }
    }
}

/// Stories that there are not.
fn stories(catalog: &Catalog, scope: &Scope, findings: &mut Findings) {
    for remark in &catalog.remarks {
        let mut splits = scope.splits.iter().filter(|split| split.chosen);
        if splits.any(|split| split.name == remark.split) {
            let split = Some(remark.split.as_str());
            if !remark.unreadable.is_empty() {
                let (kind, files) = (Kind::PhotosUnreadable, &remark.unreadable);
                findings.put(
                    kind,
                    split,
                    files.len(),
                    Some(remark.text.clone()),
                    files.clone(),
                );
                continue;
            }
            findings.add(Kind::StoriesLeftOut, split, &remark.split, || {
                Some(remark.text.clone())
            });
        }
    }
    for (split, listed) in scope.chosen(catalog) {
        let name = Some(split.name.as_str());
        if listed.is_empty() {
            // An empty split has no story to miss; how much it should hold the card says.
            continue;
        }
        if split.windows.is_empty() {
            findings.put(Kind::NoStory, name, 1, None, vec![split.name.clone()]);
        } else if catalog.entry == Entry::Clips && split.windows.len() < listed.len() {
            let starts: BTreeSet<ShotIndex> = split
                .windows
                .iter()
                .filter_map(|window| window.first().copied())
                .collect();
            let without = listed.iter().filter(|shot| !starts.contains(shot));
            let ids: Vec<String> = without
                .map(|shot| catalog.shots[*shot as usize].clip.to_string())
                .collect();
            findings.put(Kind::ClipsWithoutStory, name, ids.len(), None, ids);
        }
    }
    for (place, splits) in scope.listed_twice(catalog) {
        let mut different = splits.clone();
        different.sort_unstable();
        different.dedup();
        let id = place.id.as_str();
        if different.len() > 1 {
            findings.add(Kind::ClipInTwoSplits, None, id, || {
                Some(format!("`{id}` is in {}", different.join(" and ")))
            });
        } else {
            findings.add(Kind::IdTwice, different.first().copied(), id, || {
                Some(format!("`{id}` starts two stories"))
            });
        }
    }
}

/// Clips with two entries in the annotations, of which the readers keep the last.
fn twice(data: &Metadata, findings: &mut Findings) {
    #[derive(Deserialize)]
    struct Entry {
        #[serde(rename = "globalID")]
        id: String,
    }
    let files = data.catalog.metadata.iter();
    for file in files.filter(|file| file.ends_with("annotations_v1-0.json")) {
        let Ok(bytes) = data.root.read(file) else {
            continue;
        };
        let entries: Vec<Entry> = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut seen = HashSet::new();
        for entry in &entries {
            if !seen.insert(entry.id.as_str()) {
                findings.add(Kind::EntryTwice, None, &entry.id, || {
                    Some(format!("clip `{}` in {file}", entry.id))
                });
            }
        }
    }
}
