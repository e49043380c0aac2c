// One device: the operations of hallmark-driver/2 on the Matrix crypto engine.

import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

import { Account, joinSigning, splitSigning } from './account.mjs';
import { Engine } from './engine.mjs';
import { ALGORITHMS, Groups } from './groups.mjs';
import { encodeUnpadded, fromNetwork, toNetwork } from './json.mjs';
import { pairRoom, partnerIn, userId } from './names.mjs';
import { PROTOCOL, Refused, Unsupported, encode, read } from './protocol.mjs';
import { publishedKeys, readPrekeys } from './prekeys.mjs';
import { Rooms } from './rooms.mjs';
import { Settings } from './settings.mjs';

const calling = (strategy) =>
  'The engine is called as a Matrix client calls it, and the driver is its homeserver: it ' +
  "answers the engine's requests from what it is handed. A conversation of two is a room of " +
  "two, a group is a room; the list of members is the server's word, as in Matrix. A new " +
  'session is a new room key; a new Olm session is begun only where the engine says that one ' +
  `is missing. Before each message the room key is shared by the engine's ${shares(strategy)} ` +
  'and with its default rotation (100 messages, 7 days); what no device of the ' +
  'peer could read is not encrypted. Devices are cross-signed by their users, and nobody is ' +
  'verified. Events are decrypted with the least trust requirement; the shield is the lax one, ' +
  'as matrix-js-sdk asks for. The engine decrypts an event as often as it is handed over; ' +
  'remembering which were seen is left to the client, and not added. The store is IndexedDB in ' +
  'memory, without a passphrase. The position of a message is its index in the Megolm session.';

const shares = (strategy) =>
  strategy ? `strategy ${strategy}` : 'default strategy (all devices)';

const ONE_TIME_PREKEYS = 1000;

const peer = { peer: 'text' };
const group = { group: 'text' };
const members = { ...group, members: 'list' };
const received = { ...group, from: 'text', envelope: 'object' };

/** Each operation: the kinds of its arguments, and what it does with them. */
const OPERATIONS = {
  hello: [{ protocols: 'list' }, (device, args) => device.hello(args)],
  ping: [{}, () => ({})],
  shutdown: [{}, (device) => device.reset()],
  reset: [{ seed: 'count?' }, (device) => device.reset()],
  'process.pid': [{}, () => ({ pid: process.pid })],
  'identity.create': [{ name: 'text' }, (device, args) => device.create(args)],
  'identity.public': [{}, (device) => ({ identity_key: encode(device.account.curve25519) })],
  'identity.fingerprint': [peer, (device, args) => device.fingerprint(args)],
  'identity.sign': [{ message: 'bytes' }, (device, args) => device.sign(args)],
  'prekeys.publish': [{ one_time: 'count' }, (device, args) => device.publish(args)],
  'prekeys.import': [{ ...peer, prekeys: 'object' }, (device, args) => device.learn(args, false)],
  'device.import': [
    { ...peer, device: 'text', prekeys: 'object' },
    (device, args) => device.learn(args, true),
  ],
  'session.start': [peer, (device, args) => device.start(args)],
  'session.info': [peer, (device, args) => device.info(args)],
  'message.encrypt': [{ ...peer, plaintext: 'bytes' }, (device, args) => device.encrypt(args)],
  'message.decrypt': [{ from: 'text', envelope: 'object' }, (device, args) => device.decrypt(args)],
  'attachment.encrypt': [{ plaintext: 'bytes' }, (device, args) => device.seal(args)],
  'attachment.decrypt': [{ key: 'bytes', body: 'bytes' }, (device, args) => device.unseal(args)],
  'group.create': [group, (device, args) => device.groups.create(args)],
  'group.add': [members, (device, args) => device.groups.add(args)],
  'group.remove': [members, (device, args) => device.groups.remove(args)],
  'group.join': [received, (device, args) => device.groups.join(args)],
  'group.process': [received, (device, args) => device.groups.process(args)],
  'group.encrypt': [
    { ...group, plaintext: 'bytes' },
    (device, args) => device.groups.encrypt(args),
  ],
  'group.decrypt': [received, (device, args) => device.groups.decrypt(args)],
  'group.rotate': [group, (device, args) => device.groups.rotate(args)],
  'group.forward': [
    { ...group, sender: 'text', to: 'text' },
    (device, args) => device.groups.forward(args),
  ],
  'group.info': [group, (device, args) => device.groups.info(args)],
  'verify.start': [peer, (device, args) => device.fingerprint(args)],
  'verify.confirm': [{ ...peer, matches: 'flag' }, (device, args) => device.confirm(args)],
  'device.list': [{ user: 'text' }, (device, args) => device.list(args)],
  'settings.get': [{ name: 'text' }, (device, args) => device.settings.get(args)],
  'settings.set': [{ name: 'text', value: 'any' }, (device, args) => device.settings.set(args)],
  'state.snapshot': [{}, (device) => device.snapshot()],
  'state.restore': [{ state: 'bytes' }, (device, args) => device.restore(args)],
};

