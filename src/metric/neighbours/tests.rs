use super::super::golden::{fill, generated, number, numbers};
use super::*;
use ndarray::{Array2, Axis, concatenate};

fn options(precision_k: usize, density_k: usize) -> PrdcOptions {
    PrdcOptions {
        precision_k,
        density_k,
    }
}

#[test]
fn equals_torch_fidelity_and_prdc() {
    for case in numbers("prdc.json") {
        let fake = generated(&case["generated"]);
        let real = generated(&case["real"]);
        for (k, name) in [(3, "prdc_3"), (5, "prdc_5")] {
            let found = prdc(&fake.view(), &real.view(), &options(3, k)).unwrap();
            for (value, field) in [
                (found.precision, "precision"),
                (found.recall, "recall"),
                (found.f_score(), "f_score"),
            ] {
                let expected = number(&case, field);
                assert!(
                    (value - expected).abs() < 1e-6,
                    "{field} {value} {expected}"
                );
            }
            for (value, field) in [
                (found.open_precision, "precision"),
                (found.open_recall, "recall"),
                (found.density, "density"),
                (found.coverage, "coverage"),
            ] {
                let expected = number(&case[name], field);
                assert!(
                    (value - expected).abs() < 1e-9,
                    "{name} {field} {value} {expected}"
                );
            }
        }
    }
}

/// Every distance on its own, and sorted.
fn plain(fake: &Array2<f32>, real: &Array2<f32>, k: usize) -> (f64, f64) {
    let distance = |a: ndarray::ArrayView1<'_, f32>, b: ndarray::ArrayView1<'_, f32>| -> f64 {
        let difference = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
        a.iter().zip(b).map(difference).sum()
    };
    let share = |from: &Array2<f32>, to: &Array2<f32>| {
        let radii: Vec<f64> = to
            .rows()
            .into_iter()
            .map(|row| {
                let mut all: Vec<f64> = to.rows().into_iter().map(|o| distance(row, o)).collect();
                all.sort_by(f64::total_cmp);
                all[k]
            })
            .collect();
        let inside = from.rows().into_iter().filter(|row| {
            to.rows()
                .into_iter()
                .zip(&radii)
                .any(|(o, radius)| distance(o, *row) <= *radius)
        });
        inside.count() as f64 / from.nrows() as f64
    };
    (share(fake, real), share(real, fake))
}

#[test]
fn ties_are_ties() {
    // A grid far from the origin: nearly all distances are tied, and products lose digits.
    let grid = |n: usize, step: usize| {
        Array2::from_shape_fn((n, 3), |(i, j)| {
            4096.0 + ((i * step / 3_usize.pow(j as u32)) % 3) as f32
        })
    };
    let (fake, real) = (grid(90, 5), grid(80, 7));
    for k in [1, 3, 5] {
        let found = prdc(&fake.view(), &real.view(), &options(k, k)).unwrap();
        assert_eq!(
            (found.precision, found.recall),
            plain(&fake, &real, k),
            "k {k}"
        );
    }
    // A set in itself lies on the surface of its balls, and in their middle.
    let set = fill(40, 4, 3);
    let found = prdc(&set.view(), &set.view(), &options(3, 5)).unwrap();
    assert_eq!(
        (found.precision, found.recall, found.coverage),
        (1.0, 1.0, 1.0)
    );
    assert!((found.density - 1.0).abs() < 1e-15);
}

/// A set of `tools/golden/peers_neighbours.py`.
fn peers_set(case: &serde_json::Value) -> Array2<f64> {
    let features = generated(case);
    let times = case["times"].as_u64().unwrap_or(1) as usize;
    let rows: Vec<usize> = (0..features.nrows() * times)
        .map(|row| row / times)
        .collect();
    let mut features = features.select(Axis(0), &rows);
    if case["round"] == true {
        features.mapv_inplace(f32::floor);
    }
    if case["tenth"] == true {
        features *= 0.1;
    }
    let offset = case["offset"].as_f64().unwrap_or(0.0);
    if case["third"] == true {
        return features.mapv(|v| f64::from(v) * (1.0 / 3.0) + offset);
    }
    features.mapv(|v| f64::from(v + offset as f32))
}

#[test]
fn values_are_those_of_the_definition_where_the_tools_differ() {
    for case in numbers("peers_neighbours.json") {
        let (fake, real) = (peers_set(&case["generated"]), peers_set(&case["real"]));
        let found = prdc(&fake.view(), &real.view(), &options(3, 5)).unwrap();
        for (value, field) in [
            (found.precision, "precision"),
            (found.recall, "recall"),
            (found.density, "density"),
            (found.coverage, "coverage"),
            (found.open_precision, "open_precision"),
            (found.open_recall, "open_recall"),
        ] {
            let expected = number(&case["exact"], field);
            assert!(
                (value - expected).abs() < 1e-12,
                "{} {field} {value} {expected}",
                case["name"]
            );
        }
    }
}

#[test]
fn threads_and_blocks_do_not_show() {
    let (fake, real) = (fill(200, 12, 1), fill(333, 12, 2));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| prdc(&fake.view(), &real.view(), &options(3, 5)).unwrap())
    };
    assert_eq!(with(1), with(4));
    assert_eq!(with(1).real.len(), 333);
    assert_eq!(with(1).generated.len(), 200);
}

