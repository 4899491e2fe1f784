//! A metric of the reader's own, through the public API: what CONTRIBUTING.md promises in 30 lines.

use storyeval::evaluate::StoredRun;
use storyeval::metric::StorySums;
use storyeval::pipeline::{Control, RunRequest};
use storyeval::run::Manifest;
use storyeval::stats::{ClusterSums, Range, cluster_interval};

#[test]
fn a_metric_of_stored_observations_is_thirty_lines() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut request = RunRequest::new("minisv", &["shuffled"]);
    (request.protocol, request.limit) = ("pixels".to_owned(), Some(8));
    request.out = Some(folder.path().join("run"));
    request.runtime.cache = super::support::cache();
    let measured = request.run(Control::silent())?;

    // The metric: root mean squared error in grey levels, over frames, with an interval over stories.
    let run = measured.group.clone();
    let protocol = Manifest::read(&run)?.cards(&run)?.protocol;
    let stored = StoredRun::read(&run, &protocol)?;
    let mut stories: Vec<&str> = stored.places().map(|(story, _)| story.as_str()).collect();
    stories.dedup();
    let mut sums = ClusterSums::new(stories.len(), 2);
    for row in stored.observations() {
        let errors = row.number("squared_error").zip(row.number("pixel_values"));
        let story = stories
            .iter()
            .position(|story| *story == row.story.as_str());
        if let (Some((sum, values)), Some(story)) = (errors, story) {
            sums.add(story, &[(sum / values).sqrt(), 1.0]);
        }
    }
    let made = StorySums::of_mean(sums);
    let value = made.value(&made.sums.total()).ok_or("no frame")?;
    let left_out = made.sums.left_out(|sums| made.value(sums));
    let [low, high] = cluster_interval(value, &left_out, Range::AtLeast(0.0))?;

    assert!(low < value && value < high, "{low} {value} {high}");
    // PSNR is the same error in decibels, frame by frame: their means differ, but not by much.
    let psnr = measured.results[0]
        .scores
        .iter()
        .find(|it| it.metric == "psnr");
    let psnr = psnr.and_then(|score| score.value).ok_or("no PSNR")?;
    assert!(
        (20.0 * (255.0 / value).log10() - psnr).abs() < 0.5,
        "{value} {psnr}"
    );
    Ok(())
}
