use super::*;
use crate::card::{GeneratorKind, GroundTruthRule};
use crate::record::{FaultKind, Hint, TextVariant};

#[test]
fn every_embedded_card_can_be_read_and_is_called_by_its_file_name() {
    for (id, _) in CardKind::Dataset.embedded() {
        let card: DatasetCard = find_below(CardKind::Dataset, id, Path::new("absent")).unwrap();
        assert_eq!(card.id, id);
        assert_eq!(card.hash().len(), 64);
    }
    for (id, _) in CardKind::Model.embedded() {
        let card: ModelCard = find_below(CardKind::Model, id, Path::new("absent")).unwrap();
        assert_eq!(card.id, id);
        assert_eq!(card.hash().len(), 64);
        for (protocol, _) in CardKind::Protocol.embedded() {
            let protocol: Protocol =
                find_below(CardKind::Protocol, protocol, Path::new("absent")).unwrap();
            protocol.text_for(&card).unwrap();
        }
    }
    for (id, _) in CardKind::Protocol.embedded() {
        let card: Protocol = find_below(CardKind::Protocol, id, Path::new("absent")).unwrap();
        assert_eq!(card.id, id);
    }
}

/// A file that is new does not make Cargo compile the list again: change `find.rs` where this fails.
#[test]
fn the_cards_of_the_folder_are_those_of_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval-configs");
    for kind in [
        CardKind::Dataset,
        CardKind::Model,
        CardKind::Protocol,
        CardKind::Suite,
        CardKind::Subset,
        CardKind::Weight,
    ] {
        let files = std::fs::read_dir(folder.join(format!("{kind}s"))).unwrap();
        let on_disk: BTreeSet<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let embedded = kind.embedded().into_keys().map(|id| format!("{id}.toml"));
        assert_eq!(embedded.collect::<BTreeSet<_>>(), on_disk);
    }
}

#[test]
fn every_embedded_suite_names_cards_that_there_are() {
    for (id, _) in CardKind::Suite.embedded() {
        let card: Suite = find_below(CardKind::Suite, id, Path::new("absent")).unwrap();
        assert_eq!(card.id, id);
        for run in &card.runs {
            let protocol = protocol(&run.protocol).unwrap();
            protocol.text_for(&model(&run.model).unwrap()).unwrap();
            dataset(&run.dataset).unwrap();
        }
    }
}

#[test]
fn folders_of_a_suite_are_names_of_what_distinguishes_its_runs() {
    let suite = suite("arxiv-table-5").unwrap();
    let names: Vec<String> = suite
        .runs
        .iter()
        .map(|run| run.folder(run.seeds[0]))
        .collect();
    assert_eq!(
        names[8],
        "flintstones-storygptv-released-storygpt-v-50frames"
    );
    let mut run = suite.runs[0].clone();
    run.model = "../evil dir/m$.toml".to_owned();
    run.split = "..".to_owned();
    run.story_length = None;
    let name = run.folder(crate::record::Seed(3));
    assert_eq!(name, "flintstones-storygptv-released-m_-__-seed3");
}

#[test]
fn embedded_cards_say_what_they_must() {
    let mini = dataset("minisv").unwrap();
    let names: Vec<_> = mini.characters.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        ["otto", "mira", "tilda", "pip", "bolt", "luna", "hank"]
    );
    assert_eq!(mini.background_labels(), Some(12));
    let flintstones = dataset("flintstones").unwrap();
    let names: Vec<_> = flintstones
        .characters
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "wilma", "fred", "betty", "barney", "dino", "pebbles", "mr slate"
        ]
    );
    assert_eq!(flintstones.background_labels(), Some(323));
    assert_eq!(flintstones.expected.test, Some(2309));
    let strict = protocol("strict").unwrap();
    assert_eq!(strict.text, TextVariant::Algorithm1);
    assert_eq!(strict.ground_truth, GroundTruthRule::Middle);
    assert_eq!(
        model("storygpt-v").unwrap().generator,
        GeneratorKind::StorygptV
    );
    assert!(!model("storygpt-v").unwrap().files.is_empty());
}

#[test]
fn embedded_cards_of_weights_check_what_their_publishers_state() {
    for (id, _) in CardKind::Weight.embedded() {
        let card = weights(id).unwrap();
        assert_eq!(card.id, id);
        for file in &card.files {
            // torchvision's and pytorch-fid's file names carry the beginning of the hash.
            if let Some((_, rest)) = file.path.rsplit_once('-')
                && let Some(prefix) = rest.strip_suffix(".pth")
            {
                assert!(file.sha256.as_ref().unwrap().starts_with(prefix), "{id}");
            }
            // Only StoryGPT-V's classifiers have neither.
            let known = file.sha256.is_some() && file.bytes.is_some();
            assert_eq!(known, !id.ends_with("-classifiers"), "{id}");
        }
    }
    assert_eq!(weights("lpips-alex").unwrap().bytes(), Some(244_408_911));
    assert_eq!(weights("pororo-classifiers").unwrap().bytes(), None);
    let error = weights("inception").unwrap_err().to_string();
    assert!(
        error.contains("no bundle with a card of weights"),
        "{error}"
    );
}

