//! hallmark-runner
