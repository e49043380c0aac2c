//! AES 256, or a cipher that a named clause accepts in its place.

use hallmark_model::{Grade, Verdict, text};

use super::{Check, Conclusion, Ground, measured};
use crate::{facts::Experiment, probe::AlgorithmsMeasured};

pub(super) const CHECK: Check = Check {
    name: "aes-256-equivalent",
    title: "Messages are encrypted with AES 256, or with a documented equivalent",
    experiment: "algorithms",
    expected: "the cipher of message contents is AES 256, or one that a named clause accepts",
    judge: |experiment, ground| judge_cipher(experiment, ground, "message-cipher-equivalent"),
};

/// Judges the stated cipher by a table of the standard, after holding it against the wire.
pub(super) fn judge_cipher(
    experiment: &Experiment,
    ground: &Ground<'_>,
    table: &str,
) -> Conclusion {
    measured(experiment, |m: AlgorithmsMeasured| {
        let cipher = text::one_line(&m.stated.cipher);
        let mac = text::one_line(&m.stated.mac);
        let observed = format!(
            "the driver states {cipher} with {mac} ({} bits); envelopes {}",
            m.stated.mac_bits,
            m.growth()
        );
        if m.contradicts_block_cipher() {
            return Conclusion::new(
                Verdict::Inconclusive,
                observed,
                "a block cipher in this mode cannot make envelopes grow byte by byte: the \
                 statement and the wire disagree",
            );
        }
        let Some((grade, basis)) = ground.policy.grade(table, &m.stated.cipher, ground.on) else {
            return Conclusion::new(
                Verdict::Inconclusive,
                observed,
                format!("the standard's table `{table}` says nothing of {cipher}"),
            );
        };
        let verdict = match grade {
            Grade::Recommended => Verdict::Pass,
            Grade::Acceptable => Verdict::PassEquivalent,
            Grade::Legacy => Verdict::Warn,
            Grade::Forbidden => Verdict::Fail,
        };
        Conclusion::new(
            verdict,
            observed,
            format!(
                "{basis}. The name of the cipher rests on the driver's word; how envelopes grow is consistent with it"
            ),
        )
    })
}
