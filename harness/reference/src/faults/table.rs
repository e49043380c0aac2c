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
const _: () = assert!(Fault::ALL.len() <= 128);

faults! {
    // ---- the messenger ----

    /// Used message keys stay in the state.
    KeepMessageKeys "keep-message-keys" "keys of delivered messages stay in the stored state" {
        Fail "messaging/rollback"
            "the key of a delivered message is still in the state after delivery";
        Fail "messaging/rollback-out-of-order"
            "the keys of messages that came late are kept with the others";
        Fail "messaging/rollback-across-ratchet"
            "a chain that ended keeps the keys of what it delivered";
        Fail "messaging/rollback-after-restart"
            "a restarted device opens what the state still has the key of";
        Fail "messaging/one-time-prekey"
            "the first message that used the prekey opens again, with its own key";
    }
    /// Chain keys stay in the memory of the process.
    KeepChainKeys "keep-chain-keys" "the chain keys of received messages stay in memory for ever" {
        Warn "messaging/memory-residue"
            "the chain keys behind read messages are found in the memory of the process";
    }
    /// Old states stay in the file.
    KeepOldStates "keep-old-states" "each state is written after the last one, not in its place" {
        Warn "messaging/state-residue"
            "the states from before the messages are still in the file";
    }
    /// The live app writes to devices that only the server names.
    BelieveServerDevices "believe-server-devices"
        "the live app writes to every device that its server lists for a user" {
        Fail "messaging/app-ghost-device" "a device that no account vouched for gets the messages";
    }
    /// The live app takes over new account keys.
    BelieveServerKeys "believe-server-keys"
        "the live app takes over whatever account key its server shows" {
        Fail "messaging/app-device-keys" "the keys of a person are replaced, and nobody is told";
    }
    /// The live app writes to members that only the server names.
    BelieveServerRoster "believe-server-roster"
        "the live app writes to every member that its server lists for a group" {
        Fail "messaging/app-added-member" "one whom no member added gets the messages";
    }
    /// The live app writes in clear to whoever is said not to encrypt.
    BelieveServerMarker "believe-server-marker"
        "the live app writes in clear where its server says that a user does not encrypt" {
        Fail "messaging/app-marker" "the server switches encryption off, and reads";
    }
    /// The live app shows the sender that the server names.
    BelieveServerSender "believe-server-sender"
        "the live app shows messages under whatever name its server hands them over" {
        Fail "messaging/app-sender" "a message is shown as another person's";
    }
    /// The live app shows what it has shown.
    ShowMessagesAgain "show-messages-again"
        "the live app shows a message as often as its server hands it over" {
        Fail "messaging/app-replay" "an old message is shown as a new one";
    }
    /// The live app shows what came in clear.
    ShowInjectedPlaintext "show-injected-plaintext"
        "the live app shows what its server wrote in clear as if it were encrypted" {
        Fail "messaging/app-plaintext" "plaintext looks like an encrypted message";
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
        Fail "messaging/initial-replay"
            "the second copy of a first message is answered from the same cache";
        Fail "messaging/rollback-after-restart"
            "a restarted device fills the cache anew, and answers from it";
        Fail "messaging/replay-across-sessions" "the cache does not ask which session is in use";
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
        Warn "messaging/signature-encoding"
            "where no signature is checked, one in another encoding is accepted too";
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
        Fail "messaging/glare" "the envelopes of a simultaneous start show their texts too";
        Fail "traffic/canaries-in-transit"
            "under TLS, the envelope on its way to the server holds base64 of the text";
        Fail "traffic/canaries-at-rest" "the server stores the envelope as it is";
        Fail "messaging/encryption-marker"
            "what leaves once the server says that a peer has no encryption shows the text too";
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

    // ---- the messenger: keys and identities ----

    /// The server's word that a peer has no encryption is taken.
    StripEncryption "strip-encryption"
        "when the server says that a known peer has no encryption, messages leave unencrypted" {
        Fail "messaging/encryption-marker"
            "the session is dropped for prekeys that say nothing, and the next message is readable";
    }
    /// A message that is not encrypted is shown like any other.
    AcceptPlaintext "accept-plaintext" "an unencrypted message is shown like an encrypted one" {
        Fail "messaging/plaintext-injected"
            "what the server wrote in clear stands in the conversation as the peer's";
    }
    /// A peer that offers no good cipher gets the older one.
    AcceptDowngrade "accept-downgrade"
        "where the list of ciphers is missing or altered, the older cipher is used" {
        Fail "messaging/older-protocol" "the session uses AES-128 where AES-256 was offered";
    }
    /// The version byte of an envelope is not authenticated.
    UnauthenticatedVersion "unauthenticated-version"
        "the version byte of an envelope is believed although nothing authenticates it" {
        Fail "messaging/version-field"
            "a flipped bit of the byte changes the version that the session states";
    }
    /// The signature of a one-time prekey is not checked.
    SkipOneTimeSignature "skip-one-time-signature"
        "the signature of a peer's one-time prekey is not checked" {
        Fail "messaging/one-time-signature"
            "a session starts from a one-time prekey that its owner did not sign";
    }
    /// Another identity key of a known peer is taken without a word.
    AcceptIdentityChange "accept-identity-change"
        "another identity key of a known peer is taken without a word" {
        Fail "messaging/identity-change" "the next message goes to whoever holds the new key";
    }
    /// A device that no device of its owner vouches for is written to.
    AcceptGhostDevice "accept-ghost-device"
        "a device that the server adds to a peer is written to without a proof" {
        Fail "messaging/ghost-device" "the added device opens its copy of the next message";
    }
    /// A name is not bound to an identity.
    UnboundIdentity "unbound-identity"
        "the identity of one known peer is accepted under the name of another" {
        Fail "messaging/identity-binding" "a message of alice is shown as one of carol";
    }
    /// The signed prekey is a one-time prekey too.
    OneKeyTwoRoles "one-key-two-roles" "the signed prekey is handed out as a one-time prekey too" {
        Fail "messaging/key-reuse" "one public key stands in two fields of what is published";
    }
    /// A signature is accepted in a second encoding.
    AcceptMalleableSignature "accept-malleable-signature"
        "a signature is also accepted with the group order added to its second half" {
        Warn "messaging/signature-encoding"
            "whoever carries a signature can write it in another way, without another meaning";
    }

    // ---- the messenger: messages and their order ----

    /// The sender of a message is whoever the server says.
    TrustOuterSender "trust-outer-sender" "a message is shown as coming from whomever the server names" {
        Fail "messaging/sender-rewrite"
            "the session is found by its number alone, and the name beside the envelope is believed";
    }
    /// Messages of an earlier session are delivered again.
    ReplayInNewSession "replay-in-new-session"
        "once a new session is in use, messages of the one before are delivered again" {
        Fail "messaging/replay-across-sessions"
            "delivered messages are remembered for the session in use only";
    }
    /// Contents of a session share one key and initialisation vector.
    ReuseNonce "reuse-nonce"
        "all messages of a session are encrypted with one content key and initialisation vector" {
        Fail "messaging/nonce-reuse" "equal texts give equal ciphertexts";
    }
    /// The authentication tag has 32 bits.
    ShortTag "short-tag" "the authentication tag of a message is shortened to 32 bits" {
        Fail "messaging/tag-length" "one forged message in 2^32 is accepted";
    }
    /// Attachments are encrypted with a cipher that does not commit to its key.
    NonCommittingAttachments "non-committing-attachments"
        "attachments are encrypted with AES-256-GCM, which does not commit to its key" {
        Warn "messaging/key-commitment" "one body was made that two keys open";
    }
    /// Oversized input destroys the session.
    NoSizeLimit "no-size-limit" "input of any size is taken, and overruns the session" {
        Fail "messaging/hostile-size"
            "after more than a mebibyte of garbage the next honest message opens no more";
    }
    /// Any number of messages may be skipped.
    UnlimitedSkip "unlimited-skip" "any number of messages may be skipped, and all their keys are kept" {
        Fail "messaging/skip-ahead" "the state grows with every jump, as far as the sender likes";
        Fail "messaging/undelivered-messages" "every key that is skipped is stored";
    }
    /// Two sessions that start at once block each other.
    GlareDeadlock "glare-deadlock" "while a session is being started, one from the peer is refused" {
        Fail "messaging/glare" "where both start at once, each refuses the other's first message";
    }
    /// The place of a message is not shown.
    NoPosition "no-position" "the place of a message in its sender's order is not shown" {
        Warn "messaging/transcript-order" "nothing tells the user that a message is missing";
    }

    /// The key of a message is used up before its tag is known to be right.
    AdvanceOnRefusal "advance-on-refusal"
        "a message that is refused uses up the key of the one whose place it claims" {
        Fail "messaging/refused-input"
            "a copy with a wrong tag comes first, and the key of the honest message is gone";
    }

    // ---- the messenger: forward secrecy and healing ----

    /// The stored key of an overtaken message stays after its use.
    KeepLateKeys "keep-late-keys" "the stored key of a message that came late stays after its use" {
        Fail "messaging/rollback-out-of-order"
            "the key that waited for the late message is still in the state after delivery";
    }
    /// What the chain that ended last began with stays in the state.
    KeepOldChains "keep-old-chains"
        "the starting key of the chain before the current one stays in the stored state" {
        Fail "messaging/rollback-across-ratchet"
            "every key of the old chain follows from the key that it started with";
    }
    /// A restored device does not erase the keys of what it delivers.
    ForgetOnRestart "forget-on-restart"
        "after a restart, what was delivered is remembered in memory only and its keys stay" {
        Fail "messaging/rollback-after-restart"
            "the state of the restarted device opens what it delivered since";
    }
    /// The store of skipped keys of a chain has no bound.
    KeepSkippedInChain "keep-skipped-in-chain"
        "any number of keys of one chain is kept for messages that have not arrived" {
        Fail "messaging/undelivered-messages"
            "thousands of messages on the way displace no key of the chain";
    }
    /// Deleting a session forgets what it was started with.
    ForgetInitialMessages "forget-initial-messages"
        "with a deleted session, the device forgets which first message had started it" {
        Fail "messaging/initial-replay"
            "without a one-time prekey, nothing tells the second start from the first";
    }
    /// Nothing fresh goes into the sealing of a message.
    DeterministicSealing "deterministic-sealing"
        "key and initialisation vector of a message follow from the state alone" {
        Warn "messaging/sender-rollback"
            "two texts sealed from one state have their first blocks in common";
    }
    /// Randomness follows from the state.
    EntropyFromState "entropy-from-state"
        "after a restore, random keys are computed from the stored state" {
        Fail "messaging/random-after-restore" "two copies of one state make the same keys";
        Warn "messaging/sender-rollback"
            "what each sealing takes in is no longer fresh when one state seals twice";
    }
    /// Nobody is told of a session that displaces another.
    SilentNewSession "silent-new-session"
        "a peer's new session displaces the one in use without a warning" {
        Warn "messaging/conversation-heals"
            "the thief's session is used at once, and nobody is told";
    }

    // ---- the messenger: groups ----

    /// Large groups lose a member.
    ForgetLastMember "forget-last-member"
        "in a group of ten or more, the last member is left out" {
        Fail "messaging/group-round-trip"
            "the last of ten members is missing from the list, and is sent no keys";
    }
    /// A stranger's change is applied.
    AcceptForeignChange "accept-foreign-change"
        "a change of the group is accepted from one who is not a member" {
        Fail "messaging/group-added-by-server"
            "a stranger whom no member added stands in the list of members";
    }
    /// Removal leaves the keys as they are.
    NoRekeyOnRemoval "no-rekey-on-removal"
        "members go on with the same sender key after somebody was removed" {
        Fail "messaging/group-removed-member" "the removed member has the key of what follows";
    }
    /// Newcomers are given the old sender keys.
    ShareGroupHistory "share-group-history"
        "a new member is given the keys of what was said before" {
        Fail "messaging/group-new-member" "the keys in the welcome open earlier messages";
    }
    /// A sender key serves without end.
    NeverRotateGroup "never-rotate-group" "a sender key is used for any number of messages" {
        Warn "messaging/group-rotation"
            "no new key was shared, and a copy of a member reads on for ever";
    }
    /// Changes and sender keys are accepted whoever signed them.
    UnauthenticatedGroupControl "unauthenticated-group-control"
        "the signatures of changes and sender keys are not checked" {
        Fail "messaging/group-control" "a change whose signature does not hold is applied";
    }
    /// The sender is whom the server names.
    GroupTrustOuterSender "group-trust-outer-sender"
        "a group message is shown as that of whom the server names" {
        Fail "messaging/group-impersonation" "one member's message is shown as another's";
    }
    /// A change is accepted again.
    AcceptStaleChange "accept-stale-change" "a change of an earlier state is accepted again" {
        Fail "messaging/group-state" "an old change handed over again counts as a further one";
    }
    /// The authenticator says nothing of the members.
    BlindAuthenticator "blind-authenticator"
        "the group's authenticator counts the changes, whatever they were" {
        Fail "messaging/group-fork"
            "two halves that followed different changes show the same authenticator";
    }
    /// Rotation leaves the rotator's key as it is.
    RotateWithoutEffect "rotate-without-effect"
        "rotating in a group keeps the key to which new secrets are sealed" {
        Fail "messaging/group-healing" "a copy of the state before opens the secret after";
    }
    /// Used message keys of groups stay in the state.
    KeepGroupKeys "keep-group-keys" "keys of delivered group messages stay in the stored state" {
        Fail "messaging/group-rollback"
            "the key of a delivered message is still in the state after delivery";
    }
    /// Skipped message keys of groups stay.
    KeepGroupSkipped "keep-group-skipped"
        "keys of group messages that never arrived are kept however many follow" {
        Fail "messaging/group-window" "the key outlives any number of further messages";
    }
    /// Past epochs stay.
    KeepGroupEpochs "keep-group-epochs" "the keys of past states of a group are kept for ever" {
        Fail "messaging/group-epochs" "the key outlives any number of further changes";
    }
    /// A delivered group message is delivered again.
    AcceptGroupReplay "accept-group-replay" "a group message that was delivered is delivered again" {
        Fail "messaging/group-replay" "the second copy of an envelope is answered from a cache";
    }
    /// Neither signature nor tag of a group message is checked.
    SkipGroupSignature "skip-group-signature"
        "neither signature nor authentication tag of a group message is checked" {
        Fail "messaging/group-bit-flips"
            "changed ciphertext decrypts to a changed text that is delivered";
    }
    /// A message is shown in whatever group it is handed over for.
    IgnoreGroup "ignore-group"
        "a group message is shown in whatever group it is handed over for" {
        Fail "messaging/group-conversation" "a message of one group is shown in another";
    }
    /// Messages of groups and messages between two are taken for each other.
    ConfuseChannels "confuse-channels"
        "messages of a group and messages between two are taken for each other" {
        Fail "messaging/group-channel"
            "what was said between two is shown to the group, and the other way round";
    }
    /// A sender key is accepted from another member.
    AcceptForwardedKey "accept-forwarded-key"
        "a sender key is accepted from a member whose key it is not" {
        Fail "messaging/group-forwarded-key"
            "a key that nobody asked for is taken for the sender's own";
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
