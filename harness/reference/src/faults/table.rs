//! One row for each fault: variant, name on the command line, the defect in one line for people,
//! and the exact set of checks that it must turn, each with the reason.

use super::{Turn, Turned};

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident $name:literal $title:literal {
        $($to:ident $check:literal $reason:literal;)*
    })*) => {
        /// A deliberate defect that the reference candidate can switch on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// Every fault, in the order of the list that people see.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$fault),*];

            /// The name used on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)*
                }
            }

            /// The defect in one line, for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$fault => $title,)*
                }
            }

            /// The exact set of checks that are not passed with this fault. A suite that was not
            /// run turns none of its own.
            #[must_use]
            pub fn declared(self) -> &'static [Turn] {
                match self {
                    $(Self::$fault => &[
                        $(Turn { check: $check, to: Turned::$to, reason: $reason }),*
                    ],)*
                }
            }
        }
    };
}

// One bit of `Faults` each.
const _: () = assert!(Fault::ALL.len() <= 64);

faults! {
    // ---- the messenger ----

    /// Used message keys stay in the state.
    KeepMessageKeys "keep-message-keys" "keys of delivered messages stay in the stored state" {
        Fail "messaging/rollback"
            "the key of a delivered message is still in the state after delivery";
    }
    /// The authentication tag is not checked.
    SkipMac "skip-mac" "the authentication tag of a message is not checked" {
        Fail "messaging/bit-flips"
            "changed ciphertext decrypts to a changed text that is delivered";
        Fail "messaging/truncation" "a message without its tag is delivered like any other";
    }
    /// The authentication tag is compared only as far as it is there.
    AcceptShortMac "accept-short-mac"
        "a shortened authentication tag is compared only as far as it goes" {
        Fail "messaging/truncation" "what is left of a shortened tag is right, so it is accepted";
    }
    /// A delivered envelope is delivered again.
    AcceptReplay "accept-replay" "an envelope that was delivered is delivered again" {
        Fail "messaging/replay" "the second copy of an envelope is answered from a cache";
    }
    /// A message handed back to its sender is shown as one of the peer.
    AcceptReflection "accept-reflection"
        "a message handed back to its sender is shown as the peer's" {
        Fail "messaging/reflection" "the sender still knows the envelope, and shows it as received";
    }
    /// No new ratchet key after the first.
    NoRatchet "no-ratchet" "no new ratchet key is made after the first" {
        Fail "messaging/ratchet-heals" "the chain goes on from keys that the clone has too";
        Fail "messaging/undelivered-window"
            "no further receiving chain ever begins, so no key expires";
    }
    /// The signature of a signed prekey is not checked.
    SkipPrekeySignature "skip-prekey-signature"
        "the signature of a peer's signed prekey is not checked" {
        Fail "messaging/prekey-signature"
            "a session starts from a prekey that its owner did not sign";
    }
    /// A key agreement that gives the all-zero secret is accepted.
    AcceptZeroKey "accept-zero-key"
        "public keys that force an all-zero shared secret are accepted" {
        Fail "messaging/zero-key" "a session starts from a key whose shared secret anyone knows";
    }
    /// A one-time prekey serves any number of sessions.
    ReuseOneTimePrekey "reuse-one-time-prekey" "a one-time prekey is not deleted after its use" {
        Fail "messaging/one-time-prekey"
            "a second session starts from a one-time prekey already used";
    }
    /// Without a session, messages leave unencrypted.
    PlaintextFallback "plaintext-fallback" "without a session, messages leave unencrypted" {
        Fail "messaging/plaintext-fallback" "a message for a peer without session leaves as it is";
    }
    /// Envelopes show the beginning of their plaintext.
    LeakPlaintext "leak-plaintext" "a padding field shows the beginning of each message" {
        Fail "messaging/envelope-confidential" "base64 of the text stands in the envelope";
        Fail "traffic/canaries-in-transit"
            "under TLS, the envelope on its way to the server holds base64 of the text";
        Fail "traffic/canaries-at-rest" "the server stores the envelope as it is";
    }
    /// Long messages lose their end.
    TruncateLongMessage "truncate-long-message" "messages lose everything after 4096 bytes" {
        Fail "messaging/round-trip" "a message of 16 KiB arrives without its end";
    }
    /// Only one skipped message key is stored.
    SingleSkippedKey "single-skipped-key"
        "of the messages skipped in a chain, only the last can still be read" {
        Fail "messaging/reordering"
            "two messages were overtaken, and one of the two keys was dropped";
    }
    /// Skipped message keys never expire.
    KeepSkippedKeys "keep-skipped-keys" "keys of messages that never arrived are kept for ever" {
        Fail "messaging/undelivered-window" "the key outlives any number of further chains";
    }
    /// The fingerprint covers names, not keys.
    FingerprintWithoutKeys "fingerprint-without-keys"
        "the fingerprint covers the names of both sides, not their keys" {
        Fail "messaging/fingerprint" "another key of the peer leaves the fingerprint as it is";
    }
    /// Contents are encrypted with AES-128.
    Aes128 "aes-128" "message contents are encrypted with AES-128" {
        Fail "messaging/aes-256-literal" "the cipher is AES with a key of 128 bits";
        Fail "messaging/aes-256-equivalent" "a key of 128 bits is not the equivalent of 256";
    }

    // ---- the server ----

    /// The server accepts TLS 1.0 and 1.1.
    Tls10 "tls10" "the server also accepts TLS 1.0 and 1.1" {
        Fail "server/tls-version" "a handshake of TLS 1.0 is answered";
        Warn "server/cipher-suites" "the old versions know CBC suites only";
    }
    /// The server accepts a key exchange without ephemeral keys.
    StaticRsa "static-rsa" "the server also accepts suites whose key exchange is not ephemeral" {
        Fail "server/forward-secrecy"
            "TLS_RSA_WITH_AES_256_GCM_SHA384 is accepted: the private key opens what was recorded";
    }
    /// The server accepts a suite without encryption.
    NullCipher "null-cipher" "the server also accepts a cipher suite that does not encrypt" {
        Fail "server/cipher-suites"
            "TLS_ECDHE_RSA_WITH_NULL_SHA is accepted: records are authenticated, not encrypted";
    }
    /// The server agrees on keys over a short curve.
    WeakGroup "weak-group" "the server also agrees on keys over a curve of 224 bits" {
        Fail "server/groups" "secp224r1 is accepted";
    }
    /// The server signs handshakes over SHA-1.
    Sha1Handshake "sha1-handshake" "the server also signs its key exchange over SHA-1" {
        Fail "server/signature-schemes" "rsa_pkcs1_sha1 is accepted";
    }
    /// The server's key is short.
    WeakCertificate "weak-certificate" "the certificate holds an RSA key of 1024 bits" {
        Fail "server/certificate-key" "an RSA key of 1024 bits can be broken";
    }
    /// The server's certificate is signed over SHA-1.
    Sha1Certificate "sha1-certificate" "the certificate is signed over SHA-1" {
        Fail "server/certificate-signature"
            "who finds a collision of SHA-1 has another certificate with this signature";
    }
    /// The server's certificate is out of date.
    ExpiredCertificate "expired-certificate" "the certificate expired ten days ago" {
        Fail "server/certificate-dates" "the last day of the certificate is past";
    }
    /// The server's certificate is for another name.
    WrongName "wrong-name" "the certificate names another server" {
        Fail "server/certificate-name"
            "neither the name nor the address of the server stands in its certificate";
    }
    /// The server sends its chain in the wrong order.
    DisorderedChain "disordered-chain" "the certificates of the chain are sent in the wrong order" {
        Fail "server/certificate-chain" "the root stands between the certificate and its issuer";
    }

    // ---- the app and its traffic ----

    /// Presence and notices go over a connection without TLS.
    PlaintextPort "plaintext-port" "presence and notices go over a second connection, without TLS" {
        Fail "traffic/plaintext-flows"
            "who is there and who has messages waiting can be read on the wire";
    }
    /// The media server speaks TLS 1.0 only.
    MediaTls10 "media-tls10" "attachments go over TLS 1.0" {
        Fail "traffic/tls-version" "the connection to the media server is of TLS 1.0";
        Warn "traffic/cipher-suite" "TLS 1.0 knows CBC suites only";
    }
    /// The media server speaks without ephemeral keys.
    MediaStaticRsa "media-static-rsa" "attachments go over a key exchange that is not ephemeral" {
        Fail "traffic/forward-secrecy"
            "the private key of the media server opens what was recorded";
    }
    /// The media server does not encrypt.
    MediaNullCipher "media-null-cipher" "attachments go over a cipher suite that does not encrypt" {
        Fail "traffic/cipher-suite"
            "the records of the media server are authenticated, not encrypted";
    }
    /// The app sends previews of its messages to the server.
    CanaryInClear "canary-in-clear"
        "the app tells the server the text of each message, for notifications" {
        Fail "traffic/canaries-in-transit"
            "under TLS, the text stands as it is: the server can read it";
    }
    /// The app keeps a backup that is encoded, not encrypted.
    CanaryBase64InStore "canary-base64-in-store"
        "the app's backup file holds the messages in base64 instead of encrypted" {
        Fail "traffic/canaries-at-rest" "base64 of every text lies in the backup file";
    }
}
