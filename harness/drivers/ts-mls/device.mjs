// One device: the operations of hallmark-driver/2 on ts-mls, as one plain application of MLS.

import { readFileSync } from 'node:fs';

import { Client, SUITE, leavesOf, ownerOf, parse, suite, text } from './client.mjs';
import { People } from './people.mjs';
import { PROTOCOL, Refused, Unsupported, decode, encode, read } from './protocol.mjs';

const CALLING =
  'ts-mls is called as its manual shows, with its default client configuration and its default ' +
  'cryptography, in the cipher suite with ChaCha20-Poly1305; what it reports as consumed is ' +
  'erased. Handshake messages are encrypted, which is its default; it keeps 4 past epochs and 10 ' +
  'generations, and pads to 256 bytes, which are its defaults too. The library does not name the ' +
  'sender of a message: name and position are read with the library\'s own decryptSenderData, ' +
  'for the leaf by whose key it verified the signature. Members are authenticated by basic ' +
  'credentials; a name stands for one signature key, which is trusted when it is first seen, and ' +
  'a name that shows another key is refused. A key package serves once. A commit takes effect on ' +
  'its maker at once. External commits and proposals that stand alone are refused. Welcomes carry ' +
  'the ratchet tree. A conversation of two is a group of two, made anew with every session.';

const CIPHER = {
  cipher: 'ChaCha20-Poly1305',
  mac: 'ChaCha20-Poly1305',
  mac_bits: 128,
  key_agreement: 'X25519',
};

/** How the ids of groups begin that are sessions; they are not groups to the user. */
const SESSION = 'dm:';

const peer = { peer: 'text' };
const group = { group: 'text' };
const members = { ...group, members: 'list' };
const received = { ...group, from: 'text', envelope: 'object' };
const PREKEYS = {
  identity_key: 'bytes',
  signing_key: 'bytes?',
  signed_prekey: 'object?',
  one_time_prekeys: 'list?',
  kem_prekey: 'object?',
  extra: 'object?',
};

/** Each operation: the kinds of its arguments, and what it does with them. */
const OPERATIONS = {
  hello: [{ protocols: 'list' }, (device, args) => device.hello(args)],
  ping: [{}, () => ({})],
  shutdown: [{}, () => ({})],
  reset: [{ seed: 'count?' }, (device) => device.reset()],
  'process.pid': [{}, () => ({ pid: process.pid })],
  'identity.create': [{ name: 'text' }, (device, args) => device.create(args)],
  'identity.public': [{}, ({ client }) => ({ identity_key: encode(client.signatureKey) })],
  'prekeys.publish': [{ one_time: 'count' }, (device) => device.publish()],
  'prekeys.import': [{ ...peer, prekeys: 'object' }, (device, args) => device.import(args)],
  'session.start': [peer, (device, args) => device.start(args)],
  'session.info': [peer, (device, args) => device.sessionInfo(args)],
  'session.delete': [peer, (device, args) => device.forget(args)],
  'message.encrypt': [{ ...peer, plaintext: 'bytes' }, (device, args) => device.encrypt(args)],
  'message.decrypt': [{ from: 'text', envelope: 'object' }, (device, args) => device.decrypt(args)],
  'group.create': [group, (device, args) => device.groupCreate(args)],
  'group.add': [members, (device, args) => device.groupAdd(args)],
  'group.remove': [members, (device, args) => device.groupRemove(args)],
  'group.rotate': [group, (device, args) => device.groupRotate(args)],
  'group.join': [received, (device, args) => device.groupJoin(args)],
  'group.process': [received, (device, args) => device.groupProcess(args)],
  'group.encrypt': [{ ...group, plaintext: 'bytes' }, (device, args) => device.groupEncrypt(args)],
  'group.decrypt': [received, (device, args) => device.groupDecrypt(args)],
  'group.info': [group, (device, args) => device.groupInfo(args)],
  'state.snapshot': [{}, (device) => device.snapshot()],
  'state.restore': [{ state: 'bytes' }, (device, args) => device.restore(args)],
};

const CONTROL = ['hello', 'ping', 'reset', 'shutdown'];

export class Device {
  #client = null;

  #people = new People();

  /** Key packages of others that were not used yet, by name. */
  #offers = new Map();

  /** Peers by the group that is a session with them, the session begun last coming last. */
  #sessions = new Map();

  #warnings = [];

