//! Mean and covariance of feature vectors, in f64.

use super::Feature;
use super::features::by_value;
use super::pairwise::pairwise_sum;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par};
use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

/// Rows that are centred and multiplied at a time; memory beyond `d x d` does not grow with `n`.
const PANEL: usize = 512;
/// Sides of the tiles of the covariance. Cut by position, so that threads do not show.
const TILE: usize = 256;
/// From one feature of a panel to the next. A product reads neighbouring features side by side, and columns
/// that are a power of two apart would share few lines of the cache.
const STRIDE: usize = PANEL + 8;
/// Features that are written side by side.
const GROUP: usize = 32;

/// The precision of the mean that the distance is computed with. The covariance is in f64 either way,
/// as `numpy.cov` promotes. Features that are doubles themselves keep a mean in double.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeanPrecision {
    /// pytorch-fid, torchmetrics.
    #[default]
    F64,
    /// `numpy.mean` of f32 features, and a difference of means in f32: clean-fid, torch-fidelity, the
    /// TensorFlow code.
    F32,
}

/// A normal distribution fitted to `n` feature vectors of length `d`.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// Vectors it was fitted to, where that is known: a file of statistics does not say.
    pub n: Option<usize>,
    /// Mean, length `d`.
    pub mean: Vec<f64>,
    /// Precision of the mean. Values are those of f32 numbers where it is single.
    pub mean_precision: MeanPrecision,
    /// Covariance with `n - 1` in the denominator, `[d, d]`, symmetric.
    pub covariance: Mat<f64>,
}

impl Gaussian {
    /// Fits the rows of `features` (`[n, d]`, n at least 2).
    ///
    /// The rows are summed in an order of their own values, so that a permutation of them gives the
    /// same bits.
    #[must_use]
    pub fn fit<T: Feature>(features: &ArrayView2<'_, T>) -> Self {
        Self::fit_with(features, MeanPrecision::F64)
    }

    /// The same with a mean of this precision. A single-precision mean rounds at every step, so it
    /// depends on the order of the rows and on the memory layout, as `numpy.mean` does.
    #[must_use]
    pub fn fit_with<T: Feature>(features: &ArrayView2<'_, T>, precision: MeanPrecision) -> Self {
        let order = by_value(features);
        let mean = mean_in_order(features, &order);
        let mut sums = Products::new(mean.clone());
        for rows in order.chunks(PANEL) {
            sums.add(rows.len(), |i, j| features[[rows[i], j]].into());
        }
        let fitted = sums.finish(features.nrows());
        let (mean, mean_precision) = mean_with(features, mean, precision);
        Self {
            n: Some(features.nrows()),
            mean,
            mean_precision,
            covariance: fitted,
        }
    }

    /// A distribution whose mean and covariance are known, but not the number of vectors. The
    /// covariance is read from its lower triangle.
    #[must_use]
    pub fn from_statistics(
        mean: Vec<f64>,
        mean_precision: MeanPrecision,
        covariance: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let d = mean.len();
        Self {
            n: None,
            mean,
            mean_precision,
            covariance: Mat::from_fn(d, d, |i, j| covariance(i.max(j), i.min(j))),
        }
    }

    /// Length of a feature vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Features that never change: zeros on the diagonal of the covariance.
    #[must_use]
    pub fn constant_features(&self) -> usize {
        (0..self.dim())
            .filter(|i| self.covariance[(*i, *i)] == 0.0)
            .count()
    }
}

/// A fit of vectors that come one after another and are not kept: memory is `d x d` whatever their
/// number. Depends on their order in the last digits; [`Gaussian::fit`] does not.
#[derive(Clone, Debug)]
pub struct GaussianStream {
    n: usize,
    sums: Vec<f64>,
    panel: Vec<f64>,
    products: Option<Products>,
    dim: usize,
}

impl GaussianStream {
    /// An empty stream of vectors of length `dim`.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self {
            n: 0,
            sums: vec![0.0; dim],
            panel: Vec::new(),
            products: None,
            dim,
        }
    }

    /// Adds a vector; one of another length is a mistake of the caller and cut or filled with zeros.
    pub fn push<T: Feature>(&mut self, vector: impl IntoIterator<Item = T>) {
        let start = self.panel.len();
        self.panel
            .extend(vector.into_iter().take(self.dim).map(Into::into));
        self.panel.resize(start + self.dim, 0.0);
        self.n += 1;
        if self.panel.len() == PANEL * self.dim {
            self.flush();
        }
    }

    /// Vectors so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether no vector came yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    fn flush(&mut self) {
        let (dim, rows) = (self.dim, self.panel.len() / self.dim.max(1));
        if rows == 0 {
            return;
        }
        // The mean of the first panel is near enough to the whole's to keep the digits.
        let panel = &self.panel;
        let products = self.products.get_or_insert_with(|| {
            let mean =
                (0..dim).map(|j| (0..rows).map(|i| panel[i * dim + j]).sum::<f64>() / rows as f64);
            Products::new(mean.collect())
        });
        for row in panel.chunks_exact(dim) {
            for ((sum, value), shift) in self.sums.iter_mut().zip(row).zip(&products.shift) {
                *sum += value - shift;
            }
        }
        products.add(rows, |i, j| panel[i * dim + j]);
        self.panel.clear();
    }

    /// The fit; `None` with fewer than two vectors.
    #[must_use]
    pub fn finish(mut self) -> Option<Gaussian> {
        self.flush();
        let products = self.products.filter(|_| self.n >= 2)?;
        let n = self.n as f64;
        let rest: Vec<f64> = self.sums.iter().map(|sum| sum / n).collect();
        let mean = rest
            .iter()
            .zip(&products.shift)
            .map(|(a, b)| a + b)
            .collect();
        let mut covariance = products.finish(self.n);
        for j in 0..self.dim {
            for i in 0..self.dim {
                covariance[(i, j)] -= n / (n - 1.0) * (rest[i] * rest[j]);
            }
        }
        Some(Gaussian {
            n: Some(self.n),
            mean,
            mean_precision: MeanPrecision::F64,
            covariance,
        })
    }
}

