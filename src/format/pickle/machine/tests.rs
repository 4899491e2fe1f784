use super::super::weight;
use super::super::{Pickle, PickleError, Ref};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// A file of `reference-data/fixtures`; see `tools/fixtures/pickles.py`.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/fixtures");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[derive(Deserialize)]
struct Expected {
    files: Vec<String>,
    labels: BTreeMap<String, Vec<i64>>,
}

#[test]
fn labels_of_every_kind_and_protocol_are_what_python_wrote() {
    let expected: Expected = serde_json::from_slice(&fixture("pickles/expected.json")).unwrap();
    assert!(expected.files.len() > 40);
    for name in &expected.files {
        let pickle = Pickle::decode(&fixture(&format!("pickles/{name}")))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let entries: Vec<_> = pickle.root().entries().unwrap().collect();
        assert_eq!(entries.len(), expected.labels.len(), "{name}");
        for (key, value) in entries {
            let wanted = &expected.labels[key.as_str().unwrap()];
            assert_eq!(value.len(), Some(wanted.len()), "{name}");
            if name.starts_with("labels-text") {
                let found: Vec<String> = value
                    .items()
                    .unwrap()
                    .map(|item| item.as_str().unwrap().to_owned())
                    .collect();
                let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
                assert_eq!(found, wanted, "{name}");
                continue;
            }
            let numbers: Vec<f64> = wanted.iter().map(|label| *label as f64).collect();
            assert_eq!(value.numbers().unwrap(), numbers, "{name}");
            let float = ["f16", "f32", "f64"].iter().any(|kind| name.contains(kind));
            let integers = (!float).then(|| wanted.clone());
            assert_eq!(value.integers(), integers, "{name}");
        }
    }
}

#[test]
fn hostile_files_are_refused_with_a_reason() {
    for protocol in [0, 2, 4] {
        let error = refused(&fixture(&format!("hostile/call.p{protocol}.pkl")));
        assert!(error.to_string().contains(".print"), "{error}");
    }
    let error = refused(&fixture("hostile/defaultdict.pkl"));
    assert!(
        error.to_string().contains("collections.defaultdict"),
        "{error}"
    );
    assert!(matches!(
        refused(&fixture("hostile/long.pkl")),
        PickleError::IntegerTooLarge { .. }
    ));
    assert!(matches!(
        refused(&fixture("hostile/deep.pkl")),
        PickleError::TooDeep { .. }
    ));
    assert!(matches!(
        refused(&fixture("hostile/cut.pkl")),
        PickleError::Truncated { .. }
    ));
}

/// Writes 100,000 clips with 323 labels each as Python does: one list per clip, numbered, the integers of
/// one byte.
fn labels_bg() -> Vec<u8> {
    let mut bytes = b"\x80\x02}q\x00U\x05labelq\x01}q\x02(".to_vec();
    for clip in 0..100_000_u32 {
        let id = format!("s_01_e_25_shot_{clip:06}_{:06}", clip + 75);
        bytes.extend([b'X', id.len() as u8, 0, 0, 0]);
        bytes.extend(id.bytes());
        bytes.push(b'r');
        bytes.extend((3 + clip * 2).to_le_bytes());
        bytes.extend(b"]r");
        bytes.extend((4 + clip * 2).to_le_bytes());
        bytes.push(b'(');
        for label in 0..323 {
            bytes.extend([b'K', u8::from(label == clip % 323)]);
        }
        bytes.push(b'e');
        if clip % 1000 == 999 {
            bytes.extend(b"u(");
        }
    }
    bytes.extend(b"us.");
    bytes
}

/// A buffer of any size may end between the instruction and its operand.
#[test]
fn small_integers_are_the_same_whatever_is_in_memory() {
    let mut bytes = b"](".to_vec();
    for operand in (0..=255).chain([1, 0, 249, 1]) {
        bytes.extend([b'K', operand]);
    }
    bytes.extend(b"e.");
    let wanted = Pickle::decode(&bytes).unwrap().root().integers().unwrap();
    assert_eq!(wanted[250..], [250, 251, 252, 253, 254, 255, 1, 0, 249, 1]);
    for capacity in [1, 2, 3, 7, 64] {
        let input = std::io::BufReader::with_capacity(capacity, bytes.as_slice());
        let pickle = super::Machine::new(input, bytes.len()).run().unwrap();
        assert_eq!(pickle.root().integers().unwrap(), wanted, "{capacity}");
    }
    // Bytes that the length does not cover are not read.
    let input = std::io::BufReader::new(bytes.as_slice());
    assert!(super::Machine::new(input, 9).run().is_err());
}

