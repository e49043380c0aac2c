// Why matrix-js-sdk could not read an event, as classes of refusal.
//
// It shows the reason as the text of the event; the words are those of both pinned releases and of
// the package Olm. What is not listed here was not foreseen, and is an error of the driver.

import { Refused } from '../shared/protocol.mjs';

const BY_TEXT = [
  [/has not sent us the keys|secure channel with the sender was corrupted/, 'unknown-key'],
  [/unable to establish a secure channel|Not included in recipients/, 'unknown-key'],
  [/UNKNOWN_MESSAGE_INDEX|Duplicate message index/, 'old-message'],
  [/BAD_MESSAGE_MAC|BAD_SIGNATURE|Bad Encrypted Message/, 'bad-signature'],
  [/BAD_MESSAGE_FORMAT|BAD_MESSAGE_VERSION|INVALID_BASE64|BAD_MESSAGE_KEY_ID/, 'malformed'],
  [/Missing (fields|ciphertext)|Unknown encryption algorithm|SyntaxError/, 'malformed'],
  [/Mismatched room_id|Message (was )?inten(d|t)ed for|not intended for/, 'policy'],
  [/Message forwarded from|Message claimed to be from/, 'policy'],
];

/** The refusal that the text of an unreadable event stands for. */
export function refusal(text) {
  const found = BY_TEXT.find(([words]) => words.test(text));
  if (!found) throw new Error(`the event could not be read, for a reason that is not known: ${text}`);
  return new Refused(found[1], text);
}
