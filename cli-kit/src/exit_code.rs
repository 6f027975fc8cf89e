//! Exit codes, the same for every command.

use std::process::ExitCode;

use handover_schemas::attestation::CheckVerdict;
use handover_schemas::report::Verdict;

use crate::interrupt::Interrupted;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything asked for holds.
    Clean,
    /// 1: it ran, and there are findings.
    Findings,
    /// 2: it could not be done, wrong usage included.
    CannotBeDone,
    /// 130: interrupted; the same command goes on.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::CannotBeDone => 2,
            Self::Interrupted => 130,
        }
    }

    /// How a command ends that ends with an error.
    pub fn of_error(error: &anyhow::Error) -> Self {
        if error.chain().any(|cause| cause.is::<Interrupted>()) {
            Self::Interrupted
        } else {
            Self::CannotBeDone
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Equal => Self::Clean,
            Verdict::Different => Self::Findings,
            Verdict::Unverified => Self::CannotBeDone,
        }
    }
}

impl From<CheckVerdict> for Exit {
    fn from(verdict: CheckVerdict) -> Self {
        match verdict {
            CheckVerdict::Holds => Self::Clean,
            CheckVerdict::Differs => Self::Findings,
            CheckVerdict::Unverified => Self::CannotBeDone,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
