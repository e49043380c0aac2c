// SPDX-License-Identifier: AGPL-3.0-only
// Groups of three: what sender keys do when they are driven.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Device } from './device.mjs';
import { answerLine } from './protocol.mjs';

const TEXT = Buffer.from('canary: the ward round is at nine').toString('base64');
const GROUP = 'ward';

/** A device behind the protocol: every call goes through a line. */
class Member {
  device = new Device();

  constructor(name) {
    this.name = name;
  }

  async call(op, args = {}) {
    return (await answerLine(this.device, JSON.stringify({ id: 1, op, args }))).answer;
  }

  async ok(op, args) {
    const answer = await this.call(op, args);
    assert.ok(answer.ok, `${this.name} ${op}: ${JSON.stringify(answer)}`);
    return answer.ok;
  }

  async refusal(op, args) {
    const answer = await this.call(op, args);
    assert.ok(answer.refused, `${this.name} ${op}: ${JSON.stringify(answer)}`);
    return answer.refused.class;
  }
}

/** People who hold each other's prekeys. */
async function people(...names) {
  const all = [];
  for (const name of names) {
    const member = new Member(name);
    await member.ok('identity.create', { name });
    all.push(member);
  }
  for (const owner of all) {
    for (const other of all.filter((one) => one !== owner)) {
      const { prekeys } = await owner.ok('prekeys.publish', { one_time: 1 });
      await other.ok('prekeys.import', { peer: owner.name, prekeys });
    }
  }
  return all;
}

const OPERATION = { welcome: 'group.join', change: 'group.process', key: 'group.process' };

const handed = (from, envelope) => ({ group: GROUP, from: from.name, envelope });

/** Hands over what is not a message; returns the messages. */
async function carry(from, { envelopes }, members) {
  for (const envelope of envelopes.filter(({ kind }) => kind !== 'message')) {
    for (const to of members.filter(({ name }) => envelope.to.includes(name))) {
      await to.ok(OPERATION[envelope.kind], handed(from, envelope));
    }
  }
  return envelopes.filter(({ kind }) => kind === 'message');
}

async function say(from, members) {
  const answer = await from.ok('group.encrypt', { group: GROUP, plaintext: TEXT });
  const [message] = await carry(from, answer, members);
  return message;
}

async function reads(member, from, envelope) {
  const { messages } = await member.ok('group.decrypt', handed(from, envelope));
  assert.deepEqual(messages.map(({ plaintext, sender }) => [plaintext, sender]), [[TEXT, from.name]]);
  return messages[0].position;
}

async function ward(...names) {
  const members = await people(...names);
  const [admin, ...others] = members;
  await admin.ok('group.create', { group: GROUP });
  const added = await admin.ok('group.add', { group: GROUP, members: others.map(({ name }) => name) });
  await carry(admin, added, others);
  return members;
}

test('everyone reads everyone, and positions count', async () => {
  const members = await ward('alice', 'bob', 'carol');
  for (const from of members) {
    const others = members.filter((one) => one !== from);
    const first = await say(from, others);
    const second = await say(from, others);
    for (const member of others) {
      assert.deepEqual([await reads(member, from, first), await reads(member, from, second)], [0, 1]);
    }
  }
});

test('all members see the same members', async () => {
  for (const member of await ward('alice', 'bob', 'carol')) {
    const info = await member.ok('group.info', { group: GROUP });
    assert.deepEqual(info.members.toSorted(), ['alice', 'bob', 'carol']);
    assert.equal(info.cipher, 'AES-256-CBC');
  }
});

