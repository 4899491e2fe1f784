use super::super::{Pickle, PickleError, Ref};
use proptest::prelude::*;
use std::time::Instant;

/// The same object pickled by CPython with each protocol.
const GOLDEN: [(&str, &[u8]); 7] = [
    (
        "0",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p0.pkl"),
    ),
    (
        "1",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p1.pkl"),
    ),
    (
        "2",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p2.pkl"),
    ),
    (
        "3",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p3.pkl"),
    ),
    (
        "4",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p4.pkl"),
    ),
    (
        "5",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p5.pkl"),
    ),
    (
        "2, numpy 1 names",
        include_bytes!("../../../../reference-data/golden/flintstones/pickles/p2-numpy1.pkl"),
    ),
];

#[test]
fn every_protocol_gives_the_same_values() {
    for (protocol, bytes) in GOLDEN {
        let pickle = Pickle::decode(bytes).unwrap_or_else(|error| panic!("{protocol}: {error}"));
        let get = |key: &str| {
            pickle
                .root()
                .get(key)
                .unwrap_or_else(|| panic!("{protocol} {key}"))
        };
        let numbers = |key: &str| {
            get(key)
                .numbers()
                .unwrap_or_else(|| panic!("{protocol} {key}"))
        };
        assert_eq!(
            numbers("ints"),
            [
                0.0,
                1.0,
                -1.0,
                255.0,
                256.0,
                65_536.0,
                -70_000.0,
                1_099_511_627_776.0,
                -1_099_511_627_776.0
            ],
            "{protocol}"
        );
        assert_eq!(numbers("floats"), [0.5, -2.25, 1e300], "{protocol}");
        assert_eq!(
            get("text").as_str(),
            Some("Grüße 🦊\n\"x\" \\ '"),
            "{protocol}"
        );
        assert_eq!(
            get("bytes").as_bytes(),
            Some(&b"\x00\xff\n'\\"[..]),
            "{protocol}"
        );
        assert_eq!(get("empty bytes").as_bytes(), Some(&b""[..]), "{protocol}");
        assert_eq!(get("none").type_name(), "None", "{protocol}");
        assert_eq!(numbers("bools"), [1.0, 0.0], "{protocol}");
        assert_eq!(
            numbers("long tuple"),
            [1.0, 2.0, 3.0, 4.0, 5.0],
            "{protocol}"
        );
        assert_eq!(numbers("pair"), [1.0, 2.0], "{protocol}");
        assert_eq!(get("set").len(), Some(3), "{protocol}");
        assert_eq!(get("frozenset").len(), Some(1), "{protocol}");
        assert_eq!(
            numbers("u8"),
            [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            "{protocol}"
        );
        assert_eq!(numbers("i64"), [-5.0, 7.0], "{protocol}");
        assert_eq!(numbers("i16 big"), [-2.0, 300.0], "{protocol}");
        assert_eq!(numbers("f32"), [0.0, 1.0, 0.5], "{protocol}");
        assert_eq!(numbers("f64"), [0.25], "{protocol}");
        assert_eq!(numbers("bool array"), [1.0, 0.0, 1.0], "{protocol}");
        assert_eq!(get("matrix").shape(), Some(&[2, 3][..]), "{protocol}");
        assert_eq!(
            numbers("matrix"),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            "{protocol}"
        );
        assert_eq!(
            numbers("fortran"),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            "{protocol}"
        );
        assert_eq!(get("scalar").as_number(), Some(3.0), "{protocol}");
        let shared: Vec<Ref<'_>> = get("shared").items().unwrap().collect();
        assert_eq!(shared[0].numbers(), shared[1].numbers(), "{protocol}");
    }
}

fn refused(bytes: &[u8]) -> PickleError {
    let start = Instant::now();
    let error = Pickle::decode(bytes).unwrap_err();
    assert!(
        start.elapsed().as_secs() < 5,
        "refusing took {:?}",
        start.elapsed()
    );
    error
}

#[test]
fn functions_are_refused_by_name_and_not_called() {
    let error = refused(b"cos\nsystem\n(S'touch /nowhere'\ntR.");
    assert_eq!(
        error,
        PickleError::ForbiddenGlobal {
            module: "os".to_owned(),
            name: "system".to_owned(),
            offset: 0
        }
    );
    assert!(error.to_string().contains("os.system"));
    let stack_global = b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.";
    assert!(matches!(
        refused(stack_global),
        PickleError::ForbiddenGlobal { .. }
    ));
    assert!(matches!(
        refused(b"cnumpy\nload\n."),
        PickleError::ForbiddenGlobal { .. }
    ));
}

#[test]
fn instructions_that_make_objects_are_refused() {
    for bytes in [
        &b"(S'x'\nios\nsystem\n."[..],
        b"(cos\nsystem\no.",
        b"\x80\x02cos\nsystem\n)\x81.",
        b"Pid\n.",
        b"\x82\x01.",
        b"\xff.",
    ] {
        let error = refused(bytes);
        assert!(
            matches!(
                error,
                PickleError::ForbiddenInstruction { .. } | PickleError::ForbiddenGlobal { .. }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn huge_lengths_are_refused_before_anything_is_allocated() {
    for bytes in [
        &b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab."[..],
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.",
        b"\x80\x02X\xff\xff\xff\xffab.",
        b"\x8b\xff\xff\xff\x7f.",
        b"",
        b"\x80\x02}",
        b"S'open",
    ] {
        assert!(matches!(refused(bytes), PickleError::Truncated { .. }));
    }
}

#[test]
fn deep_nesting_is_refused() {
    let mut lists = vec![b']'; 1_000_000];
    lists.extend(vec![b'a'; 999_999]);
    lists.push(b'.');
    assert!(matches!(refused(&lists), PickleError::TooDeep { .. }));
    let mut marks = vec![b'('; 1_000_000];
    marks.extend(vec![b't'; 1_000_000]);
    marks.push(b'.');
    assert!(matches!(refused(&marks), PickleError::TooDeep { .. }));
    let mut tuples = b"N".to_vec();
    tuples.extend(vec![0x85; 1_000_000]);
    tuples.push(b'.');
    assert!(matches!(refused(&tuples), PickleError::TooDeep { .. }));
}

#[test]
fn copies_of_shared_data_have_a_limit() {
    // One long byte string, then bytes(it) again and again at five bytes a copy.
    let mut bomb = b"\x80\x02B\x00\x00\x10\x00".to_vec();
    bomb.extend(vec![7; 1 << 20]);
    bomb.extend(b"q\x000cbuiltins\nbytes\nq\x010");
    for _ in 0..100_000 {
        bomb.extend(b"h\x01h\x00\x85R0");
    }
    bomb.extend(b"N.");
    assert!(matches!(refused(&bomb), PickleError::TooLarge { .. }));
}

#[test]
fn an_object_that_holds_itself_does_no_harm() {
    // a = []; a.append(a)
    let pickle = Pickle::decode(b"]q\x00h\x00a.").unwrap();
    assert_eq!(pickle.root().len(), Some(1));
    assert_eq!(pickle.root().numbers(), None);
}

#[test]
fn arrays_must_fit_their_data() {
    let golden = GOLDEN[2].1;
    let place = golden
        .windows(4)
        .position(|window| window == b"K\x07\x85q" || window == b"K\x07\x85c")
        .expect("the fixture holds a 7-vector");
    let mut wrong = golden.to_vec();
    wrong[place + 1] = 9;
    assert!(matches!(refused(&wrong), PickleError::BadArray { .. }));
}

#[test]
fn wrong_operands_are_errors() {
    for bytes in [
        &b"."[..],
        b"a.",
        b"(.",
        b"K\x01K\x02a.",
        b"}K\x01K\x02K\x03(u.",
        b"}(K\x01u.",
        b"h\x07.",
        b"NNR.",
        b"\x85.",
        b"NNb.",
    ] {
        assert!(
            matches!(refused(bytes), PickleError::BadOperands { .. }),
            "{bytes:?}"
        );
    }
    assert!(matches!(
        refused(b"I12x\n."),
        PickleError::BadLiteral { .. }
    ));
    assert!(matches!(
        refused(b"L99999999999999999999L\n."),
        PickleError::IntegerTooLarge { .. }
    ));
    assert!(matches!(
        refused(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00."),
        PickleError::IntegerTooLarge { .. }
    ));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(pickle) = Pickle::decode(&bytes) {
            let _ = pickle.root().numbers();
        }
    }

    #[test]
    fn damage_does_not_make_it_panic(which in 0_usize..7, place in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<proptest::sample::Index>()) {
        let mut bytes = GOLDEN[which].1.to_vec();
        let at = place.index(bytes.len());
        bytes[at] = byte;
        let _ = Pickle::decode(&bytes);
        bytes.truncate(cut.index(GOLDEN[which].1.len()));
        let _ = Pickle::decode(&bytes);
    }
}
