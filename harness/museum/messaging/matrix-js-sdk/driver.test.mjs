// What the driver answers, and the attack that the pair is for, on both releases.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DRIVER = fileURLToPath(new URL('driver.mjs', import.meta.url));
const RELEASES = ['19.5.0', '19.7.0'];
const GROUP = 'ward';
const TEXT = Buffer.from('canary: no milk today').toString('base64');

/** A device in a process of its own. */
class Peer {
  static all = [];

  static async create(name, release) {
    const peer = new Peer();
    peer.name = name;
    peer.process = spawn(process.execPath, [DRIVER, release], { stdio: ['pipe', 'pipe', 'inherit'] });
    peer.answers = createInterface({ input: peer.process.stdout })[Symbol.asyncIterator]();
    Peer.all.push(peer);
    await peer.ok('hello', { protocols: ['hallmark-driver/2'] });
    await peer.ok('identity.create', { name });
    return peer;
  }

  async call(op, args = {}) {
    this.process.stdin.write(`${JSON.stringify({ id: 1, op, args })}\n`);
    return JSON.parse((await this.answers.next()).value);
  }

  async ok(op, args) {
    const answer = await this.call(op, args);
    assert.ok(answer.ok, `${op}: ${JSON.stringify(answer)}`);
    return answer.ok;
  }

  async knows(peer) {
    const { prekeys } = await peer.ok('prekeys.publish', { one_time: 1 });
    await this.ok('prekeys.import', { peer: peer.name, prekeys });
  }

  /** Key shares and message, in this order. */
  async says() {
    return (await this.ok('group.encrypt', { group: GROUP, plaintext: TEXT })).envelopes;
  }

  /** Takes the envelopes that are for this device; the last answer. */
  async takes(from, envelopes) {
    let answer;
    for (const envelope of envelopes) {
      if (envelope.to?.length > 0 && !envelope.to.includes(this.name)) continue;
      const op = { welcome: 'group.join', message: 'group.decrypt' }[envelope.kind] ?? 'group.process';
      answer = await this.call(op, { group: GROUP, from, envelope });
      assert.ok(!answer.error, JSON.stringify(answer));
    }
    return answer;
  }
}

after(() => Peer.all.forEach((peer) => peer.process.stdin.end()));

/** A group of three, all told of it. */
async function three(release) {
  const names = ['alice', 'bob', 'carol'];
  const all = await Promise.all(names.map((name) => Peer.create(name, release)));
  for (const one of all) {
    for (const other of all) if (one !== other) await one.knows(other);
  }
  const [alice, ...others] = all;
  await alice.ok('group.create', { group: GROUP });
  const { envelopes } = await alice.ok('group.add', { group: GROUP, members: ['bob', 'carol'] });
  for (const other of others) await other.takes('alice', envelopes);
  return all;
}

for (const release of RELEASES) {
  test(`${release}: a message is heard by all, with its sender and without a warning`, async () => {
    const [alice, bob, carol] = await three(release);
    const envelopes = await alice.says();
    for (const who of [bob, carol]) {
      const heard = await who.takes('alice', envelopes);
      assert.deepEqual(heard, { id: 1, ok: { messages: [{ plaintext: TEXT, sender: 'alice' }] } });
    }
    const again = await bob.takes('alice', envelopes.slice(-1));
    assert.equal(again.refused?.class, 'old-message', JSON.stringify(again));
  });

  test(`${release}: a message without its key is not read, and a state remembers keys`, async () => {
    const [alice, bob] = await three(release);
    const envelopes = await alice.says();
    const before = await bob.ok('state.snapshot');
    const deaf = await bob.takes('alice', envelopes.slice(-1));
    assert.equal(deaf.refused?.class, 'unknown-key', JSON.stringify(deaf));
    await bob.ok('state.restore', before);
    assert.ok((await bob.takes('alice', envelopes)).ok);
    await bob.ok('state.restore', before);
    assert.ok((await bob.takes('alice', envelopes)).ok);
  });

  test(`${release}: a key share under another name is never an error`, async () => {
    const [alice, bob, carol] = await three(release);
    for (const speaker of [alice, bob, carol]) {
      const envelopes = await speaker.says();
      for (const who of [alice, bob, carol]) {
        if (who !== speaker) assert.ok((await who.takes(speaker.name, envelopes)).ok);
      }
    }
    await alice.ok('group.rotate', { group: GROUP });
    const envelopes = await alice.says();
    const heard = await bob.takes('carol', envelopes.slice(0, -1));
    assert.ok(heard.refused, JSON.stringify(heard));
  });

  test(`${release}: who was removed does not speak, and does not read on`, async () => {
    const [alice, bob, carol] = await three(release);
    const { envelopes } = await alice.ok('group.remove', { group: GROUP, members: ['carol'] });
    for (const who of [bob, carol]) await who.takes('alice', envelopes);
    const spoken = await carol.call('group.encrypt', { group: GROUP, plaintext: TEXT });
    assert.equal(spoken.refused?.class, 'not-member', JSON.stringify(spoken));
    const said = await alice.says();
    assert.ok(said.every((envelope) => !envelope.to?.includes('carol')));
    assert.ok((await bob.takes('alice', said)).ok);
  });

  test(`${release}: a key that nobody asked for`, async () => {
    const [alice, bob, carol] = await three(release);
    const envelopes = await alice.says();
    assert.ok((await carol.takes('alice', envelopes)).ok);
    const args = { group: GROUP, sender: 'alice', to: 'bob' };
    const forwarded = (await carol.ok('group.forward', args)).envelopes;
    for (const envelope of forwarded) {
      await bob.call('group.process', { group: GROUP, from: 'carol', envelope });
    }
    const heard = await bob.takes('alice', envelopes.slice(-1));
    if (release === '19.5.0') {
      assert.deepEqual(heard, { id: 1, ok: { messages: [{ plaintext: TEXT, sender: 'alice' }] } });
    } else {
      assert.equal(heard.refused?.class, 'unknown-key', JSON.stringify(heard));
    }
  });
}
