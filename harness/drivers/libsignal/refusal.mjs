// SPDX-License-Identifier: AGPL-3.0-only
// libsignal's errors, as classes of refusal.
//
// Most of the library's errors reach JavaScript with the code `Generic`, so that their operation
// and their text have to tell them apart. The texts are those of version 0.103.0.

import { ErrorCode, LibSignalErrorBase } from '@signalapp/libsignal-client';

import { Refused } from './protocol.mjs';

const BY_CODE = new Map([
  [ErrorCode.DuplicatedMessage, 'old-message'],
  [ErrorCode.UntrustedIdentity, 'identity-changed'],
  [ErrorCode.VerificationFailed, 'bad-signature'],
  [ErrorCode.InvalidSession, 'unknown-key'],
  [ErrorCode.InvalidRegistrationId, 'malformed'],
  [ErrorCode.InvalidProtocolAddress, 'malformed'],
]);

const BY_OPERATION = [
  [/PublicKey_Deserialize$/, 'bad-key'],
  [/Message_Deserialize$/, 'malformed'],
];

const BY_TEXT = [
  [/invalid signature detected/, 'bad-signature'],
  [/invalid key agreement|bad key type|bad key length|bad KEM/, 'bad-key'],
  [/too far into the future/, 'policy'],
  [/session with .* not found/, 'unknown-key'],
  // The tag verifies under no key that any session still has.
  [/decryption failed/, 'bad-signature'],
  [/protobuf|ciphertext|invalid (PreKey|Whisper) message/, 'malformed'],
];

/** The refusal that an error of the library stands for; any other error is the driver's own. */
export function refusal(error) {
  if (!(error instanceof LibSignalErrorBase)) return error;
  return new Refused(classify(error), error.message);
}

function classify(error) {
  const first = (rows, text) => rows.find(([pattern]) => pattern.test(text ?? ''))?.[1];
  return (
    BY_CODE.get(error.code) ??
    first(BY_OPERATION, error.operation) ??
    first(BY_TEXT, error.message) ??
    'other'
  );
}
