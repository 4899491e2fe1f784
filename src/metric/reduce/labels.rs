//! Accuracy and F1 of a slice, from counts per story.

use super::chosen::Chosen;
use super::draft::Draft;
use super::input::ExtractorName;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::card::{ClassifierRule, F1Average, LabelRule};
use crate::metric::accuracy::positive;
use crate::metric::{Family, LabelStatistic, LabelTally, MetricId, Reduction};
use crate::record::{Observation, Role};
use crate::stats::{ClusterSums, Range};

/// Accuracy and F1 of characters.
pub(in crate::metric) static CHARACTERS: Family = Family {
    roles: &[Role::CHARACTERS],
    reduce: |chosen, slice| scores(chosen, Labels::Characters, slice),
    ..LABELS
};
/// The same of backgrounds, of which no slice holds a single one.
pub(in crate::metric) static BACKGROUNDS: Family = Family {
    roles: &[Role::BACKGROUNDS],
    reduce: |chosen, slice| scores(chosen, Labels::Backgrounds, slice),
    ..LABELS
};
const LABELS: Family = Family {
    roles: &[],
    choices: &["classifiers"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.classifiers.is_some(),
    drop: |protocol| protocol.classifiers = None,
    leaves_out: |_| false,
    reduce: |_, _| Vec::new(),
};

/// Which labels of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Labels {
    Characters,
    Backgrounds,
}

impl Labels {
    /// Accuracy and F1, and what follows on `all`.
    fn metrics(self) -> [MetricId; 7] {
        match self {
            Self::Characters => [
                MetricId::CharAcc,
                MetricId::CharF1,
                MetricId::CharAccLabel,
                MetricId::CharF1Micro,
                MetricId::CharF1Macro,
                MetricId::CharF1Weighted,
                MetricId::CharF1Samples,
            ],
            Self::Backgrounds => [
                MetricId::BgAcc,
                MetricId::BgF1,
                MetricId::BgAccLabel,
                MetricId::BgF1Micro,
                MetricId::BgF1Macro,
                MetricId::BgF1Weighted,
                MetricId::BgF1Samples,
            ],
        }
    }

    fn extractor<'a>(self, chosen: &Chosen<'a>) -> Option<&'a ExtractorName> {
        let extractors = &chosen.input.context.extractors;
        match self {
            Self::Characters => extractors.get(Role::CHARACTERS),
            Self::Backgrounds => extractors.get(Role::BACKGROUNDS),
        }
    }

    fn truth(self, observation: &Observation) -> Option<&[bool]> {
        match self {
            // A data set without a cast has no labels, and so has a row of it.
            Self::Characters => {
                Some(observation.character_labels.as_slice()).filter(|labels| !labels.is_empty())
            }
            Self::Backgrounds => observation.background_labels.as_deref(),
        }
    }

    fn probabilities(self, observation: &Observation) -> Option<&[f32]> {
        match self {
            Self::Characters => observation.vector("character_probabilities"),
            Self::Backgrounds => observation.vector("background_probabilities"),
        }
    }
}

/// What was counted on a slice.
#[derive(Default)]
struct Sheet {
    /// By number of the planned story; those without a frame are empty.
    stories: Vec<LabelTally>,
    total: LabelTally,
    planned: usize,
    labelled: usize,
    unusable: usize,
}

impl Sheet {
    /// What to say when the protocol names a column of F1 that these labels do not have.
    fn columns_beyond(&self, rule: &ClassifierRule, slice: &Slice) -> Option<String> {
        // The slice of a character has its own column only.
        let chosen = !matches!(slice, Slice::Character { .. });
        let labels = self.total.labels.checked_div(self.total.frames)?;
        let beyond = |column: &&usize| chosen && **column as u64 >= labels;
        let column = rule.f1_columns.iter().find(beyond)?;
        Some(format!(
            "the protocol's classifiers.f1_columns names column {column}, but there are {labels} labels, counted from 0"
        ))
    }

