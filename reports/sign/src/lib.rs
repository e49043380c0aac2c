//! hallmark-sign
