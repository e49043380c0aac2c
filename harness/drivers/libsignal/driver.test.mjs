// SPDX-License-Identifier: AGPL-3.0-only
// What the driver answers, and what libsignal does when it is driven: the facts that the
// messaging suite measures, established here without it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Device } from './device.mjs';
import { MAX_LINE, PROTOCOLS, answerLine } from './protocol.mjs';

const TEXT = 'canary: no milk today';
const BASE64 = Buffer.from(TEXT).toString('base64');

/** A device behind the protocol: every call goes through a line. */
class Peer {
  device = new Device();

  constructor(name) {
    this.name = name;
  }

  static async create(name) {
    const peer = new Peer(name);
    await peer.ok('identity.create', { name });
    return peer;
  }

  async call(op, args = {}) {
    const { answer } = await answerLine(this.device, JSON.stringify({ id: 1, op, args }));
    return answer;
  }

  async ok(op, args) {
    const answer = await this.call(op, args);
    assert.ok(answer.ok, `${op}: ${JSON.stringify(answer)}`);
    return answer.ok;
  }

  async refusal(op, args) {
    const answer = await this.call(op, args);
    assert.ok(answer.refused, `${op}: ${JSON.stringify(answer)}`);
    return answer.refused.class;
  }

  async prekeys(count = 1) {
    return (await this.ok('prekeys.publish', { one_time: count })).prekeys;
  }

  async encrypt(peer, plaintext = BASE64) {
    const { envelopes } = await this.ok('message.encrypt', { peer: peer.name, plaintext });
    assert.equal(envelopes.length, 1);
    return envelopes[0];
  }

  async snapshot() {
    return (await this.ok('state.snapshot')).state;
  }

  /** The device whose state this is, in a fresh one. */
  async restored(state) {
    const peer = new Peer(this.name);
    await peer.ok('state.restore', { state });
    return peer;
  }

  async start(peer, prekeys) {
    await this.ok('prekeys.import', { peer: peer.name, prekeys });
    return this.call('session.start', { peer: peer.name });
  }
}

const from = (peer, envelope) => ({ from: peer.name, envelope });

async function deliver(sender, receiver) {
  const envelope = await sender.encrypt(receiver);
  const { messages } = await receiver.ok('message.decrypt', from(sender, envelope));
  assert.equal(messages.length, 1);
  assert.equal(messages[0].plaintext, BASE64);
  assert.equal(messages[0].sender, sender.name);
  return envelope;
}

/** Alice has started a session with Bob; nothing has been sent. */
async function started() {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  const answer = await alice.start(bob, await bob.prekeys());
  assert.deepEqual(answer.ok, { envelopes: [] });
  return { alice, bob };
}

/** Alice and Bob have each received a message. */
async function established() {
  const { alice, bob } = await started();
  assert.equal((await deliver(alice, bob)).tag, 'prekey');
  assert.equal((await deliver(bob, alice)).tag, 'whisper');
  return { alice, bob };
}

function flip(base64, index) {
  const bytes = Buffer.from(base64, 'base64');
  bytes[index < 0 ? bytes.length + index : index] ^= 1;
  return bytes.toString('base64');
}

test('hello names the protocol, the candidate and the way of calling', async () => {
  const hello = await new Peer('x').ok('hello', { protocols: PROTOCOLS });
  assert.equal(hello.protocol, 'hallmark-driver/2');
  const older = await new Peer('x').ok('hello', { protocols: ['hallmark-driver/1'] });
  assert.equal(older.protocol, 'hallmark-driver/1');
  assert.equal(hello.family, 'signal');
  assert.equal(hello.candidate.name, '@signalapp/libsignal-client');
  assert.equal(hello.candidate.version, '0.103.0');
  assert.match(hello.candidate.sha256, /^[0-9a-f]{64}$/);
  assert.match(hello.calling, /last resort/);
  assert.ok(hello.capabilities.includes('state.restore'));
  assert.match((await new Peer('x').call('hello', { protocols: ['other/9'] })).error.message, /only/);
});

test('a round trip in both directions, in and out of order', async () => {
  const { alice, bob } = await established();
  const [first, second] = [await alice.encrypt(bob), await alice.encrypt(bob)];
  const positions = [];
  for (const envelope of [second, first]) {
    const { messages } = await bob.ok('message.decrypt', from(alice, envelope));
    positions.push(messages[0].position);
  }
  assert.deepEqual(positions, [1, 0]);
});

test('session.info says what the session says', async () => {
  const { alice, bob } = await established();
  await deliver(alice, bob);
  const before = await alice.snapshot();
  assert.deepEqual(await alice.ok('session.info', { peer: 'bob' }), {
    protocol: 'Signal, message version 4, PQXDH, Double Ratchet, post-quantum ratchet (SPQR)',
    cipher: 'AES-256-CBC',
    mac: 'HMAC-SHA-256',
    mac_bits: 64,
    key_agreement: 'X25519 + Kyber-1024',
  });
  assert.equal(await alice.snapshot(), before, 'asking changes nothing');
});