/// Sums of products of centred features: the lower tiles of a symmetric matrix.
#[derive(Clone, Debug)]
struct Products {
    shift: Vec<f64>,
    tiles: Vec<Mat<f64>>,
    /// The rows being added, less the shift: a feature's values are contiguous, [`STRIDE`] from the
    /// next feature's. Products of matrices are two to three times slower when the right side is not
    /// contiguous along what is summed.
    panel: Vec<f64>,
}

impl Products {
    fn new(shift: Vec<f64>) -> Self {
        let d = shift.len();
        let tiles = tiles(d)
            .map(|(i, j)| Mat::zeros(span(i, d).len(), span(j, d).len()))
            .collect();
        Self {
            shift,
            tiles,
            panel: Vec::new(),
        }
    }

    /// Adds rows given by `value(row, column)`.
    fn add(&mut self, rows: usize, value: impl Fn(usize, usize) -> f64 + Sync) {
        let d = self.shift.len();
        self.panel.resize(STRIDE * d, 0.0);
        self.panel
            .par_chunks_mut(STRIDE * GROUP)
            .zip(self.shift.par_chunks(GROUP))
            .enumerate()
            .for_each(|(group, (columns, shift))| {
                for i in 0..rows {
                    for (j, shift) in shift.iter().enumerate() {
                        columns[j * STRIDE + i] = value(i, group * GROUP + j) - shift;
                    }
                }
            });
        let panel = MatRef::from_column_major_slice(&self.panel, STRIDE, d).subrows(0, rows);
        let strip = |tile: usize| {
            let span = span(tile, d);
            panel.subcols(span.start, span.len())
        };
        let places: Vec<(usize, usize)> = tiles(d).collect();
        self.tiles
            .par_iter_mut()
            .zip(places)
            .for_each(|(tile, (i, j))| {
                // Of a tile on the diagonal only the lower triangle is used.
                let wanted = if i == j {
                    BlockStructure::TriangularLower
                } else {
                    BlockStructure::Rectangular
                };
                matmul(
                    tile.as_mut(),
                    wanted,
                    Accum::Add,
                    strip(i).transpose(),
                    BlockStructure::Rectangular,
                    strip(j),
                    BlockStructure::Rectangular,
                    1.0,
                    Par::Seq,
                );
            });
    }

    fn finish(&self, n: usize) -> Mat<f64> {
        let d = self.shift.len();
        let scale = 1.0 / (n as f64 - 1.0);
        let at = |i: usize, j: usize| {
            let (row, column) = (i / TILE, j / TILE);
            self.tiles[row * (row + 1) / 2 + column][(i % TILE, j % TILE)] * scale
        };
        Mat::from_fn(d, d, |i, j| at(i.max(j), i.min(j)))
    }
}

/// Places of the lower tiles, row by row.
fn tiles(d: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..d.div_ceil(TILE)).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

fn span(tile: usize, d: usize) -> std::ops::Range<usize> {
    tile * TILE..((tile + 1) * TILE).min(d)
}

fn mean_in_order<T: Feature>(features: &ArrayView2<'_, T>, order: &[usize]) -> Vec<f64> {
    let mut mean = vec![0.0; features.ncols()];
    for row in order {
        for (sum, value) in mean.iter_mut().zip(features.row(*row)) {
            *sum += (*value).into();
        }
    }
    for sum in &mut mean {
        *sum /= order.len() as f64;
    }
    mean
}

