//! What cannot be converted is refused, and leaves nothing.

use super::*;

/// A folder of one's own: stories, and for each frame its picture's size.
fn own(folder: &Path, lines: &[Value], sizes: &[(&str, u32, u32)]) -> OpenDataset {
    fs::create_dir_all(folder).unwrap();
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(folder.join("stories.jsonl"), lines.join("\n")).unwrap();
    for (name, width, height) in sizes {
        RgbImage::new(*width, *height)
            .save(folder.join(name))
            .unwrap();
    }
    let mut card = DatasetCard::of_folder("own");
    card.characters = vec![Character {
        name: "otto".to_owned(),
        gender: Gender::Male,
        aliases: Vec::new(),
    }];
    opened(folder, card, None)
}

fn frame(image: &str, clip: &str, caption: &str) -> Value {
    json!({ "image": image, "clip": clip, "caption": caption, "characters": ["otto"] })
}

/// Converts, and must fail: the error, and nothing is left.
fn refused(source: &OpenDataset, to: Layout) -> ConvertError {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    let error = convert(source, &options(to, &out), &|_, _| {}).unwrap_err();
    assert!(error.hint().is_some());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "{error}");
    error
}

macro_rules! refuses {
    ($source:expr, $to:expr, $error:pat) => {{
        let error = refused(&$source, $to);
        if false {
            panic!("another error")
        };
        assert!(matches!(error, $error), "{error}");
    }};
}

#[test]
fn what_a_layout_cannot_express_is_refused_and_nothing_is_left() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let vist = fixture("vist-gill", Layout::Vist);
    for to in [Layout::Flintstones, Layout::StorygptV] {
        refuses!(
            vist,
            to,
            ConvertError::SeveralTexts { .. } | ConvertError::ManyOrders { .. }
        );
    }
    let vist = fixture("arldm-flintstones", Layout::ArldmH5);
    for to in [Layout::Flintstones, Layout::Pororo] {
        refuses!(
            vist,
            to,
            ConvertError::Name { .. } | ConvertError::NoLabels { .. }
        );
    }

    let square = [("a.png", 8, 8), ("b.png", 8, 8)];
    let story = |id: &str, frames: &[Value]| json!({ "id": id, "frames": frames });
    let plain = own(
        &at("plain"),
        &[story(
            "s",
            &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
        )],
        &square,
    );
    refuses!(plain, Layout::Flintstones, ConvertError::Name { .. });
    refuses!(plain, Layout::ArldmH5, ConvertError::NoStory { .. });
    refuses!(plain, Layout::Vist, ConvertError::NoStory { .. });

    let sizes = [("a.png", 8, 8), ("b.png", 6, 6)];
    let mixed = own(
        &at("sizes"),
        &[story(
            "s",
            &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
        )],
        &sizes,
    );
    refuses!(mixed, Layout::StorygptV, ConvertError::SizesDiffer { .. });

    let five = |bar: &str| -> Vec<Value> {
        (0..5)
            .map(|k| frame("a.png", &format!("c{k}"), bar))
            .collect()
    };
    let bar = own(&at("bar"), &[story("s", &five("Otto | Mira."))], &square);
    refuses!(
        bar,
        Layout::ArldmH5,
        ConvertError::Caption { mark: '|', .. }
    );

    let wide = own(
        &at("wide"),
        &[story("s", &five("Otto."))],
        &[("a.png", 8, 4)],
    );
    refuses!(wide, Layout::ArldmH5, ConvertError::NotSquare { .. });
    refuses!(wide, Layout::Pororo, ConvertError::NotSquare { .. });

    let orders = own(
        &at("orders"),
        &[
            story(
                "s",
                &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
            ),
            story(
                "t",
                &[frame("b.png", "b", "Two."), frame("a.png", "a", "One.")],
            ),
        ],
        &square,
    );
    refuses!(orders, Layout::StorygptV, ConvertError::ManyOrders { .. });

    // Ids that say one sequence, stories that say another.
    let (first, second) = ("s_01_e_01_shot_000001", "s_01_e_01_shot_000002");
    let backwards = own(
        &at("backwards"),
        &[story(
            "s",
            &[
                frame("b.png", second, "Two."),
                frame("a.png", first, "One."),
            ],
        )],
        &square,
    );
    refuses!(
        backwards,
        Layout::Flintstones,
        ConvertError::Sequence { .. }
    );
    let mut other = story(
        "s",
        &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
    );
    other["split"] = json!("dev");
    let dev = own(&at("dev"), &[other], &square);
    refuses!(dev, Layout::StorygptV, ConvertError::Split { .. });
}

#[test]
fn an_occupied_folder_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let source = fixture("mugen", Layout::Mugen);
    let out = root.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.tex"), "chapter 1").unwrap();
    let error = convert(&source, &options(Layout::Folder, &out), &|_, _| {}).unwrap_err();
    assert!(error.to_string().contains("not an empty folder"), "{error}");
    assert_eq!(
        fs::read_to_string(out.join("thesis.tex")).unwrap(),
        "chapter 1"
    );
}

#[test]
fn ids_that_are_no_file_names_become_some() {
    let root = tempfile::tempdir().unwrap();
    let clips = ["../up", "a:b", "a/b", ".hidden"];
    let frames: Vec<Value> = clips
        .iter()
        .map(|clip| frame("a.png", clip, "Otto."))
        .collect();
    let source = own(
        &root.path().join("own"),
        &[json!({ "id": "s", "frames": frames })],
        &[("a.png", 8, 8)],
    );
    for to in [Layout::Folder, Layout::Mugen] {
        let data = converted(&source, to, &root.path().join(to.name()));
        assert_eq!(data.stories(), source.stories());
    }
}

#[test]
fn progress_ends_where_it_said() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    for &to in Layout::ALL {
        let told = std::sync::Mutex::new(Vec::new());
        convert(
            &source,
            &options(to, &root.path().join(to.name())),
            &|done, total| {
                told.lock().unwrap().push((done, total));
            },
        )
        .unwrap();
        let told = told.into_inner().unwrap();
        let (done, total) = *told.last().unwrap();
        assert_eq!(done, total, "{to}");
        assert_eq!(told.len(), total, "{to}");
    }
}
