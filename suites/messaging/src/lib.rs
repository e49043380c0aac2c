//! hallmark-messaging
