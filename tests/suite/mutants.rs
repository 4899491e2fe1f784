//! Faults put into the mini pipeline on purpose: the committed gate fails, on the metrics that should see them.
//!
//! What a bundle or a protocol states is spoiled in a copy of it. What is code is spoiled through the pipeline: a
//! test draws by a `StoryGptV` of the same networks with another sampler's coefficients, or with captions that a
//! broken rule made, as a run of the ordinary identity, which is how a fault in the code would look. The shipped
//! program has no switch for either. Observing, scoring and gating are the program's own.

use crate::minisv::{baseline_command, report};
use crate::support::{bundles, cache, copy, storyeval};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use storyeval::generator::{
    CharLdm, DiffusionSettings, Generator, GeneratorError, Multistep, OnnxDiffusion, OnnxLanguage,
    Prompt, StoryGptV,
};
use storyeval::inference::{Bundle, DeviceRequest, Runtime, Tokenizer};
use storyeval::pipeline::{Control, Goal, RunRequest, Seeds};
use storyeval::record::{DrawnFrame, ReferentialCaption, Role, Seed, sha256_file};
use storyeval::run::Store;
use tempfile::TempDir;

const MODEL: &str = "storygpt-v-mini";
const STORIES: usize = 25;

/// Scores that failed, as `metric slice`, or that `--format json` gives otherwise.
struct Found(Value);

impl Found {
    /// Gates a run on the committed baseline, with the committed rules after these ones.
    fn by(run: &Path, first: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = fs::read_to_string(report("minisv-gate.toml")).unwrap();
        let (head, rest) = rules.split_once("format = 1\n").unwrap();
        let path = folder.path().join("rules.toml");
        fs::write(&path, format!("{head}format = 1\n{first}\n{rest}")).unwrap();
        let output = storyeval()
            .arg("gate")
            .arg(run)
            .arg("--baseline")
            .arg(report("minisv-baseline.json"))
            .arg("--rules")
            .arg(path)
            .args(["--only-given", "--format", "json"])
            .output()
            .unwrap();
        println!("{}", String::from_utf8_lossy(&output.stderr));
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    fn failed(&self) -> BTreeSet<String> {
        let scores = self.0["scores"].as_array().unwrap().iter();
        scores
            .filter(|score| score["status"] == "failed")
            .map(|score| {
                format!(
                    "{} {}",
                    score["metric"].as_str().unwrap(),
                    score["slice"].as_str().unwrap()
                )
            })
            .collect()
    }

    /// The gate failed on these scores, for the worse, and not on those.
    #[track_caller]
    fn fails_on(&self, seen: &[&str], unseen: &[&str]) {
        let failed = self.failed();
        for score in seen {
            assert!(
                failed.contains(*score),
                "{score} is held; failed: {failed:?}"
            );
        }
        for score in unseen {
            assert!(!failed.contains(*score), "{score} failed too");
        }
    }
}

/// The baseline's command for the one model.
fn command(model: &str, out: &Path) -> assert_cmd::Command {
    let words = baseline_command();
    let mut command = storyeval();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        command.arg(word);
        if word == "--model" {
            words.next();
            command.arg(model);
        }
    }
    command.arg("--out").arg(out);
    command
}

/// A copy of the model's bundle in a folder that `STORYEVAL_BUNDLES` may name.
fn bundle_copy(folder: &Path) -> PathBuf {
    let bundle = folder.join("bundles").join(MODEL);
    copy(&bundles().join(MODEL), &bundle);
    bundle
}

fn replace_once(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// The other end: nothing is spoiled, and another number of threads adds floats up in another order.
#[test]
fn an_unchanged_build_passes() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    command(MODEL, &run)
        .args(["--threads", "1"])
        .assert()
        .success();
    let found = Found::by(&run, "");
    assert_eq!(found.failed(), BTreeSet::new());
    assert_eq!(found.0["passes"], true);
}

/// Without guidance the frames have the right figures in the right places, drawn badly: the accuracies move by
/// a frame or two, and the metrics of the drawing see it.
#[test]
fn guidance_of_one_blurs_what_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_copy(folder.path());
    let manifest = bundle.join("bundle.toml");
    replace_once(&manifest, "guidance_scale = 3.0", "guidance_scale = 1.0");
    let run = folder.path().join("run");
    command(MODEL, &run)
        .env("STORYEVAL_BUNDLES", folder.path().join("bundles"))
        .assert()
        .success();
    // BLEU4 leaves its window too, by a hair: another processor's last bits could bring it back.
    let seen = ["fid all", "cider all"];
    Found::by(&run, "").fails_on(&seen, &["bg_acc all", "clip_ti all"]);
}

