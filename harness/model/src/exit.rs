//! Exit codes: a published contract, the same for every output format.

/// How the process ends.
///
/// Where several apply, [`ExitCode::most_telling`] decides; the order is part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// The gate is satisfied; for `verify`, signature, digests and trust all hold.
    Ok = 0,
    /// At least one gated requirement failed.
    NotMet = 1,
    /// Wrong arguments or configuration; nothing was tested.
    Usage = 2,
    /// Nothing failed, but something gated is inconclusive or was not tested.
    NotDetermined = 3,
    /// The selection matched no check.
    NothingSelected = 4,
    /// The candidate or its driver could not be reached.
    Unreachable = 5,
    /// The run stopped early; its bundle says that it is incomplete.
    Incomplete = 6,
    /// `verify` or `recheck` found a mismatch.
    Mismatch = 7,
    /// A waiver or declaration is expired, unmatched or malformed.
    OverlayInvalid = 8,
    /// A bug in Hallmark.
    Internal = 70,
    /// Stopped by SIGINT; the bundle is kept.
    Interrupted = 130,
    /// Stopped by SIGTERM; the bundle is kept.
    Terminated = 143,
}

impl ExitCode {
    /// Every code with its name and meaning, in numerical order: the one source of the tables in
    /// the documentation and in `--help`.
    pub const TABLE: [(Self, &'static str, &'static str); 12] = [
        (Self::Ok, "OK", "gate satisfied"),
        (Self::NotMet, "NOT_MET", "a gated requirement failed"),
        (Self::Usage, "USAGE", "wrong arguments or configuration, nothing tested"),
        (
            Self::NotDetermined,
            "NOT_DETERMINED",
            "nothing failed, but something gated is inconclusive or not tested",
        ),
        (Self::NothingSelected, "NOTHING_SELECTED", "the selection matched no check"),
        (Self::Unreachable, "UNREACHABLE", "candidate or driver could not be reached"),
        (Self::Incomplete, "INCOMPLETE", "stopped early, the bundle is incomplete"),
        (Self::Mismatch, "MISMATCH", "verify or recheck found a mismatch"),
        (Self::OverlayInvalid, "OVERLAY_INVALID", "a waiver or declaration is expired or invalid"),
        (Self::Internal, "INTERNAL", "a bug in Hallmark"),
        (Self::Interrupted, "INTERRUPTED", "stopped by SIGINT, bundle kept"),
        (Self::Terminated, "TERMINATED", "stopped by SIGTERM, bundle kept"),
    ];

    /// The number given to the operating system.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name printed beside the number.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|(code, ..)| *code == self).map_or("", |(_, name, _)| name)
    }

    /// The code to end with where several apply: 70, 2, 4, 7, 5, 6, 8, 1, 3, 0; a signal outranks
    /// them all, because the caller sent it.
    #[must_use]
    pub fn most_telling(codes: impl IntoIterator<Item = Self>) -> Self {
        const ORDER: [ExitCode; 12] = [
            ExitCode::Terminated,
            ExitCode::Interrupted,
            ExitCode::Internal,
            ExitCode::Usage,
            ExitCode::NothingSelected,
            ExitCode::Mismatch,
            ExitCode::Unreachable,
            ExitCode::Incomplete,
            ExitCode::OverlayInvalid,
            ExitCode::NotMet,
            ExitCode::NotDetermined,
            ExitCode::Ok,
        ];
        let rank = |code: Self| ORDER.iter().position(|o| *o == code);
        codes.into_iter().min_by_key(|code| rank(*code)).unwrap_or(Self::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_in_order() {
        let codes: Vec<_> = ExitCode::TABLE.iter().map(|(code, ..)| code.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        let table: Vec<_> = ExitCode::TABLE
            .iter()
            .map(|(code, name, meaning)| format!("{:>3}  {name:<16} {meaning}", code.code()))
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn the_most_telling_code_wins() {
        use ExitCode::{Incomplete, NotDetermined, NotMet, Ok, Usage};
        assert_eq!(ExitCode::most_telling([]), Ok);
        assert_eq!(ExitCode::most_telling([NotDetermined, NotMet, Ok]), NotMet);
        assert_eq!(ExitCode::most_telling([NotMet, Incomplete]), Incomplete);
        assert_eq!(ExitCode::most_telling([Incomplete, Usage]), Usage);
    }
}