#[test]
fn images_all_alike_are_inside() {
    let same = Array2::<f32>::from_elem((10, 3), 0.5);
    let found = prdc(&same.view(), &same.view(), &options(3, 5)).unwrap();
    assert_eq!((found.precision, found.recall), (1.0, 1.0));
    // Open balls of radius zero hold nothing.
    assert_eq!((found.density, found.coverage), (0.0, 0.0));
}

#[test]
fn what_has_no_value_says_why() {
    let five = fill(5, 3, 1);
    assert_eq!(
        prdc(&five.view(), &five.view(), &options(3, 5)),
        Err(PrdcUnscored::TooFewNeighbours {
            side: Side::First,
            n: 5,
            k: 5
        })
    );
    assert_eq!(
        prdc(&five.view(), &five.view(), &options(0, 3)),
        Err(PrdcUnscored::NoNeighbour)
    );
    let mut broken = concatenate![Axis(0), five, five];
    broken[[7, 1]] = f32::NAN;
    assert_eq!(
        prdc(&five.view(), &broken.view(), &options(3, 3)),
        Err(PrdcUnscored::Set(SetFault::NonFinite {
            side: Side::Second,
            row: 7
        }))
    );
    let huge = Array2::from_shape_fn((9, 2), |(i, j)| 1e300 * (i + j) as f64);
    assert_eq!(
        prdc(&huge.view(), &huge.view(), &options(3, 3)),
        Err(PrdcUnscored::Overflow)
    );
    let none = Array2::<f32>::zeros((9, 0));
    assert!(matches!(
        prdc(&none.view(), &none.view(), &options(3, 3)),
        Err(PrdcUnscored::Set(SetFault::Dimensions { .. }))
    ));
}

#[test]
fn leaving_out_equals_computing_again() {
    // Groups of unequal size, one of them a run of equal vectors that would be each other's neighbours.
    for (n1, n2, dim, count) in [(90, 90, 4, 9), (70, 110, 3, 5), (130, 130, 20, 64)] {
        let (mut fake, real) = (fill(n1, dim, 1), fill(n2, dim, 2));
        let group = |row: usize| ((row * row / 3 + row) % count) as u8;
        let groups = [n1, n2].map(|n| (0..n).map(group).collect::<Vec<u8>>());
        for (row, of) in groups[0].iter().enumerate() {
            if *of == 1 {
                fake.row_mut(row).assign(&real.row(0));
            }
        }
        let by = [groups[0].as_slice(), groups[1].as_slice()];
        let ks = options(3, 5);
        let (whole, left) = prdc_by_groups(&fake.view(), &real.view(), &ks, by).unwrap();
        assert_eq!(whole, prdc(&fake.view(), &real.view(), &ks).unwrap());
        let last = usize::from(*groups.iter().flatten().max().unwrap());
        assert_eq!(left[0].len(), last + 1);
        for group in 0..=last {
            let kept = groups.each_ref().map(|of| {
                let rows = of
                    .iter()
                    .enumerate()
                    .filter(|(_, g)| usize::from(**g) != group);
                rows.map(|(row, _)| row).collect::<Vec<_>>()
            });
            let again = prdc(
                &fake.select(Axis(0), &kept[0]).view(),
                &real.select(Axis(0), &kept[1]).view(),
                &ks,
            )
            .unwrap();
            let values = [again.precision, again.recall, again.density, again.coverage];
            for (left, value) in left.iter().zip(values) {
                assert_eq!(left[group].value, Some(value), "group {group} of {count}");
                assert_eq!(left[group].size, n1 - kept[0].len());
            }
        }
    }
}

#[test]
fn a_group_that_leaves_too_few_neighbours_has_no_value() {
    let (fake, real) = (fill(12, 3, 1), fill(12, 3, 2));
    let groups: Vec<u8> = (0..12).map(|row| u8::from(row > 6)).collect();
    let (_, left) = prdc_by_groups(
        &fake.view(),
        &real.view(),
        &options(3, 5),
        [&groups, &groups],
    )
    .unwrap();
    // Five vectors are left without group 0, seven without group 1.
    assert_eq!(left[2][0].value, None);
    assert!(left[2][1].value.is_some());
    let many: Vec<u8> = (0..12).map(|row| row * 6).collect();
    assert_eq!(
        prdc_by_groups(&fake.view(), &real.view(), &options(3, 5), [&many, &many]),
        Err(PrdcUnscored::Groups {
            side: Side::First,
            numbers: 12
        })
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() })]

    #[test]
    fn order_does_not_show(n in 20_usize..140, seed in 0_u64..99, shuffle in 0_u32..99) {
        let (fake, real) = (fill(n, 3, seed), fill(n + 7, 3, seed + 1));
        let order = |n, seed| crate::metric::RandomState::new(seed).permutation(n);
        let (x, y) = (
            fake.select(Axis(0), &order(n, shuffle)),
            real.select(Axis(0), &order(n + 7, shuffle + 1)),
        );
        let values = |a: &Array2<f32>, b: &Array2<f32>| {
            let found = prdc(&a.view(), &b.view(), &options(3, 5)).unwrap();
            [found.precision, found.recall, found.density, found.coverage].map(f64::to_bits)
        };
        proptest::prop_assert_eq!(values(&fake, &real), values(&x, &y));
    }
}