test('a removed member reads nothing more, and is not heard', async () => {
  const [alice, bob, carol] = await ward('alice', 'bob', 'carol');
  await reads(carol, bob, await say(bob, [alice, carol]));
  await reads(bob, carol, await say(carol, [alice, bob]));
  const removed = await alice.ok('group.remove', { group: GROUP, members: ['carol'] });
  await carry(alice, removed, [bob]);
  for (const [from, to] of [[alice, bob], [bob, alice]]) {
    const message = await say(from, [to]);
    await reads(to, from, message);
    assert.equal(await carol.refusal('group.decrypt', handed(from, message)), 'unknown-key');
  }
  const late = await say(carol, []);
  assert.equal(await bob.refusal('group.decrypt', handed(carol, late)), 'not-member');
});

test('one who joins reads what comes, and nothing that was', async () => {
  const [alice, bob, carol] = await people('alice', 'bob', 'carol');
  await alice.ok('group.create', { group: GROUP });
  await carry(alice, await alice.ok('group.add', { group: GROUP, members: ['bob'] }), [bob]);
  const before = await say(alice, [bob]);
  await carry(alice, await alice.ok('group.add', { group: GROUP, members: ['carol'] }), [bob, carol]);
  assert.equal(await carol.refusal('group.decrypt', handed(alice, before)), 'unknown-key');
  const after = await say(alice, [bob, carol]);
  assert.equal(await carol.refusal('group.decrypt', handed(alice, before)), 'old-message');
  await reads(carol, alice, after);
  await reads(bob, alice, before);
});

test('replayed, renamed, moved and damaged messages are refused', async () => {
  const [alice, bob, carol] = await ward('alice', 'bob', 'carol');
  const message = await say(alice, [bob, carol]);
  const flipped = Buffer.from(message.body, 'base64');
  flipped[flipped.length - 1] ^= 1;
  const damaged = { ...message, body: flipped.toString('base64') };
  assert.equal(await bob.refusal('group.decrypt', handed(alice, damaged)), 'bad-signature');
  assert.equal(await bob.refusal('group.decrypt', handed(carol, message)), 'unknown-key');
  const elsewhere = { group: 'other', from: 'alice', envelope: message };
  assert.equal(await bob.refusal('group.decrypt', elsewhere), 'not-member');
  await reads(bob, alice, message);
  assert.equal(await bob.refusal('group.decrypt', handed(alice, message)), 'old-message');
});

test('only the admin changes members, and only members speak', async () => {
  const [alice, bob, carol] = await ward('alice', 'bob');
  assert.equal(carol, undefined);
  assert.equal(await bob.refusal('group.remove', { group: GROUP, members: ['alice'] }), 'policy');
  const dora = new Member('dora');
  await dora.ok('identity.create', { name: 'dora' });
  const speak = { group: GROUP, plaintext: TEXT };
  assert.equal(await dora.refusal('group.encrypt', speak), 'not-member');
  await reads(bob, alice, await say(alice, [bob]));
});

test('a rotation and a restored state', async () => {
  const [alice, bob] = await ward('alice', 'bob');
  await reads(bob, alice, await say(alice, [bob]));
  await carry(alice, await alice.ok('group.rotate', { group: GROUP }), [bob]);
  const message = await say(alice, [bob]);
  const { state } = await bob.ok('state.snapshot');
  assert.equal(await reads(bob, alice, message), 0);
  const again = new Member('bob');
  await again.ok('state.restore', { state });
  assert.equal(await reads(again, alice, message), 0);
});

test('a deleted session is gone, and the next one is heard', async () => {
  const [alice, bob] = await people('alice', 'bob');
  await alice.ok('session.start', { peer: 'bob' });
  await alice.ok('session.delete', { peer: 'bob' });
  const encrypt = { peer: 'bob', plaintext: TEXT };
  assert.equal(await alice.refusal('message.encrypt', encrypt), 'unknown-key');
  const { prekeys } = await bob.ok('prekeys.publish', { one_time: 1 });
  await alice.ok('prekeys.import', { peer: 'bob', prekeys });
  await alice.ok('session.start', { peer: 'bob' });
  const { envelopes } = await alice.ok('message.encrypt', encrypt);
  await bob.ok('message.decrypt', { from: 'alice', envelope: envelopes[0] });
});
