//! The metrics of runs, one row per metric. Tables, the audit, the gate, published tables and the documentation
//! read what a metric is from here.
//!
//! A new metric of what evaluators already observe is a row here and a [`Family`] in the file that computes it.

use super::reduce::{
    BACKGROUNDS, CAPTIONS, CHARACTER_CROPS, CHARACTERS, CLIP_SIMILARITY, CONSISTENCY, DISTINCT,
    FRECHET, INCEPTION, KERNEL, LPIPS, NEIGHBOURS, PIXELS, REFUSALS, WORDS, WRITTEN_NAMES,
};
use super::{Family, GateRule, GateTest, Slices, Untested};
use crate::record::{OwnMetric, Score, Unit};

/// Tables that a slice is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Char-Acc, Char-F1, BG-Acc, BG-F1.
    Labels,
    /// FID, BLEU4, CIDEr, CLIP, LPIPS: the other columns of papers.
    Images,
    /// Captions that the model wrote itself.
    Words,
    /// What the user brought.
    Own,
    /// Everything else.
    Detail,
}

impl Group {
    /// In the order in which they are printed.
    pub const ALL: [Self; 5] = [
        Self::Labels,
        Self::Images,
        Self::Words,
        Self::Own,
        Self::Detail,
    ];

    /// What follows the slice's title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Labels => "",
            Self::Images => ": images and captions",
            Self::Words => ": written captions",
            Self::Own => ": own metrics",
            Self::Detail => ": further metrics",
        }
    }

    /// Its first metric, which shows a run where there is room for one column.
    #[must_use]
    pub fn headline(self) -> Option<&'static Metric> {
        METRICS.iter().find(|metric| metric.group == self)
    }
}

/// A line of the chart of the corruption study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartLine {
    /// `#rrggbb`.
    pub colour: &'static str,
    /// Dashes of an SVG line; empty for none.
    pub dashes: &'static str,
}

/// What the corruption study makes of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// It is left out.
    Left,
    /// Its table has it.
    Compared,
    /// Its table has it, and its chart a line.
    Drawn(ChartLine),
}

/// A metric of runs.
#[derive(Debug)]
pub struct Metric {
    /// Its id in `scores.json` and on the command line.
    pub id: &'static str,
    /// Name in the field, with `%` where the unit is percent.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Digits after the point.
    pub decimals: usize,
    /// The table that it is a column of.
    pub group: Group,
    /// Slices that it has values on.
    pub slices: Slices,
    /// What it is computed with.
    pub family: &'static Family,
    /// Choices in the sections of its family that its value does not depend on.
    pub indifferent_to: &'static [&'static str],
    /// Whether its expectation depends on the number of frames.
    pub depends_on_count: bool,
    /// Whether it is about the real frames alone, so that no model moves it.
    pub of_real_frames: bool,
    /// What the corruption study makes of it.
    pub audit: Audit,
    /// Version of its definition, which ends its signatures: it changes when the same inputs would give another number
    /// or interval.
    pub version: u32,
    /// How the gate judges it where no rule of the user's says otherwise.
    pub gate: GateRule,
}

impl Metric {
    const fn new(group: Group, family: &'static Family, unit: Unit, decimals: usize) -> Self {
        Self {
            id: "",
            name: "",
            unit,
            higher_is_better: !matches!(unit, Unit::Distance),
            decimals,
            group,
            slices: Slices::All,
            family,
            indifferent_to: &[],
            depends_on_count: false,
            of_real_frames: false,
            audit: Audit::Left,
            version: 4,
            gate: match group {
                Group::Labels | Group::Images | Group::Own => {
                    GateRule::by(GateTest::Stories).headline()
                }
                Group::Words | Group::Detail => GateRule::by(GateTest::Stories),
            },
        }
    }

    const fn percent(group: Group, family: &'static Family) -> Self {
        Self::new(group, family, Unit::Percent, 1)
    }

    const fn cosine(group: Group, family: &'static Family) -> Self {
        Self::new(group, family, Unit::Cosine, 4)
    }

    const fn score(group: Group, family: &'static Family, decimals: usize) -> Self {
        Self::new(group, family, Unit::Score, decimals)
    }

    const fn distance(group: Group, family: &'static Family, decimals: usize) -> Self {
        Self::new(group, family, Unit::Distance, decimals)
    }

