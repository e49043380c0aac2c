// Driver for matrix-js-sdk, on stdin and stdout. Its argument is the release: `19.5.0` or `19.7.0`.

import { serve } from '../shared/protocol.mjs';

// Whatever a library prints must not get between the answers.
console.log = console.info = console.debug = console.trace = console.error;

async function main([release]) {
  const { Device } = await import('./device.mjs');
  const { load } = await import('./library.mjs');
  const sdk = await load(release).catch((error) => {
    const remedy = 'run `cargo xtask peers`, or `npm ci` in the folder of this driver';
    throw new Error(`failed to load matrix-js-sdk ${release} (${remedy}): ${error.message}`);
  });
  await serve(new Device(sdk, release), process.stdin, process.stdout);
}

process.stdout.on('error', () => process.exit(1));
main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
