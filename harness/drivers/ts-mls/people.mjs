// Whom the application trusts: a name stands for one signature key.

import { Refused } from './protocol.mjs';

export class People {
  /** Signature keys in base64, by name, trusted when they were first seen. */
  #keys;

  constructor(keys = []) {
    this.#keys = new Map(keys);
  }

  snapshot() {
    return [...this.#keys];
  }

  /** Trusts whoever is new. */
  meet(members) {
    for (const { name, key } of members) {
      if (!this.#keys.has(name)) this.#keys.set(name, key);
    }
  }

  /** That nobody shows another key than before, or than another member of the same name. */
  recognise(members) {
    const seen = new Map();
    for (const { name, key } of members) {
      const known = [this.#keys.get(name), seen.get(name)];
      if (known.some((other) => other !== undefined && other !== key)) {
        throw new Refused('identity-changed', `another signature key of \`${name}\` is known`);
      }
      seen.set(name, key);
    }
  }
}
