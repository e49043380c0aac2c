// What the driver answers, and what the engine does when it is driven: the facts that the
// messaging suite measures, established here without it. Every device is a process of its own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DRIVER = fileURLToPath(new URL('driver.mjs', import.meta.url));
const TEXT = Buffer.from('canary: no milk today').toString('base64');
const NEWEST = '18.9.0';

const processes = [];
after(() => processes.forEach((child) => child.stdin.end()));

/** A device behind the protocol: every call is a line to a process. */
class Peer {
  #next = 0;

  constructor(name, version = NEWEST) {
    this.name = name;
    this.child = spawn(process.execPath, [DRIVER, version], { stdio: ['pipe', 'pipe', 'ignore'] });
    processes.push(this.child);
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  static async create(name, version) {
    const peer = new Peer(name, version);
    await peer.ok('identity.create', { name });
    return peer;
  }

  async call(op, args = {}) {
    this.#next += 1;
    this.child.stdin.write(`${JSON.stringify({ id: this.#next, op, args })}\n`);
    const { value, done } = await this.lines.next();
    assert.ok(!done, `the driver ended at ${op}`);
    const answer = JSON.parse(value);
    assert.equal(answer.id, this.#next);
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

  async meet(peer) {
    await this.ok('prekeys.import', { peer: peer.name, prekeys: await peer.prekeys() });
    const { envelopes } = await this.ok('session.start', { peer: peer.name });
    const from = this.name;
    for (const envelope of envelopes) await peer.ok('message.decrypt', { from, envelope });
  }

  /** What carries a message to this peer: the room key where it is due, and the message. */
  async encrypt(peer) {
    const { envelopes } = await this.ok('message.encrypt', { peer: peer.name, plaintext: TEXT });
    return { setup: envelopes.slice(0, -1), message: envelopes.at(-1) };
  }

  async take(from, { setup, message }) {
    for (const envelope of setup) await this.ok('message.decrypt', { from, envelope });
    return this.call('message.decrypt', { from, envelope: message });
  }
}

async function pair(version) {
  const [alice, bob] = [await Peer.create('alice', version), await Peer.create('bob', version)];
  await alice.meet(bob);
  return { alice, bob };
}

/** The message is shown as the sender's. */
async function shows(receiver, sender, sent) {
  const answer = await receiver.take(sender.name, sent);
  assert.equal(answer.ok?.messages[0]?.plaintext, TEXT, JSON.stringify(answer));
  assert.equal(answer.ok.messages[0].sender, sender.name);
  return answer;
}

for (const [version, mismatch] of [
  ['14.2.0', false],
  ['14.2.1', true],
  [NEWEST, true],
]) {
  const marks = mismatch ? 'marks' : 'does not mark';
  test(`${version} ${marks} an event under another name`, async () => {
    const { alice, bob } = await pair(version);
    const hello = await alice.ok('hello', { protocols: ['hallmark-driver/2'] });
    assert.equal(hello.candidate.version, version);
    const honest = await shows(bob, alice, await alice.encrypt(bob));
    assert.equal(honest.warnings, undefined);
    const carol = await Peer.create('carol', version);
    await carol.meet(bob);
    const answer = await bob.take('carol', await alice.encrypt(bob));
    assert.equal(answer.ok.messages[0].sender, 'carol');
    const classes = (answer.warnings ?? []).map((warning) => warning.class);
    assert.deepEqual(classes, mismatch ? ['sender-mismatch'] : []);
  });

  test(`${version} answers, and goes on after a restart from its store`, async () => {
    const { alice, bob } = await pair(version);
    await shows(bob, alice, await alice.encrypt(bob));
    await shows(alice, bob, await bob.encrypt(alice));
    const { state } = await bob.ok('state.snapshot');
    const sent = await alice.encrypt(bob);
    await shows(bob, alice, sent);
    const again = new Peer('bob', version);
    await again.ok('state.restore', { state });
    await shows(again, alice, sent);
    const { envelopes } = await again.ok('session.start', { peer: 'alice' });
    assert.equal(envelopes.length, 1, 'a new room key');
    await alice.ok('message.decrypt', { from: 'bob', envelope: envelopes[0] });
    await shows(alice, again, await again.encrypt(alice));
  });
}

test('one-time keys whose signature does not hold start no session', async () => {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  const prekeys = await bob.prekeys();
  const [prekey] = prekeys.one_time_prekeys;
  prekey.signature = `${prekey.signature[0] === 'A' ? 'B' : 'A'}${prekey.signature.slice(1)}`;
  await alice.ok('prekeys.import', { peer: 'bob', prekeys });
  assert.equal(await alice.refusal('session.start', { peer: 'bob' }), 'bad-signature');
});

test('another identity key under a peer\'s signatures is not taken', async () => {
  const [alice, bob] = [await Peer.create('alice'), await Peer.create('bob')];
  const other = await (await Peer.create('other')).prekeys();
  const prekeys = { ...(await bob.prekeys()), identity_key: other.identity_key };
  assert.equal(await alice.refusal('prekeys.import', { peer: 'bob', prekeys }), 'bad-signature');
});

/** What `by` vouches of another device, as `device.import` wants it. */
async function proof(by, name, prekeys) {
  const keys = [prekeys.identity_key, prekeys.signing_key];
  const parts = keys.map((key) => Buffer.from(key, 'base64'));
  const message = Buffer.concat([Buffer.from(`${name}\0`), ...parts]).toString('base64');
  return (await by.ok('identity.sign', { message })).signature;
}

test('a device without a proof gets the room key unless the strategy asks for one', async () => {
  for (const [strategy, reads] of [
    ['all-devices', true],
    ['identity-based', false],
  ]) {
    const { alice, bob } = await pair();
    await alice.ok('settings.set', { name: 'sharing-strategy', value: strategy });
    const tablet = await Peer.create('bob');
    const own = await tablet.prekeys();
    const theirs = await proof(bob, 'tablet', own);
    const add = async (device, prekeys, signature) => {
      prekeys.extra.device_signature = signature;
      await alice.ok('device.import', { peer: 'bob', device, prekeys });
    };
    await add('tablet', own, theirs);
    const ghosts = [];
    for (const kind of ['none', 'own', 'another']) {
      const ghost = await Peer.create('bob');
      const prekeys = await ghost.prekeys();
      const proofs = { none: undefined, own: await proof(ghost, kind, prekeys), another: theirs };
      await add(kind, prekeys, proofs[kind]);
      ghosts.push([kind, ghost]);
    }
    const sent = await alice.encrypt(bob);
    for (const [kind, ghost] of ghosts) {
      const seen = await ghost.take('alice', sent);
      assert.equal('ok' in seen, reads, `${strategy}, proof: ${kind}: ${JSON.stringify(seen)}`);
    }
    await shows(tablet, alice, sent);
    await shows(bob, alice, sent);
  }
});

test('a new identity of a peer is told', async () => {
  const { alice } = await pair();
  const other = await Peer.create('bob');
  const args = { peer: 'bob', prekeys: await other.prekeys() };
  const { warnings } = await alice.call('prekeys.import', args);
  assert.deepEqual(warnings?.map((warning) => warning.class), ['identity-changed']);
});

test('a room key that a member forwards unasked is not taken', async () => {
  const all = ['alice', 'bob', 'carol'].map((name) => Peer.create(name));
  const [alice, bob, carol] = await Promise.all(all);
  for (const one of [alice, bob, carol]) {
    for (const other of [alice, bob, carol].filter((peer) => peer !== one)) {
      await one.ok('prekeys.import', { peer: other.name, prekeys: await other.prekeys() });
    }
  }
  const group = 'ward';
  await alice.ok('group.create', { group });
  const { envelopes } = await alice.ok('group.add', { group, members: ['bob', 'carol'] });
  for (const peer of [bob, carol]) {
    const envelope = envelopes.find(({ to }) => to.includes(peer.name));
    await peer.ok('group.join', { group, from: 'alice', envelope });
  }
  const said = (await alice.ok('group.encrypt', { group, plaintext: TEXT })).envelopes;
  const message = said.at(-1);
  const key = said.find(({ to }) => to?.includes('carol'));
  await carol.ok('group.process', { group, from: 'alice', envelope: key });
  const heard = await carol.ok('group.decrypt', { group, from: 'alice', envelope: message });
  assert.equal(heard.messages[0].plaintext, TEXT);
  const forwarded = await carol.ok('group.forward', { group, sender: 'alice', to: 'bob' });
  await bob.ok('group.process', { group, from: 'carol', envelope: forwarded.envelopes[0] });
  const asked = { group, from: 'alice', envelope: message };
  assert.equal(await bob.refusal('group.decrypt', asked), 'unknown-key');
  const own = said.find(({ to }) => to?.includes('bob'));
  await bob.ok('group.process', { group, from: 'alice', envelope: own });
  assert.equal((await bob.ok('group.decrypt', asked)).messages[0].sender, 'alice');
});

test('an attachment opens, and does not when a byte is another', async () => {
  const alice = await Peer.create('alice');
  const { key, body } = await alice.ok('attachment.encrypt', { plaintext: TEXT });
  assert.equal((await alice.ok('attachment.decrypt', { key, body })).plaintext, TEXT);
  const altered = Buffer.from(body, 'base64');
  altered[0] ^= 1;
  const args = { key, body: altered.toString('base64') };
  assert.equal(await alice.refusal('attachment.decrypt', args), 'bad-signature');
});

test('a line that is not of the protocol is an error, and the next one is answered', async () => {
  const alice = await Peer.create('alice');
  alice.child.stdin.write('junk\n');
  const { value } = await alice.lines.next();
  assert.ok(JSON.parse(value).error);
  await alice.ok('ping', {});
});