/// With the delay of the shipped bundle (portraits from the 17th of 31 calls on) swapped portraits change hardly a
/// pixel: by then the text has settled who is there. CLIP I-I of first frames falls by 0.012 and no decision of
/// the classifier changes, so that no window can see it, and none should. Where the portraits are there from the
/// second call on, the metrics of characters see the swap, on the two that were swapped, and those of places do not.
#[test]
fn swapped_portraits_are_other_characters_in_the_same_places() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_copy(folder.path());
    let manifest = bundle.join("bundle.toml");
    replace_once(&manifest, "start_merge_step = 15", "start_merge_step = 0");
    let portrait = |name: &str| bundle.join(format!("portraits/{name}.png"));
    let hash = |name: &str| sha256_file(&portrait(name)).unwrap();
    let was = ["mira", "bolt"].map(hash);
    let [mira, bolt] = ["mira", "bolt"].map(|name| fs::read(portrait(name)).unwrap());
    fs::write(portrait("mira"), bolt).unwrap();
    fs::write(portrait("bolt"), mira).unwrap();
    for (name, was) in ["mira", "bolt"].iter().zip(&was) {
        let line = |hash: &str| format!("\"portraits/{name}.png\" = \"{hash}\"");
        replace_once(&manifest, &line(was), &line(&hash(name)));
    }
    let run = folder.path().join("run");
    command("char-ldm-mini", &run)
        .env("STORYEVAL_BUNDLES", folder.path().join("bundles"))
        .assert()
        .success();
    Found::by(&run, "").fails_on(
        &[
            "char_acc all",
            "char_f1 all",
            "char_acc no_pronoun",
            "char_f1 character:mira",
            "char_f1 character:bolt",
        ],
        &[
            "bg_acc all",
            "bg_f1 all",
            "bg_acc no_pronoun",
            "char_f1 character:otto",
            "char_f1 character:tilda",
            "char_f1 character:luna",
            "char_f1 character:hank",
        ],
    );
}

/// Another filter before the feature network, on one side. The signature says so on every score of these
/// features and on no other; and where a fault in the code would leave the signature as it is, the real frames' own
/// distances see it, which are 0 when both sides are treated alike. The classifiers do not: MiniSV's flat colours
/// give the same labels under either filter, which is why resizers are held to golden values as well.
#[test]
fn another_resize_filter_on_one_side_is_seen_by_distances_of_the_real_frames() {
    let folder = tempfile::tempdir().unwrap();
    let protocol = folder.path().join("strict.toml");
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs/protocols/strict.toml");
    fs::copy(card, &protocol).unwrap();
    let line = |resizer: &str| format!("generated = {{ resizer = \"{resizer}\"");
    replace_once(
        &protocol,
        &line("pillow-f32-bicubic"),
        &line("torch-bilinear"),
    );
    let run = folder.path().join("run");
    command("ground-truth", &run)
        .arg("--protocol")
        .arg(&protocol)
        .assert()
        .success();
    let features = [
        "fid",
        "kid",
        "precision",
        "recall",
        "density",
        "coverage",
        "is",
    ];
    let of_features: BTreeSet<String> = features.iter().map(|it| format!("{it} all")).collect();
    assert_eq!(Found::by(&run, "").failed(), of_features);
    let any = "[[rule]]\nmetric = [\"fid\", \"recall\"]\nabsolute = 0.005\nsignature = \"any\"\n\
               [[rule]]\nmetric = [\"kid\", \"precision\", \"density\", \"coverage\", \"is\"]\nignore = true\n";
    let moved = ["fid all", "recall all"].map(str::to_owned);
    assert_eq!(Found::by(&run, any).failed(), BTreeSet::from(moved));
}

/// A sign: the figures and places stay, and the set of drawings is another (FID 16 -> 27). With 39 in place of 37 no score leaves its window: the drawings change less than between two seeds,
/// and the sampler's golden trajectories are what sees that (`src/generator/pndm.rs`).
#[test]
fn a_wrong_coefficient_of_the_sampler_is_seen() {
    let studio = Studio::new();
    let mut multistep = Multistep::ADAMS_BASHFORTH;
    multistep.fourth[3] = 9.0;
    let run = studio.draw(multistep, |_, caption| caption.clone());
    Found::by(&run, "").fails_on(&["fid all", "cider all"], &["char_acc all", "bg_acc all"]);
}

#[test]
fn a_wrong_pronoun_is_seen_where_there_are_pronouns() {
    let studio = Studio::new();
    let run = studio.draw(Multistep::ADAMS_BASHFORTH, |_, caption| swapped(caption));
    Found::by(&run, "").fails_on(
        &["char_acc pronoun"],
        &["char_acc no_pronoun", "bg_acc all"],
    );
}