    /// A statistic of the slice as a score.
    fn score(
        &self,
        mut draft: Draft<'_, '_>,
        rule: &ClassifierRule,
        (labels, slice): (Labels, &Slice),
        statistic: LabelStatistic,
    ) -> Reduced {
        let entered = self.stories.iter().filter(|story| story.frames > 0);
        draft.entered(self.total.frames as usize, entered.count());
        if self.unusable > 0 {
            draft.warn(format!(
                "{} frames were not scored because their probabilities are not finite or not as many as the labels",
                self.unusable
            ));
        }
        if let (LabelStatistic::F1(_), Some(columns)) =
            (statistic, self.columns_beyond(rule, slice))
        {
            draft.warn(columns);
        }
        let classes = self.total.classes.classes().len();
        let terms = self.total.terms(statistic, classes);
        let value = statistic.value(&terms);
        draft.value(value.ok_or_else(|| self.reason().to_owned()));
        let mut sums = ClusterSums::new(self.stories.len(), terms.len());
        for (number, story) in self.stories.iter().enumerate() {
            if story.frames > 0 {
                sums.add(number, &story.terms(statistic, classes));
            }
        }
        draft.made_of(
            StorySums::new(sums, move |sums| statistic.value(sums)),
            Range::Percent,
        );
        if statistic == LabelStatistic::Exact && self.total.frames > 0 && rule.f1_columns.is_empty()
        {
            draft.score_mut().counts = Some(self.total.counts());
        }
        let average = match (statistic, slice) {
            (LabelStatistic::Exact, Slice::Character { .. }) => "label".to_owned(),
            (LabelStatistic::F1(_), Slice::Character { .. }) => "binary".to_owned(),
            (LabelStatistic::Exact, _) => "exact".to_owned(),
            (LabelStatistic::PerLabel, _) => "per-label".to_owned(),
            (LabelStatistic::F1(average), _) => average.to_string(),
        };
        let columns: Vec<String> = rule.f1_columns.iter().map(ToString::to_string).collect();
        let columns = columns.join(",");
        let mut own = vec![("threshold", "p>0.5"), ("avg", average.as_str())];
        if matches!(statistic, LabelStatistic::F1(_)) && !columns.is_empty() {
            own.push(("columns", &columns));
        }
        if rule.labels == LabelRule::FirstFrame {
            own.push(("labels", "first-frame"));
        }
        let extractor = labels.extractor(draft.chosen());
        draft.sign(extractor, &own)
    }

    /// Why there is no value, the first cause first.
    fn reason(&self) -> &'static str {
        if self.planned == 0 {
            "no frame in this slice"
        } else if self.labelled == 0 {
            "the data set has no labels for it"
        } else if self.total.frames == 0 {
            "no frame of this slice was scored"
        } else {
            "no positive label among the scored frames: F1 is undefined"
        }
    }
}

/// Accuracies and F1 of a slice. The averages that the protocol did not choose follow on `all`.
fn scores(chosen: &Chosen<'_>, labels: Labels, slice: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.classifiers else {
        return Vec::new();
    };
    let sheet = count(chosen, rule, labels, slice);
    let statistics = [
        LabelStatistic::Exact,
        LabelStatistic::F1(rule.f1),
        LabelStatistic::PerLabel,
        LabelStatistic::F1(F1Average::Micro),
        LabelStatistic::F1(F1Average::Macro),
        LabelStatistic::F1(F1Average::Weighted),
        LabelStatistic::F1(F1Average::Samples),
    ];
    let all = labels.metrics().into_iter().zip(statistics);
    let wanted = all.filter(|(metric, _)| metric.metric().slices.have(slice));
    wanted
        .map(|(metric, statistic)| {
            let draft = Draft::new(chosen, metric, slice.name(), sheet.planned);
            sheet.score(draft, rule, (labels, slice), statistic)
        })
        .collect()
}

fn count(chosen: &Chosen<'_>, rule: &ClassifierRule, labels: Labels, slice: &Slice) -> Sheet {
    let mut sheet = Sheet {
        stories: vec![LabelTally::default(); chosen.stories()],
        ..Sheet::default()
    };
    for (row, observation) in chosen.observations().filter(|(_, o)| slice.holds(o)) {
        sheet.planned += 1;
        let labelled = match rule.labels {
            LabelRule::Own => observation,
            LabelRule::FirstFrame => chosen.first_frame(row),
        };
        let Some(truth) = labels.truth(labelled) else {
            continue;
        };
        sheet.labelled += 1;
        let Some(probabilities) = labels.probabilities(observation) else {
            continue;
        };
        if probabilities.len() != truth.len() || probabilities.iter().any(|p| !p.is_finite()) {
            sheet.unusable += 1;
            continue;
        }
        let mut pairs: Vec<(bool, bool)> = probabilities
            .iter()
            .map(|p| positive(*p))
            .zip(truth.iter().copied())
            .collect();
        let mut columns = rule.f1_columns.clone();
        if let Slice::Character { index, .. } = slice {
            let Some(pair) = pairs.get(*index).copied() else {
                sheet.unusable += 1;
                continue;
            };
            pairs = vec![pair];
            columns.clear();
        }
        let frame = LabelTally::of_frame(&pairs, &columns);
        sheet.stories[chosen.story(row)].add(&frame);
        sheet.total.add(&frame);
    }
    sheet
}
