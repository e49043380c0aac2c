// Driver for ts-mls, on stdin and stdout.

import { serve } from './protocol.mjs';

// Whatever a library prints must not get between the answers.
console.log = console.info = console.debug = console.error;

async function main() {
  const { Device } = await import('./device.mjs').catch((error) => {
    const remedy = 'run `cargo xtask peers`, or `npm ci` in the folder of this driver';
    throw new Error(`failed to load ts-mls (${remedy}): ${error.message}`);
  });
  await serve(new Device(), process.stdin, process.stdout);
}

process.stdout.on('error', () => process.exit(1));
main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
