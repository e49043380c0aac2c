// What a hostile member does with a key that it was given.

import { deviceOf, userOf } from './names.mjs';

const MEGOLM = 'm.megolm.v1.aes-sha2';

/** Sends the sender's key to somebody who did not ask, as the library answers one who did. */
export async function forward(account, { room, sender, to }) {
  const { client } = account;
  const user = userOf(to);
  const found = await client.downloadKeys([userOf(sender), user], true);
  const key = found[userOf(sender)]?.[deviceOf(sender)]?.getIdentityKey();
  const sessions = await client.crypto.exportRoomKeys();
  const session = sessions.find((each) => each.room_id === room && each.sender_key === key);
  if (!session) throw new Error(`no key of \`${sender}\` is known`);
  const algorithm = client.crypto.getRoomDecryptor(room, MEGOLM);
  const payload = await algorithm.buildKeyForwardingMessage(room, key, session.session_id);
  const device = client.getStoredDevice(user, deviceOf(to));
  await client.encryptAndSendToDevices([{ userId: user, deviceInfo: device }], payload);
}
