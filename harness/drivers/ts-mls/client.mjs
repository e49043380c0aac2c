// One client of ts-mls: a signature key, key packages that wait for their use, and groups.

import {
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeGroupState,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  makePskIndex,
  processMessage,
  processPrivateMessage,
  zeroOutUint8Array,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { decryptSenderData } from 'ts-mls/privateMessage.js';

import { Refused, decode, encode } from './protocol.mjs';
import { refusal, refusing } from './refusal.mjs';

export const SUITE = 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519';

export const suite = await getCiphersuiteImpl(getCiphersuiteFromName(SUITE));

const VERSION = 'mls10';

export class Client {
  name;

  #signature;

  /** Key packages whose owner was not added yet: public and private halves. */
  #waiting = [];

  /** The library's state of each group, by its id. */
  #groups = new Map();

  static async create(name) {
    const client = new Client();
    client.name = name;
    client.#signature = await suite.signature.keygen();
    return client;
  }

  get signatureKey() {
    return this.#signature.publicKey;
  }

  async #package() {
    return generateKeyPackageWithKey(
      { credentialType: 'basic', identity: new TextEncoder().encode(this.name) },
      defaultCapabilities(),
      defaultLifetime,
      [],
      this.#signature,
      suite,
    );
  }

  async keyPackage() {
    const made = await this.#package();
    this.#waiting.push(made);
    return encodeMlsMessage(keyPackageMessage(made.publicPackage));
  }

  async create(group) {
    if (this.#groups.has(group)) throw new Refused('policy', `there is a group \`${group}\``);
    const { publicPackage, privatePackage } = await this.#package();
    const id = new TextEncoder().encode(group);
    this.#groups.set(group, await createGroup(id, publicPackage, privatePackage, [], suite));
  }

  has(group) {
    return this.#groups.has(group);
  }

  state(group) {
    const state = this.#groups.get(group);
    if (state) return state;
    throw new Refused('not-member', `there is no group \`${group}\` here`);
  }

  /** Commits these proposals and applies them; returns the commit and the welcome. */
  async commit(group, extraProposals) {
    const context = { state: this.state(group), cipherSuite: suite };
    const options = { extraProposals, ratchetTreeExtension: true };
    const made = await refusing(() => createCommit(context, options));
    const commit = encodeMlsMessage(made.commit);
    this.#take(group, made);
    const welcome = made.welcome && { wireformat: 'mls_welcome', welcome: made.welcome };
    return { commit, welcome: welcome && encodeMlsMessage({ version: VERSION, ...welcome }) };
  }

  /** Adds the owners of these key packages. */
  add(group, keyPackages) {
    return this.commit(
      group,
      keyPackages.map((bytes) => ({
        proposalType: 'add',
        add: { keyPackage: keyPackageOf(bytes) },
      })),
    );
  }

  /** Removes the members of these names. */
  async remove(group, names) {
    const leaves = leavesOf(this.state(group).ratchetTree);
    const proposals = names.map((name) => {
      const leaf = leaves.find((other) => other.name === name);
      if (!leaf) throw new Refused('not-member', `\`${name}\` is not in the group`);
      return { proposalType: 'remove', remove: { removed: leaf.index } };
    });
    return this.commit(group, proposals);
  }

  /** Joins a group, if `accept` has nothing against it. */
  async join(welcome, accept) {
    const own = await this.#invited(welcome);
    const { publicPackage, privatePackage } = this.#waiting[own];
    const psks = makePskIndex(undefined, {});
    const state = await refusing(() =>
      joinGroup(welcome, publicPackage, privatePackage, psks, suite),
    );
    const group = text(state.groupContext.groupId);
    const members = leavesOf(state.ratchetTree);
    accept({ group, members });
    this.#waiting.splice(own, 1);
    // The other two keys live on in the group.
    zeroOutUint8Array(privatePackage.initPrivateKey);
    this.#groups.set(group, state);
    return { group, members };
  }

  /** Which of our key packages the welcome is for. */
  async #invited(welcome) {
    const named = new Set(welcome.secrets.map(({ newMember }) => encode(newMember)));
    for (const [index, { publicPackage }] of this.#waiting.entries()) {
      const reference = await makeKeyPackageRef(publicPackage, suite.hash);
      if (named.has(encode(reference))) return index;
    }
    throw new Refused('unknown-key', 'the welcome is for no key package that is unused here');
  }

  /** Applies a member's commit, if `accept` has nothing against what the group becomes. */
  async process(group, message, accept) {
    const state = this.state(group);
    const content = message.privateMessage ?? message.publicMessage?.content;
    if (content.contentType !== 'commit') throw new Refused('policy', 'not a commit');
    let committer;
    const decide = ({ kind, senderLeafIndex }) => {
      committer = senderLeafIndex;
      return kind === 'commit' && senderLeafIndex !== undefined ? 'accept' : 'reject';
    };
    const result = await guarded(content, state, () =>
      processMessage(message, state, makePskIndex(state, {}), decide, suite),
    );
    if (result.actionTaken !== 'accept') {
      throw new Refused('policy', 'not the commit of a member');
    }
    const before = leavesOf(state.ratchetTree);
    const members = leavesOf(result.newState.ratchetTree);
    accept(members);
    this.#take(group, result);
    const { name } = before.find(({ index }) => index === committer);
    return { committer: name, before, members };
  }

  async encrypt(group, plaintext) {
    const made = await refusing(() =>
      createApplicationMessage(this.state(group), plaintext, suite),
    );
    const { privateMessage } = made;
    const message = { version: VERSION, wireformat: 'mls_private_message', privateMessage };
    const body = encodeMlsMessage(message);
    this.#take(group, made);
    return body;
  }

  /** Opens a message; its sender is the leaf by whose key the library verifies the signature. */
  async decrypt(group, { privateMessage }) {
    const state = this.state(group);
    if (privateMessage?.contentType !== 'application') {
      throw new Refused('policy', 'the message is for something else');
    }
    const result = await guarded(privateMessage, state, () =>
      processPrivateMessage(state, privateMessage, emptyPskIndex, suite),
    );
    const past = state.historicalReceiverData.get(privateMessage.epoch);
    const secret = past ? past.senderDataSecret : state.keySchedule.senderDataSecret;
    const sender = await decryptSenderData(privateMessage, secret, suite);
    const leaves = leavesOf((past ?? state).ratchetTree);
    const { name } = leaves.find(({ index }) => index === sender.leafIndex);
    const plaintext = encode(result.message);
    this.#take(group, result);
    return { plaintext, sender: name, position: sender.generation };
  }

  /** Keeps the new state, and erases what the library says is used up. */
  #take(group, { newState, consumed }) {
    this.#groups.set(group, newState);
    consumed.forEach(zeroOutUint8Array);
  }

  snapshot() {
    const pair = (made) => ({
      public: encode(encodeMlsMessage(keyPackageMessage(made.publicPackage))),
      private: mapValues(made.privatePackage, encode),
    });
    return {
      name: this.name,
      signature: mapValues(this.#signature, encode),
      waiting: this.#waiting.map(pair),
      groups: [...this.#groups].map(([group, state]) => [group, encode(encodeGroupState(state))]),
    };
  }

  static restore({ name, signature, waiting, groups }) {
    const client = new Client();
    client.name = name;
    client.#signature = mapValues(signature, decode);
    client.#waiting = waiting.map((made) => ({
      publicPackage: keyPackageOf(decode(made.public)),
      privatePackage: mapValues(made.private, decode),
    }));
    for (const [group, bytes] of groups) {
      const read = decodeGroupState(decode(bytes), 0);
      if (read === undefined) throw new Error(`the group \`${group}\` cannot be read`);
      client.#groups.set(group, { ...read[0], clientConfig: defaultClientConfig });
    }
    return client;
  }
}