/// `numpy.mean(features, axis=0)` of f32 features. numpy adds along the axis that is contiguous in
/// memory: row after row in C order, pairwise down each column in Fortran order or with one column.
fn numpy_mean_f32<T: Feature>(features: &ArrayView2<'_, T>) -> Vec<f64> {
    let (n, d) = features.dim();
    let single = |value: &T| {
        let value: f64 = (*value).into();
        value as f32
    };
    let sums: Vec<f32> = if d == 1 || n > 1 && features.t().is_standard_layout() {
        features
            .axis_iter(Axis(1))
            .map(|column| pairwise_sum(&column.iter().map(single).collect::<Vec<f32>>()))
            .collect()
    } else {
        let mut sums = vec![0.0_f32; d];
        for row in features.rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += single(value);
            }
        }
        sums
    };
    sums.into_iter()
        .map(|sum| f64::from((f64::from(sum) / n as f64) as f32))
        .collect()
}

/// A mean as the sum of two numbers a feature, so that means of features far from zero keep the digits that their
/// difference needs.
#[derive(Clone, Debug)]
pub(super) struct Mean {
    /// The mean in double precision.
    pub(super) value: Vec<f64>,
    /// What rounding took from it.
    rest: Vec<f64>,
}

impl Mean {
    pub(super) fn rounded(value: Vec<f64>) -> Self {
        let rest = vec![0.0; value.len()];
        Self { value, rest }
    }

    /// How far the means of two sets are apart, a number a feature.
    pub(super) fn less(&self, other: &Self) -> Vec<f64> {
        let values = self.value.iter().zip(&other.value);
        let rests = self.rest.iter().zip(&other.rest);
        values
            .zip(rests)
            .map(|((a, b), (rest_a, rest_b))| (a - b) + (rest_a - rest_b))
            .collect()
    }

    /// The squared length of that.
    pub(super) fn squared_distance(&self, other: &Self) -> f64 {
        self.less(other).iter().map(|apart| apart * apart).sum()
    }
}

/// The rows less their mean, `[n, d]`, in the order of their values, and the mean.
pub(super) fn centred<T: Feature>(features: &ArrayView2<'_, T>) -> (Mat<f64>, Mean) {
    let order = by_value(features);
    let value = mean_in_order(features, &order);
    let (n, d) = features.dim();
    let mut centred = Mat::from_fn(n, d, |i, j| {
        let it: f64 = features[[order[i], j]].into();
        it - value[j]
    });
    // The mean is rounded, so that the rows are off by the same rest.
    let mut rest = vec![0.0; d];
    for (j, rest) in rest.iter_mut().enumerate() {
        *rest = centred.col(j).iter().sum::<f64>() / n as f64;
        for i in 0..n {
            centred[(i, j)] -= *rest;
        }
    }
    (centred, Mean { value, rest })
}

/// The mean that a distance takes, and its precision.
pub(super) fn mean_with<T: Feature>(
    features: &ArrayView2<'_, T>,
    mean: Vec<f64>,
    precision: MeanPrecision,
) -> (Vec<f64>, MeanPrecision) {
    match precision {
        MeanPrecision::F32 if T::SINGLE => (numpy_mean_f32(features), precision),
        MeanPrecision::F32 | MeanPrecision::F64 => (mean, MeanPrecision::F64),
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{fill, floats, numbers};
    use super::*;
    use ndarray::{Array2, ShapeBuilder};

    #[test]
    fn a_single_precision_mean_is_numpys() {
        for case in numbers("mean_f32.json") {
            let size = |name: &str| case[name].as_u64().unwrap() as usize;
            let (n, d) = (size("rows"), size("dim"));
            let c = fill(n, d, case["seed"].as_u64().unwrap());
            let mut fortran = Array2::<f32>::zeros((n, d).f());
            fortran.assign(&c);
            let mean = |set: &Array2<f32>| -> Vec<u32> {
                numpy_mean_f32(&set.view())
                    .into_iter()
                    .map(|v| (v as f32).to_bits())
                    .collect()
            };
            assert_eq!(mean(&c), floats(&case["c_order"]), "{n} x {d}");
            assert_eq!(mean(&fortran), floats(&case["fortran_order"]), "{n} x {d}");
        }
    }

    #[test]
    fn a_stream_equals_a_fit_and_order_does_not_show() {
        let features = fill(1100, 300, 4);
        let fitted = Gaussian::fit(&features.view());
        let mut stream = GaussianStream::new(300);
        for row in features.rows() {
            stream.push(row.iter().copied());
        }
        assert_eq!(stream.len(), 1100);
        let streamed = stream.finish().unwrap();
        let mut reversed = features.clone();
        reversed.invert_axis(Axis(0));
        let again = Gaussian::fit(&reversed.view());
        for i in 0..300 {
            assert!((fitted.mean[i] - streamed.mean[i]).abs() < 1e-13);
            assert_eq!(fitted.mean[i].to_bits(), again.mean[i].to_bits());
            for j in 0..300 {
                let value = fitted.covariance[(i, j)];
                assert!((value - streamed.covariance[(i, j)]).abs() < 1e-14);
                assert_eq!(value.to_bits(), again.covariance[(i, j)].to_bits());
                assert_eq!(value.to_bits(), fitted.covariance[(j, i)].to_bits());
            }
        }
        let mut one = GaussianStream::new(2);
        one.push([1.0_f32, 2.0]);
        assert!(one.finish().is_none());
    }
}
