// Encrypted rooms: room keys shared with devices, events encrypted and decrypted.

import { randomUUID } from 'node:crypto';

import { fromNetwork } from './json.mjs';
import { nameOf, userId } from './names.mjs';
import { Refused, encode } from './protocol.mjs';
import { refusedBy, refusedEvent } from './refusal.mjs';
import { warningOf } from './shields.mjs';

const ENCRYPTED = 'm.room.encrypted';

/** Codes of `m.room_key.withheld` by which the engine follows a rule. */
const BY_RULE = ['m.unverified', 'm.blacklisted', 'm.unauthorised'];

export class Rooms {
  #account;
  #warn;

  /** Users by room who have had a room key on some device. */
  reached = {};

  strategy = null;
  strict = false;

  constructor(account, warn) {
    this.#account = account;
    this.#warn = warn;
  }

  get #engine() {
    return this.#account.engine;
  }

  /** A new room key takes the place of the one in use, for these users. */
  async renew(room, names) {
    // Version 14 finds a session after a restart only where it was used since.
    const found = await this.#invalidate(room);
    if (!found && this.reached[room]) {
      await this.share(room, names);
      await this.#invalidate(room);
    }
    delete this.reached[room];
    return this.share(room, names);
  }

  async #invalidate(room) {
    return this.#account.machine.invalidateGroupSession(this.#room(room));
  }

  /** Shares the room key with every device that is to have it; one envelope for each user. */
  async share(room, names) {
    const { UserId, EncryptionSettings, CollectStrategy, RequestType } = this.#engine.api;
    const users = [...new Set([this.#account.user, ...names.map(userId)])];
    await this.#account.meet(users);
    const settings = new EncryptionSettings();
    if (this.strategy) settings.sharingStrategy = CollectStrategy[this.strategy]();
    const { machine } = this.#account;
    const ids = users.map((user) => new UserId(user));
    const id = this.#room(room);
    const requests = await this.#shared(() => machine.shareRoomKey(id, ids, settings));
    const shares = [];
    for (const { id: request, event_type: type, body } of requests) {
      for (const [user, messages] of Object.entries(JSON.parse(body).messages)) {
        shares.push({ name: nameOf(user), type, messages });
      }
      await machine.markRequestAsSent(request, RequestType.ToDevice, '{}');
    }
    const reached = (this.reached[room] ??= []);
    for (const { name, type } of shares) {
      if (type === ENCRYPTED && !reached.includes(name)) reached.push(name);
    }
    return shares.filter(({ name }) => name !== this.#account.name);
  }

  /** The engine can refuse to share at all. */
  async #shared(share) {
    try {
      return await share();
    } catch (error) {
      const rule = /verified|verification|identit/i.test(error?.message ?? '');
      throw rule ? new Refused('policy', error.message) : error;
    }
  }

  /** Refuses what would be encrypted for nobody; `shares` is what was shared just now. */
  mustReach(room, name, shares) {
    if (this.reached[room]?.includes(name)) return;
    const withheld = shares
      .filter((share) => share.name === name)
      .flatMap(({ messages }) => Object.values(messages));
    const { code, reason } = withheld[0] ?? {};
    const detail = `no device of \`${name}\` has the room key: ${reason ?? 'none is known'}`;
    if (BY_RULE.includes(code)) throw new Refused('policy', detail);
    throw refusedBy(this.#engine.takeLog(), 'unknown-key', detail);
  }

  /** Encrypts a message; the engine wants the room key to be shared before. */
  async encrypt(room, plaintext) {
    const { machine } = this.#account;
    const content = JSON.stringify(toContent(plaintext));
    const sealed = await machine.encryptRoomEvent(this.#room(room), 'm.room.message', content);
    return { tag: ENCRYPTED, content: JSON.parse(sealed) };
  }

  /** For whoever may not know the sender's devices yet: what the server lists of them. */
  get introduction() {
    return { sender: this.#account.published };
  }

  /** Hands a to-device envelope over, if it holds anything for this device. */
  async take(from, tag, body) {
    const sent = fromNetwork(body);
    const messages = sent?.messages;
    const isRequest = typeof messages === 'object' && messages !== null;
    const { device } = this.#account;
    if (isRequest && !Object.hasOwn(messages, device)) return;
    if (await this.#account.introduce(from, sent?.sender)) this.identityChanged(from);
    const content = isRequest ? messages[device] : sent;
    const outcome = await this.#account.take({ type: tag, sender: userId(from), content });
    if (!outcome || outcome.failed) {
      throw refusedBy(this.#engine.takeLog(), 'other', 'the engine could not decrypt the event');
    }
  }

  /** Decrypts an event that the server places in this room. */
  async decrypt(from, tag, content, room) {
    const { api } = this.#engine;
    const id = roomId(api, room);
    const raw = {
      type: tag,
      event_id: `$${randomUUID()}`,
      sender: userId(from),
      origin_server_ts: Date.now(),
      room_id: room,
      content,
    };
    let opened;
    try {
      const settings = this.#engine.settings(this.#account.trust);
      opened = await this.#account.machine.decryptRoomEvent(JSON.stringify(raw), id, settings);
    } catch (error) {
      throw refusedEvent(error, api);
    } finally {
      await this.#account.settle();
    }
    const warning = await warningOf(opened, this.#account, this.strict);
    if (warning) this.#warn(warning);
    return {
      plaintext: encode(fromContent(JSON.parse(opened.event).content)),
      sender: nameOf(opened.sender.toString()),
      position: indexOf(content.ciphertext),
    };
  }

  identityChanged(name) {
    const text = `the cryptographic identity of ${name} is another one and needs approval`;
    this.#warn({ class: 'identity-changed', text });
  }

  #room(room) {
    return roomId(this.#engine.api, room);
  }
}

function roomId({ RoomId }, room) {
  try {
    return new RoomId(room);
  } catch (error) {
    throw new Refused('malformed', `no room id: ${error?.message ?? error}`);
  }
}

/** A text as a text message has it; other bytes are written as base64 beside it. */
function toContent(plaintext) {
  const text = Buffer.from(plaintext).toString('utf8');
  const faithful = Buffer.from(text).equals(Buffer.from(plaintext));
  if (faithful) return { msgtype: 'm.text', body: text };
  return { msgtype: 'm.text', body: '', 'hallmark.bytes': encode(plaintext) };
}

function fromContent({ body, 'hallmark.bytes': bytes }) {
  return bytes === undefined ? Buffer.from(body ?? '') : Buffer.from(bytes, 'base64');
}

/**
 * The index of a Megolm message that was verified: the engine does not tell it. A version byte,
 * then fields as in protocol buffers; of several fields with the same number the last counts.
 */
function indexOf(ciphertext) {
  const bytes = Buffer.from(ciphertext, 'base64');
  // A MAC of 8 bytes and a signature of 64 end the message.
  const end = bytes.length - 72;
  let at = 1;
  let index;
  const varint = () => {
    let value = 0;
    for (let place = 1; at < end; place *= 128) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 0x7f) * place;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < end) {
    const key = varint();
    const value = varint();
    if ((key & 7) === 2) at += value;
    else if (key === 0x08) index = value;
  }
  return Number.isSafeInteger(index) ? index : undefined;
}
