//! Ids of two files of captions, written in one way: numbers as numbers, names of images without what two ways of writing
//! them differ in.

use super::captions::CaptionFault;
use super::names::without_number;
use super::{CaptionFile, CaptionId, image_key};
use std::collections::{HashMap, HashSet};

/// Writes the ids of both files in one way.
///
/// # Errors
/// A number that is an image's id and another one's name.
pub(super) fn bring_together(
    references: &mut CaptionFile,
    hypotheses: &mut CaptionFile,
) -> Result<(), CaptionFault> {
    for file in [&mut *references, &mut *hypotheses] {
        file.drop_numbers_of_captions();
    }
    // Before names lose their endings: "1.jpg" is no number.
    references.name_images_for(hypotheses)?;
    hypotheses.name_images_for(references)?;
    if hypotheses.keyed && references.has_numbers() {
        hypotheses.number_keys();
    }
    if references.keyed && hypotheses.has_numbers() {
        references.number_keys();
    }
    if hypotheses.keyed || references.keyed {
        references.rename(CaptionId::key);
        hypotheses.rename(CaptionId::key);
        without_folders(references, hypotheses);
    }
    Ok(())
}

/// Takes folders from the names of both files where the whole names do not go together, and the names without do.
fn without_folders(references: &mut CaptionFile, hypotheses: &mut CaptionFile) {
    let ids = |file: &CaptionFile| -> HashSet<CaptionId> {
        file.captions.iter().map(|(id, _)| id.clone()).collect()
    };
    let whole = [ids(references), ids(hypotheses)];
    if whole[0] == whole[1] {
        return;
    }
    let [first, second] = whole
        .each_ref()
        .map(|ids| ids.iter().map(last_part).collect::<HashSet<_>>());
    let apart = first.len() == whole[0].len() && second.len() == whole[1].len();
    let common = whole[0].intersection(&whole[1]).next().is_some();
    if apart && (first == second || !common) {
        references.rename(last_part);
        hypotheses.rename(last_part);
    }
}

fn last_part(id: &CaptionId) -> CaptionId {
    match id {
        CaptionId::Number(number) => CaptionId::Number(*number),
        CaptionId::Text(text) => {
            CaptionId::Text(text.rsplit('/').next().unwrap_or_default().to_owned())
        }
    }
}

impl CaptionFile {
    /// Whether an id is a number.
    fn has_numbers(&self) -> bool {
        let number = |(id, _): &(CaptionId, String)| matches!(id, CaptionId::Number(_));
        self.captions.iter().any(number)
    }

    /// Writes ids in another way, where that keeps them apart.
    fn rename(&mut self, to: impl Fn(&CaptionId) -> CaptionId) {
        let keys: Vec<CaptionId> = self.captions.iter().map(|(id, _)| to(id)).collect();
        let mut seen = HashMap::new();
        let mut pairs = keys.iter().zip(&self.captions);
        let apart = pairs.all(|(key, (id, _))| *seen.entry(key).or_insert(id) == id);
        if apart {
            for ((id, _), key) in self.captions.iter_mut().zip(keys) {
                *id = key;
            }
        }
    }

    /// Takes the `#2` from names of images that Flickr8k numbers captions with.
    fn drop_numbers_of_captions(&mut self) {
        for (id, _) in &mut self.captions {
            if let CaptionId::Text(text) = id {
                text.truncate(without_number(text).len());
            }
        }
    }

    /// Puts the names of images in the place of their numbers, where the file has a name for each.
    pub fn name_images(&mut self) {
        let mut ids = self.captions.iter().map(|(id, _)| id);
        if self.file_names.is_empty() || !ids.all(|id| self.file_names.contains_key(id)) {
            return;
        }
        for (id, _) in &mut self.captions {
            *id = CaptionId::Text(self.file_names[id].clone());
        }
        self.keyed = true;
    }

