// What the driver answers, and the attack that the pair is for, on both releases.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

import { packet, packets } from './hostile.mjs';

const DRIVER = fileURLToPath(new URL('driver.mjs', import.meta.url));
const SIGNED = 'signed by alice: give 5 mg';
const FORGED = 'written by mallory: give 50 mg';
const RELEASES = ['6.1.0', '6.1.1'];

const base64 = (data) => Buffer.from(data).toString('base64');
const text = (data) => Buffer.from(data, 'base64').toString();

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

  async says(peer, words) {
    const args = { peer: peer.name, plaintext: base64(words) };
    return (await this.ok('message.encrypt', args)).envelopes[0];
  }

  hears(peer, envelope) {
    return this.call('message.decrypt', { from: peer.name, envelope });
  }
}

after(() => Peer.all.forEach((peer) => peer.process.stdin.end()));

async function three(release) {
  const names = ['alice', 'bob', 'mallory'];
  const all = await Promise.all(names.map((name) => Peer.create(name, release)));
  for (const one of all) {
    for (const other of all) if (one !== other) await one.knows(other);
  }
  return all;
}

/** A literal data packet: binary, no file name, no date (RFC 4880, section 5.9). */
function literal(words) {
  return packet(11, Buffer.concat([Buffer.from('b'), Buffer.alloc(5), Buffer.from(words)]));
}

/** A compressed data packet, raw deflate (RFC 4880, section 5.6). */
function compressed(inner) {
  return packet(8, Buffer.concat([Buffer.from([1]), deflateRawSync(inner)]));
}

/** Every order of packets, with what comes of it in both releases, or in each. */
function orders(signed) {
  const [onePass, original, signature] = packets(signed).map(({ bytes }) => bytes);
  const other = literal(FORGED);
  const differ = { '6.1.0': FORGED, '6.1.1': SIGNED };
  return [
    { what: 'as it was', parts: [signed], both: SIGNED },
    { what: 'as it was, compressed as a whole', parts: [compressed(signed)], both: SIGNED },
    { what: 'a compressed literal behind', parts: [signed, compressed(other)], ...differ },
    {
      what: 'a compressed literal before the signature',
      parts: [onePass, original, compressed(other), signature],
      ...differ,
    },
    { what: 'a literal behind', parts: [signed, other], both: SIGNED },
    { what: 'a compressed literal in front', parts: [compressed(other), signed], both: 'bad-signature' },
    { what: 'a literal in front', parts: [other, signed], both: 'bad-signature' },
    {
      what: 'a compressed literal before the signed one',
      parts: [onePass, compressed(other), original, signature],
      both: 'bad-signature',
    },
    {
      what: 'a literal in the place of the signed one',
      parts: [onePass, other, signature],
      both: 'bad-signature',
    },
  ];
}

for (const release of RELEASES) {
  test(`${release}: messages are heard, with their sender`, async () => {
    const [alice, bob] = await three(release);
    const heard = await bob.hears(alice, await alice.says(bob, SIGNED));
    assert.deepEqual(heard.ok.messages, [{ plaintext: base64(SIGNED), sender: 'alice' }]);
  });

  test(`${release}: what another signed is refused`, async () => {
    const [alice, bob, mallory] = await three(release);
    const heard = await bob.hears(alice, await mallory.says(bob, FORGED));
    assert.equal(heard.refused?.class, 'unknown-key', JSON.stringify(heard));
  });

  test(`${release}: altered messages are refused, and none is an error`, async () => {
    const [alice, bob] = await three(release);
    const envelope = await alice.says(bob, SIGNED);
    const body = Buffer.from(envelope.body, 'base64');
    for (let bit = 0; bit < 8 * body.length; bit += 5) {
      const altered = Buffer.from(body);
      altered[bit >> 3] ^= 1 << (bit & 7);
      const heard = await bob.hears(alice, { ...envelope, body: base64(altered) });
      assert.ok(heard.refused ?? heard.ok, `bit ${bit}: ${JSON.stringify(heard)}`);
      if (heard.ok) assert.equal(text(heard.ok.messages[0].plaintext), SIGNED, `bit ${bit}`);
    }
  });

  test(`${release}: the text that is shown, by the order of packets`, async () => {
    const [alice, bob, mallory] = await three(release);
    const envelope = await alice.says(mallory, SIGNED);
    const { signed } = await mallory.ok('signed.open', { from: 'alice', envelope });
    for (const order of orders(Buffer.from(signed, 'base64'))) {
      const args = { peer: 'bob', signed: base64(Buffer.concat(order.parts)) };
      const { envelopes } = await mallory.ok('signed.seal', args);
      const heard = await bob.hears(alice, envelopes[0]);
      const came = heard.ok ? text(heard.ok.messages[0].plaintext) : heard.refused.class;
      assert.equal(came, order[release] ?? order.both, order.what);
    }
  });
}
