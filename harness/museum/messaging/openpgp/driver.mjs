// Driver for OpenPGP.js, on stdin and stdout. Its argument is the release: `6.1.0` or `6.1.1`.

import { serve } from '../shared/protocol.mjs';

// Whatever a library prints must not get between the answers.
console.log = console.info = console.debug = console.error;

async function main([release]) {
  const { Device } = await import('./device.mjs');
  const openpgp = await import(`openpgp-${release}`).catch((error) => {
    const remedy = 'run `cargo xtask peers`, or `npm ci` in the folder of this driver';
    throw new Error(`failed to load OpenPGP.js ${release} (${remedy}): ${error.message}`);
  });
  await serve(new Device(openpgp, release), process.stdin, process.stdout);
}

process.stdout.on('error', () => process.exit(1));
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
