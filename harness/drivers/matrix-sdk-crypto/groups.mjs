// Groups: rooms whose list of members the server keeps, as in Matrix. Nothing of it is signed by a
// member, so that a client takes what the server says.

import { fromNetwork, toNetwork } from './json.mjs';
import { groupRoom, nameOf, userId } from './names.mjs';
import { Refused, read } from './protocol.mjs';

const ENVELOPE = { to: 'list?', kind: 'text', tag: 'text?', body: 'bytes' };

const MEMBER = 'm.room.member';

/** Megolm version 1 truncates HMAC-SHA-256 to 8 bytes; an Ed25519 signature follows. */
export const ALGORITHMS = {
  cipher: 'AES-256-CBC',
  mac: 'HMAC-SHA-256',
  mac_bits: 64,
  key_agreement: 'X25519',
};

export class Groups {
  #account;
  #rooms;

  /** Names of the members, by group. */
  members = {};

  constructor(account, rooms) {
    this.#account = account;
    this.#rooms = rooms;
  }

  get #me() {
    return this.#account.name;
  }

  create({ group }) {
    if (Object.hasOwn(this.members, group)) {
      throw new Error(`there is a group \`${group}\` already`);
    }
    this.members[group] = [this.#me];
    return { envelopes: [] };
  }

  add({ group, members }) {
    const before = this.#joined(group);
    const added = names(members).filter((name) => !before.includes(name));
    this.members[group] = [...before, ...added];
    const welcome = this.#state(this.members[group], 'join');
    const change = this.#state(added, 'join');
    const others = before.filter((name) => name !== this.#me);
    return {
      envelopes: [
        ...added.map((name) => ({ to: [name], kind: 'welcome', tag: MEMBER, body: welcome })),
        ...others.map((name) => ({ to: [name], kind: 'change', tag: MEMBER, body: change })),
      ],
    };
  }

  remove({ group, members }) {
    const before = this.#joined(group);
    const gone = names(members);
    const stranger = gone.find((name) => !before.includes(name));
    if (stranger !== undefined) throw new Refused('not-member', `\`${stranger}\` is no member`);
    this.members[group] = before.filter((name) => !gone.includes(name));
    const body = this.#state(gone, 'leave');
    return { envelopes: [{ kind: 'change', tag: MEMBER, body }] };
  }

  join({ group, envelope }) {
    const { body } = read(ENVELOPE, envelope);
    const { joined } = readState(body);
    if (!joined.includes(this.#me)) throw new Refused('not-member', 'the invitation is for others');
    this.members[group] = [...new Set(joined)];
    return { envelopes: [] };
  }

  async process({ group, from, envelope }) {
    const { kind, tag, body } = read(ENVELOPE, envelope);
    const before = this.#joined(group);
    if (kind === 'key') {
      await this.#rooms.take(from, tag ?? '', body);
      return { envelopes: [] };
    }
    const { joined, left } = readState(body);
    const all = [...new Set([...before, ...joined])];
    this.members[group] = all.filter((name) => !left.includes(name));
    return { envelopes: [] };
  }

  async encrypt({ group, plaintext }) {
    const envelopes = await this.#share(group);
    const { tag, content } = await this.#rooms.encrypt(groupRoom(group), plaintext);
    return { envelopes: [...envelopes, { kind: 'message', tag, body: toNetwork(content) }] };
  }

  async decrypt({ group, from, envelope }) {
    const { tag, body } = read(ENVELOPE, envelope);
    this.#joined(group);
    const content = fromNetwork(body);
    return { messages: [await this.#rooms.decrypt(from, tag ?? '', content, groupRoom(group))] };
  }

  async rotate({ group }) {
    const shares = await this.#rooms.renew(groupRoom(group), this.#others(group));
    return { envelopes: shares.map(keyShare) };
  }

  /** As a client that answers a request for a room key would, but nobody has asked. */
  async forward({ group, sender, to }) {
    this.#joined(group);
    const { machine } = this.#account;
    const room = groupRoom(group);
    const owned = await this.#account.devicesOf(userId(sender));
    const curves = owned.map((device) => device.curve25519Key?.toBase64());
    const wanted = (session) => session.roomId.toString() === room;
    const exported = JSON.parse(await machine.exportRoomKeys(wanted));
    const key = exported.findLast((each) => curves.includes(each.sender_key));
    if (!key) throw new Refused('unknown-key', `no room key of \`${sender}\` is known`);
    const { sender_claimed_keys: claimed, ...content } = key;
    content.sender_claimed_ed25519_key = claimed.ed25519;
    await this.#account.meet([userId(to)]);
    const messages = {};
    for (const device of await this.#account.devicesOf(userId(to))) {
      const sealed = await device.encryptToDeviceEvent('m.forwarded_room_key', content);
      messages[device.deviceId.toString()] = JSON.parse(sealed);
    }
    return { envelopes: [keyShare({ name: to, type: 'm.room.encrypted', messages })] };
  }

  info({ group }) {
    return {
      members: this.#joined(group),
      protocol: 'Matrix room, Megolm v1, keys shared over Olm v1',
      ...ALGORITHMS,
    };
  }

  async #share(group) {
    const shares = await this.#rooms.share(groupRoom(group), this.#others(group));
    return shares.map(keyShare);
  }

  #others(group) {
    return this.#joined(group).filter((name) => name !== this.#me);
  }

  #joined(group) {
    const members = Object.hasOwn(this.members, group) ? this.members[group] : [];
    if (members.includes(this.#me)) return members;
    throw new Refused('not-member', `not a member of \`${group}\``);
  }

  /** State events of the room, one for each user. */
  #state(members, membership) {
    const event = (name) => ({
      type: MEMBER,
      sender: this.#account.user,
      state_key: userId(name),
      content: { membership },
    });
    return toNetwork(members.map(event));
  }
}

/** A to-device request; members know each other's devices. */
function keyShare({ name, type, messages }) {
  return { to: [name], kind: 'key', tag: type, body: toNetwork({ messages }) };
}

/** Who joined and who left, by the server's word. */
function readState(body) {
  const events = fromNetwork(body);
  if (!Array.isArray(events)) throw new Refused('malformed', 'no events of a room');
  const who = (membership) =>
    events
      .filter((event) => event?.type === MEMBER && event.content?.membership === membership)
      .map((event) => nameOf(`${event.state_key}`));
  return { joined: who('join'), left: who('leave') };
}

function names(list) {
  if (list.every((name) => typeof name === 'string')) return list;
  throw new Error('bad arguments: field `members` is not a list of names');
}
