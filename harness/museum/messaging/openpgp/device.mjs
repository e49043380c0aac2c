// One device: the operations of the driver protocol on OpenPGP.js.

import { PROTOCOL, Refused, Unsupported, decode, encode, read } from '../shared/protocol.mjs';
import { open, seal } from './hostile.mjs';
import { refusal } from './refusal.mjs';

const VERSION = '0.1.0';

const CALLING =
  "The library's encrypt is called with encryptionKeys and signingKeys, and its decrypt with " +
  'verificationKeys and expectSigned, so that a message without a valid signature of the peer is ' +
  'an error, as its README advises; everything else is its default, in binary. A message is shown ' +
  'as what decrypt returned as its data. Keys are those that generateKey makes of the type ' +
  '`curve25519`. OpenPGP has no sessions: `session.start` sends the own public key, as Autocrypt ' +
  'does in the header of a mail. The first key of a peer, from there or from the server, is ' +
  'trusted, and another one is refused by the driver.';

const PEER = { peer: 'text' };
const PREKEYS = {
  identity_key: 'bytes',
  signing_key: 'bytes?',
  signed_prekey: 'object?',
  one_time_prekeys: 'list?',
  kem_prekey: 'object?',
  extra: 'object?',
};

/** Each operation: the kinds of its arguments, and the method that does it. */
const OPERATIONS = {
  hello: [{ protocols: 'list' }, 'hello'],
  ping: [{}, 'ping'],
  reset: [{ seed: 'count?' }, 'reset'],
  shutdown: [{}, 'ping'],
  'process.pid': [{}, 'pid'],
  'identity.create': [{ name: 'text' }, 'create'],
  'identity.public': [{}, 'public'],
  'identity.fingerprint': [PEER, 'fingerprint'],
  'prekeys.publish': [{ one_time: 'count' }, 'publish'],
  'prekeys.import': [{ ...PEER, prekeys: 'object' }, 'import'],
  'session.start': [PEER, 'start'],
  'session.info': [PEER, 'info'],
  'message.encrypt': [{ ...PEER, plaintext: 'bytes' }, 'encrypt'],
  'message.decrypt': [{ from: 'text', envelope: 'object' }, 'decrypt'],
  'signed.open': [{ from: 'text', envelope: 'object' }, 'openSigned'],
  'signed.seal': [{ ...PEER, signed: 'bytes' }, 'sealSigned'],
  'state.snapshot': [{}, 'snapshot'],
  'state.restore': [{ state: 'bytes' }, 'restore'],
};

const CONTROL = ['hello', 'ping', 'reset', 'shutdown'];

const KEY = 'openpgp-key';
const MESSAGE = 'openpgp-message';

const INFO = {
  protocol: 'OpenPGP (RFC 4880), signed and encrypted',
  cipher: 'AES-256-CFB',
  mac: 'SHA-1 (MDC), Ed25519 signature',
  mac_bits: 160,
  key_agreement: 'X25519',
};

const CREATE_FIRST = 'there is no identity yet: `identity.create` or `state.restore` comes first';

export class Device {
  #openpgp;
  #release;
  #name = null;
  #own = null;
  /** Public keys, by name. */
  #peers = new Map();

  constructor(openpgp, release) {
    this.#openpgp = openpgp;
    this.#release = release;
  }

  async run(op, args) {
    if (!Object.hasOwn(OPERATIONS, op)) {
      throw new Unsupported(`this driver does not offer \`${op}\``);
    }
    const [fields, method] = OPERATIONS[op];
    return this[method](read(fields, args));
  }

  /** The library has nobody to warn. */
  takeWarnings() {
    return [];
  }

  // ---- control ----

