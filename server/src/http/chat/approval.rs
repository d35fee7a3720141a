//! How a request for permission is named in a stream: by its turn and its number in it.

use std::fmt;
use std::str::FromStr;

use octobot_wire::TurnId;

/// Names a request for permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ApprovalId {
    /// The turn that waits.
    pub(super) turn: TurnId,
    /// The request's number within the turn.
    pub(super) number: u32,
}

/// A text that names no request for permission.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no request for permission is named {0:?}")]
pub(super) struct InvalidApprovalId(String);

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.turn, self.number)
    }
}

impl FromStr for ApprovalId {
    type Err = InvalidApprovalId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidApprovalId(text.to_owned());
        let (turn, number) = text.split_once(':').ok_or_else(invalid)?;
        Ok(Self { turn: turn.parse().map_err(|_| invalid())?, number: number.parse().map_err(|_| invalid())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        let id = ApprovalId { turn: TurnId::new(uuid::Uuid::from_u128(7)), number: 12 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "12", "x:12", "00000000-0000-0000-0000-000000000007:-1"] {
            assert!(bad.parse::<ApprovalId>().is_err(), "{bad}");
        }
    }
}
