//! How many of the planned frames the model refused to draw.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::metric::{Family, MetricId, Reduction};
use crate::stats::{ClusterSums, Range};

/// Refusals, of models that may refuse; of others there is no score.
pub(in crate::metric) static REFUSALS: Family = Family {
    roles: &[],
    choices: &[],
    reduction: Reduction::StorySums,
    large: false,
    asked: |_| true,
    drop: |_| (),
    leaves_out: |_| false,
    reduce: scores,
};

fn scores(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let Some(refused) = &chosen.input.context.refused else {
        return Vec::new();
    };
    let mut sums = ClusterSums::new(chosen.stories(), 2);
    let mut clusters = Clusters::default();
    let mut planned = 0;
    for (row, observation) in chosen.observations().filter(|(_, o)| slice.holds(o)) {
        let key = (observation.story.clone(), observation.frame);
        let share = if refused.contains(&key) { 100.0 } else { 0.0 };
        sums.add(chosen.story(row), &[share, 1.0]);
        clusters.number(chosen.story(row));
        planned += 1;
    }
    let mut draft = Draft::new(chosen, MetricId::Refused, slice.name(), planned);
    draft.entered(planned, clusters.len());
    let made = StorySums::of_mean(sums);
    let value = made.value(&made.sums.total());
    draft.value(value.ok_or_else(|| "no frame in this slice".to_owned()));
    draft.made_of(made, Range::Percent);
    vec![draft.sign(None, &[("avg", "mean")])]
}
