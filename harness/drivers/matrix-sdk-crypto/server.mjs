// The homeserver as one device sees it. It knows what the harness handed over and nothing else:
// device lists, cross-signing keys, one-time keys.

import { encodeUnpadded, plain } from './json.mjs';

export class Server {
  /** By user: `devices`, and the cross-signing keys `master_key` and `self_signing_key`. */
  users = {};

  /** By user and device: one-time keys, each handed out once, and fallback keys. */
  offers = {};

  static restore({ users, offers }) {
    return Object.assign(new Server(), { users, offers });
  }

  /** The user has these devices; `others` are those that it had before. */
  list(user, keys, others = {}) {
    const { device_keys: device, master_key, self_signing_key, user_signing_key } = keys;
    const devices = { ...others, [device.device_id]: device };
    this.users[user] = { devices, master_key, self_signing_key, user_signing_key };
  }

  devicesOf(user) {
    return this.users[user]?.devices ?? {};
  }

  offer(user, device, oneTime, fallback) {
    (this.offers[user] ??= {})[device] = { oneTime, fallback };
  }

  /** Answers `/keys/query`. */
  query(users) {
    const answer = { failures: {} };
    const fields = [
      ['device_keys', 'devices'],
      ['master_keys', 'master_key'],
      ['self_signing_keys', 'self_signing_key'],
      ['user_signing_keys', 'user_signing_key'],
    ];
    for (const [to, from] of fields) {
      const known = users.map((user) => [user, this.users[user]?.[from]]);
      answer[to] = Object.fromEntries(known.filter(([, value]) => value));
    }
    return answer;
  }

  /** Answers `/keys/claim`: a one-time key where there is one left, else the fallback key. */
  claim(wanted) {
    const keys = {};
    for (const [user, devices] of Object.entries(wanted)) {
      for (const device of Object.keys(devices)) {
        const offered = this.offers[user]?.[device];
        const key = offered?.oneTime.shift() ?? offered?.fallback[0];
        if (key) (keys[user] ??= {})[device] = { [key.id]: key.object };
      }
    }
    return { one_time_keys: keys, failures: {} };
  }
}

/** The device keys of what was published, with the keys as they were handed out. */
export function deviceKeys(published, curve25519, ed25519, device) {
  const keys = structuredClone(plain(published, 'device keys'));
  const before = keys.device_id;
  keys.device_id = device;
  keys.keys = {
    [`curve25519:${device}`]: encodeUnpadded(curve25519),
    [`ed25519:${device}`]: encodeUnpadded(ed25519),
  };
  if (before !== device) keys.signatures = {};
  return keys;
}
