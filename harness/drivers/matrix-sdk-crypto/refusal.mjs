// The engine's errors, and lines of its log, as classes of refusal.
//
// What the engine decides against it often only logs. The texts are those of the versions 14.2.0,
// 14.2.1 and 18.9.0.

import { Refused } from './protocol.mjs';

const BY_TEXT = [
  [/NonContributory/, 'bad-key'],
  [/InvalidSignature|signature.*(invalid|not satisfied)/, 'bad-signature'],
  [/InvalidMAC|MacError|\bMAC\b/, 'bad-signature'],
  [/MissingOneTimeKey|SessionWedged|can't find the room key|MissingSession/i, 'unknown-key'],
  [/first known index|message index|MissingMessageKey|UnknownMessageIndex/i, 'old-message'],
  [/mismatch|does not match|didn't match/i, 'policy'],
  [/invalid type|missing field|expected|base64|decod|utf-?8|version|protobuf|json/i, 'malformed'],
];

/** The refusal that the log tells of; `otherwise` is its class where the log is silent. */
export function refusedBy(log, otherwise, detail) {
  const told = log.findLast((line) => classOf(line) !== undefined);
  const words = told ? `${detail}: ${told}` : detail;
  return new Refused((told && classOf(told)) ?? otherwise, words);
}

function classOf(text) {
  return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
}

/** The refusal that a failed decryption of an event stands for; any other error is the driver's. */
export function refusedEvent(error, { MegolmDecryptionError, DecryptionErrorCode: Code }) {
  if (!(error instanceof MegolmDecryptionError)) return error;
  const classes = new Map([
    [Code.MissingRoomKey, 'unknown-key'],
    [Code.UnknownMessageIndex, 'old-message'],
    [Code.MismatchedIdentityKeys, 'bad-key'],
    [Code.UnknownSenderDevice, 'policy'],
    [Code.UnsignedSenderDevice, 'policy'],
    [Code.SenderIdentityVerificationViolation, 'identity-changed'],
    [Code.MismatchedSender, 'policy'],
  ]);
  // A version that does not have a code has no name for it either.
  classes.delete(undefined);
  const { code, description } = error;
  return new Refused(classes.get(code) ?? classOf(description) ?? 'other', description);
}
