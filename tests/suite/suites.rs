//! `storyeval run --suite`.

use crate::support::{fails, printed, storyeval};
use std::fs;
use std::path::Path;

fn text(command: &mut assert_cmd::Command) -> String {
    String::from_utf8(printed(command)).unwrap()
}

/// Every suite can be planned where nothing is installed, and says where to get what is missing.
#[test]
fn every_suite_has_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let list = text(storyeval().args(["ls", "suites"]));
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(ids.len() >= 15, "{list}");
    for id in ids {
        let plan =
            text(
                storyeval()
                    .current_dir(folder.path())
                    .args(["run", "--suite", id, "--dry-run"]),
            );
        assert!(plan.contains(&format!("Suite {id}")), "{plan}");
        assert!(!plan.contains("broken"), "{plan}");
        let mini = id.starts_with("minisv");
        assert_eq!(
            plan.contains("can be run |") || plan.contains("can be run  "),
            mini,
            "{plan}"
        );
    }
    // Nothing was made.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let plan = text(storyeval().args(["run", "--suite", "cvpr-table-3", "--dry-run"]));
    for words in [
        "Fills cvpr-supp-table-3",
        "weights storygpt-v-llama2",
        "second-stage-llama2.zip",
        "networks flintstones-classifiers, inception-fid",
        "data set flintstones",
    ] {
        assert!(plan.contains(words), "{words}\n{plan}");
    }
    let plan = text(storyeval().args(["run", "--suite", "arxiv-table-2", "--dry-run"]));
    assert!(plan.contains("data set pororo"), "{plan}");
    assert!(plan.contains("storyeval score --images"), "{plan}");
}

#[test]
fn a_suite_that_lacks_everything_ends_with_the_code_of_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command
        .current_dir(folder.path())
        .args(["run", "--suite", "cvpr-charldm"]);
    fails(&mut command).says(
        96,
        &[
            "nothing of suite cvpr-charldm could be run",
            "storygpt-v.s3",
        ],
    );
    fails(storyeval().args(["run", "--suite", "cvpr-table-33"]))
        .says(2, &["cvpr-table-3", "storyeval ls suites"]);
    fails(storyeval().args(["generate", "--suite", "minisv-short"])).says(2, &["run --suite"]);
    let both = storyeval()
        .args(["run", "--suite", "minisv-short", "--model", "shuffled"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
    fails(storyeval().args(["run", "--dataset", "minisv", "--model", "story-ldm"])).says(
        2,
        &[
            "drawn by another program",
            "examples/story_ldm.py draws its frames, see docs/bring-my-model.md#story-ldm",
            "score --images",
        ],
    );
}

/// A suite of MiniSV that runs, is stopped half-way, and goes on.
#[test]
fn minisv_runs_and_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("suite");
    let run = |more: &[&str]| {
        let mut command = storyeval();
        command
            .args(["run", "--suite", "minisv-short"])
            .args(more)
            .arg("--out")
            .arg(&out);
        command
    };
    let table = text(&mut run(&["--signatures"]));
    for words in [
        "Original text",
        "Referential text",
        "Char-LDM mini (w/o LLM)",
        "StoryGPT-V mini",
        "8 / 8",
    ] {
        assert!(table.contains(words), "{words}\n{table}");
    }
    assert_eq!(fs::read_to_string(out.join("table.md")).unwrap(), table);

    // What is done is not done again; what is gone is made again, and the table is the same.
    let kept = out.join("minisv-strict-storygpt-v-mini-first2");
    let gone = out.join("minisv-strict-char-ldm-mini-first2");
    let journal = |of: &Path| fs::read_to_string(of.join("journal.jsonl")).unwrap();
    let before = journal(&kept);
    fs::remove_dir_all(&gone).unwrap();
    let plan = text(&mut run(&["--dry-run"]));
    assert!(plan.contains("8 frames to draw: about"), "{plan}");
    assert_eq!(text(&mut run(&["--signatures"])), table);
    assert_eq!(journal(&kept), before);
    assert!(gone.join("scores.json").is_file());

    // Compared with a paper, they are printed beside its numbers and get no verdict.
    let mut command = storyeval();
    command
        .args(["paper", "cvpr-supp-charldm", "--with"])
        .arg(&kept)
        .arg(&gone);
    let paper = text(&mut command);
    for words in [
        "Row 1: char-ldm-mini in",
        "Row 2: storygpt-v-mini in",
        "data set: minisv, published on flintstones",
    ] {
        assert!(paper.contains(words), "{words}\n{paper}");
    }
    assert!(
        !paper.contains("| reproduced") && !paper.contains("| differs"),
        "{paper}"
    );
}

/// A suite of the user's own: one run that can be made and one that cannot.
#[test]
fn a_suite_that_is_partly_possible_ends_with_the_code_of_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("mine.toml");
    let write = |more: &str| {
        let head = "id = \"mine\"\nname = \"Mine\"\ndescription = \"two runs\"\n";
        let run = "\n[[runs]]\ndataset = \"minisv\"\nmodel = \"ground-truth\"\nprotocol = \"strict\"\nlimit = 2\n";
        fs::write(&card, format!("{head}{run}{more}")).unwrap();
    };
    let run = || {
        let mut command = storyeval();
        command
            .current_dir(folder.path())
            .args(["run", "--suite"])
            .arg(&card);
        command
    };
    write(
        "\n[[runs]]\ndataset = \"minisv\"\nmodel = \"storygpt-v\"\nprotocol = \"strict\"\nlimit = 2\n",
    );
    let output = run().output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(5), "{table}");
    assert!(
        table.contains("ground-truth") && table.contains("lacks weights storygpt-v"),
        "{table}"
    );

    write(
        "\n[[runs]]\ndataset = \"minisv\"\nmodel = \"shuffled\"\nprotocol = \"strict\"\nlimits = 2\n",
    );
    fails(&mut run()).says(2, &["limits", "mine.toml:"]);
    write(
        "\n[[runs]]\ndataset = \"minisv\"\nmodel = \"ground-truth\"\nprotocol = \"strict\"\nlimit = 2\n",
    );
    fails(&mut run()).says(2, &["no two runs are the same"]);
    write(
        "\n[[runs]]\nrow = 1\ndataset = \"minisv\"\nmodel = \"shuffled\"\nprotocol = \"strict\"\n",
    );
    fails(&mut run()).says(2, &["`row`"]);
    fs::write(
        &card,
        "id = \"mine\"\nname = \"\"\ndescription = \"\"\nruns = []\n",
    )
    .unwrap();
    fails(&mut run()).says(2, &["at least one"]);
}
