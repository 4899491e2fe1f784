//! The beginning of a model of the user's own: a card that can be drawn with at once, to be rewritten.

use super::PipelineError;
use crate::card::plain_id;
use crate::convert::Draft;
use std::path::Path;

/// The worker that a card of the generator `command` begins with: examples/toy_worker.py.
const WORKER: &str = include_str!("../../examples/toy_worker.py");

/// A card to begin with.
pub struct ModelStarter {
    /// The generator.
    pub generator: &'static str,
    /// The lines of its card below the generator.
    lines: &'static str,
    /// Files beside the card.
    files: &'static [(&'static str, &'static str)],
    /// What the user does next.
    pub next: &'static str,
}

/// A row per generator that a user can bring a model for.
pub const MODEL_STARTERS: [ModelStarter; 3] = [
    ModelStarter {
        generator: "command",
        lines: r#"
[command]
program = ["python3", "worker.py"]   # starts in the folder of this card
# workers = 2                        # at once; `--workers N` says otherwise
# devices = ["cuda:0", "cuda:1"]     # one each; left out: the run's
# start_s = 600                      # seconds to load the model
# silence_s = 600                    # seconds without a message before a worker is started again
# attempts = 3                       # per story
# on_failure = "skip"                # left out: the run stops
# environment = ["HF_TOKEN"]         # names of variables that have to be set

[command.options]                    # whatever the worker understands
# steps = 50
"#,
        files: &[("worker.py", WORKER)],
        next: "put your model into worker.py in place of `draw` (docs/bring-my-model.md)",
    },
    ModelStarter {
        generator: "char-ldm",
        lines: "bundle = \"storygpt-v-mini\"           # MiniSV's, to begin with: a folder of STORYEVAL_BUNDLES\n# text = \"original\"                 # left out: the captions of the protocol\n",
        files: &[],
        next: "name your own bundle in model.toml (docs/export.md makes one of a checkpoint)",
    },
    ModelStarter {
        generator: "storygpt-v",
        lines: "bundle = \"storygpt-v-mini\"           # MiniSV's, to begin with: a folder of STORYEVAL_BUNDLES\n# text = \"original\"                 # left out: the captions of the protocol\n",
        files: &[],
        next: "name your own bundle in model.toml (docs/export-storygpt-v.md makes one of a checkpoint)",
    },
];

impl ModelStarter {
    /// Writes `model.toml`, and what belongs to it, into `dir`, which must be absent or empty.
    ///
    /// # Errors
    /// A folder that holds something or cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), PipelineError> {
        let id = plain_id(&dir.file_name().unwrap_or_default().to_string_lossy());
        let card = format!(
            "# A model of your own: docs/bring-my-model.md.\nid = \"{id}\"\nname = \"{id}\"\n\
             description = \"a model of my own\"\ngenerator = \"{}\"\n{}",
            self.generator, self.lines
        );
        let draft = Draft::begin(dir).map_err(PipelineError::Starter)?;
        let mut files = vec![("model.toml", card.as_str())];
        files.extend(self.files);
        for (name, text) in files {
            let put = draft.put(name, text.as_bytes());
            put.map_err(PipelineError::Starter)?;
        }
        draft.finish().map_err(PipelineError::Starter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card;

    #[test]
    fn every_starter_is_a_card_that_is_found_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for starter in &MODEL_STARTERS {
            let dir = folder.path().join(format!("my {}", starter.generator));
            starter.write(&dir).unwrap();
            let card = card::model(dir.to_str().unwrap()).unwrap();
            assert_eq!(card.id, format!("my{}", starter.generator));
            let command = card.command.map(|command| command.folder);
            assert_eq!(
                command,
                (starter.generator == "command").then_some(dir.clone())
            );
            assert!(matches!(
                starter.write(&dir),
                Err(PipelineError::Starter(_))
            ));
        }
    }
}
