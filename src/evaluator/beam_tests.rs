use super::*;
use std::convert::Infallible;

/// Next-token probabilities by the tokens so far; token 0 ends.
struct Script<F> {
    probabilities: F,
    /// Tokens of each row.
    rows: Vec<Vec<u32>>,
}

impl<F: Fn(&[u32]) -> Vec<f32>> Script<F> {
    fn new(images: usize, probabilities: F) -> Self {
        Self {
            probabilities,
            rows: vec![Vec::new(); images],
        }
    }

    fn log_probs(&self) -> Array2<f32> {
        let rows: Vec<Vec<f32>> = self
            .rows
            .iter()
            .map(|row| (self.probabilities)(row))
            .collect();
        Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, token)| {
            rows[row][token].ln()
        })
    }
}

impl<F: Fn(&[u32]) -> Vec<f32>> NextTokens for Script<F> {
    type Error = Infallible;

    fn first(&mut self) -> Result<Array2<f32>, Infallible> {
        Ok(self.log_probs())
    }

    fn next(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Array2<f32>, Infallible> {
        let continued = parents.iter().zip(tokens);
        self.rows = continued
            .map(|(parent, token)| [self.rows[*parent].as_slice(), &[*token]].concat())
            .collect();
        Ok(self.log_probs())
    }
}

fn options(beams: usize, max_new_tokens: usize) -> BeamOptions {
    BeamOptions {
        beams,
        max_new_tokens,
        min_new_tokens: 0,
        length_penalty: 0.0,
        eos_id: 0,
    }
}

fn tokens(found: &[Hypothesis]) -> Vec<Vec<u32>> {
    found.iter().map(|it| it.tokens.clone()).collect()
}

/// Where greedy search takes 1 (0.5), the best sequence starts with 2 (0.4).
fn garden_path(so_far: &[u32]) -> Vec<f32> {
    match so_far {
        [] => vec![0.05, 0.5, 0.4, 0.05],
        [1] => vec![0.3, 0.25, 0.25, 0.2],
        [2] => vec![0.9, 0.05, 0.03, 0.02],
        _ => vec![0.97, 0.01, 0.01, 0.01],
    }
}

#[test]
fn beams_find_what_greedy_search_misses() {
    let greedy = search(&mut Script::new(1, garden_path), 1, 1, &options(1, 5)).unwrap();
    assert_eq!(tokens(&greedy[0]), [[1, 0]]);
    assert!((greedy[0][0].score - 0.15_f32.ln()).abs() < 1e-6);
    let found = search(&mut Script::new(1, garden_path), 1, 1, &options(2, 5)).unwrap();
    assert_eq!(tokens(&found[0]), [vec![2, 0], vec![1, 0]]);
    assert!((found[0][0].score - 0.36_f32.ln()).abs() < 1e-6);
}

#[test]
fn lengths_are_bounded_and_penalised() {
    let shortest = BeamOptions {
        min_new_tokens: 3,
        ..options(2, 5)
    };
    let found = search(&mut Script::new(1, garden_path), 1, 1, &shortest).unwrap();
    assert!(
        found[0]
            .iter()
            .all(|it| it.tokens.len() == 4 && it.tokens[3] == 0)
    );
    // The length runs out: nothing ends, and the score is divided all the same.
    let forever = |_: &[u32]| vec![0.0001, 0.6, 0.3, 0.0999];
    let half = BeamOptions {
        length_penalty: 0.5,
        ..options(2, 4)
    };
    let found = search(&mut Script::new(1, forever), 1, 1, &half).unwrap();
    assert_eq!(tokens(&found[0])[0], [1, 1, 1, 1]);
    assert!((found[0][0].score - 4.0 * 0.6_f32.ln() / 2.0).abs() < 1e-6);
    let one = search(&mut Script::new(1, forever), 1, 1, &options(2, 1)).unwrap();
    assert_eq!(tokens(&one[0]), [[1], [2]]);
}

#[test]
fn equal_scores_keep_the_order_of_beams_and_tokens() {
    let flat = |_: &[u32]| vec![0.25; 4];
    let found = search(&mut Script::new(1, flat), 1, 1, &options(3, 3)).unwrap();
    let again = search(&mut Script::new(1, flat), 1, 1, &options(3, 3)).unwrap();
    assert_eq!(found, again);
    assert_eq!(tokens(&found[0]), [vec![0], vec![1, 0], vec![1, 1, 0]]);
}

#[test]
fn images_do_not_disturb_each_other_and_fillers_do_not_count() {
    let alone = search(&mut Script::new(1, garden_path), 1, 1, &options(2, 5)).unwrap();
    let mut script = Script::new(3, garden_path);
    let found = search(&mut script, 3, 2, &options(2, 5)).unwrap();
    assert_eq!(found, [alone[0].clone(), alone[0].clone()]);
    assert_eq!(script.rows.len(), 6);
}

#[test]
fn log_softmax_stands_far_values() {
    let mut rows = ndarray::arr2(&[[1000.0_f32, 0.0], [0.0, 0.0], [-1e30, -1e30]]);
    log_softmax(&mut rows);
    assert_eq!(rows.row(0).to_vec(), [0.0, -1000.0]);
    for row in [1, 2] {
        assert!(
            rows.row(row)
                .iter()
                .all(|it| (it + std::f32::consts::LN_2).abs() < 1e-7)
        );
    }
}
