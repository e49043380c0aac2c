// Loads a release of matrix-js-sdk and what it needs around it.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The release as its own entry point, without the package `request`: nothing goes to a network. */
export async function load(release) {
  globalThis.Olm = require('@matrix-org/olm');
  await globalThis.Olm.init();
  const name = `matrix-js-sdk-${release}`;
  const sdk = require(`${name}/lib/matrix.js`);
  require(`${name}/lib/utils.js`).setCrypto(require('node:crypto'));
  const { logger } = require(`${name}/lib/logger.js`);
  logger.setLevel('silent');
  const { MemoryCryptoStore } = require(`${name}/lib/crypto/store/memory-crypto-store.js`);
  const olmlib = require(`${name}/lib/crypto/olmlib.js`);
  return { ...sdk, MemoryCryptoStore, olmlib };
}
