//! hallmark-driver-vodozemac
