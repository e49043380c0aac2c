// JSON as Matrix has it.

import { Refused } from './protocol.mjs';

/** Base64 without padding, as everywhere in Matrix. */
export function encodeUnpadded(bytes) {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** The form over which Matrix signs (specification, appendix "Canonical JSON"). */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${fields.join(',')}}`;
}

/** An object, or a refusal: what the network hands over may be anything. */
export function plain(value, what) {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Refused('malformed', `no ${what}`);
}

/** Bytes from the network as JSON; what is none is handed on as a text, for the engine to judge. */
export function fromNetwork(bytes) {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function toNetwork(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