    /// The same, where the other file has names of images.
    fn name_images_for(&mut self, other: &CaptionFile) -> Result<(), CaptionFault> {
        let texts = other.captions.iter().filter_map(|(id, _)| match id {
            CaptionId::Text(text) => Some(text.as_str()),
            CaptionId::Number(_) => None,
        });
        let texts: HashSet<&str> = texts.collect();
        if self.file_names.is_empty() || texts.is_empty() {
            return Ok(());
        }
        let numbers = texts.iter().map(|text| (*text, text.parse::<i64>().ok()));
        let numbers: HashMap<&str, Option<i64>> = numbers.collect();
        if numbers.values().any(Option::is_none) {
            self.name_images();
            return Ok(());
        }
        // "7" is a number, or the name of 7.jpg.
        let by_name = self.file_names.iter();
        let by_name: HashMap<String, &CaptionId> =
            by_name.map(|(id, name)| (image_key(name), id)).collect();
        let ids: HashSet<&CaptionId> = self.captions.iter().map(|(id, _)| id).collect();
        let (mut named, mut unlike) = (true, None);
        let mut known = true;
        for (text, number) in numbers {
            let id = CaptionId::Number(number.unwrap_or_default());
            known &= ids.contains(&id);
            match by_name.get(text) {
                Some(of) if **of != id => unlike = unlike.or(Some((id, (*of).clone()))),
                Some(_) => {}
                None => named = false,
            }
        }
        match unlike.filter(|_| named) {
            Some((id, of)) if known => {
                let path = self.path.clone();
                Err(CaptionFault::Ambiguous { path, id, of })
            }
            Some(_) => {
                self.name_images();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Makes numbers of ids that are text because the file has no other form.
    fn number_keys(&mut self) {
        for (id, _) in &mut self.captions {
            if let CaptionId::Text(text) = id
                && let Ok(number) = text.parse::<i64>()
                && number.to_string() == *text
            {
                *id = CaptionId::Number(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::format::coco::coco_of;
    use crate::format::{CaptionList, CaptionSet, pair_captions};
    use std::path::Path;

    const COCO: &str = r#"{"images": [{"id": 2, "file_name": "1.jpg"}, {"id": 1, "file_name": "2.jpg"}],
        "annotations": [{"image_id": 2, "caption": "fox"}, {"image_id": 1, "caption": "dog"}]}"#;

    fn pair(references: &str, hypotheses: &str) -> Result<CaptionSet, String> {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            match CaptionList::read(&path) {
                Ok(CaptionList::Named(file)) => file,
                other => panic!("{other:?}"),
            }
        };
        let (references, hypotheses) = (read("r", references), read("h", hypotheses));
        pair_captions(references, hypotheses, false).map_err(|error| error.to_string())
    }

    /// Both captions go to the reference that is the same text.
    fn alike(references: &str, hypotheses: &str) {
        let set = pair(references, hypotheses).unwrap();
        assert_eq!(set.items.len(), 2, "{references} {hypotheses}");
        for item in set.items {
            assert_eq!(item.references, [item.hypothesis.as_str()], "{hypotheses}");
        }
    }

    #[test]
    fn names_of_files_go_to_the_numbers_that_images_gives_them() {
        for hypotheses in [
            "image,caption\n1.jpg,fox\n2.jpg,dog\n",
            "image,caption\nout/2.png,dog\nout/1.png,fox\n",
            "{\"id\":\"1.jpg\",\"caption\":\"fox\"}\n{\"id\":\"2.jpg\",\"caption\":\"dog\"}\n",
        ] {
            alike(COCO, hypotheses);
            alike(hypotheses, COCO);
        }
        alike(
            COCO,
            r#"[{"image_id": 1, "caption": "dog"}, {"image_id": 2, "caption": "fox"}]"#,
        );
        // No `images`: 1.jpg may be any of them.
        let plain = r#"[{"image_id": 2, "caption": "fox"}, {"image_id": 1, "caption": "dog"}]"#;
        assert!(pair(plain, "image,caption\n1.jpg,fox\n2.jpg,dog\n").is_err());
        alike(plain, "image_id,caption\n1,dog\n2,fox\n");
    }

    #[test]
    fn a_number_that_is_another_images_name_is_refused() {
        let error = pair(COCO, "image,caption\n1,fox\n2,dog\n").unwrap_err();
        assert!(
            error.contains("is an image_id in") && error.contains("the file name of"),
            "{error}"
        );
        // Only the names can be meant.
        let far = COCO
            .replace("\"id\": 2", "\"id\": 72")
            .replace("_id\": 2", "_id\": 72");
        alike(&far, "image,caption\n1,fox\n2,dog\n");
        assert!(coco_of(&far, Path::new("r")).unwrap().file_names.len() == 2);
    }

    #[test]
    fn flickr_numbers_folders_and_unicode_forms_do_not_matter() {
        let set = pair(
            "1.jpg#0\tfox\n1.jpg#1\ta fox\n2.jpg#0\tdog\n",
            "1.jpg\tfox\n2.jpg\tdog\n",
        );
        assert_eq!(set.unwrap().items[0].references, ["fox", "a fox"]);
        alike(
            "a/1.png\tfox\na/2.png\tdog\n",
            "b/c/1.jpg\tfox\nb/c/2.jpg\tdog\n",
        );
        alike(
            "e\u{301}.png\tfox\n2.png\tdog\n",
            "\u{e9}.png\tfox\n2.png\tdog\n",
        );
        // Folders that keep names apart stay.
        let both = "a/1.png\tfox\nb/1.png\tdog\n";
        alike(both, both);
        assert!(pair(both, "1.png\tfox\n2.png\tdog\n").is_err());
        // A part that goes together by whole names is not joined by the last part.
        assert!(
            pair(
                "a/1.png\tfox\na/2.png\tdog\n",
                "a/1.png\tfox\nb/3.png\tdog\n"
            )
            .is_err()
        );
    }

    #[test]
    fn numbers_of_lines_join_in_any_order() {
        alike("0\tfox\n1\tdog\n", "1\tdog\n0\tfox\n");
        alike("0\tfox\n1\tdog\n", "id,caption\n1,dog\n0,fox\n");
    }
}
