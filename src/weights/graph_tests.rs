use super::*;

/// A field with a length.
fn field(number_: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    key(&mut out, number_);
    number(&mut out, value.len() as u64);
    out.extend(value);
    out
}

/// An initialiser of two sides; `raw` and `beside` where it has them. ONNX's field 14 says that numbers are elsewhere.
fn tensor(name: &str, kind: u8, raw: Option<&[u8]>, beside: Option<(&str, &str)>) -> Vec<u8> {
    let mut out = vec![0x08, 2, 0x08, 3, 0x10, kind];
    out.extend(field(TENSOR_NAME, name.as_bytes()));
    if let Some(raw) = raw {
        out.extend(field(TENSOR_RAW, raw));
    }
    if let Some((file, offset)) = beside {
        for (key, value) in [("location", file), ("offset", offset), ("length", "24")] {
            let entry = [field(1, key.as_bytes()), field(2, value.as_bytes())].concat();
            out.extend(field(TENSOR_EXTERNAL, &entry));
        }
        out.extend([0x70, 1]);
    }
    out
}

fn model(tensors: &[Vec<u8>]) -> Vec<u8> {
    let mut graph = field(2, b"main");
    for tensor in tensors {
        graph.extend(field(GRAPH_INITIALIZER, tensor));
    }
    let mut model = vec![0x08, 10];
    model.extend(field(MODEL_GRAPH, &graph));
    model.extend(field(2, b"pytorch"));
    model
}

/// The file, with `filling` as every byte of a weight.
fn written(parts: &Parts, filling: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in &parts.pieces {
        match piece {
            Piece::Bytes(bytes) => out.extend(bytes),
            Piece::Weight { count, .. } => out.extend(vec![filling; *count as usize * 4]),
        }
    }
    out
}

#[test]
fn numbers_go_where_the_exporter_has_them() {
    let beside = Some(("g.data", "4096"));
    let template = model(&[
        tensor("inside", 1, None, None),
        tensor("constant", 1, Some(&[9; 24]), None),
        tensor("later", 1, None, beside),
        tensor("first", 7, Some(&[5; 48]), Some(("g.data", "0"))),
    ]);
    let wanted = model(&[
        tensor("inside", 1, Some(&[1; 24]), None),
        tensor("constant", 1, Some(&[9; 24]), None),
        tensor("later", 1, None, beside),
        tensor("first", 7, None, Some(("g.data", "0"))),
    ]);
    let found = parts(&template, &|name| matches!(name, "inside" | "later")).unwrap();
    assert_eq!(written(&found, 1), wanted);
    assert_eq!(found.weights(), 2);
    let beside = |name: &str, offset, content| Beside {
        name: name.to_owned(),
        file: "g.data".to_owned(),
        offset,
        content,
    };
    let both = [
        beside("first", 0, Content::Constant(vec![5; 48])),
        beside("later", 4096, Content::Weight(6)),
    ];
    assert_eq!(found.beside, both);
}

#[test]
fn templates_without_sense_are_refused() {
    let beside = Some(("g.data", "0"));
    for (tensor, weight) in [
        // Elsewhere, without numbers and without a rule.
        (tensor("a", 1, None, beside), false),
        // With numbers of its own and a rule.
        (tensor("a", 1, Some(&[0; 24]), beside), true),
        (tensor("a", 7, None, beside), true),
        (tensor("a", 1, None, Some(("g.data", "x"))), true),
    ] {
        assert!(parts(&model(&[tensor]), &|_| weight).is_err());
    }
    let whole = model(&[tensor("a", 1, None, None)]);
    for cut in 1..whole.len() - 9 {
        assert!(
            parts(&whole[..cut], &|_| true).is_err() || cut == 2,
            "{cut}"
        );
    }
}
