//! The next token of a text, out of the logits of a language model.

use crate::card::Sampling;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::RngCore;

/// How tokens are picked, with every choice made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picking {
    temperature: f64,
    top_k: Option<usize>,
    top_p: f64,
    /// Most tokens of a caption.
    pub(super) max_tokens: usize,
}

impl Picking {
    pub(super) fn new(sampling: &Sampling) -> Self {
        Self {
            temperature: sampling.temperature.unwrap_or(1.0),
            top_k: sampling.top_k,
            top_p: sampling.top_p.unwrap_or(1.0),
            max_tokens: sampling.max_tokens.unwrap_or(64),
        }
    }

    /// The token, out of `logits`. A draw takes one number from `random`; the likeliest token takes none.
    pub(super) fn pick(&self, logits: &[f32], random: &mut ChaCha12Rng) -> usize {
        if self.temperature == 0.0 {
            return likeliest(logits);
        }
        let shares = self.probabilities(logits);
        // 53 bits, as a float between 0 and 1 has them.
        let drawn = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let mut sum = 0.0;
        for (token, share) in shares.iter().enumerate() {
            sum += share;
            if drawn < sum {
                return token;
            }
        }
        // Rounding may leave the sum a little below 1.
        shares.iter().rposition(|share| *share > 0.0).unwrap_or(0)
    }

    /// The probabilities that tokens are drawn with: temperature, then `top_k`, then `top_p`, in the order of
    /// transformers. Tokens that are as likely as the last one that `top_k` keeps are kept too.
    fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        let mut scaled: Vec<f64> = logits
            .iter()
            .map(|logit| f64::from(*logit) / self.temperature)
            .collect();
        if let Some(most) = self.top_k.filter(|most| *most < scaled.len()) {
            let mut ordered = scaled.clone();
            ordered.sort_by(|a, b| b.total_cmp(a));
            let least = ordered[most - 1];
            for logit in scaled.iter_mut().filter(|logit| **logit < least) {
                *logit = f64::NEG_INFINITY;
            }
        }
        let shares = softmax(&scaled);
        if self.top_p >= 1.0 {
            return shares;
        }
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
        let mut sum = 0.0;
        for token in order {
            // What comes before a token already reaches `top_p`. The likeliest one is kept always.
            if sum >= self.top_p {
                scaled[token] = f64::NEG_INFINITY;
            }
            sum += shares[token];
        }
        softmax(&scaled)
    }
}

fn likeliest(logits: &[f32]) -> usize {
    let mut best = 0;
    for (token, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = token;
        }
    }
    best
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.iter().map(|share| share / sum).collect()
}

/// The natural logarithm of the probability of a token.
pub(super) fn log_probability(logits: &[f32], token: usize) -> f64 {
    let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits
        .iter()
        .map(|logit| (f64::from(*logit) - most).exp())
        .sum();
    f64::from(logits[token]) - most - sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    /// A case of `tools/golden/written.py`: what the processors of transformers leave of logits.
    #[derive(serde::Deserialize)]
    struct Case {
        temperature: f64,
        top_k: Option<usize>,
        top_p: Option<f64>,
        logits: Vec<f32>,
        probabilities: Vec<f64>,
        log_probabilities: Vec<f64>,
    }

    #[test]
    fn probabilities_and_likelihoods_are_those_of_transformers() {
        let text = std::fs::read_to_string("reference-data/golden/written/sampling.json").unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases: Vec<Case> = serde_json::from_value(value["cases"].clone()).unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let picking = Picking::new(&Sampling {
                temperature: Some(case.temperature),
                top_k: case.top_k,
                top_p: case.top_p,
                ..Sampling::default()
            });
            let found = picking.probabilities(&case.logits);
            for (token, (found, wanted)) in found.iter().zip(&case.probabilities).enumerate() {
                assert!((found - wanted).abs() < 1e-6, "{token}: {found} {wanted}");
                assert_eq!(*found > 0.0, *wanted > 0.0, "{token}");
                let log = log_probability(&case.logits, token);
                assert!((log - case.log_probabilities[token]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_temperature_of_zero_is_greedy_and_draws_follow_the_seed() {
        let logits = [0.5, 2.0, 2.0, -1.0];
        let greedy = Picking::new(&Sampling {
            temperature: Some(0.0),
            ..Sampling::default()
        });
        let random = || ChaCha12Rng::seed_from_u64(1);
        assert_eq!(greedy.pick(&logits, &mut random()), 1);
        let picking = Picking::new(&Sampling::default());
        let draw = |mut random: ChaCha12Rng| -> Vec<usize> {
            (0..4000)
                .map(|_| picking.pick(&logits, &mut random))
                .collect()
        };
        let drawn = draw(random());
        assert_eq!(drawn, draw(random()));
        let wanted = picking.probabilities(&logits);
        for (token, wanted) in wanted.iter().enumerate() {
            let share = drawn.iter().filter(|it| **it == token).count() as f64 / 4000.0;
            assert!((share - wanted).abs() < 0.03, "{token}: {share} {wanted}");
        }
    }
}