    const fn indifferent(mut self, choices: &'static [&'static str]) -> Self {
        self.indifferent_to = choices;
        self
    }

    const fn on(mut self, slices: Slices) -> Self {
        self.slices = slices;
        self
    }

    const fn lower(mut self) -> Self {
        self.higher_is_better = false;
        self
    }

    const fn of_count(mut self) -> Self {
        self.depends_on_count = true;
        self
    }

    const fn of_reality(mut self) -> Self {
        self.of_real_frames = true;
        self
    }

    const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// At the edge of its range without an interval, a difference is a note of the gate.
    const fn noted_at_the_edge(mut self) -> Self {
        self.gate.untested = Untested::Noted;
        self
    }

    const fn audited(mut self) -> Self {
        self.audit = Audit::Compared;
        self
    }

    const fn drawn(mut self, colour: &'static str, dashes: &'static str) -> Self {
        self.audit = Audit::Drawn(ChartLine { colour, dashes });
        self
    }

    /// How the gate judges the metric with this id. One that no row has is the user's own, who brought it to judge by.
    #[must_use]
    pub fn gate_rule(id: &str) -> GateRule {
        let own = GateRule::by(GateTest::Stories).headline();
        Self::find(id).map_or(own, |metric| metric.gate)
    }

    /// The metric with this id; `None` for one of another version, or of the user's own.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.id == id)
    }
}

/// Declares [`MetricId`] and [`METRICS`] from one row each.
macro_rules! registry {
    ($($variant:ident, $id:literal, $name:literal, $row:expr;)+) => {
        /// The metrics of runs, as types.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MetricId {
            $(#[doc = concat!("`", $id, "`: ", $name)] $variant,)+
        }

        impl MetricId {
            /// All of them, in the order of columns.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        /// The metrics of runs, in the order of columns in each group.
        pub static METRICS: [Metric; MetricId::ALL.len()] = [
            $(Metric { id: $id, name: $name, ..$row },)+
        ];
    };
}

impl MetricId {
    /// What it is.
    #[must_use]
    pub fn metric(self) -> &'static Metric {
        &METRICS[self as usize]
    }
}

use Group::{Detail, Images, Labels, Words};
use Slices::{Characters, Frames};

