//! FID, KID, PRDC and the Inception Score of two sets, for which the network reads every image once.

use super::sets::{Set, features_and_logits};
use super::{Answer, FidRequest, Host, IsRequest, KidRequest, MeasureError, PrdcRequest};
use serde::Serialize;

/// Asks for four metrics of the same two sets, folders of images or files of features. The sets and the network are
/// those of `fid`.
#[derive(Clone, Debug)]
pub struct FidelityRequest {
    /// How FID is computed, and of what all are.
    pub fid: FidRequest,
    /// How KID is computed.
    pub kid: KidRequest,
    /// How precision, recall, density and coverage are computed.
    pub prdc: PrdcRequest,
    /// How the Inception Score of the first set is computed.
    pub is: IsRequest,
}

/// The answers, each as its own request gives it.
#[derive(Clone, Debug, Serialize)]
pub struct FidelityAnswer {
    metric: &'static str,
    /// FID.
    pub fid: Answer,
    /// KID.
    pub kid: Answer,
    /// Precision, recall, density and coverage.
    pub prdc: Answer,
    /// The Inception Score; absent where the network gives no logits, and of a file of features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<Answer>,
}

impl FidelityRequest {
    /// Reads the images and computes all.
    ///
    /// # Errors
    /// As the four metrics.
    pub fn measure(&self, host: &dyn Host) -> Result<FidelityAnswer, MeasureError> {
        let sets = &self.fid.sets;
        // Features have no logits: there is no Inception Score of a file.
        let (features, logits) = if sets.paths[0].is_file() {
            (sets.features(host)?, None)
        } else {
            features_and_logits(sets, host)?
        };
        let kid = self.kid.of_features(&features);
        let prdc = self.prdc.of_features(&features)?;
        let fid = self.fid.of_sets(&features.map(Set::Features))?;
        Ok(FidelityAnswer {
            metric: "fidelity",
            fid,
            kid,
            prdc,
            is: logits.map(|logits| self.is.of_logits(logits)),
        })
    }
}

impl FidelityAnswer {
    /// All answers.
    pub fn each(&self) -> impl Iterator<Item = &Answer> {
        [&self.fid, &self.kid, &self.prdc]
            .into_iter()
            .chain(&self.is)
    }
}
