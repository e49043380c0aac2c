// SPDX-License-Identifier: AGPL-3.0-only
// One device: the operations of the driver protocol on libsignal.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import * as signal from '@signalapp/libsignal-client';

import { Groups } from './groups.mjs';
import { publishPrekeys, readBundle } from './prekeys.mjs';
import { PROTOCOLS, Refused, Unsupported, encode, read } from './protocol.mjs';
import { refusal } from './refusal.mjs';
import { sessionInfo } from './session-info.mjs';
import { Stores } from './stores.mjs';

const CALLING =
  'The library is called as its TypeScript interface wants it, with in-memory stores that delete ' +
  'a one-time prekey when the library says that it is used. The Kyber prekey is one of last ' +
  'resort: it stays after use, and the base keys that used it are remembered, so that a ' +
  'replayed initial message is refused. Identity keys are trusted on first use in both ' +
  'directions; Signal\'s own applications are more lenient when they receive, and warn. The ' +
  'position of a message is its counter in the sending chain, which starts again with every ' +
  'ratchet step; the interface shows none for a prekey message. In groups the sender keys are the ' +
  'library\'s, and the list of members is the driver\'s, because the library has none: one admin ' +
  'tells of changes over pairwise sessions, a removal makes every member who hears of it begin a ' +
  'new distribution, and whose message is shown is decided by that list and by the library\'s store ' +
  'of sender keys. The position of a group message is its iteration in the sender\'s chain.';

const TAGS = new Map([
  [signal.CiphertextMessageType.PreKey, 'prekey'],
  [signal.CiphertextMessageType.Whisper, 'whisper'],
]);

// Parameters of Signal's applications for the safety number.
const FINGERPRINT = { iterations: 5200, version: 2 };

const ONE_TIME_PREKEYS = 1000;

const peer = { peer: 'text' };
const group = { group: 'text' };
const handed = { ...group, from: 'text', envelope: 'object' };

/** Each operation: the kinds of its arguments, and what it does with them. */
const OPERATIONS = {
  hello: [{ protocols: 'list' }, (device, args) => device.hello(args)],
  ping: [{}, () => ({})],
  shutdown: [{}, () => ({})],
  reset: [{ seed: 'count?' }, (device) => device.reset()],
  'process.pid': [{}, () => ({ pid: process.pid })],
  'identity.create': [{ name: 'text' }, (device, args) => device.create(args)],
  'identity.public': [{}, (device) => device.publicIdentity()],
  'identity.fingerprint': [peer, (device, args) => device.fingerprint(args)],
  'identity.sign': [{ message: 'bytes' }, (device, args) => device.sign(args)],
  'prekeys.publish': [{ one_time: 'count' }, (device, args) => device.publish(args)],
  'prekeys.import': [{ ...peer, prekeys: 'object' }, (device, args) => device.import(args)],
  'session.start': [peer, (device, args) => device.start(args)],
  'session.delete': [peer, (device, args) => device.delete(args)],
  'session.info': [peer, (device, args) => device.info(args)],
  'message.encrypt': [{ ...peer, plaintext: 'bytes' }, (device, args) => device.encrypt(args)],
  'message.decrypt': [{ from: 'text', envelope: 'object' }, (device, args) => device.decrypt(args)],
  'group.create': [group, (device, args) => device.groups.create(args)],
  'group.add': [{ ...group, members: 'list' }, (device, args) => device.groups.add(args)],
  'group.remove': [{ ...group, members: 'list' }, (device, args) => device.groups.remove(args)],
  'group.join': [handed, (device, args) => device.groups.join(args)],
  'group.process': [handed, (device, args) => device.groups.process(args)],
  'group.encrypt': [{ ...group, plaintext: 'bytes' }, (device, args) => device.groups.encrypt(args)],
  'group.decrypt': [handed, (device, args) => device.groups.decrypt(args)],
  'group.rotate': [group, (device, args) => device.groups.rotate(args)],
  'group.info': [group, (device, args) => device.groups.info(args)],
  'state.snapshot': [{}, (device) => ({ state: encode(device.stores.snapshot()) })],
  'state.restore': [{ state: 'bytes' }, (device, args) => device.restore(args)],
};

const CONTROL = ['hello', 'ping', 'reset', 'shutdown'];

export class Device {
  #stores = null;

