//! Examples below the help of every verb.

use clap::Command;

/// A verb and lines that can be pasted. They are the commands of the task pages.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "run",
        "storyeval run --dataset minisv --model storygpt-v-mini,ground-truth --limit 25
storyeval run --dataset flintstones --model storygpt-v --dry-run
storyeval run --dataset minisv --model command:worker.py --workers 2 --limit 4
storyeval run --suite minisv-short",
    ),
    (
        "generate",
        "storyeval generate --dataset minisv --model storygpt-v-mini --limit 5 --out runs/drawn",
    ),
    ("observe", "storyeval observe runs/drawn"),
    (
        "score",
        "storyeval score runs/drawn
storyeval score runs/drawn --column aesthetic.csv:aesthetic --higher-is-better
storyeval score --images frames/ --name mine --dataset ./my-stories --out runs/mine",
    ),
    (
        "table",
        "storyeval table runs/a runs/b --slices all,pronoun
storyeval table runs/a runs/b --format latex --columns char_acc,char_f1,fid",
    ),
    (
        "compare",
        "storyeval compare runs/baseline runs/candidate --metrics char_acc,fid",
    ),
    (
        "references",
        "storyeval references runs/mine --plot references.svg
storyeval references runs/mine runs/mine-with-names",
    ),
    (
        "gate",
        "storyeval gate runs/ci --baseline baseline.json --rules rules.toml --junit gate.xml",
    ),
    (
        "gate update",
        "storyeval gate update runs/ci --baseline baseline.json",
    ),
    (
        "paper",
        "storyeval paper
storyeval paper cvpr-supp-table-1 --with runs/mine",
    ),
    (
        "metric accuracy",
        "storyeval metric accuracy --predictions p.npy --labels y.npy",
    ),
    ("metric audit", "storyeval metric audit --stories 6"),
    (
        "metric bleu",
        "storyeval metric bleu --refs refs.json --hyps hyps.json --format json",
    ),
    (
        "metric caption",
        "storyeval metric caption frames/ --bundle minisv-captioner",
    ),
    (
        "metric cider",
        "storyeval metric cider --refs refs.json --hyps hyps.json",
    ),
    (
        "metric clip",
        "storyeval metric clip --images frames/ --texts captions.txt --bundle minisv-clip",
    ),
    (
        "metric cocoeval",
        "storyeval metric cocoeval --refs refs.json --hyps hyps.json",
    ),
    (
        "metric fid",
        "storyeval metric fid generated/ real/ --preset pytorch-fid
storyeval metric fid --features generated.npy real.npy",
    ),
    (
        "metric fidelity",
        "storyeval metric fidelity generated/ real/ --bundle minisv-evaluators --kid-all --splits 2",
    ),
    (
        "metric is",
        "storyeval metric is generated/ --bundle minisv-evaluators",
    ),
    (
        "metric kid",
        "storyeval metric kid --features generated.npy real.npy",
    ),
    (
        "metric lpips",
        "storyeval metric lpips a.png b.png
storyeval metric lpips generated/ real/ --bundle minisv-lpips",
    ),
    (
        "metric prdc",
        "storyeval metric prdc --features generated.npy real.npy",
    ),
    ("metric psnr", "storyeval metric psnr generated/ real/"),
    (
        "metric ssim",
        "storyeval metric ssim generated/ real/ --variant torchmetrics",
    ),
    (
        "metric tokenize",
        "echo \"Fred's sitting on the couch.\" | storyeval metric tokenize",
    ),
    (
        "protocol show",
        "storyeval protocol show strict
storyeval protocol show strict --format toml > eval-configs/protocols/mine.toml",
    ),
    (
        "protocol diff",
        "storyeval protocol diff strict storygptv-released",
    ),
    (
        "protocol effect",
        "storyeval protocol effect runs/mine --protocols strict,storygptv-released",
    ),
    ("dataset new", "storyeval dataset new my-stories"),
    (
        "dataset show",
        "storyeval dataset show pororo > my-stories/dataset.toml",
    ),
    (
        "dataset convert",
        "storyeval dataset convert --dataset minisv --to folder --out converted/",
    ),
    (
        "dataset synth",
        "storyeval dataset synth --out world/ --stories 20",
    ),
    (
        "dataset verify",
        "storyeval dataset verify --dataset ./my-stories",
    ),
    ("dataset stats", "storyeval dataset stats --dataset minisv"),
    (
        "dataset referential",
        "storyeval dataset referential --dataset minisv --variant algorithm1",
    ),
    (
        "model fetch",
        "storyeval model fetch inception-fid lpips-alex
storyeval model fetch clip-vit-b-32 --from ~/Downloads/ViT-B-32.pt",
    ),
    (
        "model import",
        "storyeval model import lpips-alex --from alexnet-owt-7be5be79.pth",
    ),
    (
        "model new",
        "storyeval model new my-model
storyeval model new my-model --generator char-ldm",
    ),
    ("model pack", "storyeval model pack bundles/mine"),
    (
        "model show",
        "storyeval model show storygpt-v > eval-configs/models/mine.toml",
    ),
    (
        "model verify",
        "storyeval model verify storygpt-v-mini
storyeval model verify bundles/mine --dataset ./my-stories",
    ),
    ("show", "storyeval show runs/mine"),
    ("diff", "storyeval diff runs/a runs/b"),
    (
        "export",
        "storyeval export runs/mine --what observations --format parquet --out mine.parquet",
    ),
    (
        "ls",
        "storyeval ls models
storyeval ls runs runs/",
    ),
    ("doctor", "storyeval doctor"),
    (
        "completions",
        "storyeval completions bash > ~/.local/share/bash-completion/completions/storyeval",
    ),
];

/// The command with its examples.
pub(super) fn added(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (verb, lines)| {
        let path: Vec<&str> = verb.split(' ').collect();
        within(command, &path, lines)
    })
}

fn within(command: Command, path: &[&str], lines: &str) -> Command {
    match path {
        [] => command.after_help(format!("Examples:\n  {}", lines.replace('\n', "\n  "))),
        [verb, rest @ ..] => command.mut_subcommand(verb, |inner| within(inner, rest, lines)),
    }
}
