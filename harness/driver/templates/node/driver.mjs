// A Hallmark driver: reads one JSON object per line from stdin, answers with one on stdout.
//
// One process is one device. What is below the line "the candidate" is a TOY. It protects nothing:
// whoever sees the public keys can read every message. Replace it, one operation after the other,
// by calls of the program that you want to have tested; README.md says in which order.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const PROTOCOL = 'hallmark-driver/2';

/**
 * The CANDIDATE decided against it. The class is one of bad-signature, bad-key, old-message,
 * unknown-key, identity-changed, not-member, policy, malformed, other.
 */
class Refused extends Error {
  constructor(refusalClass, detail) {
    super(detail);
    this.refusalClass = refusalClass;
  }
}

/**
 * The candidate has no such thing, or this driver cannot reach it. What depends on it is reported
 * as not tested.
 */
class Unsupported extends Error {}

// Any other exception becomes `error`: the DRIVER failed, and nothing is known of the candidate.

// ---- the protocol: nothing to change here ----

const encode = (bytes) => Buffer.from(bytes).toString('base64');

function decode(text) {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Error('not standard base64');
  return bytes;
}

const KINDS = {
  text: (value) => typeof value === 'string',
  bytes: (value) => typeof value === 'string',
  count: (value) => Number.isSafeInteger(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** The arguments that an operation wants: `read(args, { peer: 'text', plaintext: 'bytes' })`. */
function read(args, fields) {
  if (!KINDS.object(args)) throw new Error('the arguments are no object');
  const unknown = Object.keys(args).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Error(`unknown argument \`${unknown}\``);
  const values = {};
  for (const [name, wanted] of Object.entries(fields)) {
    const value = args[name];
    const kind = wanted.replace('?', '');
    if (value === undefined && wanted.endsWith('?')) continue;
    if (!KINDS[kind](value)) throw new Error(`argument \`${name}\` is missing or of another type`);
    values[name] = kind === 'bytes' ? decode(value) : value;
  }
  return values;
}

/** The answer to one request, and whether it was the last. */
async function answer(device, line) {
  let request;
  try {
    request = JSON.parse(line);
    if (!KINDS.object(request) || !KINDS.count(request.id)) throw new Error('no id');
  } catch (problem) {
    return { reply: { id: 0, error: { message: `not a request: ${problem.message}` } } };
  }
  const { id, op, args } = request;
  const reply = { id };
  try {
    const operations = device.operations();
    if (!Object.hasOwn(operations, op)) {
      throw new Unsupported(`this driver does not offer \`${op}\``);
    }
    reply.ok = await operations[op].call(device, args);
  } catch (problem) {
    if (problem instanceof Refused) {
      reply.refused = { class: problem.refusalClass, detail: problem.message };
    } else if (problem instanceof Unsupported) {
      reply.unsupported = { reason: problem.message };
    } else {
      reply.error = { message: String(problem) };
    }
  }
  const warnings = device.takeWarnings();
  if (warnings.length > 0) reply.warnings = warnings;
  return { reply, last: op === 'shutdown' };
}

async function serve(device) {
  let waiting = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    waiting = Buffer.concat([waiting, chunk]);
    for (let end = waiting.indexOf(10); end >= 0; end = waiting.indexOf(10)) {
      const line = waiting.subarray(0, end).toString('utf8');
      waiting = waiting.subarray(end + 1);
      const { reply, last } = await answer(device, line);
      await new Promise((done) => process.stdout.write(`${JSON.stringify(reply)}\n`, done));
      if (last) return;
    }
  }
}

/** What the manifest's `secrets` names: {"account-password": "…"}. Can be read once. */
export function readSecrets() {
  const descriptor = process.env.HALLMARK_SECRETS_FD;
  return descriptor === undefined ? {} : JSON.parse(readFileSync(Number(descriptor), 'utf8'));
}

// ---- the candidate: a toy, to be replaced ----

function digest(...parts) {
  const hash = createHash('sha256');
  parts.forEach((part, index) => hash.update(index === 0 ? '' : '\0').update(part));
  return hash.digest();
}

const hmac = (key, message) => createHmac('sha256', key).update(message).digest();

/** Encrypts and decrypts. TOY: use the candidate's own. */
function seal(key, count, text) {
  const blocks = [];
  for (let length = 0; length < text.length; length += 32) {
    blocks.push(digest(key, count, String(length)));
  }
  const stream = Buffer.concat(blocks);
  return Buffer.from(text.map((byte, index) => byte ^ stream[index]));
}

const canonical = (carried) =>
  JSON.stringify(Object.fromEntries(Object.entries(carried).sort(([a], [b]) => (a < b ? -1 : 1))));

/** One device of the candidate, with all its state. */
class Device {
  warnings = [];

  constructor() {
    this.forget();
  }

  /**
   * Every operation that works. Delete what your candidate does not have: what is not here answers
   * `unsupported`, and is reported as not tested. It never counts as passed.
   */
  operations() {
    return {
      // control: keep these four
      hello: this.hello,
      ping: this.ping,
      reset: this.reset,
      shutdown: this.ping,
      // 1. who am I
      'identity.create': this.identityCreate,
      'identity.public': this.identityPublic,
      // 2. how can others reach me
      'prekeys.publish': this.prekeysPublish,
      'prekeys.import': this.prekeysImport,
      // 3. talking
      'session.start': this.sessionStart,
      'message.encrypt': this.messageEncrypt,
      'message.decrypt': this.messageDecrypt,
      // 4. state, on which forward secrecy is tested
      'state.snapshot': this.stateSnapshot,
      'state.restore': this.stateRestore,
      // 5. the rest
      'session.info': this.sessionInfo,
      'identity.fingerprint': this.identityFingerprint,
      'identity.sign': this.identitySign,
      // `hallmark driver run` with the line `ops` lists what there is besides.
    };
  }

  /** What the candidate showed its user during the last operation. */
  takeWarnings() {
    const warnings = this.warnings;
    this.warnings = [];
    return warnings;
  }

  /**
   * The class is one of identity-changed, new-device, new-session, member-added, sender-mismatch,
   * unverified, unencrypted, undecryptable, other.
   */
  warn(warningClass, text) {
    this.warnings.push({ class: warningClass, text });
  }

  // control

  hello(args) {
    if (!args.protocols.includes(PROTOCOL)) throw new Error(`this driver speaks ${PROTOCOL}`);
    const control = ['hello', 'ping', 'reset', 'shutdown'];
    return {
      protocol: PROTOCOL,
      driver: { name: 'example-messenger', version: '1.0.0' },
      candidate: { name: 'Toy', version: '1' },
      // signal, olm, megolm, omemo, mls … or unknown
      family: 'unknown',
      // Which way of calling the candidate is driven: it can decide the verdict.
      calling: 'A toy that comes with the template. It protects nothing.',
      capabilities: Object.keys(this.operations()).filter((name) => !control.includes(name)),
      limits: { 'plaintext-bytes': 65536 },
    };
  }

  ping() {
    return {};
  }

  forget() {
    this.name = null;
    this.secret = Buffer.alloc(0);
    this.peers = new Map(); // name -> identity key
    this.sent = 0;
    this.seen = new Set(); // "name count"
  }

  reset(args) {
    read(args, { seed: 'count?' });
    this.forget();
    return {};
  }

  // identity

  identityCreate(args) {
    const { name } = read(args, { name: 'text' });
    if (this.name !== null) throw new Error('there is an identity already');
    this.name = name;
    this.secret = randomBytes(32);
    return {};
  }

  key() {
    if (this.name === null) throw new Error('there is no identity yet');
    return digest('identity', this.secret);
  }

  identityPublic() {
    return { identity_key: encode(this.key()) };
  }

  identityFingerprint(args) {
    const { peer } = read(args, { peer: 'text' });
    const keys = [this.key(), this.known(peer)].sort(Buffer.compare);
    return { fingerprint: digest(...keys).toString('hex') };
  }

  sign(message) {
    // TOY: anybody can compute this from the public key.
    return hmac(this.key(), message);
  }

  identitySign(args) {
    const { message } = read(args, { message: 'bytes' });
    return { signature: encode(this.sign(message)) };
  }

  // prekeys

  prekeysPublish(args) {
    const { one_time: count } = read(args, { one_time: 'count' });
    const key = this.key();
    const prekey = digest('prekey', this.secret);
    const oneTime = (_, index) => ({
      id: index + 1,
      public: encode(digest('one-time', String(index + 1))),
    });
    return {
      prekeys: {
        identity_key: encode(key),
        signed_prekey: { id: 1, public: encode(prekey), signature: encode(this.sign(prekey)) },
        one_time_prekeys: Array.from({ length: count }, oneTime),
      },
    };
  }

  prekeysImport(args) {
    const { peer, prekeys } = read(args, { peer: 'text', prekeys: 'object' });
    const key = decode(prekeys.identity_key);
    const { public: prekey, signature } = prekeys.signed_prekey;
    if (!hmac(key, decode(prekey)).equals(decode(signature))) {
      throw new Refused('bad-signature', "the signed prekey is not the owner's");
    }
    this.meet(peer, key);
    return {};
  }

  /** A peer shows this identity key. */
  meet(peer, key) {
    if (this.peers.has(peer) && !this.peers.get(peer).equals(key)) {
      this.warn('identity-changed', `${peer} has another identity key now`);
      throw new Refused('identity-changed', `${peer} has another identity key now`);
    }
    this.peers.set(peer, key);
  }

  known(peer) {
    if (!this.peers.has(peer)) throw new Refused('unknown-key', `${peer} is not known`);
    return this.peers.get(peer);
  }

  // talking

  sessionStart(args) {
    this.known(read(args, { peer: 'text' }).peer);
    return { envelopes: [] }; // or one of kind `setup`, if one must go first
  }

  sessionInfo(args) {
    this.known(read(args, { peer: 'text' }).peer);
    return {
      protocol: 'Toy 1',
      cipher: 'none',
      mac: 'HMAC-SHA-256',
      mac_bits: 256,
      key_agreement: 'none',
    };
  }

  sessionKey(peer) {
    // TOY: anybody who knows both public keys knows this one.
    return digest('session', ...[this.key(), peer].sort(Buffer.compare));
  }

  messageEncrypt(args) {
    const { peer, plaintext } = read(args, { peer: 'text', plaintext: 'bytes' });
    const key = this.sessionKey(this.known(peer));
    this.sent += 1;
    const carried = {
      from: this.name,
      to: peer,
      count: this.sent,
      identity: this.key().toString('hex'),
      text: seal(key, `${this.name} ${this.sent}`, plaintext).toString('hex'),
    };
    carried.mac = hmac(key, canonical(carried)).toString('hex');
    const envelope = { kind: 'message', tag: 'toy', body: encode(JSON.stringify(carried)) };
    return { envelopes: [envelope] };
  }

  messageDecrypt(args) {
    const { from: sender, envelope } = read(args, { from: 'text', envelope: 'object' });
    let carried;
    let mac;
    try {
      ({ mac, ...carried } = JSON.parse(decode(envelope.body).toString('utf8')));
      const right =
        [carried.from, carried.to, carried.identity, carried.text, mac].every(KINDS.text) &&
        KINDS.count(carried.count);
      if (!right) throw new Error('fields are missing');
    } catch (problem) {
      throw new Refused('malformed', `not an envelope: ${problem.message}`);
    }
    const identity = Buffer.from(carried.identity, 'hex');
    const key = this.sessionKey(identity);
    if (!hmac(key, canonical(carried)).equals(Buffer.from(mac, 'hex'))) {
      throw new Refused('bad-signature', 'the message was altered');
    }
    if (carried.from !== sender || carried.to !== this.name) {
      throw new Refused('bad-signature', 'from or for somebody else');
    }
    this.meet(sender, identity);
    const place = `${sender} ${carried.count}`;
    if (this.seen.has(place)) {
      throw new Refused('old-message', `message ${carried.count} came before`);
    }
    this.seen.add(place);
    const plaintext = encode(seal(key, place, Buffer.from(carried.text, 'hex')));
    return { messages: [{ plaintext, sender, position: carried.count }] };
  }

  // state

  stateSnapshot() {
    const state = {
      name: this.name,
      secret: this.secret.toString('hex'),
      peers: [...this.peers].map(([name, key]) => [name, key.toString('hex')]),
      sent: this.sent,
      seen: [...this.seen],
    };
    return { state: encode(JSON.stringify(state)) };
  }

  stateRestore(args) {
    const state = JSON.parse(read(args, { state: 'bytes' }).state.toString('utf8'));
    this.name = state.name;
    this.secret = Buffer.from(state.secret, 'hex');
    this.peers = new Map(state.peers.map(([name, key]) => [name, Buffer.from(key, 'hex')]));
    this.sent = state.sent;
    this.seen = new Set(state.seen);
    return {};
  }
}

await serve(new Device());
