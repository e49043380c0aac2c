//! hallmark-standards
