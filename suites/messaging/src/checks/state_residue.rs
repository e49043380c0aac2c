//! What is read leaves no key in the files of the candidate.

use super::{
    Check,
    residue::{Words, judge},
};

pub(super) const CHECK: Check = Check {
    name: "state-residue",
    title: "The keys of read messages are gone from the files of the state",
    experiment: "residue",
    expected: "some round trips after a message was read, neither its key nor an earlier chain key \
               is in the files of the state, where the current one is found",
    judge: |experiment, _| judge(experiment, |places| places.files, &WORDS),
};

const WORDS: Words = Words {
    of_processes: false,
    parts: "files",
    gone: "whoever copies the files of the state opens no message that was read before",
    left: "the files still hold what the state no longer does: whoever copies them, or a backup of \
           them, opens recorded messages of the past",
};
