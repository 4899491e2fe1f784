//! Why a planned frame has no image.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a planned frame has no image. It stays in the plan and is counted: `n < planned`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// It should be there and is not.
    Missing,
    /// The other program never draws it, as a continuation model is given its first frame.
    NotDrawn,
    /// The generator refused to draw it, as services do that check what they are asked for.
    Refused,
    /// The generator tried as often as it may, and failed.
    Failed,
}

impl fmt::Display for Absence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "missing",
            Self::NotDrawn => "not drawn",
            Self::Refused => "refused",
            Self::Failed => "failed",
        })
    }
}
