// SPDX-License-Identifier: AGPL-3.0-only
// Which algorithms a session uses, told from a message that is encrypted with a copy of it.

import * as signal from '@signalapp/libsignal-client';

/** Since message version 4, a session starts with PQXDH; before, with X3DH. */
const FIRST_WITH_KYBER = 4;

/** The library truncates HMAC-SHA-256 to 8 bytes, at the end of every message. */
const MAC_BITS = 64;

export async function sessionInfo(stores, local, peer) {
  const record = await stores.sessions.getSession(peer);
  if (record === null) throw new Error(`there is no session with \`${peer.name()}\``);
  const copy = new Copy(record);
  const probe = new Uint8Array(1);
  const sealed = await signal.signalEncrypt(probe, peer, local, copy, stores.identities);
  const { version, postQuantumRatchet } = read(sealed);
  const hybrid = version >= FIRST_WITH_KYBER;
  return {
    protocol: [
      `Signal, message version ${version}`,
      hybrid ? 'PQXDH' : 'X3DH',
      'Double Ratchet',
      ...(postQuantumRatchet ? ['post-quantum ratchet (SPQR)'] : []),
    ].join(', '),
    cipher: 'AES-256-CBC',
    mac: 'HMAC-SHA-256',
    mac_bits: MAC_BITS,
    key_agreement: hybrid ? 'X25519 + Kyber-1024' : 'X25519',
  };
}

/** A prekey message hides its inner message, and with it whether the second ratchet runs. */
function read(sealed) {
  if (sealed.type() === signal.CiphertextMessageType.PreKey) {
    const message = signal.PreKeySignalMessage.deserialize(sealed.serialize());
    return { version: message.version(), postQuantumRatchet: false };
  }
  const message = signal.SignalMessage.deserialize(sealed.serialize());
  return { version: message.messageVersion(), postQuantumRatchet: message.pqRatchet().length > 0 };
}

/** One session, whose changes are forgotten. */
class Copy extends signal.SessionStore {
  constructor(record) {
    super();
    this.record = record;
  }

  async saveSession() {}

  async getSession() {
    return this.record;
  }

  async getExistingSessions() {
    return [this.record];
  }
}
