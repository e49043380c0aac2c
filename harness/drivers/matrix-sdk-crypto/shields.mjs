// The shield that the engine puts beside a message, as a warning.

import { nameOf } from './names.mjs';

/** The warning of a decrypted event; none where the engine shows no shield. */
export async function warningOf(opened, account, strict) {
  const { ShieldColor, ShieldStateCode } = account.engine.api;
  const shield = opened.shieldState(strict);
  if (shield.color === ShieldColor.None) return null;
  const colour = shield.color === ShieldColor.Red ? 'red' : 'grey';
  const text = `${colour} shield: ${shield.message}`;
  return { class: await classOf(shield.code, ShieldStateCode, opened, account), text };
}

async function classOf(code, codes, opened, account) {
  // Not every version has every code.
  if (code === undefined) return 'other';
  if (code === codes.MismatchedSender) return 'sender-mismatch';
  if (code === codes.VerificationViolation) return 'identity-changed';
  // The engine's words are "unknown or deleted" for both: whether it is a device of somebody else
  // than the named sender, its own list of devices tells.
  const unknown = code === codes.UnknownDevice;
  return unknown && (await isOfAnother(opened, account)) ? 'sender-mismatch' : 'unverified';
}

async function isOfAnother(opened, account) {
  const owner = await account.ownerOf(opened.senderCurve25519Key);
  return owner !== null && nameOf(owner) !== nameOf(opened.sender.toString());
}
