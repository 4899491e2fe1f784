//! `storyeval metric fidelity`: FID, KID, PRDC and the Inception Score in one pass.

use super::answer::{Format, print_text, scored};
use super::sets::{FidArguments, SetArguments};
use crate::cli::Outcome;
use crate::cli::numbers::count;
use crate::cli::talk::{Screen, print_json};
use clap::Args;
use storyeval::measure::{FidelityRequest, IsRequest, IsRule, KidRequest, PrdcRequest};
use storyeval::metric::{DrawOrder, KidOptions, PrdcOptions};
use storyeval::pipeline::Networks;

#[derive(Clone, Debug, Args)]
pub(crate) struct FidelityArguments {
    #[command(flatten)]
    fid: FidArguments,
    /// Vectors of a subset of KID, drawn without replacement
    #[arg(long, visible_alias = "subset-size", default_value_t = 1000, value_parser = count)]
    kid_subset_size: usize,
    /// Number of subsets of KID
    #[arg(long, default_value_t = 100, value_parser = count)]
    kid_subsets: usize,
    /// Which set KID draws from first
    #[arg(long, value_enum, default_value_t)]
    kid_order: DrawOrder,
    /// KID's estimate over all vectors too; it is the value where there are too few vectors for a subset
    #[arg(long)]
    kid_all: bool,
    /// Neighbours of precision, recall, density and coverage [default: 3 and 5]
    #[arg(long, value_name = "K", value_parser = count)]
    nearest_k: Option<usize>,
    /// Number of splits of the Inception Score
    #[arg(long, visible_alias = "isc-splits", default_value_t = 10, value_parser = count)]
    splits: usize,
    /// Whose rules of splitting
    #[arg(long, value_enum, default_value_t)]
    rule: IsRule,
    /// Seed of numpy's RandomState, which draws KID's subsets and permutes for the Inception Score
    #[arg(long, default_value_t = 2020)]
    draw_seed: u32,
}

impl FidelityArguments {
    fn request(&self) -> FidelityRequest {
        let fid = self.fid.request();
        let (sets, interval) = (fid.sets.clone(), fid.interval.clone());
        let of = |k| PrdcOptions {
            precision_k: k,
            density_k: k,
        };
        FidelityRequest {
            kid: KidRequest {
                sets: sets.clone(),
                options: KidOptions {
                    subsets: self.kid_subsets,
                    subset_size: self.kid_subset_size,
                    seed: self.draw_seed,
                    order: self.kid_order,
                },
                all: self.kid_all,
            },
            prdc: PrdcRequest {
                sets: sets.clone(),
                options: self.nearest_k.map(of).unwrap_or_default(),
                interval,
            },
            is: IsRequest {
                set: sets.paths[0].clone(),
                splits: self.splits,
                seed: self.draw_seed,
                rule: self.rule,
                network: sets.network,
            },
            fid,
        }
    }

    fn sets(&self) -> &SetArguments {
        &self.fid.sets
    }
}

/// All four, each with the answer that its own command gives.
pub(super) fn fidelity(arguments: &FidelityArguments) -> Outcome {
    let screen = Screen::new();
    let device = arguments.sets().device().options();
    let networks = Networks::new(device, screen.control());
    let all = arguments.request().measure(&networks)?;
    match arguments.fid.shown.format {
        Format::Json => print_json(&all)?,
        Format::Text => {
            let mut said = Vec::new();
            for answer in all.each() {
                print_text(answer, &said)?;
                said.extend(answer.warnings.iter().cloned());
            }
        }
    }
    all.each().try_for_each(scored)
}