test('the tag of a message is the 8 bytes after its last protobuf field', async () => {
  const { alice, bob } = await established();
  const bytes = Buffer.from((await alice.encrypt(bob)).body, 'base64');
  const fields = [];
  let at = 1;
  while (bytes.length - at > 8) {
    const key = bytes[at];
    fields.push(key >> 3);
    at += 1;
    if ((key & 7) === 0) {
      while (bytes[at] & 0x80) at += 1;
      at += 1;
    } else {
      at += 1 + bytes[at];
    }
  }
  assert.equal(bytes.length - at, 8);
  assert.ok(fields.includes(1) && fields.includes(4), `${fields}`);
});

test('both sides show the same safety number, before and after the first message', async () => {
  const { alice, bob } = await established();
  const ours = (await alice.ok('identity.fingerprint', { peer: 'bob' })).fingerprint;
  assert.match(ours, /^\d{60}$/);
  assert.equal((await bob.ok('identity.fingerprint', { peer: 'alice' })).fingerprint, ours);
});

test('a replay is refused as old', async () => {
  const { alice, bob } = await started();
  const initial = await deliver(alice, bob);
  assert.equal(await bob.refusal('message.decrypt', from(alice, initial)), 'old-message');
  const reply = await deliver(bob, alice);
  assert.equal(await alice.refusal('message.decrypt', from(bob, reply)), 'old-message');
});

test('rollback: before decrypts, after refuses, and the restored device is alive', async () => {
  const { alice, bob } = await established();
  const before = await bob.snapshot();
  const message = await deliver(alice, bob);
  const after = await bob.snapshot();
  const next = await alice.encrypt(bob);
  await (await bob.restored(before)).ok('message.decrypt', from(alice, message));
  const restored = await bob.restored(after);
  assert.equal(await restored.refusal('message.decrypt', from(alice, message)), 'old-message');
  await restored.ok('message.decrypt', from(alice, next));
});

test('an undelivered message is readable through 4 further chains and gone at the 5th', async () => {
  for (const [chains, readable] of [[4, true], [5, false]]) {
    const { alice, bob } = await established();
    const [undelivered] = [await alice.encrypt(bob), await deliver(alice, bob)];
    for (let chain = 0; chain < chains; chain += 1) {
      await deliver(bob, alice);
      await deliver(alice, bob);
    }
    const answer = await bob.call('message.decrypt', from(alice, undelivered));
    if (readable) assert.equal(answer.ok?.messages[0].plaintext, BASE64, JSON.stringify(answer));
    else assert.equal(answer.refused?.class, 'bad-signature', JSON.stringify(answer));
  }
});

test('a used one-time prekey is gone, and a replay without the session is refused', async () => {
  const { alice, bob } = await started();
  const before = await bob.snapshot();
  const initial = await deliver(alice, bob);
  assert.equal(JSON.parse(Buffer.from(before, 'base64')).prekeys.length, 1);
  const state = JSON.parse(Buffer.from(await bob.snapshot(), 'base64'));
  assert.equal(state.prekeys.length, 0);
  const amnesiac = Buffer.from(JSON.stringify({ ...state, sessions: [] })).toString('base64');
  const restored = await bob.restored(amnesiac);
  assert.equal(await restored.refusal('message.decrypt', from(alice, initial)), 'unknown-key');
});

test('without a one-time prekey, the remembered base key refuses the replay', async () => {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  assert.ok((await alice.start(bob, await bob.prekeys(0))).ok);
  const initial = await deliver(alice, bob);
  const state = JSON.parse(Buffer.from(await bob.snapshot(), 'base64'));
  const amnesiac = Buffer.from(JSON.stringify({ ...state, sessions: [] })).toString('base64');
  const restored = await bob.restored(amnesiac);
  assert.equal(await restored.refusal('message.decrypt', from(alice, initial)), 'old-message');
});

test('bad signatures over either prekey are refused', async () => {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  const prekeys = await bob.prekeys();
  for (const part of ['signed_prekey', 'kem_prekey']) {
    const signature = flip(prekeys[part].signature, 3);
    const bad = { ...prekeys, [part]: { ...prekeys[part], signature } };
    assert.equal((await alice.start(bob, bad)).refused?.class, 'bad-signature', part);
  }
  assert.ok((await alice.start(bob, prekeys)).ok, 'control: the good twin is accepted');
});

test('all-zero keys are refused, though correctly signed', async () => {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  const prekeys = await bob.prekeys();
  const zero = Buffer.concat([Buffer.from([5]), Buffer.alloc(32)]).toString('base64');
  const { signature } = await bob.ok('identity.sign', { message: zero });
  const signed = { ...prekeys, signed_prekey: { id: 1, public: zero, signature } };
  const oneTime = { ...prekeys, one_time_prekeys: [{ id: 3, public: zero }] };
  for (const bad of [signed, oneTime]) {
    assert.equal((await alice.start(bob, bad)).refused?.class, 'bad-key');
  }
});

