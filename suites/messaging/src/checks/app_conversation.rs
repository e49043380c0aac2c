//! What users of the live app did and were shown, in numbers. Never judged: what the server learned of
//! it is judged where the recording is searched.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::AppMeasured;

pub(super) const CHECK: Check = Check {
    name: "app-conversation",
    title: "Users of the live app talk to each other",
    experiment: "app-conversation",
    expected: "measured, not judged",
    judge: |experiment, _| {
        measured(experiment, |m: AppMeasured| {
            let mut observed = format!(
                "{} message(s) and file(s) arrived as they were sent, {} shown as encrypted and {} as \
                 not encrypted",
                m.arrived, m.shown_encrypted, m.shown_clear
            );
            let mut say = |sentence: &str| {
                observed.push_str("; ");
                observed.push_str(sentence);
            };
            match m.leaver_reads {
                Some(true) => say("one who was removed from a group is shown the next message"),
                Some(false) => {
                    say("one who was removed from a group is not shown the next message")
                }
                None => {}
            }
            match m.second_device_reads {
                Some(true) => say("a second device is shown what follows"),
                Some(false) => say("a second device is not shown what follows"),
                None => {}
            }
            if m.file_name_arrives == Some(false) {
                say("a file is shown under another name than it was sent");
            }
            match (m.backup, &m.readable_in_backup[..]) {
                (Some(bytes), []) => {
                    say(&format!("a backup of {bytes} bytes holds no message readable"))
                }
                (Some(bytes), found) => {
                    say(&format!("a backup of {bytes} bytes holds messages as {}", listed(found)))
                }
                (None, _) => {}
            }
            match (m.pushed, &m.readable_in_push[..]) {
                (Some(0), _) => say("no push notification was seen"),
                (Some(count), []) => {
                    say(&format!("{count} push notification(s) hold no message readable"))
                }
                (Some(count), found) => say(&format!(
                    "{count} push notification(s) went out, with messages readable as {}",
                    listed(found)
                )),
                (None, _) => {}
            }
            if !m.not_offered.is_empty() {
                say(&format!("not offered by the driver: {}", listed(&m.not_offered)));
            }
            let why = "measured, not judged: the line and the stores of the server were recorded meanwhile, \
                       and are searched for what was written";
            Conclusion::new(Verdict::NotApplicable, observed, why)
        })
    },
};

/// Words of the candidate and its driver, each on one line.
fn listed(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| text::one_line(word)).collect();
    words.join(", ")
}
