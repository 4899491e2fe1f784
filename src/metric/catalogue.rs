//! How each metric is printed: its name, its digits, and the table it stands in.

use crate::record::{Score, Unit};

/// Tables that a slice is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Char-Acc, Char-F1, BG-Acc, BG-F1.
    Labels,
    /// FID, BLEU4, CIDEr, CLIP, LPIPS: the other columns of papers.
    Images,
    /// Everything else.
    Detail,
}

impl Group {
    /// In the order in which they are printed.
    pub const ALL: [Self; 3] = [Self::Labels, Self::Images, Self::Detail];

    /// What follows the slice's title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Labels => "",
            Self::Images => ": images and captions",
            Self::Detail => ": further metrics",
        }
    }
}

/// How a metric is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name in the field, with `%` where the unit is percent.
    pub name: String,
    /// Digits after the point.
    pub decimals: usize,
    /// The table it stands in.
    pub group: Group,
    /// Position among the columns of its group.
    pub order: usize,
}

/// Id, name in the field, digits after the point.
type Entry = (&'static str, &'static str, usize);

/// In the order of columns.
const LABELS: [Entry; 4] = [
    ("char_acc", "Char-Acc %", 1),
    ("char_f1", "Char-F1 %", 1),
    ("bg_acc", "BG-Acc %", 1),
    ("bg_f1", "BG-F1 %", 1),
];
const IMAGES: [Entry; 6] = [
    ("fid", "FID", 2),
    ("bleu4", "BLEU4", 4),
    ("cider", "CIDEr", 4),
    ("clip_ti", "CLIP T-I", 4),
    ("clip_ii", "CLIP I-I", 4),
    ("lpips", "LPIPS", 4),
];
const DETAIL: [Entry; 28] = [
    ("kid", "KID", 5),
    ("precision", "Precision", 3),
    ("recall", "Recall", 3),
    ("density", "Density", 3),
    ("coverage", "Coverage", 3),
    ("is", "IS", 3),
    ("bleu1", "BLEU1", 4),
    ("bleu2", "BLEU2", 4),
    ("bleu3", "BLEU3", 4),
    ("consistency", "Consistency", 4),
    ("consistency_gt", "Consistency (ground truth)", 4),
    ("consistency_shared", "Consistency, shared", 4),
    (
        "consistency_shared_gt",
        "Consistency, shared (ground truth)",
        4,
    ),
    ("char_consistency", "Char-Consistency", 4),
    ("char_consistency_gt", "Char-Consistency (ground truth)", 4),
    ("char_likeness", "Char-Likeness", 4),
    ("char_found", "Char-Found %", 1),
    ("char_found_gt", "Char-Found (ground truth) %", 1),
    ("char_acc_label", "Char-Acc per label %", 1),
    ("char_f1_micro", "Char-F1 micro %", 1),
    ("char_f1_macro", "Char-F1 macro %", 1),
    ("char_f1_weighted", "Char-F1 weighted %", 1),
    ("char_f1_samples", "Char-F1 samples %", 1),
    ("bg_acc_label", "BG-Acc per label %", 1),
    ("bg_f1_micro", "BG-F1 micro %", 1),
    ("bg_f1_macro", "BG-F1 macro %", 1),
    ("bg_f1_weighted", "BG-F1 weighted %", 1),
    ("bg_f1_samples", "BG-F1 samples %", 1),
];

/// How the metric of a score is printed.
#[must_use]
pub fn about(score: &Score) -> About {
    about_metric(&score.metric, score.unit)
}

/// How a metric is printed, by its id; metrics that are not known take their digits from `unit`.
#[must_use]
pub fn about_metric(metric: &str, unit: Unit) -> About {
    let groups: [(Group, &[Entry]); 3] = [
        (Group::Labels, &LABELS),
        (Group::Images, &IMAGES),
        (Group::Detail, &DETAIL),
    ];
    for (group, columns) in groups {
        if let Some(order) = columns.iter().position(|(id, ..)| *id == metric) {
            let (_, name, decimals) = columns[order];
            return About {
                name: name.to_owned(),
                decimals,
                group,
                order,
            };
        }
    }
    let (suffix, decimals) = match unit {
        Unit::Percent => (" %", 1),
        Unit::Distance => ("", 2),
        Unit::Cosine | Unit::Score => ("", 4),
    };
    About {
        name: format!("{metric}{suffix}"),
        decimals,
        group: Group::Detail,
        order: DETAIL.len(),
    }
}
