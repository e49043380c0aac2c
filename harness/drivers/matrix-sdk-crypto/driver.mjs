// Driver for the Matrix crypto engine, on stdin and stdout: `node driver.mjs 18.9.0 [STRATEGY]`, where
// STRATEGY is a value of the setting `sharing-strategy`.

import { serve } from './protocol.mjs';

// The engine logs to the console, and its log must not get between the answers.
console.log = console.info = console.debug = console.warn = console.error;

async function main() {
  const [version, strategy] = process.argv.slice(2);
  const { Device } = await import('./device.mjs');
  await serve(await Device.of(version, strategy), process.stdin, process.stdout);
}

process.stdout.on('error', () => process.exit(1));
main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
