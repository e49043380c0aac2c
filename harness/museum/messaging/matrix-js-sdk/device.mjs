// One device: the operations of the driver protocol on matrix-js-sdk.

import { PROTOCOL, Refused, Unsupported, decode, encode, read } from '../shared/protocol.mjs';
import { Account } from './account.mjs';
import { forward } from './hostile.mjs';
import { base64Unpadded, nameOf, padded, roomOf, userOf } from './names.mjs';
import { refusal } from './refusal.mjs';

const VERSION = '0.1.0';

const CALLING =
  'A whole MatrixClient with its own end-to-end encryption (libolm) runs in the driver, with its ' +
  'MemoryStore and MemoryCryptoStore, and syncs with a homeserver of a hundred lines in the same ' +
  'process: the harness is the server. Messages are sent with sendEvent, after ' +
  'setGlobalErrorOnUnknownDevices(false), and read from the timeline of the room, as Element did at ' +
  'the time. What getEventEncryptionInfo says is a warning as Element shows it: not authenticated is ' +
  'a grey shield, a mismatched sender a red one. Nobody is verified. Each handing over of an event is ' +
  'a new event of the server.';

const GROUP = { group: 'text' };
const PREKEYS = {
  identity_key: 'bytes',
  signing_key: 'bytes?',
  signed_prekey: 'object?',
  one_time_prekeys: 'list?',
  kem_prekey: 'object?',
  extra: 'object?',
};
const ONE_TIME_PREKEY = { id: 'count', public: 'bytes', signature: 'bytes?' };
const ENVELOPE = { to: 'list?', kind: 'text', tag: 'text?', body: 'bytes' };

/** Each operation: the kinds of its arguments, and the method that does it. */
const OPERATIONS = {
  hello: [{ protocols: 'list' }, 'hello'],
  ping: [{}, 'ping'],
  reset: [{ seed: 'count?' }, 'reset'],
  shutdown: [{}, 'reset'],
  'process.pid': [{}, 'pid'],
  'identity.create': [{ name: 'text' }, 'create'],
  'identity.public': [{}, 'public'],
  'prekeys.publish': [{ one_time: 'count' }, 'publish'],
  'prekeys.import': [{ peer: 'text', prekeys: 'object' }, 'import'],
  'group.create': [GROUP, 'createGroup'],
  'group.add': [{ ...GROUP, members: 'list' }, 'add'],
  'group.remove': [{ ...GROUP, members: 'list' }, 'remove'],
  'group.join': [{ ...GROUP, from: 'text', envelope: 'object' }, 'join'],
  'group.process': [{ ...GROUP, from: 'text', envelope: 'object' }, 'process'],
  'group.encrypt': [{ ...GROUP, plaintext: 'bytes' }, 'encrypt'],
  'group.decrypt': [{ ...GROUP, from: 'text', envelope: 'object' }, 'decrypt'],
  'group.rotate': [GROUP, 'rotate'],
  'group.forward': [{ ...GROUP, sender: 'text', to: 'text' }, 'forward'],
  'group.info': [GROUP, 'info'],
  'state.snapshot': [{}, 'snapshot'],
  'state.restore': [{ state: 'bytes' }, 'restore'],
};

const CONTROL = ['hello', 'ping', 'reset', 'shutdown'];

/** The library makes so many at a time, and more only after a minute. */
const ONE_TIME_PREKEYS = 50;

const TALK_IN_A_ROOM = 'two people talk in a room, as more do: this driver offers groups alone';
const UNREACHABLE = {
  'session.start': TALK_IN_A_ROOM,
  'message.encrypt': TALK_IN_A_ROOM,
  'message.decrypt': TALK_IN_A_ROOM,
};

const INFO = {
  protocol: 'Megolm v1 over Olm v1',
  cipher: 'AES-256-CBC',
  mac: 'HMAC-SHA-256',
  mac_bits: 64,
  key_agreement: 'X25519',
};

const CREATE_FIRST = 'there is no identity yet: `identity.create` or `state.restore` comes first';

export class Device {
  #sdk;
  #release;
  #account = null;
  #warnings = [];

  constructor(sdk, release) {
    this.#sdk = sdk;
    this.#release = release;
  }

  async run(op, args) {
    if (!Object.hasOwn(OPERATIONS, op)) {
      throw new Unsupported(UNREACHABLE[op] ?? `this driver does not offer \`${op}\``);
    }
    const [fields, method] = OPERATIONS[op];
    return this[method](read(fields, args));
  }

