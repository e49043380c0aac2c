//! What is said in a scene.

use std::fmt::Write as _;

use ring::digest::{Context, SHA256};

/// The texts of one scene, all from its seed.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    /// Stands in every head of every frame.
    pub(super) control: String,
    /// One for each message, one for the attachment.
    pub(super) canaries: Vec<String>,
    pub(super) messages: [String; 4],
    pub(super) attachment: Vec<u8>,
}

impl Texts {
    pub(super) fn new(seed: u64) -> Self {
        let canaries: [String; 5] =
            ["1", "2", "3", "4", "attachment"].map(|of| mark("HALLMARK-CANARY", seed, of));
        let [one, two, three, four, attached] = &canaries;
        // The mark comes first: a fault shows the beginnings of messages.
        let messages = [
            format!("{one} Bed 12: potassium is 6.8. Can you come?"),
            format!("{two} Thank you. ECG is repeated, calcium is given."),
            format!("{three} On my way. Please repeat the ECG."),
            format!("{four} The report is attached:"),
        ];
        let lines =
            (1..=400).map(|line| format!("{line:>4} {attached} no change since yesterday\n"));
        let attachment = lines.collect::<String>().into_bytes();
        let control = mark("HALLMARK-CONTROL", seed, "control");
        Self { control, canaries: canaries.to_vec(), messages, attachment }
    }
}

/// A text that stands nowhere by chance: 64 bits.
fn mark(kind: &str, seed: u64, of: &str) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(&seed.to_be_bytes());
    digest.update(of.as_bytes());
    let mut mark = format!("{kind}-");
    for byte in digest.finish().as_ref().iter().take(8) {
        let _ = write!(mark, "{byte:02x}");
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_from_the_seed_and_hold_their_canaries() {
        let texts = Texts::new(7);
        assert_eq!(texts.canaries, Texts::new(7).canaries);
        assert_ne!(texts.control, Texts::new(8).control);
        for (text, canary) in texts.messages.iter().zip(&texts.canaries) {
            assert!(text.starts_with(canary));
        }
        let attachment = String::from_utf8(texts.attachment).unwrap();
        assert!(attachment.contains(&texts.canaries[4]) && attachment.len() > 16 * 1024);
        insta::assert_snapshot!(texts.canaries.join("\n") + "\n" + &texts.control);
    }
}