  get client() {
    if (this.#client !== null) return this.#client;
    throw new Error('there is no identity yet: `identity.create` or `state.restore` comes first');
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
    return operate(this, read(fields, args));
  }

  hello({ protocols }) {
    if (!protocols.includes(PROTOCOL)) throw new Error(`this driver speaks ${PROTOCOL} only`);
    return {
      protocol: PROTOCOL,
      driver: program(new URL('package.json', import.meta.url)),
      candidate: program(new URL('../../package.json', import.meta.resolve('ts-mls'))),
      family: 'mls',
      calling: CALLING,
      capabilities: Object.keys(OPERATIONS).filter((op) => !CONTROL.includes(op)),
      limits: {},
    };
  }

  reset() {
    this.#client = null;
    this.#people = new People();
    this.#offers = new Map();
    this.#sessions = new Map();
    return {};
  }

  async create({ name }) {
    if (this.#client) throw new Error('the device has an identity already: `reset` comes first');
    this.#client = await Client.create(name);
    this.#people.meet([{ name, key: encode(this.#client.signatureKey) }]);
    return {};
  }

  async publish() {
    const keyPackage = encode(await this.client.keyPackage());
    const prekeys = {
      identity_key: encode(this.client.signatureKey),
      one_time_prekeys: [],
      extra: { key_package: keyPackage },
    };
    return { prekeys };
  }

  async import({ peer, prekeys }) {
    const given = read(PREKEYS, prekeys);
    const offer = given.extra?.key_package;
    if (typeof offer !== 'string') throw new Refused('malformed', 'no key package');
    const owner = await ownerOf(decode(offer));
    if (owner.name !== peer) {
      throw new Refused('policy', `the key package is that of \`${owner.name}\``);
    }
    if (owner.key !== encode(given.identity_key)) {
      throw new Refused('bad-key', 'the identity key is not the one in the key package');
    }
    this.#people.recognise([owner]);
    this.#people.meet([owner]);
    this.#offers.set(peer, offer);
    return {};
  }

  /** Takes the key packages of these people: each serves once. */
  #takeOffers(names) {
    const missing = names.find((name) => !this.#offers.has(name));
    if (missing !== undefined) {
      throw new Error(`no unused prekeys of \`${missing}\` were imported`);
    }
    return names.map((name) => {
      const offer = decode(this.#offers.get(name));
      this.#offers.delete(name);
      return offer;
    });
  }

  async start({ peer }) {
    const offers = this.#takeOffers([peer]);
    const random = Buffer.from(suite.rng.randomBytes(8)).toString('hex');
    const id = `${SESSION}${this.client.name}:${peer}:${random}`;
    await this.client.create(id);
    const { welcome } = await this.client.add(id, offers);
    this.#begin(id, peer);
    return { envelopes: [{ kind: 'setup', tag: 'welcome', body: encode(welcome) }] };
  }

  /** Says whether another session was in use. */
  #begin(id, peer) {
    const another = [...this.#sessions.values()].includes(peer);
    this.#sessions.set(id, peer);
    return another;
  }

  /** The group in which this peer is written to: the one begun last. */
  #session(peer) {
    const last = [...this.#sessions].findLast(([, other]) => other === peer);
    if (last) return last[0];
    throw new Refused('unknown-key', `there is no session with \`${peer}\``);
  }

  forget({ peer }) {
    for (const [id, other] of this.#sessions) if (other === peer) this.#sessions.delete(id);
    return {};
  }

  sessionInfo({ peer }) {
    return { protocol: protocolOf(this.client.state(this.#session(peer))), ...CIPHER };
  }

  async encrypt({ peer, plaintext }) {
    const body = encode(await this.client.encrypt(this.#session(peer), plaintext));
    return { envelopes: [{ kind: 'message', tag: 'message', body }] };
  }

  /** The message says what it is, and to which group it belongs. */
  async decrypt({ from, envelope }) {
    const message = parse(bodyOf(envelope));
    if (message.welcome) {
      await this.#joinSession(message.welcome, from);
      return { messages: [] };
    }
    const content = message.privateMessage ?? message.publicMessage?.content;
    if (!content) throw new Refused('malformed', 'neither a welcome nor a message');
    const id = text(content.groupId);
    const peer = this.#sessions.get(id);
    if (peer === undefined) throw new Refused('unknown-key', 'the message is of no session');
    const opened = await this.client.decrypt(id, message);
    return this.#show(opened, from, peer === from ? {} : { conversation: peer });
  }

  #show(opened, from, conversation = {}) {
    this.#compare(from, opened.sender);
    return { messages: [{ ...opened, ...conversation }] };
  }

  #warn(warningClass, text) {
    this.#warnings.push({ class: warningClass, text });
  }

  /** The server's word for who sent this, beside who did. */
  #compare(said, sender) {
    if (said === sender) return;
    this.#warn('sender-mismatch', `this is from ${sender}, not from ${said}`);
  }

  /** Joins a group that may be joined. */
  async #join(welcome, expect) {
    const { group, members } = await this.client.join(welcome, (invitation) => {
      expect(invitation);
      this.#people.recognise(invitation.members);
      if (this.#isMember(invitation.group)) {
        throw new Refused('policy', 'a member of this group already');
      }
    });
    this.#people.meet(members);
    return { group, members };
  }

  #isMember(id) {
    return this.client.has(id) && this.client.state(id).groupActiveState.kind === 'active';
  }

  async #joinSession(welcome, from) {
    const own = this.client.name;
    const { group, members } = await this.#join(welcome, (invitation) => {
      const names = new Set(invitation.members.map(({ name }) => name));
      const two = names.size === 2 && invitation.members.length === 2 && names.has(own);
      if (two && invitation.group.startsWith(SESSION)) return;
      throw new Refused('policy', 'a welcome to something else than a session');
    });
    const { name } = members.find((member) => member.name !== own);
    const another = this.#begin(group, name);
    this.#compare(from, name);
    if (another) this.#warn('new-session', `${name} has begun a new session`);
  }

  async groupCreate({ group }) {
    isAGroup(group);
    await this.client.create(group);
    return { envelopes: [] };
  }

  async groupAdd({ group, members }) {
    isAGroup(group);
    const offers = this.#takeOffers(members);
    return changed(await this.client.add(group, offers), members);
  }

  async groupRemove({ group, members }) {
    isAGroup(group);
    return changed(await this.client.remove(group, members), []);
  }

  async groupRotate({ group }) {
    isAGroup(group);
    return changed(await this.client.commit(group, []), []);
  }

  async groupJoin({ group, envelope }) {
    isAGroup(group);
    const { welcome } = parse(bodyOf(envelope));
    if (!welcome) throw new Refused('malformed', 'not a welcome');
    await this.#join(welcome, (invitation) => {
      if (invitation.group === group) return;
      throw new Refused('policy', `the welcome is to the group \`${invitation.group}\``);
    });
    return { envelopes: [] };
  }

  async groupProcess({ group, from, envelope }) {
    isAGroup(group);
    const message = parse(bodyOf(envelope));
    if (!message.privateMessage && !message.publicMessage) {
      throw new Refused('malformed', 'not a message of a group');
    }
    const { committer, before, members } = await this.client.process(group, message, (becomes) =>
      this.#people.recognise(becomes),
    );
    this.#people.meet(members);
    this.#compare(from, committer);
    for (const { name } of members) {
      if (before.some((other) => other.name === name)) continue;
      this.#warn('member-added', `${committer} added ${name}`);
    }
    return { envelopes: [] };
  }

  async groupEncrypt({ group, plaintext }) {
    isAGroup(group);
    const body = encode(await this.client.encrypt(group, plaintext));
    return { envelopes: [{ kind: 'message', tag: 'message', body }] };
  }

  async groupDecrypt({ group, from, envelope }) {
    isAGroup(group);
    return this.#show(await this.client.decrypt(group, parse(bodyOf(envelope))), from);
  }

  groupInfo({ group }) {
    isAGroup(group);
    if (!this.#isMember(group)) throw new Refused('not-member', 'removed from the group');
    const state = this.client.state(group);
    return {
      epoch: Number(state.groupContext.epoch),
      authenticator: encode(state.keySchedule.epochAuthenticator),
      members: leavesOf(state.ratchetTree).map(({ name }) => name),
      protocol: protocolOf(state),
      ...CIPHER,
    };
  }

  snapshot() {
    const state = {
      client: this.client.snapshot(),
      people: this.#people.snapshot(),
      offers: [...this.#offers],
      sessions: [...this.#sessions],
    };
    return { state: encode(Buffer.from(JSON.stringify(state))) };
  }

  restore({ state }) {
    try {
      const { client, people, offers, sessions } = JSON.parse(Buffer.from(state).toString('utf8'));
      this.#client = Client.restore(client);
      this.#people = new People(people);
      this.#offers = new Map(offers);
      this.#sessions = new Map(sessions);
    } catch (error) {
      throw new Error(`failed to read the state back: ${error.message}`, { cause: error });
    }
    return {};
  }
}

function isAGroup(group) {
  if (group.startsWith(SESSION)) throw new Refused('policy', 'this name is kept for sessions');
}

function changed({ commit, welcome }, added) {
  const envelopes = [{ kind: 'change', tag: 'commit', body: encode(commit) }];
  if (welcome) envelopes.push({ to: added, kind: 'welcome', tag: 'welcome', body: encode(welcome) });
  return { envelopes };
}

function bodyOf(envelope) {
  return read({ to: 'list?', kind: 'text', tag: 'text?', body: 'bytes' }, envelope).body;
}

function protocolOf({ groupContext }) {
  if (groupContext.cipherSuite !== SUITE) throw new Error('another cipher suite is in force');
  return `MLS 1.0, ${groupContext.cipherSuite}`;
}

function program(file) {
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  return { name, version };
}
