//! What a table may hold, and what is refused with its place.

use super::*;
use crate::card::Better;
use crate::format::read_rows;

fn joined(name: &str, text: &str, unit: &str) -> Result<Joined, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let card = ColumnCard {
        id: "taste".to_owned(),
        name: None,
        better: Better::Higher,
        unit: unit.to_owned(),
        file: path.clone(),
        column: None,
        decimals: None,
        minimum: None,
        maximum: None,
        version: 1,
    };
    let (a, b) = (StoryId::new("a"), StoryId::new("007"));
    let table = read_rows(&path).map_err(|error| error.to_string())?;
    let frames = RunFrames {
        name: "r".to_owned(),
        model: "m".to_owned(),
        seed: "0".to_owned(),
        places: [&a, &b]
            .into_iter()
            .flat_map(|story| [1, 2].map(|frame| (story, FrameIndex(frame))))
            .collect(),
        absent: vec![(a.clone(), FrameIndex(2))],
    };
    join(&card, &table, &frames)
        .map_err(|error| error.to_string().replace(path.to_str().unwrap(), name))
}

fn csv(text: &str) -> Result<Joined, String> {
    joined("t.csv", text, "score")
}

#[test]
fn values_are_of_frames_of_stories_or_of_the_run() {
    let of_frames = csv("story,frame,v\na,1,0.5\n007,2.0,-1e2\n007,1,\n").unwrap();
    assert_eq!(of_frames.per, Per::Frame);
    assert_eq!(of_frames.values, [Some(0.5), None, None, Some(-100.0)]);
    assert!(of_frames.notes.is_empty());
    let of_stories = csv("v,story\n3,007\n").unwrap();
    assert_eq!(of_stories.per, Per::Story);
    assert_eq!(of_stories.values, [None, None, Some(3.0), Some(3.0)]);
    let of_run = csv("v\n3\n").unwrap();
    assert_eq!((of_run.per, of_run.values), (Per::Run, vec![Some(3.0); 4]));
    let lines =
        "{\"story\": 7, \"frame\": 1, \"v\": 2}\n{\"story\": \"a\", \"frame\": 1, \"v\": null}\n";
    let typed = joined("t.jsonl", lines, "score").unwrap();
    assert_eq!(typed.values, [None; 4]);
    assert!(
        typed.notes[0].contains("line 1, story 7"),
        "{:?}",
        typed.notes
    );
}

#[test]
fn rows_of_other_runs_and_stories_are_noted() {
    let found =
        csv("model,seed,story,frame,v\nm,0,a,1,1\nn,0,a,1,2\nm,1,a,1,3\nm,0,x,9,4\n").unwrap();
    assert_eq!(found.values, [Some(1.0), None, None, None]);
    assert_eq!(
        found.notes,
        [
            "2 rows are of other runs (model n, seed 1)",
            "1 rows are of stories that the run does not have (first: line 5, story x)"
        ]
    );
    let absent = csv("story,frame,v\na,1,1\na,2,5\n").unwrap();
    assert_eq!(absent.values[1], None);
    assert!(absent.notes[0].contains("no image"));
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    for (text, message) in [
        (
            "story,frame,v\na,1,nan\n",
            "t.csv, line 2: v = \"nan\", which is no finite number",
        ),
        (
            "story,frame,v\na,1,-inf\n",
            "t.csv, line 2: v = \"-inf\", which is no finite number",
        ),
        (
            "story,frame,v\na,1,1\na,2,good\n",
            "t.csv, line 3: v = \"good\", which is text where a number is wanted",
        ),
        (
            "story,frame,v\na,0,1\n",
            "t.csv, line 2: frame = \"0\", which is no frame of a story, which are counted from 1",
        ),
        (
            "story,frame,v\na,3,1\n",
            "t.csv, line 2: frame = \"3\", which is no frame of story a, which has 2 in this run",
        ),
        (
            "story,frame,v\na,1,1\na,1,1\n",
            "t.csv, line 3: frame = \"1\", which line 2 has already",
        ),
        (
            "story,frame,v\n,1,1\n",
            "t.csv, line 2: story = nothing, which is no id",
        ),
        (
            "story,v\na,1\na,2\n",
            "t.csv, line 3: story = \"a\", which line 2 has already",
        ),
        (
            "v\n1\n2\n",
            "t.csv, line 3: v = \"2\", which line 2 has already",
        ),
        (
            "frame,v\n1,1\n",
            "t.csv has no column `story`; it has frame, v",
        ),
        (
            "story,frame\na,1\n",
            "t.csv has 0 columns of values (); one is wanted",
        ),
        (
            "story,frame,v,w\na,1,1,2\n",
            "t.csv has 2 columns of values (v, w); one is wanted",
        ),
        (
            "story,frame,v\nx,1,1\n",
            "no row of t.csv is of this run: its stories are called like \"x\", those of the run like \"a\"",
        ),
        (
            "model,story,v\nn,a,1\n",
            "no row of t.csv is of this run: its rows are of model n; the run is model m",
        ),
        (
            "story,v\n",
            "no row of t.csv is of this run: it has no rows",
        ),
    ] {
        assert_eq!(csv(text).unwrap_err(), message, "{text}");
    }
    let high = joined("t.csv", "story,v\na,101\n", "percent").unwrap_err();
    assert_eq!(
        high,
        "t.csv, line 2: v = \"101\", which is not between 0 and 100, as `taste` is"
    );
    let low = joined("t.csv", "story,v\na,-1\n", "distance").unwrap_err();
    assert!(
        low.ends_with("which is below 0, the smallest value of `taste`"),
        "{low}"
    );
    let typed = joined("t.jsonl", "{\"story\": \"a\", \"v\": \"1\"}\n", "score").unwrap_err();
    assert!(typed.contains("text where a number"), "{typed}");
    let flag = joined("t.jsonl", "{\"story\": \"a\", \"v\": true}\n", "score").unwrap_err();
    assert_eq!(flag, "t.jsonl, line 1: v = true, which is no number");
}
