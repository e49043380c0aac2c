// SPDX-License-Identifier: AGPL-3.0-only
// What the library asks an application to keep, kept as an application should: in memory, with
// used one-time prekeys deleted. Records are kept serialised, so that nothing is shared by chance.

import { randomInt } from 'node:crypto';

import * as signal from '@signalapp/libsignal-client';

import { Refused, decode, encode } from './protocol.mjs';

/**
 * The library wraps what a store throws into an error of its own. The store's refusal is therefore
 * noted here as well, for whoever called the library.
 */
class Noted {
  refused = null;

  refuse(refusalClass, detail) {
    this.refused = new Refused(refusalClass, detail);
    throw this.refused;
  }

  found(records, id, what) {
    return records.get(id) ?? this.refuse('unknown-key', `no ${what} ${id}`);
  }
}

class Sessions extends signal.SessionStore {
  records = new Map();

  async saveSession(address, record) {
    this.records.set(address.toString(), record.serialize());
  }

  async getSession(address) {
    const record = this.records.get(address.toString());
    return record ? signal.SessionRecord.deserialize(record) : null;
  }

  forget(address) {
    return this.records.delete(address.toString());
  }

  async getExistingSessions(addresses) {
    return Promise.all(addresses.map((address) => this.getSession(address)));
  }
}

class Identities extends signal.IdentityKeyStore {
  known = new Map();

  constructor(privateKey, registrationId) {
    super();
    this.privateKey = privateKey;
    this.registrationId = registrationId;
  }

  async getIdentityKey() {
    return this.privateKey;
  }

  async getLocalRegistrationId() {
    return this.registrationId;
  }

  async getIdentity(address) {
    const known = this.known.get(address.toString());
    return known ? signal.PublicKey.deserialize(known) : null;
  }

  async saveIdentity(address, key) {
    const known = await this.getIdentity(address);
    this.known.set(address.toString(), key.serialize());
    const { NewOrUnchanged, ReplacedExisting } = signal.IdentityChange;
    return known && !known.equals(key) ? ReplacedExisting : NewOrUnchanged;
  }

  /** Trust on first use, in both directions. */
  async isTrustedIdentity(address, key) {
    const known = await this.getIdentity(address);
    return known === null || known.equals(key);
  }
}

class Prekeys extends signal.PreKeyStore {
  records = new Map();

  constructor(noted) {
    super();
    this.noted = noted;
  }

  async savePreKey(id, record) {
    this.records.set(id, record.serialize());
  }

  async getPreKey(id) {
    return signal.PreKeyRecord.deserialize(this.noted.found(this.records, id, 'one-time prekey'));
  }

  async removePreKey(id) {
    this.records.delete(id);
  }
}

class SignedPrekeys extends signal.SignedPreKeyStore {
  records = new Map();

  constructor(noted) {
    super();
    this.noted = noted;
  }

  async saveSignedPreKey(id, record) {
    this.records.set(id, record.serialize());
  }

  async getSignedPreKey(id) {
    const record = this.noted.found(this.records, id, 'signed prekey');
    return signal.SignedPreKeyRecord.deserialize(record);
  }
}

/** Kyber prekeys as keys of last resort: they stay, and remember which base keys used them. */
class KyberPrekeys extends signal.KyberPreKeyStore {
  records = new Map();
  used = new Set();

  constructor(noted) {
    super();
    this.noted = noted;
  }

  async saveKyberPreKey(id, record) {
    this.records.set(id, record.serialize());
  }

  async getKyberPreKey(id) {
    const record = this.noted.found(this.records, id, 'Kyber prekey');
    return signal.KyberPreKeyRecord.deserialize(record);
  }

  async markKyberPreKeyUsed(id, signedPrekeyId, baseKey) {
    const use = `${id} ${signedPrekeyId} ${encode(baseKey.serialize())}`;
    if (this.used.has(use)) this.noted.refuse('old-message', 'the base key was used before');
    this.used.add(use);
  }
}

/** Sender keys of groups, the own ones among them. */
class SenderKeys extends signal.SenderKeyStore {
  records = new Map();

  async saveSenderKey(sender, distributionId, record) {
    this.records.set(`${distributionId} ${sender.toString()}`, record.serialize());
  }

  async getSenderKey(sender, distributionId) {
    const record = this.records.get(`${distributionId} ${sender.toString()}`);
    return record ? signal.SenderKeyRecord.deserialize(record) : null;
  }
}

/** Everything that a device keeps. */
export class Stores {
  noted = new Noted();
  sessions = new Sessions();
  prekeys = new Prekeys(this.noted);
  signedPrekeys = new SignedPrekeys(this.noted);
  kyberPrekeys = new KyberPrekeys(this.noted);
  senderKeys = new SenderKeys();

  constructor(name, privateKey, registrationId) {
    this.name = name;
    this.identities = new Identities(privateKey, registrationId);
    /** Peers' prekeys as they were imported, until a session has been started from them. */
    this.offers = new Map();
    /** Groups by name: admin, members, the own distribution, and those of the others. */
    this.groups = new Map();
    this.nextId = 1;
  }

  static create(name) {
    // As Signal's applications do: 14 bits, never zero.
    const registrationId = randomInt(1, 0x3fff);
    return new Stores(name, signal.PrivateKey.generate(), registrationId);
  }

  snapshot() {
    const maps = Object.entries(this.#maps()).map(([name, map]) => [
      name,
      [...map].map(([key, record]) => [key, encode(record)]),
    ]);
    const state = {
      name: this.name,
      identity: encode(this.identities.privateKey.serialize()),
      registrationId: this.identities.registrationId,
      nextId: this.nextId,
      used: [...this.kyberPrekeys.used],
      offers: [...this.offers],
      groups: [...this.groups],
      ...Object.fromEntries(maps),
    };
    return new TextEncoder().encode(JSON.stringify(state));
  }

  static restore(bytes) {
    const state = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const identity = signal.PrivateKey.deserialize(decode(state.identity));
    const stores = new Stores(state.name, identity, state.registrationId);
    stores.nextId = state.nextId;
    stores.kyberPrekeys.used = new Set(state.used);
    stores.offers = new Map(state.offers);
    stores.groups = new Map(state.groups);
    for (const [name, map] of Object.entries(stores.#maps())) {
      for (const [key, record] of state[name]) map.set(key, decode(record));
    }
    return stores;
  }

  #maps() {
    return {
      sessions: this.sessions.records,
      identities: this.identities.known,
      prekeys: this.prekeys.records,
      signedPrekeys: this.signedPrekeys.records,
      kyberPrekeys: this.kyberPrekeys.records,
      senderKeys: this.senderKeys.records,
    };
  }
}