test('another identity under a known name is refused in both directions', async () => {
  const { alice, bob } = await established();
  const impostor = await Peer.create('bob');
  const answer = await alice.start(impostor, await impostor.prekeys());
  assert.equal(answer.refused?.class, 'identity-changed');
  assert.ok((await impostor.start(alice, await alice.prekeys())).ok);
  const envelope = await impostor.encrypt(alice);
  assert.equal(await alice.refusal('message.decrypt', from(bob, envelope)), 'identity-changed');
});

test('damaged messages are refused by class', async () => {
  const { alice, bob } = await established();
  const envelope = await alice.encrypt(bob);
  const damaged = (body, tag = envelope.tag) => from(alice, { ...envelope, tag, body });
  const { body } = envelope;
  const cases = [
    [damaged(flip(body, -1)), 'bad-signature'],
    [damaged(flip(body, 0)), 'bad-signature'],
    [damaged(Buffer.from(body, 'base64').subarray(0, 5).toString('base64')), 'malformed'],
    [damaged(''), 'malformed'],
    [damaged(body, 'prekey'), 'malformed'],
    [damaged(body, 'carrier-pigeon'), 'malformed'],
  ];
  for (const [args, expected] of cases) {
    assert.equal(await bob.refusal('message.decrypt', args), expected);
  }
  assert.equal(await bob.refusal('message.decrypt', { from: 'carol', envelope }), 'unknown-key');
  await bob.ok('message.decrypt', from(alice, envelope));
});

test('a clone is locked out after one round', async () => {
  const { alice, bob } = await established();
  const clone = await bob.restored(await bob.snapshot());
  await deliver(alice, bob);
  await deliver(bob, alice);
  const envelope = await alice.encrypt(bob);
  assert.equal(await clone.refusal('message.decrypt', from(alice, envelope)), 'bad-signature');
});

// The victim keeps receiving chains for messages that are still under way, and a clone can go on
// writing on one of them. Its first message collides with a key of the post-quantum ratchet that
// the real owner has used since.
test('a clone can still write on an old chain, until 5 newer ones have pushed it out', async () => {
  for (const [rounds, expected] of [
    [1, ['bad-signature', 'delivered']],
    [4, ['bad-signature', 'bad-signature', 'bad-signature', 'bad-signature', 'delivered']],
    [5, Array(8).fill('bad-signature')],
  ]) {
    const { alice, bob } = await established();
    const clone = await bob.restored(await bob.snapshot());
    for (let round = 0; round < rounds; round += 1) {
      await deliver(alice, bob);
      await deliver(bob, alice);
    }
    const outcomes = [];
    for (const _ of expected) {
      const envelope = await clone.encrypt(alice);
      const answer = await alice.call('message.decrypt', from(bob, envelope));
      outcomes.push(answer.ok ? 'delivered' : answer.refused.class);
    }
    assert.deepEqual(outcomes, expected, `after ${rounds} rounds`);
  }
});

test('calls out of order and wrong arguments are the driver\'s errors', async () => {
  const device = new Peer('nobody');
  for (const [op, args, expected] of [
    ['message.encrypt', { peer: 'bob', plaintext: '' }, /no identity yet/],
    ['message.encrypt', { peer: 'bob' }, /`plaintext` is missing/],
    ['message.encrypt', { peer: 'bob', plaintext: '*' }, /not standard base64/],
    ['prekeys.publish', { one_time: 1, more: 1 }, /unknown field `more`/],
    ['state.restore', { state: 'AAAA' }, /failed to read the state back/],
  ]) {
    assert.match((await device.call(op, args)).error?.message ?? '', expected);
  }
  await device.ok('identity.create', { name: 'nobody' });
  assert.match((await device.call('session.start', { peer: 'bob' })).error.message, /no unused/);
  assert.match((await device.call('identity.create', { name: 'x' })).error.message, /already/);
  await device.ok('reset', {});
  assert.ok((await device.call('backup.export')).unsupported);
  await device.ok('identity.create', { name: 'x' });
});

/** Runs the driver as a process on this input. */
function run(input) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('driver.mjs', import.meta.url))]);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (output.stdout += data));
  child.stderr.on('data', (data) => (output.stderr += data));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...output })));
}

test('the process answers in order, survives garbage, and ends with its input', async () => {
  const { code, stdout } = await run('{"id":1,"op":"ping","args":{}}\nnonsense\n{"id":3,"op":"process.pid","args":{}}\n');
  const answers = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.deepEqual(answers[0], { id: 1, ok: {} });
  assert.match(answers[1].error.message, /not of the protocol/);
  assert.ok(answers[2].ok.pid > 0);
});

test('the process ends at shutdown, and at a line that is too long', async () => {
  const shutdown = '{"id":1,"op":"shutdown","args":{}}\n';
  assert.deepEqual(await run(shutdown + shutdown), { code: 0, stdout: '{"id":1,"ok":{}}\n', stderr: '' });
  const { code, stdout, stderr } = await run('x'.repeat(MAX_LINE + 1));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /longer than the protocol allows/);
});
