use super::*;
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> Result<NpyContent, NpyTableError> {
    decode_npy(&mut &bytes[..], bytes.len() as u64)
}

fn with_header(descr: &str, shape: &str, data: usize) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': True, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.resize(bytes.len() + data, b'a');
    bytes
}

#[test]
fn hostile_shapes_are_refused_before_anything_is_allocated() {
    for (descr, shape) in [
        ("|S4", "(-1,)"),
        ("|S4", "(9223372036854775808,)"),
        ("|S4", "(99999999999999999999999,)"),
        ("<U4", "(4611686018427387904, 4)"),
        ("<i8", "(4294967296, 4294967296)"),
        ("|S4", "(1, 1, 1)"),
        ("<U1073741824", "(4194304,)"),
        ("<U4294967295", "(1,)"),
        ("<i8", "(4194304,)"),
        ("<i8", "(4194305,)"),
        ("|S1", "(2,"),
    ] {
        let found = decode(&with_header(descr, shape, 8));
        assert!(found.is_err(), "{descr} {shape}: {found:?}");
    }
    // A header of four gigabytes.
    assert!(matches!(
        decode(b"\x93NUMPY\x02\0\xff\xff\xff\xff{'descr'"),
        Err(NpyTableError::Header(_))
    ));
    // Cells without bytes: their number is limited, and they are empty.
    assert!(
        matches!(decode(&with_header("|S0", "(3, 2)", 0)), Ok(NpyContent::Text(table)) if table.len() == 3)
    );
    assert!(decode(&with_header("|S0", "(1099511627776,)", 0)).is_err());
    let none = decode(&with_header("<i8", "(1099511627776, 0)", 0)).unwrap();
    assert!(matches!(none, NpyContent::Integers(table) if table.rows().len() == 0));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut whole = b"\x93NUMPY".to_vec();
        whole.extend(&bytes);
        let _ = decode(&whole);
        let _ = decode(&bytes);
    }

    #[test]
    fn text_in_any_order_is_read_back(
        (columns, cells) in (1_usize..4).prop_flat_map(|columns| {
            (Just(columns), proptest::collection::vec("[a-zé🦊]{0,5}", columns..=columns * 3))
        }),
        fortran in any::<bool>(),
        big in any::<bool>(),
    ) {
        let rows = cells.len() / columns;
        let order = if fortran { "True" } else { "False" };
        let descr = if big { ">U5" } else { "<U5" };
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({rows}, {columns})}}");
        let mut bytes = b"\x93NUMPY\x03\0".to_vec();
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header.bytes());
        for place in 0..rows * columns {
            let cell = if fortran { place % rows * columns + place / rows } else { place };
            let mut points: Vec<u32> = cells[cell].chars().map(u32::from).collect();
            points.resize(5, 0);
            for point in points {
                bytes.extend(if big { point.to_be_bytes() } else { point.to_le_bytes() });
            }
        }
        let Ok(NpyContent::Text(table)) = decode(&bytes) else { panic!("{header}") };
        prop_assert_eq!(table.len(), rows);
        for (row, wanted) in table.rows().zip(cells.chunks(columns)) {
            prop_assert_eq!(row, wanted);
        }
    }
}
