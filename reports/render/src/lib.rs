//! hallmark-render
