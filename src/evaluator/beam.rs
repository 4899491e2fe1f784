//! Beam search as `generate` of Hugging Face transformers does it (5.x; `do_sample=False`,
//! `early_stopping=False`, one end token), over anything that gives next-token log-probabilities.
//!
//! Of each image the best `2 * beams` continuations are considered. Those of the first `beams` ranks
//! that end are finished, with their summed log-probability divided by `length^length_penalty`, the
//! end token counted. The best `beams` that do not end go on. An image is done when it has `beams`
//! finished sequences and the best running one, divided at its present length, is not above the worst
//! of them: transformers' heuristic, which with a positive penalty may miss a better longer sequence.
//! With one beam it is greedy: the best continuation alone, until it ends. Sums are in f32 as there. Equal scores keep the order (beam, token), older sequences first.

use ndarray::{Array2, ArrayView2, s};

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BeamOptions {
    /// Sequences that are followed, at least 1. The vocabulary must have more tokens.
    pub(super) beams: usize,
    /// Most tokens of a sequence, the end token included.
    pub(super) max_new_tokens: usize,
    /// Tokens before the end token is allowed.
    pub(super) min_new_tokens: usize,
    /// Exponent of the length.
    pub(super) length_penalty: f64,
    /// The token that ends a sequence.
    pub(super) eos_id: u32,
}

/// A sequence and its score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hypothesis {
    /// The new tokens; the last one is the end token unless the length ran out.
    pub(super) tokens: Vec<u32>,
    /// Summed log-probability; divided by the length's power once finished.
    pub(super) score: f32,
}

/// What is searched: log-probabilities of the next token, a row a sequence.
pub(super) trait NextTokens {
    /// How it fails.
    type Error;

    /// After the prompts: `[images, vocabulary]`.
    fn first(&mut self) -> Result<Array2<f32>, Self::Error>;

    /// After one more token: row `r` of the result continues row `parents[r]` of the call before with
    /// `tokens[r]`. There are `images * beams` rows, those of an image together.
    fn next(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Array2<f32>, Self::Error>;
}

/// The finished sequences of the first `used` of `images` images, best first, `options.beams` each.
/// The other images only fill the batch.
pub(super) fn search<M: NextTokens>(
    model: &mut M,
    images: usize,
    used: usize,
    options: &BeamOptions,
) -> Result<Vec<Vec<Hypothesis>>, M::Error> {
    let mut states: Vec<State> = (0..used).map(|_| State::new()).collect();
    let mut log_probs = model.first()?;
    // Rows of an image: the prompt alone at first.
    let mut rows = 1;
    for length in 1..=options.max_new_tokens {
        for (image, state) in states.iter_mut().enumerate() {
            if !state.done {
                let own = s![image * rows..(image + 1) * rows, ..];
                state.step(&log_probs.slice(own), length, options);
            }
        }
        if states.iter().all(|state| state.done) {
            break;
        }
        let mut parents = Vec::with_capacity(images * options.beams);
        let mut tokens = Vec::with_capacity(images * options.beams);
        for image in 0..images {
            let running = states.get(image).filter(|state| !state.done);
            for beam in 0..options.beams {
                // Images that are done, and those that only fill the batch, go on with anything.
                let (parent, token) = running
                    .and_then(|state| state.moves.get(beam))
                    .map_or((beam.min(rows - 1), options.eos_id), |it| *it);
                parents.push(image * rows + parent);
                tokens.push(token);
            }
        }
        log_probs = model.next(&parents, &tokens)?;
        rows = options.beams;
    }
    Ok(states.into_iter().map(|state| state.finished).collect())
}

/// Turns logits into log-probabilities, row by row. Exponentials are summed in f64.
pub(super) fn log_softmax(logits: &mut Array2<f32>) {
    for mut row in logits.rows_mut() {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let top = f64::from(top);
        let sum: f64 = row.iter().map(|it| libm::exp(f64::from(*it) - top)).sum();
        let norm = libm::log(sum);
        row.mapv_inplace(|it| (f64::from(it) - top - norm) as f32);
    }
}

/// The search of one image.
struct State {
    running: Vec<Hypothesis>,
    /// Beam and token that each running sequence came from.
    moves: Vec<(usize, u32)>,
    /// Best first.
    finished: Vec<Hypothesis>,
    done: bool,
}

/// A continuation.
#[derive(Clone, Copy)]
struct Candidate {
    score: f32,
    beam: usize,
    token: u32,
}

impl State {
    fn new() -> Self {
        Self {
            running: vec![Hypothesis {
                tokens: Vec::new(),
                score: 0.0,
            }],
            moves: Vec::new(),
            finished: Vec::new(),
            done: false,
        }
    }

    /// Takes token number `length`; `log_probs` has a row a running sequence.
    fn step(&mut self, log_probs: &ArrayView2<'_, f32>, length: usize, options: &BeamOptions) {
        let candidates = self.best(log_probs, length, options);
        let divisor = libm::pow(length as f64, options.length_penalty) as f32;
        let last = length == options.max_new_tokens;
        let (mut running, mut moves) = (Vec::new(), Vec::new());
        for (rank, candidate) in candidates.into_iter().enumerate() {
            let ends = last || candidate.token == options.eos_id;
            if !ends && running.len() < options.beams {
                running.push(self.continued(candidate, 1.0));
                moves.push((candidate.beam, candidate.token));
            } else if ends && rank < options.beams {
                let ended = self.continued(candidate, divisor);
                self.finished.push(ended);
            }
        }
        // Stable: of equal scores the older one stays in front.
        self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.finished.truncate(options.beams);
        let worst = self
            .finished
            .get(options.beams - 1)
            .map_or(f32::NEG_INFINITY, |it| it.score);
        self.done = match running.first() {
            None => true,
            Some(best) => best.score / divisor <= worst,
        };
        (self.running, self.moves) = (running, moves);
    }

    /// The best `2 * beams` continuations, best first; only one with one beam.
    fn best(
        &self,
        log_probs: &ArrayView2<'_, f32>,
        length: usize,
        options: &BeamOptions,
    ) -> Vec<Candidate> {
        let keep = match options.beams {
            // `generate` is then no beam search.
            1 => 1,
            beams => 2 * beams,
        };
        let mut best: Vec<Candidate> = Vec::with_capacity(keep + 1);
        let too_short = length <= options.min_new_tokens;
        for (beam, (from, row)) in self.running.iter().zip(log_probs.rows()).enumerate() {
            for (token, log_prob) in row.iter().enumerate() {
                let (score, token) = (from.score + log_prob, token as u32);
                let full = best.len() == keep;
                if full && best.last().is_some_and(|it| it.score >= score) {
                    continue;
                }
                if too_short && token == options.eos_id {
                    continue;
                }
                // After equal ones, which have a lower index.
                let at = best.partition_point(|it| it.score >= score);
                best.insert(at, Candidate { score, beam, token });
                best.truncate(keep);
            }
        }
        best
    }

    fn continued(&self, candidate: Candidate, divisor: f32) -> Hypothesis {
        let mut tokens = self.running[candidate.beam].tokens.clone();
        tokens.push(candidate.token);
        Hypothesis {
            tokens,
            score: candidate.score / divisor,
        }
    }
}

#[cfg(test)]
#[path = "beam_tests.rs"]
mod tests;
