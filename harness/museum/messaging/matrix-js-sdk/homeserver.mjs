// The homeserver of one device: it knows what the harness said, and collects what the device sends.

/** An idle device asks again after this time, as with a real server. */
const POLL_MILLIS = 25_000;

export class Homeserver {
  /** Of this device, as it uploaded them. */
  own = { device: null, oneTime: {} };
  /** Of others, by user: their device, and the one-time key that is left. */
  others = {};
  /** Events that the device sent to other devices, in order: [user, event]. */
  toDevice = [];
  /** Events that the device sent to rooms, in order. */
  events = [];

  #user;
  #batch = 0;
  #queue = [];
  #poll = null;
  #idle = null;
  #closed = false;

  constructor(user, kept) {
    this.#user = user;
    if (kept) Object.assign(this, structuredClone(kept));
  }

  snapshot() {
    return { own: this.own, others: this.others };
  }

  close() {
    this.#closed = true;
    if (this.#poll) clearTimeout(this.#poll.timer);
    this.#poll = null;
  }

  /** Hands the device a response to `/sync`; done when it asks for the next one. */
  async sync(response) {
    const asked = new Promise((resolve) => { this.#idle = resolve; });
    this.#queue.push(response);
    if (this.#poll) this.#answerPoll();
    await asked;
  }

  /** The request function of the library, in the manner of the package `request`. */
  request = (options, callback) => {
    const path = new URL(options.uri).pathname.replace(/^\/_matrix\/client(\/(r0|v\d+|unstable))?/, '');
    const answer = (status, body) => {
      const headers = { 'content-type': 'application/json' };
      setImmediate(() => callback(null, { statusCode: status, headers }, JSON.stringify(body)));
    };
    if (this.#closed) return { abort() {} };
    if (path === '/sync') {
      this.#asked(answer);
      return { abort: () => this.close() };
    }
    const body = options.body ? JSON.parse(options.body) : {};
    const found = this.#serve(`${options.method} ${path}`, body);
    if (found) answer(200, found);
    else answer(404, { errcode: 'M_NOT_FOUND', error: 'there is none here' });
    return { abort() {} };
  };

  #asked(answer) {
    this.#poll = { answer, timer: setTimeout(() => this.#answerPoll(), POLL_MILLIS) };
    if (this.#queue.length > 0) this.#answerPoll();
    else this.#idle?.();
  }

  #answerPoll() {
    const { answer, timer } = this.#poll;
    clearTimeout(timer);
    this.#poll = null;
    this.#batch += 1;
    const counts = { signed_curve25519: Object.keys(this.own.oneTime).length };
    answer(200, {
      next_batch: `${this.#batch}`,
      device_one_time_keys_count: counts,
      'org.matrix.msc2732.device_unused_fallback_key_types': ['signed_curve25519'],
      ...this.#queue.shift(),
    });
  }

  #serve(request, body) {
    if (request === 'GET /versions') return { versions: ['r0.6.1', 'v1.1', 'v1.2', 'v1.3'] };
    if (request === 'GET /pushrules/') return { global: {} };
    if (request === 'GET /capabilities') return { capabilities: {} };
    if (/^POST \/user\/.*\/filter$/.test(request)) return { filter_id: '1' };
    if (request === 'POST /keys/upload') return this.#upload(body);
    if (request === 'POST /keys/query') return this.#query(Object.keys(body.device_keys));
    if (request === 'POST /keys/claim') return this.#claim(body.one_time_keys);
    const toDevice = /^PUT \/sendToDevice\/([^/]+)\//.exec(request);
    if (toDevice) {
      const type = decodeURIComponent(toDevice[1]);
      for (const [user, devices] of Object.entries(body.messages)) {
        for (const content of Object.values(devices)) this.send(user, { type, content });
      }
      return {};
    }
    const event = /^PUT \/rooms\/([^/]+)\/send\/([^/]+)\//.exec(request);
    if (event) {
      const [room_id, type] = [event[1], event[2]].map(decodeURIComponent);
      this.events.push({ type, room_id, content: body });
      return { event_id: `$own-${this.events.length}-${process.pid}` };
    }
    return null;
  }

  /** Takes an event for a user's device. */
  send(user, event) {
    this.toDevice.push([user, event]);
  }

  #upload({ device_keys: device, one_time_keys: oneTime = {} }) {
    if (device) this.own.device = device;
    Object.assign(this.own.oneTime, oneTime);
    return { one_time_key_counts: { signed_curve25519: Object.keys(this.own.oneTime).length } };
  }

  #query(users) {
    const device_keys = {};
    for (const user of users) {
      const device = user === this.#user ? this.own.device : this.others[user]?.device;
      device_keys[user] = device ? { [device.device_id]: device } : {};
    }
    return { device_keys, failures: {} };
  }

  #claim(asked) {
    const one_time_keys = {};
    for (const [user, devices] of Object.entries(asked)) {
      const other = this.others[user];
      if (!other?.oneTime || !(other.device.device_id in devices)) continue;
      one_time_keys[user] = { [other.device.device_id]: other.oneTime };
      other.oneTime = null;
    }
    return { one_time_keys, failures: {} };
  }

  // ---- prekeys ----

  /** What the device published, with so many one-time keys, which are then gone. */
  publish(count, own = this.own) {
    const names = Object.keys(own.oneTime).slice(0, count);
    const taken = names.map((name) => {
      const key = own.oneTime[name];
      delete own.oneTime[name];
      return [name, key];
    });
    return { device: own.device, taken };
  }

  /** A user's device, and a one-time key of it, as the harness gave them. */
  learn(user, device, oneTime) {
    this.others[user] = { device, oneTime };
  }
}