registry! {
    CharAcc, "char_acc", "Char-Acc %", Metric::percent(Labels, &CHARACTERS).on(Characters).indifferent(ACC).drawn("#c1121f", "");
    CharF1, "char_f1", "Char-F1 %", Metric::percent(Labels, &CHARACTERS).on(Characters).audited();
    BgAcc, "bg_acc", "BG-Acc %", Metric::percent(Labels, &BACKGROUNDS).on(Frames).indifferent(ACC).drawn("#2a6f97", "");
    BgF1, "bg_f1", "BG-F1 %", Metric::percent(Labels, &BACKGROUNDS).on(Frames).audited();

    Fid, "fid", "FID", Metric::distance(Images, &FRECHET, 2).of_count().drawn("#6a3fa0", "");
    Bleu4, "bleu4", "BLEU4", Metric::score(Images, &CAPTIONS, 4).drawn("#8a5a00", "");
    Cider, "cider", "CIDEr", Metric::score(Images, &CAPTIONS, 4).indifferent(&["captions.bleu"]).drawn("#8a5a00", "5 3");
    ClipTi, "clip_ti", "CLIP T-I", Metric::cosine(Images, &CLIP_SIMILARITY).on(Frames).indifferent(&["clip.consistency", "ground_truth"]).drawn("#2d8a4e", "");
    ClipIi, "clip_ii", "CLIP I-I", Metric::cosine(Images, &CLIP_SIMILARITY).on(Frames).indifferent(&["clip.consistency", "clip.text"]).drawn("#2d8a4e", "5 3");
    Psnr, "psnr", "PSNR dB", Metric::new(Images, &PIXELS, Unit::Decibel, 2).on(Frames).indifferent(&["pixels.ssim"]);
    Ssim, "ssim", "SSIM", Metric::score(Images, &PIXELS, 4).on(Frames).indifferent(&["pixels.psnr"]);
    Lpips, "lpips", "LPIPS", Metric::distance(Images, &LPIPS, 4).on(Frames).drawn("#e07a00", "");

    Perplexity, "perplexity", "Perplexity", Metric::distance(Words, &WORDS, 2);
    WrittenBleu1, "written_bleu1", "Written BLEU1", Metric::score(Words, &WORDS, 4);
    WrittenBleu2, "written_bleu2", "Written BLEU2", Metric::score(Words, &WORDS, 4);
    WrittenBleu3, "written_bleu3", "Written BLEU3", Metric::score(Words, &WORDS, 4);
    WrittenBleu4, "written_bleu4", "Written BLEU4", Metric::score(Words, &WORDS, 4);
    WrittenCider, "written_cider", "Written CIDEr", Metric::score(Words, &WORDS, 4);
    Distinct1, "distinct1", "Distinct-1", Metric::score(Words, &DISTINCT, 4).of_count();
    Distinct2, "distinct2", "Distinct-2", Metric::score(Words, &DISTINCT, 4).of_count();
    Repetition4, "repetition4", "Repetition-4", Metric::distance(Words, &WORDS, 4);
    RepeatedCaptions, "repeated_captions", "Repeated captions", Metric::distance(Words, &WORDS, 4);
    NamesKept, "names_kept", "Names kept %", Metric::percent(Words, &WORDS);
    NamesF1, "names_f1", "Names-F1 %", Metric::percent(Words, &WORDS);
    CharF1Written, "char_f1_written", "Char-F1 of written names %", Metric::percent(Words, &WRITTEN_NAMES).on(Frames).indifferent(&["classifiers.f1", "classifiers.f1_columns", "classifiers.labels"]);

    Kid, "kid", "KID", Metric::distance(Detail, &KERNEL, 5).version(5).of_count().drawn("#6a3fa0", "5 3");
    Precision, "precision", "Precision", Metric::score(Detail, &NEIGHBOURS, 3).of_count().noted_at_the_edge().audited();
    Recall, "recall", "Recall", Metric::score(Detail, &NEIGHBOURS, 3).of_count().noted_at_the_edge().drawn("#c2569b", "");
    Density, "density", "Density", Metric::score(Detail, &NEIGHBOURS, 3).noted_at_the_edge().audited();
    Coverage, "coverage", "Coverage", Metric::score(Detail, &NEIGHBOURS, 3).of_count().noted_at_the_edge().audited();
    Is, "is", "IS", Metric::score(Detail, &INCEPTION, 3).of_count().drawn("#555b66", "2 3");
    Bleu1, "bleu1", "BLEU1", Metric::score(Detail, &CAPTIONS, 4);
    Bleu2, "bleu2", "BLEU2", Metric::score(Detail, &CAPTIONS, 4);
    Bleu3, "bleu3", "BLEU3", Metric::score(Detail, &CAPTIONS, 4);
    Consistency, "consistency", "Consistency", Metric::cosine(Detail, &CONSISTENCY).indifferent(GENERATED).drawn("#111111", "8 3 2 3");
    ConsistencyGt, "consistency_gt", "Consistency (ground truth)", Metric::cosine(Detail, &CONSISTENCY).indifferent(PAIRS).of_reality();
    ConsistencyShared, "consistency_shared", "Consistency, shared", Metric::cosine(Detail, &CONSISTENCY).indifferent(GENERATED).audited();
    ConsistencySharedGt, "consistency_shared_gt", "Consistency, shared (ground truth)", Metric::cosine(Detail, &CONSISTENCY).indifferent(PAIRS).of_reality();
    CharConsistency, "char_consistency", "Char-Consistency", Metric::cosine(Detail, &CHARACTER_CROPS).indifferent(&["ground_truth"]);
    CharConsistencyGt, "char_consistency_gt", "Char-Consistency (ground truth)", Metric::cosine(Detail, &CHARACTER_CROPS).of_reality();
    CharLikeness, "char_likeness", "Char-Likeness", Metric::cosine(Detail, &CHARACTER_CROPS);
    CharFound, "char_found", "Char-Found %", Metric::percent(Detail, &CHARACTER_CROPS).indifferent(&["ground_truth"]);
    CharFoundGt, "char_found_gt", "Char-Found (ground truth) %", Metric::percent(Detail, &CHARACTER_CROPS).of_reality();
    CharAccLabel, "char_acc_label", "Char-Acc per label %", Metric::percent(Detail, &CHARACTERS).indifferent(ACC);
    CharF1Micro, "char_f1_micro", "Char-F1 micro %", Metric::percent(Detail, &CHARACTERS).indifferent(F1);
    CharF1Macro, "char_f1_macro", "Char-F1 macro %", Metric::percent(Detail, &CHARACTERS).indifferent(F1);
    CharF1Weighted, "char_f1_weighted", "Char-F1 weighted %", Metric::percent(Detail, &CHARACTERS).indifferent(F1);
    CharF1Samples, "char_f1_samples", "Char-F1 samples %", Metric::percent(Detail, &CHARACTERS).indifferent(F1);
    BgAccLabel, "bg_acc_label", "BG-Acc per label %", Metric::percent(Detail, &BACKGROUNDS).indifferent(ACC);
    BgF1Micro, "bg_f1_micro", "BG-F1 micro %", Metric::percent(Detail, &BACKGROUNDS).indifferent(F1);
    BgF1Macro, "bg_f1_macro", "BG-F1 macro %", Metric::percent(Detail, &BACKGROUNDS).indifferent(F1);
    BgF1Weighted, "bg_f1_weighted", "BG-F1 weighted %", Metric::percent(Detail, &BACKGROUNDS).indifferent(F1);
    BgF1Samples, "bg_f1_samples", "BG-F1 samples %", Metric::percent(Detail, &BACKGROUNDS).indifferent(F1);
    Refused, "refused", "Refused %", Metric::percent(Detail, &REFUSALS).on(Frames).lower().version(1);
}

