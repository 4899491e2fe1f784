//! Opening a data set of 100,000 clips: time, and the memory that it takes at most.
//!
//! `cargo bench --bench index`. The files are written once into the target folder.
#![allow(missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use storyeval::card;
use storyeval::dataset::{Dataset, OpenOptions, open};

const CLIPS: usize = 100_000;
/// Clips of an episode; FlintstonesSV has about 150.
const EPISODE: usize = 150;
/// Background labels per clip: of MiniSV, and of FlintstonesSV.
const PLACES: [usize; 2] = [12, 323];
const CHARACTERS: usize = 7;

fn id(clip: usize) -> String {
    let (episode, shot) = (clip / EPISODE, clip % EPISODE);
    format!(
        "s_{:02}_e_{:02}_shot_{:06}_{:06}",
        episode / 40,
        episode % 40,
        shot * 75,
        shot * 75 + 74
    )
}

fn text(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"X")?;
    out.write_all(&(text.len() as u32).to_le_bytes())?;
    out.write_all(text.as_bytes())
}

/// A dict of id to list of 0 and 1, as `pickle.dump` writes one.
fn labels(out: &mut impl Write, count: usize, on: impl Fn(usize) -> usize) -> io::Result<()> {
    out.write_all(b"}(")?;
    for clip in 0..CLIPS {
        text(out, &id(clip))?;
        out.write_all(b"](")?;
        for label in 0..count {
            out.write_all(&[b'K', u8::from(on(clip) == label)])?;
        }
        out.write_all(b"e")?;
    }
    out.write_all(b"u")
}

fn write(folder: &Path, places: usize) -> io::Result<()> {
    let file = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let mut annotations = file("flintstones_annotations_v1-0.json")?;
    for clip in 0..CLIPS {
        let (comma, id) = (if clip == 0 { "[" } else { "," }, id(clip));
        write!(
            annotations,
            r#"{comma}{{"globalID":"{id}","description":"Fred is standing in the kitchen number {clip} and talks to somebody off screen.","setting":"kitchen","characters":[{{"entityLabel":"Fred","rectangles":[[1,2,3,4]]}}],"objects":[]}}"#
        )?;
    }
    writeln!(annotations, "]")?;
    // Nearly all are test clips, so that there are as many stories as can be.
    let ids = |range: std::ops::Range<usize>| range.map(id).collect::<Vec<_>>();
    let split = serde_json::json!({ "train": ids(0..1000), "val": ids(1000..2000), "test": ids(2000..CLIPS) });
    writeln!(file("train-val-test_split.json")?, "{split}")?;
    let mut out = file("labels.pkl")?;
    out.write_all(b"\x80\x02")?;
    labels(&mut out, CHARACTERS, |_| 1)?;
    out.write_all(b".")?;
    let mut out = file("labels_bg.pkl")?;
    out.write_all(b"\x80\x02}")?;
    text(&mut out, "label")?;
    labels(&mut out, places, |clip| clip % places)?;
    out.write_all(b"s.")?;
    let mut out = file("following_cache3.pkl")?;
    out.write_all(b"\x80\x02}(")?;
    for clip in 0..CLIPS {
        text(&mut out, &id(clip))?;
        out.write_all(b"](")?;
        for next in (clip + 1..CLIPS)
            .take(3)
            .take_while(|next| next / EPISODE == clip / EPISODE)
        {
            text(&mut out, &id(next))?;
        }
        out.write_all(b"e")?;
    }
    out.write_all(b"u.")?;
    out.flush()?;
    let frames = folder.join("video_frames_sampled");
    fs::create_dir_all(&frames)?;
    for clip in 0..CLIPS {
        File::create(frames.join(format!("{}.npy", id(clip))))?;
    }
    File::create(folder.join("whole")).map(|_| ())
}

/// A line of `/proc/self/status` in MB; `None` on other systems.
fn status(name: &str) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1000.0)
}

/// Opens a set once and says what it takes; then measures how long.
fn index(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open 100,000 clips");
    group.sample_size(10);
    for places in PLACES {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("index-{places}"));
        if !folder.join("whole").is_file() {
            fs::create_dir_all(&folder).expect("the target folder can be written");
            write(&folder, places).expect("the target folder can be written");
        }
        let mut card = card::dataset("flintstones").expect("it is shipped");
        card.background_count = Some(places);
        let options = OpenOptions::new(card, &folder);
        // "5" takes the greatest memory so far back to what there is now.
        let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
        let before = status("VmRSS");
        let dataset = open(&options).expect("it was written whole");
        let stories = dataset.stories().len();
        if let (true, Some(before), Some(most)) = (reset, before, status("VmHWM")) {
            println!(
                "{CLIPS} clips, {stories} stories, {places} places: at most {most:.0} MB while it opens, {before:.0} MB before"
            );
        }
        drop(dataset);
        group.bench_function(format!("{places} places"), |bencher| {
            bencher.iter_with_large_drop(|| open(&options).expect("it was opened before"));
        });
    }
    group.finish();
}

criterion_group!(benches, index);
criterion_main!(benches);
