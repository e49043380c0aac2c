//! hallmark-reference
