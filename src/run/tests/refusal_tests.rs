//! Observations that are refused: values that fit no column, and files of another version.

use super::*;

#[test]
fn values_that_fit_no_column_are_refused_and_earlier_observations_stay() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let expected = outcome(folder.path());
    let store = Store::open(folder.path()).expect("open");
    let faults: [fn(&mut Observation); 3] = [
        |row| row.set("toy", Some(vec![0.0_f32; 3])),
        |row| row.set("company", Some(vec![0.0_f32])),
        |row| row.set("labels", None::<f64>),
    ];
    for fault in faults {
        let mut looker = |frames: &[crate::run::FrameRef<'_>], images: &[RgbImage]| {
            let mut rows = look(frames, images);
            rows.iter_mut().for_each(fault);
            Ok::<_, Stop>(rows)
        };
        let looking = looking(&store, "eyes-2");
        let found = observe(&store, &looking, &mut looker, &mut unseen, &mut |_| {});
        assert!(matches!(found, Err(Stop::Run(RunError::Row { .. }))));
    }
    drop(store);
    assert_eq!(outcome(folder.path()), expected);
}

#[test]
fn observations_of_another_version_are_refused_by_its_name_and_made_again() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let expected = outcome(folder.path());
    let path = folder.path().join(OBSERVED);
    // As versions before columns had names wrote it.
    fs::write(&path, r#"{"format": 1, "key": "eyes-0", "rows": 3}"#).expect("old");
    let error = StoredObservations::open(folder.path()).expect_err("old");
    assert!(
        error
            .to_string()
            .contains("has format 1, this program reads 2"),
        "{error}"
    );
    assert!(error.hint().expect("hint").contains("storyeval observe"));
    assert_eq!(
        crate::run::observed_key(folder.path()).as_deref(),
        Some("eyes-0")
    );
    run(folder.path(), &plan, Partition::WHOLE, None).expect("again");
    assert_eq!(outcome(folder.path()), expected);
}
