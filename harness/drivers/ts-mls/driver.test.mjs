// What the driver answers, and what ts-mls does when it is driven: the facts that the messaging
// suite measures, established here without it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SUITE } from './client.mjs';
import { Device } from './device.mjs';
import { PROTOCOL, answerLine } from './protocol.mjs';

const BASE64 = Buffer.from('canary: no milk today').toString('base64');
const GROUP = 'ward';

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

  async prekeys() {
    return (await this.ok('prekeys.publish', { one_time: 1 })).prekeys;
  }

  async meets(peer) {
    await this.ok('prekeys.import', { peer: peer.name, prekeys: await peer.prekeys() });
  }

  async encrypt(peer) {
    const args = { peer: peer.name, plaintext: BASE64 };
    return (await this.ok('message.encrypt', args)).envelopes[0];
  }

  /** The device whose state this is now, in a fresh one. */
  async twin() {
    const peer = new Peer(this.name);
    await peer.ok('state.restore', await this.ok('state.snapshot'));
    return peer;
  }
}

const from = ({ name }, envelope) => ({ from: name, envelope });

/** Alice has started a session with Bob, who knows of it. */
async function established() {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  await alice.meets(bob);
  const { envelopes } = await alice.ok('session.start', { peer: 'bob' });
  assert.deepEqual((await bob.ok('message.decrypt', from(alice, envelopes[0]))).messages, []);
  return { alice, bob, welcome: envelopes[0] };
}

/** Alice has made a group and added Bob. */
async function group() {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  await alice.meets(bob);
  await alice.ok('group.create', { group: GROUP });
  const { envelopes } = await alice.ok('group.add', { group: GROUP, members: ['bob'] });
  const welcome = envelopes.find(({ kind }) => kind === 'welcome');
  await bob.ok('group.join', { group: GROUP, ...from(alice, welcome) });
  return { alice, bob };
}

test('hello names the protocol, the candidate and the way of calling', async () => {
  const hello = await new Peer('x').ok('hello', { protocols: [PROTOCOL] });
  assert.equal(hello.protocol, PROTOCOL);
  assert.equal(hello.family, 'mls');
  assert.deepEqual(hello.candidate, { name: 'ts-mls', version: '1.6.4' });
  assert.match(hello.calling, /consumed/);
  assert.ok(hello.capabilities.includes('group.rotate'));
  assert.match((await new Peer('x').call('hello', { protocols: ['other/9'] })).error.message, /only/);
});

test('the algorithms are those of the suite', async () => {
  const { alice } = await established();
  const info = await alice.ok('session.info', { peer: 'bob' });
  assert.equal(info.protocol, `MLS 1.0, ${SUITE}`);
  assert.equal(info.cipher, 'ChaCha20-Poly1305');
});

test('a message is read once, by whoever has the state of before', async () => {
  const { alice, bob } = await established();
  const envelope = await alice.encrypt(bob);
  const before = await bob.twin();
  const { messages } = await bob.ok('message.decrypt', from(alice, envelope));
  assert.deepEqual(messages, [{ plaintext: BASE64, sender: 'alice', position: 0 }]);
  assert.equal(await bob.refusal('message.decrypt', from(alice, envelope)), 'old-message');
  const after = await bob.twin();
  assert.equal(await after.refusal('message.decrypt', from(alice, envelope)), 'old-message');
  await before.ok('message.decrypt', from(alice, envelope));
  await after.ok('message.decrypt', from(alice, await alice.encrypt(bob)));
});

test('the sender is the one that was authenticated, whatever the server says', async () => {
  const { alice, bob } = await established();
  const answer = await bob.call('message.decrypt', { from: 'mallory', envelope: await alice.encrypt(bob) });
  assert.equal(answer.ok.messages[0].sender, 'alice');
  assert.equal(answer.warnings[0].class, 'sender-mismatch');
});

test('a key package serves once', async () => {
  const { alice, bob, welcome } = await established();
  assert.equal(await bob.refusal('message.decrypt', from(alice, welcome)), 'unknown-key');
});

test('another key of a known name is refused', async () => {
  const { alice } = await established();
  const impostor = await Peer.create('bob');
  const args = { peer: 'bob', prekeys: await impostor.prekeys() };
  assert.equal(await alice.refusal('prekeys.import', args), 'identity-changed');
});

test('what was changed or is not of the protocol is refused', async () => {
  const { alice, bob } = await established();
  const envelope = await alice.encrypt(bob);
  const bytes = Buffer.from(envelope.body, 'base64');
  bytes[bytes.length - 1] ^= 1;
  const changed = { ...envelope, body: bytes.toString('base64') };
  assert.equal(await bob.refusal('message.decrypt', from(alice, changed)), 'bad-signature');
  const junk = { kind: 'message', body: BASE64 };
  assert.equal(await bob.refusal('message.decrypt', from(alice, junk)), 'malformed');
  await bob.ok('message.decrypt', from(alice, envelope));
});

test('whoever was removed reads and writes no more', async () => {
  const { alice, bob } = await group();
  const { envelopes } = await alice.ok('group.remove', { group: GROUP, members: ['bob'] });
  await bob.ok('group.process', { group: GROUP, ...from(alice, envelopes[0]) });
  const sent = await alice.ok('group.encrypt', { group: GROUP, plaintext: BASE64 });
  const args = { group: GROUP, ...from(alice, sent.envelopes[0]) };
  assert.equal(await bob.refusal('group.decrypt', args), 'unknown-key');
  const more = { group: GROUP, plaintext: BASE64 };
  assert.equal(await bob.refusal('group.encrypt', more), 'not-member');
});

test('a rotation changes the epoch for both', async () => {
  const { alice, bob } = await group();
  const { envelopes } = await bob.ok('group.rotate', { group: GROUP });
  await alice.ok('group.process', { group: GROUP, ...from(bob, envelopes[0]) });
  const views = [await alice.ok('group.info', { group: GROUP }), await bob.ok('group.info', { group: GROUP })];
  assert.equal(views[0].epoch, 2);
  assert.equal(views[0].authenticator, views[1].authenticator);
});

test('the driver ends with its input', async () => {
  const driver = spawn('node', [fileURLToPath(new URL('driver.mjs', import.meta.url))]);
  const request = { id: 7, op: 'ping', args: {} };
  driver.stdin.end(`${JSON.stringify(request)}\n`);
  let output = '';
  for await (const chunk of driver.stdout) output += chunk;
  assert.equal(output, '{"id":7,"ok":{}}\n');
});