#[test]
fn a_hundred_thousand_clips_with_323_labels_fit_in_memory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes = labels_bg();
    let length = bytes.len();
    std::fs::write(file.path(), bytes).unwrap();
    let input = std::io::BufReader::new(std::fs::File::open(file.path()).unwrap());
    let start = Instant::now();
    let pickle = Pickle::read(input, length).unwrap();
    let took = start.elapsed();
    let weight = weight(&pickle);
    println!("{length} bytes in {took:?}, {} MB held", weight >> 20);
    assert!(weight < 64 << 20, "{weight}");
    // A machine under load is slower, but not by this much.
    assert!(took.as_secs() < 20, "{took:?}");
    let labels = pickle.root().get("label").unwrap();
    assert_eq!(labels.len(), Some(100_000));
    let (id, last) = labels.entries().unwrap().last().unwrap();
    assert_eq!(id.as_str(), Some("s_01_e_25_shot_099999_100074"));
    let last = last.integers().unwrap();
    assert_eq!(
        last.iter().position(|label| *label == 1),
        Some(99_999 % 323)
    );
    assert_eq!(last.len(), 323);
}

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

/// A pickle that keeps `kept`, then runs `step` `times` times and gives `None`.
fn bomb(kept: &[u8], step: &[u8], times: usize) -> Vec<u8> {
    let mut bytes = b"\x80\x02".to_vec();
    bytes.extend(kept);
    for _ in 0..times {
        bytes.extend(step);
    }
    bytes.extend(b"N.");
    bytes
}

