// SPDX-License-Identifier: AGPL-3.0-only
// Groups. The sender keys are the library's: their distribution, encryption and decryption. The
// list of members is the driver's, because the library has none: one admin, who made the group,
// tells its members of every change over their pairwise sessions.

import { randomUUID } from 'node:crypto';

import * as signal from '@signalapp/libsignal-client';

import { Refused, decode, encode, read } from './protocol.mjs';

const ENVELOPE = { to: 'list?', kind: 'text', tag: 'text?', body: 'bytes' };

const TAG = 'sender-key';

/** An XEd25519 signature ends every message; there is no other tag. */
const SIGNATURE_BITS = 512;

export class Groups {
  #stores;
  #pairwise;

  /** `pairwise` encrypts for a peer and decrypts from one. */
  constructor(stores, pairwise) {
    this.#stores = stores;
    this.#pairwise = pairwise;
  }

  get #me() {
    return this.#stores.name;
  }

  create({ group }) {
    if (this.#stores.groups.has(group)) throw new Error(`there is a group \`${group}\` already`);
    this.#adopt(group, this.#me, [this.#me]);
    return { envelopes: [] };
  }

  async add({ group, members }) {
    const state = this.#administered(group);
    const others = state.members.filter((name) => name !== this.#me);
    const added = names(members).filter((name) => !state.members.includes(name));
    const all = [...state.members, ...added];
    const change = { members: all };
    const envelopes = [
      ...(await this.#tell(group, added, 'welcome', change)),
      ...(await this.#tell(group, others, 'change', change)),
    ];
    state.members = all;
    return { envelopes };
  }

  async remove({ group, members }) {
    const state = this.#administered(group);
    const gone = names(members);
    if (gone.includes(this.#me)) throw new Refused('policy', 'the admin cannot leave the group');
    const stranger = gone.find((name) => !state.members.includes(name));
    if (stranger !== undefined) throw new Refused('not-member', `\`${stranger}\` is no member`);
    const left = state.members.filter((name) => !gone.includes(name));
    const others = left.filter((name) => name !== this.#me);
    const envelopes = await this.#tell(group, others, 'change', { members: left });
    this.#become(state, left);
    return { envelopes };
  }

  async join({ group, from, envelope }) {
    const welcome = await this.#hear(group, from, envelope, 'welcome');
    const members = names(welcome.members);
    if (!members.includes(this.#me)) throw new Refused('not-member', 'the welcome is for others');
    const known = this.#stores.groups.get(group);
    if (known && known.admin !== from) throw new Refused('policy', `\`${from}\` is not the admin`);
    if (known) this.#become(known, members);
    else this.#adopt(group, from, members);
    return { envelopes: [] };
  }

  async process({ group, from, envelope }) {
    const { kind } = read(ENVELOPE, envelope);
    const state = this.#joined(group);
    if (kind === 'key') await this.#keep(group, state, from, envelope);
    else await this.#change(group, state, from, envelope);
    return { envelopes: [] };
  }

  async encrypt({ group, plaintext }) {
    const state = this.#joined(group);
    const envelopes = await this.#share(group, state);
    const { senderKeys } = this.#stores;
    const own = address(this.#me);
    const sealed = await signal.groupEncrypt(own, state.distribution, senderKeys, plaintext);
    envelopes.push({ kind: 'message', tag: TAG, body: encode(sealed.serialize()) });
    return { envelopes };
  }

  async decrypt({ group, from, envelope }) {
    const { body } = read(ENVELOPE, envelope);
    const state = this.#joined(group);
    if (!state.members.includes(from)) throw new Refused('not-member', `\`${from}\` is no member`);
    const message = signal.SenderKeyMessage.deserialize(body);
    if (!(state.senders[from] ?? []).includes(message.distributionId())) {
      throw new Refused('unknown-key', `\`${from}\` has shared no such sender key in this group`);
    }
    const plaintext = await signal.groupDecrypt(address(from), this.#stores.senderKeys, body);
    const position = message.iteration();
    return { messages: [{ plaintext: encode(plaintext), sender: from, position }] };
  }

  async rotate({ group }) {
    const state = this.#joined(group);
    this.#renew(state);
    return { envelopes: await this.#share(group, state) };
  }

  info({ group }) {
    return {
      members: this.#joined(group).members,
      protocol: 'Signal sender keys, shared over pairwise sessions',
      cipher: 'AES-256-CBC',
      mac: 'XEd25519 signature',
      mac_bits: SIGNATURE_BITS,
      key_agreement: 'X25519 + Kyber-1024',
    };
  }

  #adopt(group, admin, members) {
    const state = { admin, members, distribution: randomUUID(), shared: [], senders: {} };
    this.#stores.groups.set(group, state);
  }

  /** Whoever is gone must not read on: the own sender key is replaced. */
  #become(state, members) {
    const gone = state.members.some((name) => !members.includes(name));
    state.members = members;
    if (gone) this.#renew(state);
  }

  #renew(state) {
    state.distribution = randomUUID();
    state.shared = [];
  }

  #joined(group) {
    const state = this.#stores.groups.get(group);
    if (state?.members.includes(this.#me)) return state;
    throw new Refused('not-member', `not a member of \`${group}\``);
  }

  #administered(group) {
    const state = this.#joined(group);
    if (state.admin === this.#me) return state;
    throw new Refused('policy', `\`${state.admin}\` is the admin of this group`);
  }

  /** Shares the own sender key with every member who does not have it. */
  async #share(group, state) {
    const lacking = state.members.filter(
      (name) => name !== this.#me && !state.shared.includes(name),
    );
    const { senderKeys } = this.#stores;
    const own = address(this.#me);
    // Also makes the key where there is none yet.
    const message = await signal.SenderKeyDistributionMessage.create(
      own,
      state.distribution,
      senderKeys,
    );
    const key = encode(message.serialize());
    const envelopes = await this.#tell(group, lacking, 'key', { key });
    state.shared.push(...lacking);
    return envelopes;
  }

  async #keep(group, state, from, envelope) {
    const { key } = await this.#hear(group, from, envelope, 'key');
    if (!state.members.includes(from)) throw new Refused('not-member', `\`${from}\` is no member`);
    const message = signal.SenderKeyDistributionMessage.deserialize(decode(key));
    const { senderKeys } = this.#stores;
    await signal.processSenderKeyDistributionMessage(address(from), message, senderKeys);
    const known = (state.senders[from] ??= []);
    if (!known.includes(message.distributionId())) known.push(message.distributionId());
  }

  async #change(group, state, from, envelope) {
    const { members } = await this.#hear(group, from, envelope, 'change');
    if (state.admin !== from) throw new Refused('policy', `\`${from}\` is not the admin`);
    this.#become(state, names(members));
  }

  /** One envelope for each of these members. */
  async #tell(group, members, kind, content) {
    const envelopes = [];
    for (const to of members) {
      const text = JSON.stringify({ kind, group, ...content });
      const { tag, body } = await this.#pairwise.encrypt(to, new TextEncoder().encode(text));
      envelopes.push({ to: [to], kind, tag, body });
    }
    return envelopes;
  }

  /** What a member told us; it must be what the envelope claims to be, and about this group. */
  async #hear(group, from, envelope, kind) {
    const { tag, body } = read(ENVELOPE, envelope);
    const plaintext = await this.#pairwise.decrypt(from, tag, body);
    const content = parse(plaintext);
    if (content?.kind !== kind) throw new Refused('malformed', `not a ${kind}`);
    if (content.group !== group) throw new Refused('policy', 'it is about another group');
    return content;
  }
}

function parse(plaintext) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext));
  } catch (error) {
    throw new Refused('malformed', `not of the driver's group protocol: ${error.message}`);
  }
}

function names(list) {
  if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list;
  throw new Error('bad arguments: field `members` is not a list of names');
}

/** Every device is its owner's first. */
function address(name) {
  return signal.ProtocolAddress.new(name, 1);
}