/// The faults of code, as runs in a folder: `tools/slow/gate_study.sh` has them drawn for its study.
#[test]
#[ignore = "slow: a part of tools/slow/gate_study.sh, and two stories without it"]
fn faults_of_code_are_drawn_for_the_study() {
    let own = tempfile::tempdir().unwrap();
    let study = std::env::var_os("STORYEVAL_GATE_STUDY").map(PathBuf::from);
    let folder = study.as_deref().unwrap_or(own.path());
    let request = |name: &str| {
        let mut request = RunRequest::new("minisv", &[MODEL]);
        request.limit = Some(if study.is_some() { 100 } else { 2 });
        request.seeds = Seeds::One(Seed(9));
        request.skip = BTreeSet::from([Role::LOCATOR]);
        request.out = Some(folder.join(name));
        request
    };
    let right = Multistep::ADAMS_BASHFORTH;
    let mut wrong = right;
    wrong.fourth[3] = 9.0;
    let sampler = draw(request("fault-sampler"), wrong, |_, it| it.clone());
    let pronoun = draw(request("fault-pronoun"), right, |_, it| swapped(it));
    let digest = |run: &Path| Store::open(run).unwrap().journal().digest();
    assert_ne!(digest(&sampler), digest(&pronoun));
}

/// The caption as a rule makes it that has the genders the wrong way round.
fn swapped(caption: &ReferentialCaption) -> ReferentialCaption {
    let words = caption.text.split(' ').map(|word| match word {
        "he" => "she",
        "she" => "he",
        "He" => "She",
        "She" => "He",
        "his" => "her",
        "her" => "his",
        "His" => "Her",
        "Her" => "His",
        other => other,
    });
    ReferentialCaption {
        text: words.collect::<Vec<_>>().join(" "),
        ..caption.clone()
    }
}

/// Draws runs of the ordinary identity with a pipeline that the test composes.
struct Studio {
    folder: TempDir,
}

impl Studio {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A run of the model with these coefficients, each caption as `reads` changes it. Observed and scored by the
    /// program.
    fn draw(
        &self,
        multistep: Multistep,
        reads: impl Fn(usize, &ReferentialCaption) -> ReferentialCaption,
    ) -> PathBuf {
        let mut request = RunRequest::new("minisv", &[MODEL]);
        request.limit = Some(STORIES);
        request.out = Some(self.folder.path().join("run"));
        draw(request, multistep, reads)
    }
}

/// Draws the run of a request, which has one seed, observes and scores it.
fn draw(
    mut request: RunRequest,
    multistep: Multistep,
    reads: impl Fn(usize, &ReferentialCaption) -> ReferentialCaption,
) -> PathBuf {
    request.runtime.device = DeviceRequest::Cpu;
    request.runtime.cache = cache();
    let planned = request.plan(Goal::Scores, Control::silent()).unwrap();
    let (model, seed) = (planned.models()[0].clone(), planned.seeds()[0]);
    let mut started = planned.start(Control::silent()).unwrap();
    let bundle = Bundle::open(&bundles().join(MODEL)).unwrap();
    let drawn = started
        .draw_by(&model, seed, || {
            Ok(Box::new(Misreading {
                reads: &reads,
                generator: pipeline(started.runtime(), &bundle, multistep),
            }))
        })
        .unwrap();
    let observed = started.observe(drawn).unwrap();
    observed.score().unwrap();
    observed.folder().to_owned()
}

/// A generator that reads captions as a broken rule makes them.
struct Misreading<'a, R> {
    reads: &'a R,
    generator: StoryGptV,
}

impl<R: Fn(usize, &ReferentialCaption) -> ReferentialCaption> Generator for Misreading<'_, R> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        let read = |prompt: &Prompt| {
            let captions = prompt.captions.iter().enumerate();
            let captions = captions.map(|(at, it)| (self.reads)(at, it));
            Prompt::new(prompt.story.clone(), captions.collect())
        };
        let prompts: Vec<Prompt> = prompts.iter().map(read).collect();
        self.generator.generate(&prompts, seed)
    }
}

/// The model of a bundle with other coefficients.
fn pipeline(runtime: &Runtime, bundle: &Bundle, multistep: Multistep) -> StoryGptV {
    let manifest = bundle.manifest();
    let settings = DiffusionSettings::new(
        manifest.image,
        *manifest.diffusion().unwrap(),
        manifest.scheduler().unwrap(),
        manifest.text().unwrap().clone(),
        manifest.portraits().cloned(),
    )
    .unwrap();
    let settings = DiffusionSettings {
        multistep,
        ..settings
    };
    let tokenizer = |file: &str| Box::new(Tokenizer::open(&bundle.file(file)).unwrap());
    let portraits = settings
        .portraits
        .iter()
        .flat_map(|portraits| &portraits.files)
        .map(|(name, file)| {
            let image = image::open(bundle.file(file)).unwrap().into_rgb8();
            (name.clone(), image)
        })
        .collect();
    let networks = OnnxDiffusion::load(runtime, bundle, &settings).unwrap();
    let llm = manifest.llm().unwrap().clone();
    let language = OnnxLanguage::load(runtime, bundle, &llm, &settings).unwrap();
    let text = tokenizer(&settings.text.tokenizer);
    let diffusion = CharLdm::from_parts(settings, networks, text, portraits).unwrap();
    StoryGptV::from_parts(diffusion, llm.clone(), language, tokenizer(&llm.tokenizer)).unwrap()
}
