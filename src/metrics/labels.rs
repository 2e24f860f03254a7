//! What counts are told apart by: closed sets, and configured names.

use std::fmt;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeLabelValue;
use prometheus_client::encoding::LabelValueEncoder;

/// How an exchange ended; the last part of its log entry's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Cleared for release.
    Released,
    /// Refused by the gateway.
    Refused,
    /// A hop failed.
    Failed,
    /// The caller left.
    Aborted,
}

/// What lapses on a day of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lapsing {
    /// A certificate.
    Certificate,
    /// An agreement.
    Agreement,
    /// A revocation list.
    RevocationList,
    /// A security confirmation.
    SecurityConfirmation,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ExchangeLabels {
    pub(super) agency: String,
    pub(super) outcome: Outcome,
    pub(super) reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WhyLabels {
    pub(super) why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LapseLabels {
    pub(super) what: Lapsing,
    pub(super) name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WitnessLabels {
    pub(super) witness: String,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        let name = match self {
            Self::Released => "released",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        };
        EncodeLabelValue::encode(&name, encoder)
    }
}

impl EncodeLabelValue for Lapsing {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        let name = match self {
            Self::Certificate => "certificate",
            Self::Agreement => "agreement",
            Self::RevocationList => "revocation-list",
            Self::SecurityConfirmation => "security-confirmation",
        };
        EncodeLabelValue::encode(&name, encoder)
    }
}