const CONTROL = ['hello', 'ping', 'reset', 'shutdown'];

export class Device {
  #account = null;
  #rooms = null;
  #groups = null;
  #warnings = [];

  /** With the setting `sharing-strategy` as `strategy` says, from the start of every device. */
  constructor(engine, strategy) {
    this.engine = engine;
    this.strategy = strategy;
  }

  static async of(version, strategy) {
    return new Device(await Engine.load(version), strategy);
  }

  get account() {
    if (this.#account !== null) return this.#account;
    throw new Error('there is no identity yet: `identity.create` or `state.restore` comes first');
  }

  get rooms() {
    return this.account && this.#rooms;
  }

  get groups() {
    return this.account && this.#groups;
  }

  get settings() {
    return new Settings(this.account, this.#rooms);
  }

  takeWarnings() {
    return this.#warnings.splice(0);
  }

  /** Runs one operation; throws `Refused`, `Unsupported`, or an error of the driver's own. */
  async run(op, args) {
    if (!Object.hasOwn(OPERATIONS, op)) {
      throw new Unsupported(`this driver does not offer \`${op}\``);
    }
    const [fields, operate] = OPERATIONS[op];
    this.engine.takeLog();
    return operate(this, read(fields, args));
  }

  hello({ protocols }) {
    if (!protocols.includes(PROTOCOL)) throw new Error(`this driver speaks ${PROTOCOL} only`);
    const about = readFileSync(new URL('package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(about);
    return {
      protocol: PROTOCOL,
      driver: { name, version },
      candidate: this.engine.candidate,
      family: 'megolm',
      calling: calling(this.strategy),
      capabilities: Object.keys(OPERATIONS).filter((op) => !CONTROL.includes(op)),
      limits: { 'one-time-prekeys': ONE_TIME_PREKEYS },
    };
  }

  reset() {
    const account = this.#account;
    this.#account = this.#rooms = this.#groups = null;
    this.#warnings = [];
    account?.close();
    return {};
  }

  // ---- identity ----

  async create({ name }) {
    if (this.#account) throw new Error('the device has an identity already: `reset` comes first');
    this.#adopt(await Account.create(this.engine, name));
    return {};
  }

  #adopt(account) {
    this.#account = account;
    this.#rooms = new Rooms(account, (warning) => this.#warnings.push(warning));
    this.#groups = new Groups(account, this.#rooms);
    if (this.strategy) this.settings.set({ name: 'sharing-strategy', value: this.strategy });
  }

  /** What the QR codes of Matrix compare: the master keys of both users. */
  async fingerprint({ peer: name }) {
    const identity = await this.account.identity(userId(name));
    if (!identity) throw new Error(`no identity of \`${name}\` is known`);
    const own = await this.account.identity(this.account.user);
    const line = (each) => Object.values(JSON.parse(each.masterKey).keys).join(' ');
    return { fingerprint: [line(own), line(identity)].sort().join(' / ') };
  }

  async confirm({ peer: name, matches }) {
    if (!matches) throw new Unsupported('the engine has no word for a comparison that failed');
    const identity = await this.account.identity(userId(name));
    if (!identity) throw new Error(`no identity of \`${name}\` is known`);
    await identity.verify();
    return {};
  }

  async list({ user }) {
    const devices = await this.account.devicesOf(userId(user));
    return { devices: devices.map((device) => device.deviceId.toString()).sort() };
  }

  /** Signs a one-time key, or vouches for another device, as Matrix signs these. */
  async sign({ message }) {
    const at = message.indexOf(0);
    const isDevice = message.length > 32 && at >= 0;
    if (!isDevice) {
      return { signature: encode(await this.account.sign({ key: encodeUnpadded(message) })) };
    }
    const [curve, signing] = [message.subarray(at + 1, at + 33), message.subarray(at + 33)];
    const { ed25519, device } = splitSigning(signing);
    const keys = { ...this.account.published.device_keys, device_id: device };
    keys.keys = {
      [`curve25519:${device}`]: encodeUnpadded(curve),
      [`ed25519:${device}`]: encodeUnpadded(ed25519),
    };
    delete keys.signatures;
    return { signature: encode(await this.account.vouch(keys)) };
  }

  async publish({ one_time: count }) {
    if (count > ONE_TIME_PREKEYS) {
      throw new Error(`${count} one-time prekeys were asked for, the limit is ${ONE_TIME_PREKEYS}`);
    }
    const { curve25519, ed25519, device, published } = this.account;
    const keys = await this.account.publish(count);
    const signing = joinSigning(ed25519, device);
    return { prekeys: publishedKeys(curve25519, signing, published, keys) };
  }

  async learn({ peer: name, prekeys }, also) {
    const changed = await this.account.learn(name, readPrekeys(name, prekeys), also);
    if (changed) this.rooms.identityChanged(name);
    return {};
  }

  // ---- pairwise ----

  /** A new room key, shared over Olm. */
  async start({ peer: name }) {
    const room = this.#roomWith(name);
    if ((await this.account.devicesOf(userId(name))).length === 0) {
      throw new Error(`no prekeys of \`${name}\` were imported`);
    }
    const shares = await this.rooms.renew(room, [name]);
    return { envelopes: this.#setup(room, name, shares) };
  }

  async info({ peer: name }) {
    if (!this.rooms.reached[this.#roomWith(name)]?.includes(name)) {
      throw new Error(`there is no session with \`${name}\``);
    }
    return { protocol: 'Megolm v1, keys shared over Olm v1', ...ALGORITHMS };
  }

  async encrypt({ peer: name, plaintext }) {
    const room = this.#roomWith(name);
    if ((await this.account.devicesOf(userId(name))).length === 0) {
      throw new Refused('unknown-key', `no device of \`${name}\` is known`);
    }
    const envelopes = this.#setup(room, name, await this.rooms.share(room, [name]));
    const { tag, content } = await this.rooms.encrypt(room, plaintext);
    const body = toNetwork({ room_id: room, content });
    return { envelopes: [...envelopes, { kind: 'message', tag, body }] };
  }

  #setup(room, name, shares) {
    this.rooms.mustReach(room, name, shares);
    return shares.map(({ type, messages }) => {
      const body = toNetwork({ messages, ...this.rooms.introduction });
      return { kind: 'setup', tag: type, body };
    });
  }

  async decrypt({ from, envelope }) {
    const { kind, tag, body } = read({ kind: 'text', tag: 'text?', body: 'bytes' }, envelope);
    if (kind === 'setup') {
      await this.rooms.take(from, tag ?? '', body);
      return { messages: [] };
    }
    const event = fromNetwork(body);
    // The server names the room, and may name a sender who is not in it. What is of no room of two
    // is placed where it is handed over for.
    const partner = partnerIn(`${event?.room_id}`, this.account.name) ?? from;
    const content = event?.content ?? event;
    const message = await this.rooms.decrypt(from, tag ?? '', content, this.#roomWith(partner));
    const elsewhere = partner === from ? {} : { conversation: partner };
    return { messages: [{ ...message, ...elsewhere }] };
  }

  #roomWith(name) {
    return pairRoom(this.account.name, name);
  }

  // ---- attachments ----

  seal({ plaintext }) {
    const sealed = this.engine.api.Attachment.encrypt(plaintext);
    const body = encode(sealed.encryptedData);
    const key = encode(Buffer.from(sealed.mediaEncryptionInfo));
    return { key, body, cipher: 'AES-256-CTR + SHA-256' };
  }

  unseal({ key, body }) {
    const { Attachment, EncryptedAttachment } = this.engine.api;
    const info = Buffer.from(key).toString('utf8');
    try {
      return { plaintext: encode(Attachment.decrypt(new EncryptedAttachment(body, info))) };
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      const words = `${error?.message ?? error}`;
      throw new Refused(/hash/i.test(words) ? 'bad-signature' : 'malformed', words);
    }
  }

  // ---- state ----

  async snapshot() {
    const { version } = this.engine.candidate;
    const { reached, strategy, strict } = this.rooms;
    const account = await this.account.snapshot();
    const rooms = { reached, strategy, strict };
    const { members: groups } = this.groups;
    return { state: encode(serialize({ version, account, rooms, groups })) };
  }

  async restore({ state }) {
    let kept;
    try {
      kept = deserialize(state);
      const { version } = this.engine.candidate;
      if (kept.version !== version) throw new Error(`it is not of version ${version}`);
      this.reset();
      this.#adopt(await Account.restore(this.engine, kept.account));
    } catch (error) {
      throw new Error(`failed to read the state back: ${error.message}`, { cause: error });
    }
    Object.assign(this.#rooms, kept.rooms);
    this.#groups.members = kept.groups;
    return {};
  }
}
