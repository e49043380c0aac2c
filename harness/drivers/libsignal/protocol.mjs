// SPDX-License-Identifier: AGPL-3.0-only
// The driver protocol, from the driver's end: frames, arguments, and the line they travel on.

/** The versions spoken, best first. They differ in warnings alone, and this driver gives none. */
export const PROTOCOLS = ['hallmark-driver/2', 'hallmark-driver/1'];

/** Longest line that either side may send, in bytes, without the line break. */
export const MAX_LINE = 16 * 1024 * 1024;

/** The candidate decided against an operation. */
export class Refused extends Error {
  constructor(refusalClass, detail) {
    super(detail);
    this.refusalClass = refusalClass;
  }
}

/** There is no such thing behind this driver. */
export class Unsupported extends Error {}

/** Standard base64 with padding (RFC 4648, section 4), and nothing that only looks like it. */
export function decode(text) {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Error('not standard base64');
  return new Uint8Array(bytes);
}

export function encode(bytes) {
  return Buffer.from(bytes).toString('base64');
}

const KINDS = {
  text: (value) => typeof value === 'string' && value,
  bytes: (value) => typeof value === 'string' && decode(value),
  count: (value) => Number.isSafeInteger(value) && value >= 0 && value,
  list: (value) => Array.isArray(value) && value,
  object: (value) => typeof value === 'object' && value !== null && value,
};

/** Reads the arguments of an operation; `fields` says which kind each one has. */
export function read(fields, args) {
  if (!KINDS.object(args)) throw new Error('bad arguments: not an object');
  const unknown = Object.keys(args).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Error(`bad arguments: unknown field \`${unknown}\``);
  return Object.fromEntries(
    Object.entries(fields).map(([name, kind]) => [name, field(name, kind, args[name])]),
  );
}

function field(name, kind, value) {
  const optional = kind.endsWith('?');
  if (optional && (value === undefined || value === null)) return null;
  try {
    const result = KINDS[optional ? kind.slice(0, -1) : kind](value);
    if (result !== false) return result;
  } catch (error) {
    throw new Error(`bad arguments: field \`${name}\`: ${error.message}`, { cause: error });
  }
  throw new Error(`bad arguments: field \`${name}\` is missing or of another type`);
}

/** Answers one request line; `last` says that the request was `shutdown`. */
export async function answerLine(device, line) {
  let request;
  try {
    request = read({ id: 'count', op: 'text', args: 'object' }, JSON.parse(line));
  } catch (error) {
    const message = `the request is not of the protocol: ${error.message}`;
    return { answer: { id: 0, error: { message } }, last: false };
  }
  const { id, op, args } = request;
  try {
    return { answer: { id, ok: await device.run(op, args) }, last: op === 'shutdown' };
  } catch (error) {
    return { answer: { id, ...declined(error) }, last: false };
  }
}

function declined(error) {
  if (error instanceof Refused) {
    return { refused: { class: error.refusalClass, detail: error.message } };
  }
  if (error instanceof Unsupported) return { unsupported: { reason: error.message } };
  return { error: { message: `${error?.message ?? error}` } };
}

/** Serves requests, one after the other, until the input ends or asks to shut down. */
export async function serve(device, input, output) {
  for await (const line of lines(input)) {
    const { answer, last } = await answerLine(device, line);
    const written = new Promise((resolve, reject) => {
      output.write(`${JSON.stringify(answer)}\n`, (error) => (error ? reject(error) : resolve()));
    });
    await written;
    if (last) return;
  }
}

async function* lines(input) {
  let parts = [];
  let length = 0;
  for await (const chunk of input) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8');
      [parts, length, rest] = [[], 0, rest.subarray(end + 1)];
    }
    length += rest.length;
    if (length > MAX_LINE) throw new Error('a request line is longer than the protocol allows');
    if (rest.length > 0) parts.push(rest);
  }
  if (length > 0) yield Buffer.concat(parts).toString('utf8');
}
