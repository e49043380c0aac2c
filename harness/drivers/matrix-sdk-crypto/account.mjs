// One account on one device: the engine's machine, and the homeserver that answers it.

import { createPrivateKey, randomInt, randomUUID, sign as signWith } from 'node:crypto';

import { canonical, plain } from './json.mjs';
import { nameOf, userId } from './names.mjs';
import { Refused } from './protocol.mjs';
import { refusedBy } from './refusal.mjs';
import { Server, deviceKeys } from './server.mjs';
import { exportStore, forgetStores, importStore } from './store.mjs';

const CURVE_BYTES = 32;

/** Rounds of requests that one operation may lead to. */
const MOST_ROUNDS = 8;

/** PKCS #8 of an Ed25519 private key, up to its seed (RFC 8410, section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export class Account {
  /** Own one-time keys that the server holds, and the fallback key. */
  #pool = [];
  #fallback = [];
  #published = null;
  #server = new Server();

  constructor(engine, machine, store) {
    this.engine = engine;
    this.machine = machine;
    this.store = store;
    /** Trust that decryption asks of a sender's device; the engine's own default names none. */
    this.trust = 'Untrusted';
  }

  static async create(engine, name) {
    const [device, store] = [newDeviceId(), randomUUID()];
    const machine = await engine.machine(userId(name), device, store);
    const account = new Account(engine, machine, store);
    await account.#register();
    return account;
  }

  static async restore(engine, state) {
    const store = randomUUID();
    await importStore(store, state.database);
    const machine = await engine.machine(state.user, state.device, store);
    const account = new Account(engine, machine, store);
    account.#pool = state.pool;
    account.#fallback = state.fallback;
    account.#published = state.published;
    account.#server = Server.restore(state.server);
    account.trust = state.trust;
    return account;
  }

  async snapshot() {
    return {
      user: this.user,
      device: this.device,
      database: await exportStore(this.store),
      pool: this.#pool,
      fallback: this.#fallback,
      published: this.#published,
      server: { ...this.#server },
      trust: this.trust,
    };
  }

  close() {
    this.machine.close();
    forgetStores();
  }

  get user() {
    return this.machine.userId.toString();
  }

  get name() {
    return nameOf(this.user);
  }

  get device() {
    return this.machine.deviceId.toString();
  }

  get curve25519() {
    return bytes(this.machine.identityKeys.curve25519.toBase64());
  }

  get ed25519() {
    return bytes(this.machine.identityKeys.ed25519.toBase64());
  }

  /** What the server says of this device to others. */
  get published() {
    const { device_keys, master_key, self_signing_key } = this.#published;
    return { device_keys, master_key, self_signing_key };
  }

  // ---- keys of one's own ----

  /** Makes cross-signing keys, uploads all keys, and learns of them from the server. */
  async #register() {
    const requests = await this.machine.bootstrapCrossSigning(true);
    const keys = JSON.parse(requests.uploadSigningKeysRequest.body);
    this.#published = { ...keys, device_keys: null };
    await this.#receive([], 0);
    // The server lists the own device before it answers for it.
    const { KeysUpload } = this.engine.api.RequestType;
    await this.#serve((request) => request.type === KeysUpload);
    const signed = JSON.parse(requests.uploadSignaturesRequest.body)[this.user][this.device];
    const { device_keys: device } = this.#published;
    Object.assign(device.signatures[this.user], signed.signatures[this.user]);
    this.#server.list(this.user, this.#published);
    await this.#ask(this.user);
  }

  /** Keeps what the engine uploads, and says how many one-time keys the server has. */
  #upload(body) {
    const { device_keys: device, one_time_keys: keys, fallback_keys: fallback } = body;
    if (device && this.#published) this.#published.device_keys ??= device;
    this.#pool.push(...listed(keys));
    if (Object.keys(fallback ?? {}).length > 0) this.#fallback = listed(fallback);
    return { one_time_key_counts: { signed_curve25519: this.#pool.length } };
  }

  /** This many one-time keys, made now: the server says that it has none left. */
  async publish(count) {
    const oneTime = [];
    do {
      this.#pool = [];
      await this.#receive([], 0);
      await this.settle();
      if (this.#pool.length === 0) throw new Error('the engine made no more one-time keys');
      oneTime.push(...this.#pool.splice(0, count - oneTime.length));
    } while (oneTime.length < count);
    return { oneTime, fallback: this.#fallback };
  }

  /** Signs an object with the key of this device. */
  async sign(object) {
    const { UserId, DeviceKeyId } = this.engine.api;
    const signatures = await this.machine.sign(canonical(object));
    const id = new DeviceKeyId(`ed25519:${this.device}`);
    return bytes(signatures.getSignature(new UserId(this.user), id).toBase64());
  }

  /** Signs an object with the key by which this user vouches for own devices. */
  async vouch(object) {
    const { self_signing_key: seed } = await this.machine.exportCrossSigningKeys();
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8, bytes(seed)]),
      format: 'der',
      type: 'pkcs8',
    });
    return new Uint8Array(signWith(null, Buffer.from(canonical(object)), key));
  }

  // ---- what the server tells ----

  /** The peer has the device with these keys, and no other unless it is `also` that one. */
  async learn(peer, { curve, signing, extra, oneTime }, also) {
    const user = userId(peer);
    const { ed25519, device } = splitSigning(signing);
    const keys = deviceKeys(extra.device_keys, curve, ed25519, device);
    const known = this.#server.users[user];
    if (also) this.#vouched(user, keys, extra.device_signature, known);
    const cross = also && known ? known : extra;
    const { master_key, self_signing_key } = cross;
    const all = { device_keys: keys, master_key, self_signing_key };
    this.#server.list(user, all, also ? known?.devices : {});
    this.#server.offer(user, device, oneTime, listed(extra.fallback_keys));
    const changed = await this.#query(user);
    await this.#mustHave(user, device, keys);
    return changed;
  }

  /** The sender's keys as the server lists them, when a client first sees the sender in a room. */
  async introduce(peer, keys) {
    const user = userId(peer);
    const device = keys?.device_keys;
    if (device?.user_id !== user || typeof device.device_id !== 'string') return false;
    const listedKeys = this.#server.devicesOf(user);
    if (canonical(listedKeys[device.device_id] ?? null) === canonical(device)) return false;
    this.#server.list(user, keys, listedKeys);
    return this.#query(user);
  }

  /** Another device of a known user counts as the user's own only by the user's signature. */
  #vouched(user, keys, signature, known) {
    const [own] = Object.keys(known?.self_signing_key?.keys ?? {});
    const kept = keys.signatures?.[user]?.[`ed25519:${keys.device_id}`];
    keys.signatures = { [user]: { [`ed25519:${keys.device_id}`]: kept } };
    if (own && typeof signature === 'string') {
      keys.signatures[user][own] = signature.replace(/=+$/, '');
    }
  }

  /** Asks for a user's keys; whether the engine now says that the identity is another one. */
  async #query(user) {
    const before = await this.#needsApproval(user);
    await this.#ask(user);
    return !before && (await this.#needsApproval(user));
  }

  async #ask(user) {
    const { UserId, RequestType } = this.engine.api;
    await this.machine.updateTrackedUsers([new UserId(user)]);
    const request = this.machine.queryKeysForUsers([new UserId(user)]);
    const answer = JSON.stringify(this.#server.query([user]));
    await this.machine.markRequestAsSent(request.id, RequestType.KeysQuery, answer);
    await this.settle();
  }

  async #needsApproval(user) {
    const identity = await this.identity(user);
    return identity?.identityNeedsUserApproval?.() ?? false;
  }

  async #mustHave(user, id, keys) {
    const device = await this.#device(user, id);
    const log = this.engine.takeLog();
    if (!device) throw refusedBy(log, 'bad-signature', 'the engine did not take the device');
    const same =
      device.curve25519Key?.toBase64() === keys.keys[`curve25519:${id}`] &&
      device.ed25519Key?.toBase64() === keys.keys[`ed25519:${id}`];
    if (!same) throw refusedBy(log, 'identity-changed', 'the engine keeps the keys it knew before');
  }

  async #device(user, id) {
    const { UserId, DeviceId } = this.engine.api;
    return this.machine.getDevice(new UserId(user), new DeviceId(id));
  }

  async identity(user) {
    return this.machine.getIdentity(new this.engine.api.UserId(user));
  }

  /** The devices of a user that the engine knows. */
  async devicesOf(user) {
    return (await this.machine.getUserDevices(new this.engine.api.UserId(user))).devices();
  }

  /** The user one of whose known devices has this key. */
  async ownerOf(curve25519) {
    for (const user of Object.keys(this.#server.users)) {
      const devices = await this.devicesOf(user);
      if (devices.some((each) => each.curve25519Key?.toBase64() === curve25519)) return user;
    }
    return null;
  }

  // ---- the network ----

  /** Hands one to-device event over. */
  async take(event) {
    const [outcome] = await this.#receive([event], this.#pool.length);
    await this.settle();
    return outcome;
  }

  async #receive(events, count) {
    const fallback = this.#fallback.length > 0;
    return this.engine.receive(this.machine, events, count, fallback, this.trust);
  }

  /** Starts the sessions that are missing, with what the server offers. */
  async meet(users) {
    const { UserId, RequestType } = this.engine.api;
    const request = await this.machine.getMissingSessions(users.map((user) => new UserId(user)));
    if (!request) return;
    const wanted = plain(JSON.parse(request.body).one_time_keys, 'claim');
    const answer = JSON.stringify(this.#server.claim(wanted));
    await this.machine.markRequestAsSent(request.id, RequestType.KeysClaim, answer);
  }

  /** Answers what the engine asks the server for of its own accord, until it asks no more. */
  async settle() {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      if ((await this.#serve(() => true)) === 0) return;
    }
    throw new Error('the engine keeps asking the server for more');
  }

  /** Answers those requests that are `due`; how many these were. */
  async #serve(due) {
    const requests = (await this.machine.outgoingRequests()).filter(due);
    for (const request of requests) {
      await this.machine.markRequestAsSent(request.id, request.type, this.#answer(request));
    }
    return requests.length;
  }

  #answer({ type, body }) {
    const types = this.engine.api.RequestType;
    switch (type) {
      case types.KeysUpload:
        return JSON.stringify(this.#upload(JSON.parse(body)));
      case types.KeysQuery:
        return JSON.stringify(this.#server.query(Object.keys(JSON.parse(body).device_keys)));
      case types.KeysClaim:
        return JSON.stringify(this.#server.claim(JSON.parse(body).one_time_keys));
      case types.ToDevice:
      case types.SignatureUpload:
        // Requests to own further devices, of which there are none, and signatures for them.
        return '{}';
      default:
        throw new Error(`the engine asks the server for something unknown: type ${type}`);
    }
  }
}

/** How the signing key of a device is published: its 32 bytes and the device's id. */
export function joinSigning(ed25519, device) {
  return Buffer.concat([ed25519, Buffer.from(device)]);
}

export function splitSigning(signing) {
  const device = Buffer.from(signing.subarray(CURVE_BYTES)).toString('utf8');
  if (!/^[A-Z]{1,64}$/.test(device)) throw new Refused('malformed', 'no device id');
  return { ed25519: signing.subarray(0, CURVE_BYTES), device };
}

function listed(keys) {
  return Object.entries(keys ?? {}).map(([id, object]) => ({ id, object }));
}

function bytes(base64) {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function newDeviceId() {
  return Array.from({ length: 10 }, () => String.fromCharCode(65 + randomInt(26))).join('');
}