#[test]
fn copies_of_shared_data_have_a_limit() {
    let long_text = || {
        let mut bytes = b"X\x00\x00\x10\x00".to_vec();
        bytes.extend(vec![b'7'; 1 << 20]);
        bytes.extend(b"q\x000");
        bytes
    };
    // encode(text, "latin1") again and again at seven bytes a copy.
    let mut kept = long_text();
    kept.extend(b"c_codecs\nencode\nq\x010X\x06\0\0\0latin1q\x020");
    let encode = bomb(&kept, b"h\x01h\x00h\x02\x86R0", 100_000);
    // An array of a million strings, made of the same bytes again and again.
    let mut kept = long_text();
    kept.extend(b"c_codecs\nencode\nh\x00X\x06\0\0\0latin1\x86Rq\x030");
    kept.extend(b"cnumpy\ndtype\nU\x02S1\x85Rq\x040cnumpy.core.multiarray\n_reconstruct\nq\x050");
    kept.extend(b"cnumpy\nndarray\n\x85q\x060(K\x01J\x00\x00\x10\x00\x85h\x04\x89h\x03tq\x070");
    let strings = bomb(&kept, b"h\x05h\x06Rh\x07b0", 100_000);
    // set(list of a million) again and again.
    let mut kept = b"]q\x00(".to_vec();
    kept.extend(b"NN".repeat(1 << 19));
    kept.extend(b"e0h\x00\x85q\x010cbuiltins\nset\nq\x020");
    let sets = bomb(&kept, b"h\x02h\x01R0", 100_000);
    for (name, bytes) in [("encode", encode), ("strings", strings), ("sets", sets)] {
        let error = refused(&bytes);
        assert!(
            matches!(error, PickleError::TooLarge { limit: 4, .. }),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn every_way_to_make_many_things_has_a_limit() {
    const MANY: usize = (1 << 24) + 10;
    for (name, kept, step) in [
        ("objects", &b""[..], &b"]0"[..]),
        ("stack", b"", b"N"),
        ("copies on the stack", b"N", b"2"),
        ("numbers", b"N", b"\x94"),
    ] {
        // The limit counts; a clock would measure this test's own millions of steps.
        let error = Pickle::decode(&bomb(kept, step, MANY)).unwrap_err();
        assert!(
            matches!(
                error,
                PickleError::TooLarge {
                    limit: 16_777_216,
                    ..
                }
            ),
            "{name}: {error:?}"
        );
    }
    // Memo numbers without an order.
    let mut sparse = b"N".to_vec();
    for number in 0..100_000_u32 {
        sparse.push(b'r');
        sparse.extend((u32::MAX - number).to_le_bytes());
    }
    assert!(matches!(
        refused(&bomb(&sparse, b"", 0)),
        PickleError::TooLarge { .. }
    ));
}

#[test]
fn a_billion_laughs_are_one_laugh() {
    let bytes = fixture("hostile/laughs.pkl");
    let pickle = Pickle::decode(&bytes).unwrap();
    assert!(weight(&pickle) < 20_000);
    let mut inner = pickle.root();
    for _ in 0..40 {
        assert_eq!(inner.len(), Some(10));
        assert_eq!(inner.numbers(), None);
        inner = inner.items().unwrap().last().unwrap();
    }
    assert_eq!(inner.items().unwrap().next().unwrap().as_str(), Some("ha"));
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

#[test]
fn an_ordered_dict_is_a_dict_and_other_collections_are_refused() {
    // Python 2 wrote the items as an argument, Python 3 sets them afterwards.
    let two = b"ccollections\nOrderedDict\n(](](U\x01aK\x01ee]K\x02aa";
    assert!(Pickle::decode(two).is_err());
    let two = b"ccollections\nOrderedDict\n(](](U\x01aK\x01e](U\x01bK\x02eetR.";
    let three = b"ccollections\nOrderedDict\n)R(U\x01aK\x01U\x01bK\x02u.";
    for bytes in [&two[..], three] {
        let pickle = Pickle::decode(bytes).unwrap();
        let get = |key| pickle.root().get(key).and_then(Ref::as_integer);
        assert_eq!((get("a"), get("b")), (Some(1), Some(2)));
    }
    for bytes in [
        &b"ccollections\nOrderedDict\n(](K\x01etR."[..],
        b"ccollections\nOrderedDict\n(](](K\x01eetR.",
    ] {
        assert!(matches!(refused(bytes), PickleError::BadOperands { .. }));
    }
    assert!(matches!(
        refused(b"ccollections\nCounter\n)R."),
        PickleError::ForbiddenGlobal { .. }
    ));
}

#[test]
fn arrays_of_nothing_and_negative_sides_are_refused() {
    let array = |shape: &[u8], dtype: &[u8], data: &[u8]| {
        let mut bytes =
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n\x85R(K\x01".to_vec();
        bytes.extend(shape);
        bytes.extend(b"cnumpy\ndtype\nU");
        bytes.push(dtype.len() as u8);
        bytes.extend(dtype);
        bytes.extend(b"\x85R\x89");
        bytes.extend(data);
        bytes.extend(b"tb.");
        bytes
    };
    let pickle = Pickle::decode(&array(b"K\x02\x85", b"S2", b"U\x04a\0bc")).unwrap();
    let found: Vec<_> = pickle.root().items().unwrap().map(Ref::as_str).collect();
    assert_eq!(found, [Some("a"), Some("bc")]);
    for (shape, dtype, data) in [
        (&b"K\x03\x85"[..], &b"S2"[..], &b"U\x04a\0bc"[..]),
        (b"J\xff\xff\xff\xff\x85", b"i1", b"U\x00"),
        (b"\x8a\x08\0\0\0\0\0\0\0\x40K\x04\x86", b"i1", b"U\x00"),
        (b"J\xff\xff\xff\x7f\x85", b"S0", b"U\x00"),
        (b"J\xff\xff\xff\x7f\x85", b"O8", b"]"),
        (b"K\x01\x85", b"O8", b"U\x01a"),
        (b"K\x01\x85", b"i1", b"]K\x01a"),
        (b"K\x01\x85", b"U1", b"U\x04\xff\xff\xff\xff"),
    ] {
        let error = refused(&array(shape, dtype, data));
        assert!(
            matches!(
                error,
                PickleError::BadArray { .. } | PickleError::BadLiteral { .. }
            ),
            "{error:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(pickle) = Pickle::decode(&bytes) {
            prop_assert!(weight(&pickle) <= 64 * bytes.len() + 16_384);
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
