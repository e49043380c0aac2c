// The engine in the version asked for, and what differs between its versions.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

// The engine keeps its store in IndexedDB; in Node this one takes its place, in memory.
import 'fake-indexeddb/auto';

/** Lines of the engine's log that are kept for one operation. */
const MOST_LINES = 32;
const MOST_CHARACTERS = 500;

/** Packages by version: see package.json. */
const PACKAGES = new Map([
  ['14.2.0', 'engine-14-2-0'],
  ['14.2.1', 'engine-14-2-1'],
  ['18.9.0', 'engine-18-9-0'],
]);

export class Engine {
  #log = [];

  #candidate = null;

  constructor(api, folder) {
    this.api = api;
    this.folder = folder;
  }

  static async load(version) {
    const name = PACKAGES.get(version);
    if (!name) throw new Error(`the version is one of ${[...PACKAGES.keys()].join(', ')}`);
    const api = await import(name).catch((error) => {
      const remedy = 'run `cargo xtask peers`, or `npm ci` in the folder of this driver';
      throw new Error(`failed to load the engine (${remedy}): ${error.message}`);
    });
    await api.initAsync();
    const engine = new Engine(api, new URL('.', import.meta.resolve(name)));
    engine.#listen();
    return engine;
  }

  /** Name, version and digest of what is really driven. */
  get candidate() {
    return (this.#candidate ??= this.#identify());
  }

  #identify() {
    const about = readFileSync(new URL('package.json', this.folder), 'utf8');
    const { name, version } = JSON.parse(about);
    const wasm = readFileSync(new URL('pkg/matrix_sdk_crypto_wasm_bg.wasm', this.folder));
    return { name, version, sha256: createHash('sha256').update(wasm).digest('hex') };
  }

  /** A machine on a store of this name, which may be there already. */
  async machine(user, device, store) {
    const { OlmMachine, StoreHandle, UserId, DeviceId } = this.api;
    const handle = await StoreHandle.open(store, undefined, this.#logger);
    return OlmMachine.initFromStore(new UserId(user), new DeviceId(device), handle, this.#logger);
  }

  /** Hands events over as a sync does; what the engine made of each. */
  async receive(machine, events, oneTimeKeys, hasFallback, trust) {
    const { DeviceLists } = this.api;
    const processed = await machine.receiveSyncChanges(
      JSON.stringify(events),
      new DeviceLists(),
      new Map([['signed_curve25519', oneTimeKeys]]),
      new Set(hasFallback ? ['signed_curve25519'] : []),
      this.settings(trust),
    );
    return typeof processed === 'string'
      ? JSON.parse(processed).map(fromJson)
      : processed.map((event) => this.#fromObject(event));
  }

  /** The engine takes these over: fresh ones for each call. */
  settings(trust) {
    const { DecryptionSettings, TrustRequirement } = this.api;
    return new DecryptionSettings(TrustRequirement[trust]);
  }

  /** What the engine has logged since this was asked last. */
  takeLog() {
    return this.#log.splice(0);
  }

  #fromObject(event) {
    const { ProcessedToDeviceEventType: Type } = this.api;
    const raw = JSON.parse(event.rawEvent);
    return {
      raw,
      opened: event.type === Type.Decrypted,
      failed: [Type.UnableToDecrypt, Type.Invalid].includes(event.type),
    };
  }

  /** Since version 15 the log goes to a logger that is handed over, before to the console. */
  #listen() {
    const { Tracing, LoggerLevel } = this.api;
    if (Tracing?.isAvailable()) {
      new Tracing(LoggerLevel.Warn).turnOn();
      console.warn = console.error = (line) => this.#note(line);
    }
  }

  get #logger() {
    const note = (line) => this.#note(line);
    const ignore = () => {};
    return { debug: ignore, info: ignore, warn: note, error: note };
  }

  #note(line) {
    process.stderr.write(`${line}\n`);
    // What happened and to what; where in the engine's source is of no use to anybody.
    const parts = `${line}`.split('\n').map((part) => part.trim());
    const told = parts.filter((part) => !/^(at|in) /.test(part)).join(' ');
    this.#log.push(told.slice(0, MOST_CHARACTERS));
    if (this.#log.length > MOST_LINES) this.#log.shift();
  }
}

/** Before version 15 events come back as they are after decryption; what failed is unchanged. */
function fromJson(raw) {
  const encrypted = raw.type === 'm.room.encrypted';
  return { raw, opened: !encrypted && 'keys' in raw, failed: encrypted };
}
