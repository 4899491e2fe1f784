//! Latents from and to files.

use clap::Args;
use std::path::PathBuf;
use storyeval::pipeline::LatentRequest;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LatentArguments {
    /// Initial latents instead of drawn ones: an .npz or a folder with STORY/FRAME.npy, float32 [c, h, w]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["suite", "seeds"])]
    latents: Option<PathBuf>,
    /// Write the final latents of every frame that is drawn to DIR/STORY/FRAME.npy
    #[arg(long, value_name = "DIR", conflicts_with_all = ["suite", "seeds"])]
    save_latents: Option<PathBuf>,
}

impl LatentArguments {
    /// The same for the library.
    pub(super) fn request(&self) -> LatentRequest {
        LatentRequest {
            from: self.latents.clone(),
            into: self.save_latents.clone(),
        }
    }
}