  takeWarnings() {
    return this.#warnings.splice(0);
  }

  // ---- control ----

  hello({ protocols }) {
    if (!protocols.includes(PROTOCOL)) throw new Error(`this driver speaks ${PROTOCOL} only`);
    return {
      protocol: PROTOCOL,
      driver: { name: 'hallmark-driver-matrix-js-sdk', version: VERSION },
      candidate: { name: 'matrix-js-sdk', version: this.#release },
      family: 'megolm',
      calling: CALLING,
      capabilities: Object.keys(OPERATIONS).filter((op) => !CONTROL.includes(op)),
      limits: { 'one-time-prekeys': ONE_TIME_PREKEYS },
    };
  }

  ping() {
    return {};
  }

  reset() {
    this.#account?.stop();
    this.#account = null;
    return {};
  }

  pid() {
    return { pid: process.pid };
  }

  // ---- identity ----

  async create({ name }) {
    if (this.#account) throw new Error('the device has an identity already: `reset` comes first');
    const account = new Account(this.#sdk, name);
    await account.start();
    this.#account = account;
    return {};
  }

  public() {
    return { identity_key: padded(this.#running().client.getDeviceCurve25519Key()) };
  }

  publish({ one_time: count }) {
    const { device, taken } = this.#running().server.publish(count);
    // As a server does, hands out what there is: the library makes more when it is told that few are left.
    if (taken.length === 0 && count > 0) throw new Error('the library has made no more one-time keys yet');
    const keys = device.keys;
    return {
      prekeys: {
        identity_key: padded(keys[`curve25519:${device.device_id}`]),
        signing_key: padded(keys[`ed25519:${device.device_id}`]),
        one_time_prekeys: taken.map(([name, key]) => ({
          id: number(name),
          public: padded(key.key),
          signature: padded(key.signatures[device.user_id][`ed25519:${device.device_id}`]),
        })),
        extra: { device },
      },
    };
  }

  /** The server knows these keys now, and tells the client that something changed. */
  async import({ peer, prekeys }) {
    const account = this.#running();
    const given = read(PREKEYS, prekeys);
    const [user, device] = [userOf(peer), structuredClone(given.extra?.device)];
    if (device?.user_id !== user) throw new Refused('malformed', 'no device of this user');
    device.keys[`curve25519:${device.device_id}`] = base64Unpadded(given.identity_key);
    const oneTime = (given.one_time_prekeys ?? []).map((each) => {
      const { id, public: key, signature } = read(ONE_TIME_PREKEY, each);
      const by = { [`ed25519:${device.device_id}`]: base64Unpadded(signature ?? []) };
      const signed = { key: base64Unpadded(key), signatures: { [user]: by } };
      return { [`signed_curve25519:${nameOfKey(id)}`]: signed };
    });
    account.server.learn(user, device, oneTime[0] ?? null);
    await account.server.sync({ device_lists: { changed: [user], left: [] } });
    return {};
  }

  // ---- groups ----

  async createGroup({ group }) {
    const account = this.#running();
    await account.roster(roomOf(group), [account.name], account.name);
    return { envelopes: [] };
  }

  async add({ group, members }) {
    const account = this.#running();
    const room = this.#room(group);
    const before = account.rooms[room].members;
    const all = [...before, ...members.filter((name) => !before.includes(name))];
    await account.roster(room, all, account.name);
    return { envelopes: this.#tell(room, before, members) };
  }

  async remove({ group, members }) {
    const account = this.#running();
    const room = this.#room(group);
    const before = account.rooms[room].members;
    const rest = before.filter((name) => !members.includes(name));
    await account.roster(room, rest, account.name);
    return { envelopes: this.#tell(room, before, []) };
  }

  /** What the server tells the others of a room: nothing of it is encrypted or signed. */
  #tell(room, members, newcomers) {
    const { name, rooms } = this.#running();
    const body = encode(Buffer.from(JSON.stringify(rooms[room])));
    const others = members.filter((member) => member !== name && !newcomers.includes(member));
    const envelopes = [];
    if (others.length > 0) envelopes.push({ to: others, kind: 'change', tag: 'members', body });
    if (newcomers.length > 0) envelopes.push({ to: newcomers, kind: 'welcome', tag: 'members', body });
    return envelopes;
  }

  async join(args) {
    await this.#members(args);
    return { envelopes: [] };
  }

  async process(args) {
    const { tag, body } = read(ENVELOPE, args.envelope);
    if (tag === 'members') return this.join(args);
    this.#room(args.group);
    const event = await this.#running().arriveForDevice(args.from, eventOf(body));
    if (event?.isDecryptionFailure()) throw refusal(event.getContent().body);
    return { envelopes: [] };
  }

  async #members({ group, from, envelope }) {
    const given = contentOf(read(ENVELOPE, envelope).body);
    const { members } = read({ members: 'list', by: 'text' }, given);
    await this.#running().roster(roomOf(group), members, from);
  }

  async encrypt({ group, plaintext }) {
    const account = this.#running();
    const room = this.#room(group);
    if (!account.rooms[room].members.includes(account.name)) {
      throw new Refused('not-member', 'the server says that this user left the room');
    }
    account.server.events.length = 0;
    const content = { msgtype: 'm.text', body: encode(plaintext) };
    await account.client.sendEvent(room, 'm.room.message', content);
    const [event] = account.server.events;
    if (event.type !== 'm.room.encrypted') throw new Error(`the client sent ${event.type}`);
    const message = { kind: 'message', tag: event.type, body: encodeContent(event.content) };
    return { envelopes: [...this.#keys(), message] };
  }

  /** The key shares that the client sent. */
  #keys() {
    const { server } = this.#running();
    return server.toDevice
      .splice(0)
      .filter(([, event]) => event.type === 'm.room.encrypted')
      .map(([user, event]) => {
        return { to: [nameOf(user)], kind: 'key', tag: event.type, body: encodeContent(event) };
      });
  }

  async decrypt({ group, from, envelope }) {
    const account = this.#running();
    const room = this.#room(group);
    const event = await account.arrive(room, from, contentOf(read(ENVELOPE, envelope).body));
    const content = event.getContent();
    if (event.isDecryptionFailure() || content.msgtype === 'm.bad.encrypted') throw refusal(content.body);
    this.#shield(event);
    const message = { plaintext: padded(content.body), sender: nameOf(event.getSender()) };
    return { messages: [message] };
  }

  /** The shield that Element shows beside the message. */
  #shield(event) {
    const { authenticated, mismatchedSender } = this.#running().client.getEventEncryptionInfo(event);
    if (mismatchedSender) {
      const text = 'the key of the message is not that of the device that sent it (red shield)';
      this.#warnings.push({ class: 'sender-mismatch', text });
    } else if (!authenticated) {
      const text = 'the authenticity of this message cannot be guaranteed (grey shield)';
      this.#warnings.push({ class: 'unverified', text });
    }
  }

  rotate({ group }) {
    this.#running().client.forceDiscardSession(this.#room(group));
    return { envelopes: [] };
  }

  async forward({ group, sender, to }) {
    await forward(this.#running(), { room: this.#room(group), sender, to });
    return { envelopes: this.#keys() };
  }

  info({ group }) {
    const { members } = this.#running().rooms[this.#room(group)];
    return { members, ...INFO };
  }

  // ---- state ----

  snapshot() {
    return { state: encode(Buffer.from(JSON.stringify(this.#running().snapshot()))) };
  }

  async restore({ state }) {
    const kept = JSON.parse(Buffer.from(state).toString('utf8'));
    this.reset();
    const account = new Account(this.#sdk, kept.name, kept);
    await account.start();
    this.#account = account;
    return {};
  }

  // ---- what is there ----

  #running() {
    if (!this.#account) throw new Error(CREATE_FIRST);
    return this.#account;
  }

  #room(group) {
    const room = roomOf(group);
    if (!this.#running().rooms[room]) throw new Refused('not-member', `no room \`${group}\` is known`);
    return room;
  }
}

/** The number in the name of a one-time key: base64 of a big-endian counter. */
function number(name) {
  return Buffer.from(name.split(':')[1], 'base64').readUInt32BE(0);
}

function nameOfKey(id) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return base64Unpadded(bytes);
}

function contentOf(body) {
  let content;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new Refused('malformed', `the server would not take it: ${error.message}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new Refused('malformed', 'the server would not take it: not an object');
  }
  return content;
}

/** An event for a device, as the server hands it on; it may say more than it should. */
function eventOf(body) {
  const event = contentOf(body);
  if (typeof event.content !== 'object' || event.content === null) {
    throw new Refused('malformed', 'the server would not take it: without content');
  }
  return event;
}

function encodeContent(content) {
  return encode(Buffer.from(JSON.stringify(content)));
}
