// Choices that the engine leaves to its client.

import { Unsupported } from './protocol.mjs';

/** With which devices room keys are shared: names of the engine's strategies. */
const STRATEGIES = new Map([
  ['all-devices', 'allDevices'],
  ['identity-based', 'identityBasedStrategy'],
  ['only-trusted-devices', 'onlyTrustedDevices'],
  ['error-on-verified-user-problem', 'errorOnUnverifiedUserProblem'],
]);

/** What decryption asks of the sender's device. */
const TRUST = new Map([
  ['untrusted', 'Untrusted'],
  ['cross-signed-or-legacy', 'CrossSignedOrLegacy'],
  ['cross-signed', 'CrossSigned'],
]);

const SHIELDS = new Map([
  ['lax', false],
  ['strict', true],
]);

export class Settings {
  #rows;

  constructor(account, rooms) {
    this.#rows = new Map([
      ['sharing-strategy', [STRATEGIES, rooms, 'strategy', 'all-devices']],
      ['sender-trust', [TRUST, account, 'trust']],
      ['shields', [SHIELDS, rooms, 'strict']],
    ]);
  }

  get({ name }) {
    const [words, holder, field, otherwise] = this.#row(name);
    const found = [...words].find(([, value]) => value === holder[field]);
    return { value: found?.[0] ?? otherwise };
  }

  set({ name, value }) {
    const [words, holder, field] = this.#row(name);
    if (!words.has(value)) throw new Error(`\`${name}\` is one of ${[...words.keys()].join(', ')}`);
    holder[field] = words.get(value);
    return {};
  }

  #row(name) {
    const row = this.#rows.get(name);
    if (row) return row;
    throw new Unsupported(`there are the settings ${[...this.#rows.keys()].join(', ')}`);
  }
}