  get stores() {
    if (this.#stores !== null) return this.#stores;
    throw new Error('there is no identity yet: `identity.create` or `state.restore` comes first');
  }

  get groups() {
    return new Groups(this.stores, {
      encrypt: (to, plaintext) => this.#sealFor(to, plaintext),
      decrypt: async (from, tag, body) => (await this.#open(from, tag, body)).plaintext,
    });
  }

  /** Runs one operation; throws `Refused`, `Unsupported`, or an error of the driver's own. */
  async run(op, args) {
    if (!Object.hasOwn(OPERATIONS, op)) {
      throw new Unsupported(`this driver does not offer \`${op}\``);
    }
    const [fields, operate] = OPERATIONS[op];
    const noted = this.#stores?.noted;
    if (noted) noted.refused = null;
    try {
      return await operate(this, read(fields, args));
    } catch (error) {
      throw noted?.refused ?? refusal(error);
    }
  }

  hello({ protocols }) {
    const protocol = PROTOCOLS.find((version) => protocols.includes(version));
    if (!protocol) throw new Error(`this driver speaks ${PROTOCOLS.join(' and ')} only`);
    return {
      protocol,
      driver: program(new URL('package.json', import.meta.url)),
      candidate: { ...program(new URL('package.json', LIBRARY)), ...digest() },
      family: 'signal',
      calling: CALLING,
      capabilities: Object.keys(OPERATIONS).filter((op) => !CONTROL.includes(op)),
      limits: { 'one-time-prekeys': ONE_TIME_PREKEYS },
    };
  }

  reset() {
    this.#stores = null;
    return {};
  }

  restore({ state }) {
    try {
      this.#stores = Stores.restore(state);
    } catch (error) {
      throw new Error(`failed to read the state back: ${error.message}`, { cause: error });
    }
    return {};
  }

  create({ name }) {
    if (this.#stores) throw new Error('the device has an identity already: `reset` comes first');
    signal.ProtocolAddress.new(name, 1);
    this.#stores = Stores.create(name);
    return {};
  }

  publicIdentity() {
    return { identity_key: encode(this.stores.identities.privateKey.getPublicKey().serialize()) };
  }

  async fingerprint({ peer }) {
    const { identities, offers, name } = this.stores;
    const offered = offers.get(peer);
    const theirs = offered
      ? readBundle(offered).identityKey()
      : await identities.getIdentity(address(peer));
    if (theirs === null) throw new Error(`no identity key of \`${peer}\` is known`);
    const ours = identities.privateKey.getPublicKey();
    const { iterations, version } = FINGERPRINT;
    const [local, remote] = [Buffer.from(name), Buffer.from(peer)];
    const print = signal.Fingerprint.new(iterations, version, local, ours, remote, theirs);
    return { fingerprint: print.displayableFingerprint().toString() };
  }

  sign({ message }) {
    return { signature: encode(this.stores.identities.privateKey.sign(message)) };
  }

  async publish({ one_time: count }) {
    if (count > ONE_TIME_PREKEYS) {
      throw new Error(`${count} one-time prekeys were asked for, the limit is ${ONE_TIME_PREKEYS}`);
    }
    return { prekeys: await publishPrekeys(this.stores, count) };
  }

  import({ peer, prekeys }) {
    readBundle(prekeys);
    this.stores.offers.set(peer, prekeys);
    return {};
  }

  async start({ peer }) {
    const { sessions, identities, offers, name } = this.stores;
    const offer = offers.get(peer);
    if (!offer) throw new Error(`no unused prekeys of \`${peer}\` were imported`);
    const bundle = readBundle(offer);
    await signal.processPreKeyBundle(bundle, address(peer), address(name), sessions, identities);
    offers.delete(peer);
    return { envelopes: [] };
  }

  async info({ peer }) {
    return sessionInfo(this.stores, address(this.stores.name), address(peer));
  }

  delete({ peer }) {
    if (!this.stores.sessions.forget(address(peer))) {
      throw new Error(`there is no session with \`${peer}\``);
    }
    return {};
  }

  async encrypt({ peer, plaintext }) {
    return { envelopes: [{ kind: 'message', ...(await this.#seal(peer, plaintext)) }] };
  }

  async decrypt({ from, envelope }) {
    const { tag, body } = read({ kind: 'text', tag: 'text?', body: 'bytes' }, envelope);
    const { plaintext, position } = await this.#open(from, tag, body);
    return { messages: [{ plaintext: encode(plaintext), sender: from, ...position }] };
  }

  /** For a member of a group: its session is started where there is none. */
  async #sealFor(peer, plaintext) {
    const { sessions, offers } = this.stores;
    if ((await sessions.getSession(address(peer))) === null && offers.has(peer)) {
      await this.start({ peer });
    }
    return this.#seal(peer, plaintext);
  }

  async #seal(peer, plaintext) {
    const { sessions, identities, name } = this.stores;
    if ((await sessions.getSession(address(peer))) === null) {
      throw new Refused('unknown-key', `there is no session with \`${peer}\``);
    }
    const to = address(peer);
    const sealed = await signal.signalEncrypt(plaintext, to, address(name), sessions, identities);
    return { tag: TAGS.get(sealed.type()), body: encode(sealed.serialize()) };
  }

  async #open(from, tag, body) {
    const decrypt = { prekey: decryptPrekey, whisper: decryptWhisper }[tag];
    if (!decrypt) throw new Refused('malformed', 'not a message type of the library');
    return decrypt(this.stores, address(from), body);
  }
}

async function decryptPrekey(stores, from, body) {
  const { sessions, identities, prekeys, signedPrekeys, kyberPrekeys, name } = stores;
  const message = signal.PreKeySignalMessage.deserialize(body);
  const kept = [sessions, identities, prekeys, signedPrekeys, kyberPrekeys];
  return { plaintext: await signal.signalDecryptPreKey(message, from, address(name), ...kept) };
}

async function decryptWhisper(stores, from, body) {
  const { sessions, identities, name } = stores;
  const message = signal.SignalMessage.deserialize(body);
  const plaintext = await signal.signalDecrypt(message, from, address(name), sessions, identities);
  return { plaintext, position: { position: message.counter() } };
}

/** Every device is its owner's first. */
function address(name) {
  return signal.ProtocolAddress.new(name, 1);
}

const LIBRARY = new URL('../', import.meta.resolve('@signalapp/libsignal-client'));

function program(file) {
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  return { name, version };
}

/** Digest of the native library, which is what is really driven. */
function digest() {
  const folder = `prebuilds/${process.platform}-${process.arch}/`;
  const file = new URL(`${folder}@signalapp+libsignal-client.node`, LIBRARY);
  if (!existsSync(file)) return {};
  return { sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}
