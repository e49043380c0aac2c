// The library's errors, as classes of refusal.
//
// The library refuses by throwing. Its own errors carry a kind and a text, those of the libraries
// below it only a text; the texts are those of ts-mls 1.6.4, noble 2 and hpke-js 1.

import { Refused, Unsupported } from './protocol.mjs';

const BY_TEXT = [
  [/epoch too old|gen in the past|former epoch/, 'old-message'],
  [/too far in the future|too far/, 'policy'],
  [/removed from group/, 'not-member'],
  [/Bad node index|leaf node/i, 'not-member'],
  [/[Ss]ignature|confirmation tag|membership|parent hash|tree hash/, 'bad-signature'],
  [/invalid tag|OpenError|operation failed|[Dd]ecrypt/, 'bad-signature'],
  [/decode/, 'malformed'],
];

const BY_NAME = new Map([
  ['CryptoVerificationError', 'bad-signature'],
  ['OpenError', 'bad-signature'],
  ['DecapError', 'bad-key'],
  ['CodecError', 'malformed'],
]);

/** Runs what the library does with something from outside; what it throws is its refusal. */
export async function refusing(operation) {
  try {
    return await operation();
  } catch (error) {
    throw refusal(error);
  }
}

/** The refusal that an error of the library stands for. */
export function refusal(error) {
  if (error instanceof Refused || error instanceof Unsupported) return error;
  const [name, text] = [error?.name ?? 'Error', `${error?.message ?? error}`];
  const byText = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
  return new Refused(BY_NAME.get(name) ?? byText ?? 'other', `${name}: ${text}`);
}