/// What accuracies do not depend on.
const ACC: &[&str] = &["classifiers.f1", "classifiers.f1_columns"];
/// F1 of a stated average.
const F1: &[&str] = &["classifiers.f1"];
/// Pairs of frames.
const PAIRS: &[&str] = &["clip.consistency", "clip.text", "clip.mean"];
/// Pairs of generated frames.
const GENERATED: &[&str] = &["clip.consistency", "clip.text", "clip.mean", "ground_truth"];

/// In the order of `scores.json`, which is that of the metrics' history and not of their columns.
pub static FAMILIES: [&Family; 16] = [
    &CHARACTERS,
    &BACKGROUNDS,
    &FRECHET,
    &KERNEL,
    &NEIGHBOURS,
    &INCEPTION,
    &CAPTIONS,
    &CLIP_SIMILARITY,
    &CONSISTENCY,
    &CHARACTER_CROPS,
    &LPIPS,
    &PIXELS,
    &REFUSALS,
    &WORDS,
    &DISTINCT,
    &WRITTEN_NAMES,
];

/// How a metric is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name in the field, with `%` where the unit is percent.
    pub name: String,
    /// Digits after the point.
    pub decimals: usize,
    /// The table that it is a column of.
    pub group: Group,
    /// Position among the columns.
    pub order: usize,
}

/// How the metric of a score is printed.
#[must_use]
pub fn about(score: &Score) -> About {
    About::of(&score.metric, score.unit, score.own.as_ref())
}

impl About {
    /// How a metric is printed: one that the user brought by what it says of itself, others by their ids.
    #[must_use]
    pub fn of(id: &str, unit: Unit, own: Option<&OwnMetric>) -> Self {
        own.map_or_else(
            || about_metric(id, unit),
            |own| Self {
                name: own.heading(),
                decimals: own.decimals,
                group: Group::Own,
                order: METRICS.len(),
            },
        )
    }
}

/// How a metric is printed, by its id; metrics of another version take their digits from `unit` and come last.
#[must_use]
pub fn about_metric(id: &str, unit: Unit) -> About {
    if let Some(order) = METRICS.iter().position(|metric| metric.id == id) {
        let metric = &METRICS[order];
        return About {
            name: metric.name.to_owned(),
            decimals: metric.decimals,
            group: metric.group,
            order,
        };
    }
    let suffix = match unit {
        Unit::Percent => " %",
        Unit::Decibel => " dB",
        Unit::Distance | Unit::Cosine | Unit::Score => "",
    };
    About {
        name: format!("{id}{suffix}"),
        decimals: unit.decimals(),
        group: Group::Detail,
        order: METRICS.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_own_id_and_a_family_that_is_computed() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert_eq!(Metric::find(metric.id).map(|it| it.name), Some(metric.name));
            assert_eq!(MetricId::ALL[at].metric().id, metric.id);
            assert!(
                FAMILIES.iter().any(|it| std::ptr::eq(*it, metric.family)),
                "{}",
                metric.id
            );
        }
        assert!(FAMILIES.iter().all(|family| family.metrics().count() > 0));
    }
}
