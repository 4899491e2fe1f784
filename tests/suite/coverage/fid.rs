//! The Fréchet distance, whose truth is the mean of its draws at that number of frames.

use super::world::{Dice, Gap};
use super::*;
use storyeval::metric::FEATURES;

const FRAMES: usize = 4;

/// Features of real frames and of what two models drew instead.
fn features(dice: &mut Dice, stories: usize, dim: usize, far: f64) -> [Array2<f32>; 3] {
    let n = stories * FRAMES;
    let mut sets: [Array2<f32>; 3] = std::array::from_fn(|_| Array2::zeros((n, dim)));
    for story in 0..stories {
        let of_story: Vec<f64> = (0..dim).map(|_| dice.normal()).collect();
        for frame in 0..FRAMES {
            let row = story * FRAMES + frame;
            for (at, of_story) in of_story.iter().enumerate() {
                let scale = (1.0 / (1.0 + at as f64)).sqrt();
                let clip = dice.normal();
                let real = 0.6 * of_story + 0.8 * clip;
                let mut put = |set: usize, value: f64| {
                    // Half-wave, as features of a network are.
                    sets[set][[row, at]] = (scale * value + 0.5).max(0.0) as f32;
                };
                put(0, real);
                for (set, shift, spread) in [(1, 0.3, 1.1), (2, 0.2, 0.9)] {
                    let drawn = 0.6 * of_story + 0.5 * clip + 0.39_f64.sqrt() * dice.normal();
                    put(set, spread_of(spread, far) * drawn + far * shift);
                }
            }
        }
    }
    sets
}

fn spread_of(spread: f64, far: f64) -> f64 {
    1.0 + far * (spread - 1.0)
}

fn fid(observations: &[Observation], generated: &Array2<f32>, real: &Array2<f32>) -> Reduced {
    let (protocol, context) = (protocol(), context());
    let pair = [generated.clone(), real.clone()];
    let input = ReduceInput {
        observations,
        own: &[],
        features: &Features::default().with_pair(FEATURES, pair),
        protocol: &protocol,
        context: &context,
    };
    let only = |name: &str| BTreeSet::from([name.to_owned()]);
    reduce_with_parts(&input, &Selection::new(only("fid"), only("all"))).remove(0)
}

#[test]
fn the_interval_of_fid_holds_the_mean_of_its_draws() {
    hold(studies(120), &[(60, 8, 1.0)]);
}

#[test]
#[ignore = "slow: thousands of Fréchet distances"]
fn the_interval_of_fid_holds_the_mean_of_its_draws_in_every_world() {
    hold(studies(500), &[(25, 64, 1.0), (100, 16, 1.0), (60, 8, 0.0)]);
}

/// Stories, features, and how far the models are from real: at 0 they draw as the world does.
fn hold(count: usize, worlds: &[(usize, usize, f64)]) {
    for (stories, dim, far) in worlds.iter().copied() {
        let plan = Resampling {
            resamples: 100,
            seed: 0,
        };
        let found: Vec<(Reduced, Finding)> = (0..count)
            .into_par_iter()
            .map(|study| {
                let mut dice = Dice::new(study);
                let world = WORLDS[0].prepared(Gap::NONE);
                let observations = world.runs(&mut dice, stories, 1, false).remove(0);
                let [real, first, second] = features(&mut dice, stories, dim, far);
                let [a, b] = [first, second].map(|set| fid(&observations, &set, &real));
                let finding = Finding::new(&[&a], &[&b], plan).unwrap();
                (a, finding)
            })
            .collect();
        let values: Vec<f64> = found.iter().map(|(a, _)| a.score.value.unwrap()).collect();
        let differences: Vec<f64> = found.iter().map(|(_, f)| f.difference.unwrap()).collect();
        let (centre, apart) = (mean(values.into_iter()), mean(differences.into_iter()));
        let covered = share(found.iter().map(|(a, _)| holds(a.score.interval, centre)));
        let of_difference = share(found.iter().map(|(_, f)| holds(f.interval, apart)));
        println!(
            "fid | {stories} stories, {dim} features, {far} away | {count} studies | {:.1} % | difference {:.1} %",
            100.0 * covered,
            100.0 * of_difference
        );
        // Of a model that draws as the world does, the distance is all bias, and the interval too wide.
        if far > 0.0 {
            within(covered, 0.95, 0.03, count);
            within(of_difference, 0.95, 0.03, count);
        } else {
            assert!(covered > 0.95, "{covered}");
        }
    }
}
