// A client that runs: what the library keeps, and what an application does around it.

import { Homeserver } from './homeserver.mjs';
import { deviceOf, userOf } from './names.mjs';

const MEGOLM = 'm.megolm.v1.aes-sha2';

/** What MemoryCryptoStore keeps, by the names of its fields. */
const STORED = [
  'outgoingRoomKeyRequests', 'account', 'crossSigningKeys', 'privateKeys', 'sessions',
  'sessionProblems', 'notifiedErrorDevices', 'inboundGroupSessions',
  'inboundGroupSessionsWithheld', 'deviceData', 'rooms', 'sessionsNeedingBackup',
  'sharedHistoryInboundGroupSessions',
];

const MOST_HEARD = 64;

export class Account {
  /** Members by room, oneself included. */
  rooms = {};
  /** Keys as they were shared with this device, the latest last. */
  heard = [];
  client;
  server;

  #sdk;
  #store;
  #events = 0;

  constructor(sdk, name, kept) {
    this.name = name;
    this.#sdk = sdk;
    this.server = new Homeserver(userOf(name), kept?.server);
    this.rooms = structuredClone(kept?.rooms ?? {});
    this.heard = structuredClone(kept?.heard ?? []);
    this.#store = new sdk.MemoryCryptoStore();
    if (kept) Object.assign(this.#store, structuredClone(kept.store));
  }

  /** Starts the client; done when its first sync is. */
  async start() {
    this.client = this.#sdk.createClient({
      baseUrl: 'https://homeserver.invalid',
      userId: userOf(this.name),
      deviceId: deviceOf(this.name),
      accessToken: 'token',
      request: this.server.request,
      cryptoStore: this.#store,
    });
    await this.client.initCrypto();
    this.client.setGlobalErrorOnUnknownDevices(false);
    const rooms = Object.keys(this.rooms);
    const join = Object.fromEntries(rooms.map((room) => [room, this.#state(room)]));
    const first = this.server.sync({ rooms: { join } });
    await this.client.startClient({ initialSyncLimit: 20 });
    await first;
    await this.client.uploadKeys();
  }

  stop() {
    this.server.close();
    this.client?.stopClient();
  }

  snapshot() {
    const store = Object.fromEntries(STORED.map((name) => [name, this.#store[name]]));
    const { name, rooms, heard } = this;
    return { name, server: this.server.snapshot(), rooms, heard, store };
  }

  // ---- rooms ----

  /** The members of a room are these from now on; the room is made where it is new. */
  async roster(room, members, by) {
    const before = this.rooms[room];
    this.rooms[room] = { members: [...members], by: before?.by ?? by };
    if (!before) {
      await this.server.sync({ rooms: { join: { [room]: this.#state(room) } } });
      return;
    }
    const gone = before.members.filter((name) => !members.includes(name));
    const come = members.filter((name) => !before.members.includes(name));
    const events = [
      ...come.map((name) => this.#member(name, 'join', by)),
      ...gone.map((name) => this.#member(name, 'leave', by)),
    ];
    if (events.length > 0) await this.server.sync({ rooms: { join: { [room]: timeline(events) } } });
  }

  #state(room) {
    const { members, by } = this.rooms[room];
    const make = (type, content) => this.#event(type, by, content, '');
    const events = [
      make('m.room.create', { creator: userOf(by) }),
      make('m.room.encryption', { algorithm: MEGOLM }),
      ...members.map((name) => this.#member(name, 'join', by)),
    ];
    return { ...timeline([]), state: { events } };
  }

  #member(name, membership, by) {
    const sender = membership === 'join' ? name : by;
    return this.#event('m.room.member', sender, { membership }, userOf(name));
  }

  #event(type, from, content, stateKey) {
    this.#events += 1;
    return {
      type,
      sender: userOf(from),
      content,
      event_id: `$${this.name}-${process.pid}-${this.#events}`,
      origin_server_ts: Date.now(),
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
    };
  }

  // ---- what arrives ----

  /** Hands the client an event of a room; returns it when the client has tried to read it. */
  async arrive(room, from, content) {
    const raw = this.#event('m.room.encrypted', from, content);
    await this.server.sync({ rooms: { join: { [room]: timeline([raw]) } } });
    const event = this.client.getRoom(room)?.findEventById(raw.event_id);
    if (!event) throw new Error('the client did not take the event into the room');
    await this.client.decryptEventIfNeeded(event);
    await event.getDecryptionPromise();
    return event;
  }

  /** Hands the client an event for this device; returns it when the client has dealt with it. */
  async arriveForDevice(from, given) {
    const watched = this.#watch();
    await this.server.sync({ to_device: { events: [{ ...given, sender: userOf(from) }] } });
    const event = watched.end();
    await event?.getDecryptionPromise();
    // The client goes on with what it decrypted in the turns that follow.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(watched.working);
    if (event?.getType() === 'm.room_key') this.#keep(event);
    return event;
  }

  /** Remembers a key as it was shared: only a hostile member does. */
  #keep(event) {
    const { room_id: room, session_id: sessionId, session_key: sessionKey } = event.getContent();
    this.heard.push({ room, sessionId, sessionKey, senderKey: event.getSenderKey() });
    if (this.heard.length > MOST_HEARD) this.heard.shift();
  }

  /** Sees which event the client takes for this device, and waits for what it does with keys. */
  #watch() {
    let event = null;
    const working = [];
    const take = (given) => { event = given; };
    this.client.on('toDeviceEvent', take);
    for (const room of Object.keys(this.rooms)) {
      const algorithm = this.client.crypto.getRoomDecryptor(room, MEGOLM);
      if (Object.hasOwn(algorithm, 'onRoomKeyEvent')) delete algorithm.onRoomKeyEvent;
      const handle = algorithm.onRoomKeyEvent;
      algorithm.onRoomKeyEvent = (given) => {
        const done = handle.call(algorithm, given);
        working.push(done);
        return done;
      };
    }
    const end = () => {
      this.client.off('toDeviceEvent', take);
      return event;
    };
    return { end, working };
  }
}

function timeline(events) {
  const none = { events: [] };
  const line = { events, limited: false, prev_batch: '0' };
  return { timeline: line, state: none, ephemeral: none, account_data: none };
}
