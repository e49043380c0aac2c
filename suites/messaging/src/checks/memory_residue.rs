//! What is read leaves no key in the memory of the process.

use super::{
    Check,
    residue::{Words, judge},
};

pub(super) const CHECK: Check = Check {
    name: "memory-residue",
    title: "The keys of read messages are gone from memory",
    experiment: "residue",
    expected: "some round trips after a message was read, neither its key nor an earlier chain key \
               is in the memory of the process, where the current one is found",
    judge: |experiment, _| judge(experiment, |places| places.memory, &WORDS),
};

const WORDS: Words = Words {
    of_processes: true,
    parts: "writable mappings",
    gone: "whoever copies the memory of the process opens no message that was read before",
    left: "whoever copies the memory of the process, from a crash report, a sleeping laptop or a \
           virtual machine, opens recorded messages of the past; erasing from the API is not erasing \
           from memory",
};
