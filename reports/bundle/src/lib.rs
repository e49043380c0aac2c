//! hallmark-bundle
