// What OpenPGP.js throws at its input, as classes of refusal.
//
// It has one class of errors for everything, and says in words why; the words are those of both
// pinned releases. What is not listed here was not foreseen, and is an error of the driver.

import { Refused } from '../shared/protocol.mjs';

const BY_TEXT = [
  [/Message is not signed/, 'bad-signature'],
  [/Could not find signing key with key ID/, 'unknown-key'],
  [/Signed digest did not match|Signature verification failed/, 'bad-signature'],
  [/Modification detected/, 'bad-signature'],
  // The wrapping of the session key, which authenticates it.
  [/Key Data Integrity failed|Unexpected session key size|AES session key expected/, 'bad-signature'],
  [/No decryption key packets found|No public key encrypted session key packet found/, 'unknown-key'],
  [/No encrypted data found|Can only verify message with one literal data packet/, 'malformed'],
  [/Error during parsing|Unexpected end of packet|Input array too short/, 'malformed'],
  [/Unknown packet type|Packet not allowed in this context|Invalid enum value/, 'malformed'],
  [/packet is unsupported|does not support partial lengths/, 'malformed'],
];

/** The refusal that an error stands for, or the error itself. */
export function refusal(error) {
  const text = String(error?.message ?? error);
  const found = BY_TEXT.find(([words]) => words.test(text));
  return found ? new Refused(found[1], text) : error;
}