#[test]
fn a_card_of_weights_cannot_lead_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = include_str!("../../../eval-configs/weights/inception-fid.toml");
    for (from, to) in [
        ("path = \"pt_", "path = \"../pt_"),
        ("path = \"pt_", "path = \"a/pt_"),
        ("sha256 = \"6726825d", "sha256 = \"XY26825d"),
        ("sha256 = \"6726825d", "sha256 = \"00006726825d"),
        ("address = \"https", "address = \"ftp"),
    ] {
        assert!(text.contains(from));
        std::fs::write(&path, text.replace(from, to)).unwrap();
        let error = weights(path.to_str().unwrap()).unwrap_err();
        assert!(matches!(error, CardError::Invalid { .. }), "{to}: {error}");
    }
}

#[test]
fn an_unknown_id_names_the_known_ones_and_guesses() {
    let error = dataset("flinstones").unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Usage);
    let text = error.to_string();
    assert!(
        text.contains("minisv") && text.contains("did you mean `flintstones`"),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("flintstones"));
    let error = model("zzz").unwrap_err();
    assert!(!error.to_string().contains("did you mean"));
    assert!(matches!(
        dataset("../../etc/passwd"),
        Err(CardError::NoDataset { .. })
    ));
}

#[test]
fn a_misspelt_key_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = include_str!("../../../eval-configs/protocols/strict.toml")
        .replace("threshold =", "treshold =");
    std::fs::write(&path, &text).unwrap();
    let wanted = text
        .lines()
        .position(|line| line.starts_with("treshold"))
        .unwrap()
        + 1;
    match protocol(path.to_str().unwrap()).unwrap_err() {
        CardError::Parse { line, message, .. } => {
            assert_eq!(line, wanted);
            assert!(message.contains("treshold"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rules_between_fields_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let strict = include_str!("../../../eval-configs/protocols/strict.toml");
    std::fs::write(&path, strict.replace("level = 0.95", "level = 95.0")).unwrap();
    assert!(matches!(
        protocol(path.to_str().unwrap()),
        Err(CardError::Invalid { .. })
    ));
    for (from, to) in [
        ("[features]\n", "[neighbours_]\n"),
        ("splits = 10", "splits = 0"),
        ("references = 5", "references = 0"),
    ] {
        assert!(strict.contains(from));
        std::fs::write(&path, strict.replace(from, to)).unwrap();
        assert!(protocol(path.to_str().unwrap()).is_err(), "{from}");
    }
    assert!(matches!(
        protocol("absent.toml"),
        Err(CardError::Read { .. })
    ));
}

#[test]
fn ids_cannot_lead_out_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let strict = include_str!("../../../eval-configs/protocols/strict.toml");
    let read = |id: &str| {
        let text = strict.replace("id = \"strict\"", &format!("id = '{id}'"));
        assert!(text.contains(id));
        std::fs::write(&path, text).unwrap();
        protocol(path.to_str().unwrap())
    };
    for id in [
        "../../evil",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "a b",
        "",
        "-x",
    ] {
        let error = read(id).unwrap_err();
        assert!(matches!(error, CardError::Invalid { .. }), "{id}: {error}");
    }
    assert!(read("mein-größtes_2.0").is_ok());
}

#[test]
fn a_card_in_the_folder_takes_the_place_of_the_embedded_one() {
    let folder = tempfile::tempdir().unwrap();
    let strict = include_str!("../../../eval-configs/protocols/strict.toml");
    std::fs::write(
        folder.path().join("strict.toml"),
        strict.replace("version = ", "version = 9"),
    )
    .unwrap();
    std::fs::write(folder.path().join("own.toml"), strict).unwrap();
    let found: Protocol = find_below(CardKind::Protocol, "strict", folder.path()).unwrap();
    assert!(found.version >= 90);
    assert!(ids_below(CardKind::Protocol, folder.path()).contains(&"own".to_owned()));
    let error = find_below::<Protocol>(CardKind::Protocol, "own", folder.path()).unwrap_err();
    assert!(matches!(error, CardError::IdMismatch { .. }));
}

#[test]
fn the_hash_follows_choices_and_not_prose() {
    let strict = protocol("strict").unwrap();
    let mut other = strict.clone();
    other.description = "reworded".to_owned();
    assert_eq!(strict.hash(), other.hash());
    other.interval.level = 0.9;
    assert_ne!(strict.hash(), other.hash());
}

#[test]
fn ground_truth_rules_have_three_spellings() {
    #[derive(serde::Deserialize)]
    struct Holder {
        rule: GroundTruthRule,
    }
    let read = |text: &str| toml::from_str::<Holder>(text).unwrap().rule;
    assert_eq!(read("rule = 'middle'"), GroundTruthRule::Middle);
    assert_eq!(read("rule = { fixed = 2 }"), GroundTruthRule::Fixed(2));
    assert_eq!(
        read("rule = { random = 7 }"),
        GroundTruthRule::Random(crate::record::Seed(7))
    );
}
