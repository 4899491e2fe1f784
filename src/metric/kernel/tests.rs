use super::super::Side;
use super::super::golden::{generated, number, numbers};
use super::*;
use ndarray::{Array2, Axis};

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() < tolerance * expected.abs(),
        "{what}: {found} {expected}"
    );
}

#[test]
fn equals_torch_fidelity_and_clean_fid_on_the_same_subsets() {
    for case in numbers("kid.json") {
        let first = generated(&case["first"]).mapv(f64::from);
        let second = generated(&case["second"]).mapv(f64::from);
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let options = KidOptions {
            subsets: size("subsets"),
            subset_size: size("subset_size"),
            ..KidOptions::default()
        };
        let found = kid(&first.view(), &second.view(), &options).unwrap();
        near(found.mean, number(&case, "mean"), 1e-9, "mean");
        near(found.std, number(&case, "std"), 1e-9, "std");
        let clean = KidOptions {
            seed: 7,
            order: DrawOrder::SecondFirst,
            ..options
        };
        let found = kid(&first.view(), &second.view(), &clean).unwrap();
        near(
            found.mean,
            number(&case, "clean_fid_seed_7"),
            1e-9,
            "clean-fid",
        );
        let whole = KidOptions {
            subset_size: first.nrows().min(second.nrows()).min(1000),
            ..clean
        };
        let found = kid(&first.view(), &second.view(), &whole).unwrap();
        let expected = number(&case, "clean_fid_seed_7_default_size");
        near(found.mean, expected, 1e-9, "clean-fid, its own subset size");
        let n = first.nrows().min(second.nrows());
        let cut = |set: &Array2<f64>| set.slice(ndarray::s![..n, ..]).to_owned();
        let all = kernel_distance(&cut(&first).view(), &cut(&second).view()).unwrap();
        near(all, number(&case, "equal_n_all"), 1e-9, "all vectors");
    }
}

#[test]
fn both_ways_of_computing_agree() {
    let features = |seed| super::super::golden::fill(700, 40, seed);
    let (x, y) = (features(1), features(2));
    let options = KidOptions {
        subsets: 9,
        subset_size: 120,
        ..KidOptions::default()
    };
    let draws = draw(700, 700, &options);
    let (x, y) = (ordered(&x.view()).0, ordered(&y.view()).0);
    let (whole, all) = whole_matrix(&x, &y, &draws, 120);
    for (a, b) in whole.iter().zip(one_by_one(&x, &y, &draws)) {
        assert!((a - b).abs() < 1e-10 * a.abs(), "{a} {b}");
    }
    let direct = estimate(x.as_ref(), y.as_ref());
    assert!((all.unwrap() - direct).abs() < 1e-12 * direct.abs());
}

#[test]
fn threads_and_order_do_not_show() {
    let (x, y) = (
        super::super::golden::fill(900, 20, 1),
        super::super::golden::fill(800, 20, 2),
    );
    let options = KidOptions {
        subsets: 5,
        subset_size: 700,
        ..KidOptions::default()
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| kid(&x.view(), &y.view(), &options).unwrap())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn the_same_set_twice_is_below_zero() {
    let x = super::super::golden::fill(50, 6, 1);
    let value = kernel_distance(&x.view(), &x.view()).unwrap();
    assert!(value < 0.0);
}

#[test]
fn what_has_no_estimate_says_why() {
    let x = Array2::<f32>::ones((10, 3));
    let options = KidOptions {
        subset_size: 11,
        ..KidOptions::default()
    };
    let reason = kid(&x.view(), &x.view(), &options).unwrap_err();
    assert_eq!(
        reason,
        KidUnscored::SubsetTooLarge {
            subset_size: 11,
            first: 10,
            second: 10
        }
    );
    assert!(reason.to_string().contains("take at most 10"));
    for (subsets, subset_size) in [(0, 5), (5, 1)] {
        let options = KidOptions {
            subsets,
            subset_size,
            ..KidOptions::default()
        };
        assert_eq!(
            kid(&x.view(), &x.view(), &options),
            Err(KidUnscored::NoSubset {
                subsets,
                subset_size
            })
        );
    }
    let huge = Array2::from_elem((10, 3), 1e200_f64);
    assert_eq!(
        kernel_distance(&huge.view(), &huge.view()),
        Err(KidUnscored::Overflow)
    );
    let one = x.select(Axis(0), &[0]);
    assert!(matches!(
        kernel_distance(&x.view(), &one.view()),
        Err(KidUnscored::Set(SetFault::TooFew {
            side: Side::Second,
            n: 1,
            least: 2
        }))
    ));
}

#[test]
fn the_order_shows_in_the_draws_alone() {
    let (x, y) = (
        super::super::golden::fill(600, 12, 1),
        super::super::golden::fill(550, 12, 2),
    );
    let turn = |set: &ndarray::Array2<f32>| {
        let mut set = set.clone();
        set.invert_axis(ndarray::Axis(0));
        set
    };
    let all = |a: &ndarray::Array2<f32>, b: &ndarray::Array2<f32>| {
        kernel_distance(&a.view(), &b.view()).unwrap().to_bits()
    };
    assert_eq!(all(&x, &y), all(&turn(&x), &turn(&y)));
    let options = KidOptions {
        subsets: 5,
        subset_size: 100,
        ..KidOptions::default()
    };
    let drawn = |a: &ndarray::Array2<f32>| kid(&a.view(), &y.view(), &options).unwrap();
    assert_ne!(drawn(&x), drawn(&turn(&x)));
    // Subsets that hold everything are the same subsets, whatever the order.
    let whole = KidOptions {
        subset_size: 550,
        ..options
    };
    let drawn =
        |b: &ndarray::Array2<f32>| kid(&y.view(), &b.view(), &whole).unwrap().mean.to_bits();
    assert_eq!(drawn(&y), drawn(&turn(&y)));
}