function keyPackageMessage(keyPackage) {
  return { version: VERSION, wireformat: 'mls_key_package', keyPackage };
}

/** The `MLSMessage` that these bytes are, all of them. */
export function parse(bytes) {
  let read;
  try {
    read = decodeMlsMessage(bytes, 0);
  } catch (error) {
    throw new Refused('malformed', `${error?.name}: ${error?.message}`);
  }
  if (read === undefined) throw new Refused('malformed', 'the library reads no MLSMessage');
  if (read[1] !== bytes.length) throw new Refused('malformed', 'bytes follow the MLSMessage');
  return read[0];
}

function keyPackageOf(bytes) {
  const { keyPackage } = parse(bytes);
  if (keyPackage) return keyPackage;
  throw new Refused('malformed', 'not a key package');
}

/** Whose key package this is; its signature was verified. */
export async function ownerOf(bytes) {
  const keyPackage = keyPackageOf(bytes);
  if (keyPackage.cipherSuite !== SUITE) throw new Refused('policy', 'another cipher suite');
  const valid = await refusing(() => verifyKeyPackage(keyPackage, suite.signature));
  if (!valid) throw new Refused('bad-signature', 'the signature of the key package is wrong');
  return member(keyPackage.leafNode);
}

/** What the library throws about a message of another epoch is told by the epoch. */
async function guarded({ epoch }, { groupContext }, operation) {
  try {
    return await operation();
  } catch (error) {
    if (epoch > groupContext.epoch) {
      throw new Refused('unknown-key', `of a later epoch: ${error?.name}: ${error?.message}`);
    }
    throw refusal(error);
  }
}

/** The members: every other node of the tree is a leaf. */
export function leavesOf(tree) {
  return tree.flatMap((node, at) =>
    node?.nodeType === 'leaf' ? [{ index: at / 2, ...member(node.leaf) }] : [],
  );
}

function member({ credential, signaturePublicKey }) {
  if (credential.credentialType !== 'basic') throw new Refused('policy', 'no basic credential');
  return { name: text(credential.identity), key: encode(signaturePublicKey) };
}

/** A name or an id. */
export function text(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refused('policy', 'a name is not UTF-8');
  }
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