  hello({ protocols }) {
    if (!protocols.includes(PROTOCOL)) throw new Error(`this driver speaks ${PROTOCOL} only`);
    const unlisted = new Set(CONTROL);
    return {
      protocol: PROTOCOL,
      driver: { name: 'hallmark-driver-openpgp', version: VERSION },
      candidate: { name: 'openpgp', version: this.#release },
      family: 'openpgp',
      calling: CALLING,
      capabilities: Object.keys(OPERATIONS).filter((op) => !unlisted.has(op)),
    };
  }

  ping() {
    return {};
  }

  reset() {
    [this.#name, this.#own, this.#peers] = [null, null, new Map()];
    return {};
  }

  pid() {
    return { pid: process.pid };
  }

  // ---- identity ----

  async create({ name }) {
    if (this.#own) throw new Error('the device has an identity already: `reset` comes first');
    const userIDs = [{ name, email: `${name}@example.org` }];
    const made = await this.#openpgp.generateKey({ type: 'curve25519', userIDs, format: 'object' });
    [this.#name, this.#own] = [name, made.privateKey];
    return {};
  }

  public() {
    return { identity_key: encode(this.#key().toPublic().write()) };
  }

  fingerprint({ peer }) {
    const keys = [this.#key(), this.#peer(peer)];
    return { fingerprint: keys.map((key) => key.getFingerprint()).sort().join(' ') };
  }

  /** OpenPGP has no prekeys: the same public key serves for every message. */
  publish() {
    return { prekeys: { identity_key: this.public().identity_key } };
  }

  async import({ peer, prekeys }) {
    await this.#learn(peer, read(PREKEYS, prekeys).identity_key);
    return {};
  }

  async #learn(peer, binaryKey) {
    this.#key();
    const key = await this.#openpgp.readKey({ binaryKey }).catch((error) => {
      throw new Refused('bad-key', error.message);
    });
    const known = this.#peers.get(peer);
    if (known && known.getFingerprint() !== key.getFingerprint()) {
      throw new Refused('identity-changed', `another key of \`${peer}\` is known`);
    }
    this.#peers.set(peer, key);
  }

  // ---- pairwise ----

  start({ peer }) {
    if (!this.#peers.has(peer)) throw new Error(`no key of \`${peer}\` was imported`);
    const body = encode(this.#key().toPublic().write());
    return { envelopes: [{ kind: 'setup', tag: KEY, body }] };
  }

  info({ peer }) {
    this.#peer(peer);
    return INFO;
  }

  async encrypt({ peer, plaintext }) {
    const [signingKeys, encryptionKeys] = [this.#key(), this.#peer(peer)];
    const message = await this.#openpgp.createMessage({ binary: plaintext });
    const body = await this.#openpgp.encrypt({
      message,
      encryptionKeys,
      signingKeys,
      format: 'binary',
    });
    return { envelopes: [envelopeOf(body)] };
  }

  async decrypt({ from, envelope }) {
    const decryptionKeys = this.#key();
    if (envelope.tag === KEY) {
      await this.#learn(from, bodyOf(envelope));
      return { messages: [] };
    }
    const verificationKeys = this.#peer(from);
    const body = bodyOf(envelope);
    const shown = await this.#open(body, decryptionKeys, verificationKeys).catch((error) => {
      throw refusal(error);
    });
    return { messages: [{ plaintext: encode(shown), sender: from }] };
  }

  async #open(binaryMessage, decryptionKeys, verificationKeys) {
    const message = await this.#openpgp.readMessage({ binaryMessage });
    const options = { message, decryptionKeys, verificationKeys, expectSigned: true };
    return (await this.#openpgp.decrypt({ ...options, format: 'binary' })).data;
  }

  // ---- a hostile recipient ----

  async openSigned({ envelope }) {
    return { signed: encode(await open(this.#openpgp, bodyOf(envelope), this.#key())) };
  }

  async sealSigned({ peer, signed }) {
    return { envelopes: [envelopeOf(await seal(this.#openpgp, signed, this.#peer(peer)))] };
  }

  // ---- state ----

  snapshot() {
    const peers = [...this.#peers].map(([name, key]) => [name, encode(key.write())]);
    const own = encode(this.#key().write());
    return { state: encode(Buffer.from(JSON.stringify({ name: this.#name, own, peers }))) };
  }

  async restore({ state }) {
    const kept = JSON.parse(Buffer.from(state).toString('utf8'));
    this.reset();
    this.#name = kept.name;
    this.#own = await this.#openpgp.readPrivateKey({ binaryKey: decode(kept.own) });
    for (const [name, binaryKey] of kept.peers) {
      this.#peers.set(name, await this.#openpgp.readKey({ binaryKey: decode(binaryKey) }));
    }
    return {};
  }

  // ---- keys ----

  #key() {
    if (!this.#own) throw new Error(CREATE_FIRST);
    return this.#own;
  }

  #peer(name) {
    this.#key();
    const key = this.#peers.get(name);
    if (!key) throw new Refused('unknown-key', `no key of \`${name}\` is known`);
    return key;
  }
}

function envelopeOf(body) {
  return { kind: 'message', tag: MESSAGE, body: encode(body) };
}

function bodyOf(envelope) {
  return read({ kind: 'text', tag: 'text?', body: 'bytes' }, envelope).body;
}
