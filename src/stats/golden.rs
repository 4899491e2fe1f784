//! What scipy and statsmodels say, for tests.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Golden {
    pub(super) student: Vec<Student>,
    pub(super) holm: Vec<Holm>,
    pub(super) detectable: Vec<Detectable>,
    pub(super) means: Vec<Means>,
    pub(super) ratios: Vec<Ratios>,
}

#[derive(Deserialize)]
pub(super) struct Student {
    pub(super) freedom: f64,
    pub(super) quantile: f64,
    pub(super) t: f64,
    pub(super) two_sided: f64,
}

#[derive(Deserialize)]
pub(super) struct Holm {
    pub(super) p: Vec<f64>,
    pub(super) adjusted: Vec<f64>,
}

#[derive(Deserialize)]
pub(super) struct Detectable {
    pub(super) n: usize,
    pub(super) effect: f64,
}

#[derive(Deserialize)]
pub(super) struct Means {
    pub(super) base: Vec<f64>,
    pub(super) candidate: Vec<f64>,
    pub(super) sign_flip_p: f64,
    pub(super) exact: bool,
    pub(super) t_p: f64,
    pub(super) t_interval: [f64; 2],
}

#[derive(Deserialize)]
pub(super) struct Ratios {
    pub(super) base: Vec<[f64; 3]>,
    pub(super) candidate: Vec<[f64; 3]>,
    pub(super) difference: f64,
    pub(super) p: f64,
}

#[derive(Deserialize)]
pub(super) struct Intervals {
    pub(super) shares: Vec<Single>,
    pub(super) positive: Vec<Single>,
    pub(super) between: Vec<Single>,
}

#[derive(Deserialize)]
pub(super) struct Single {
    #[serde(default)]
    pub(super) kind: String,
    /// Sums of each story.
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) interval: [f64; 2],
}

pub(super) fn intervals() -> Intervals {
    let path = "reference-data/golden/stats/intervals.json";
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn paired() -> Golden {
    let path = "reference-data/golden/stats/paired.json";
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
pub(super) fn close(found: f64, expected: f64, tolerance: f64) {
    let scale = expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= tolerance * scale,
        "{found} {expected}"
    );
}
