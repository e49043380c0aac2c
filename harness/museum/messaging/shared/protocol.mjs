// hallmark-driver/2, from the end that the Node drivers of the museum share: frames, arguments, lines.

export const PROTOCOL = 'hallmark-driver/2';

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
  // A copy: the library keeps views of what it reads, and erases through them.
  return Uint8Array.from(bytes);
}

export function encode(bytes) {
  return Buffer.from(bytes).toString('base64');
}

const KINDS = new Map([
  ['text', (value) => (typeof value === 'string' ? value : undefined)],
  ['bytes', (value) => (typeof value === 'string' ? decode(value) : undefined)],
  ['count', (value) => (Number.isSafeInteger(value) && value >= 0 ? value : undefined)],
  ['list', (value) => (Array.isArray(value) ? value : undefined)],
  ['object', (value) => (isObject(value) ? value : undefined)],
]);

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads the arguments of an operation; `fields` says which kind each one has, `?` is optional. */
export function read(fields, args) {
  if (!isObject(args)) throw new Error('bad arguments: not an object');
  for (const name of Object.keys(args)) {
    if (!Object.hasOwn(fields, name)) throw new Error(`bad arguments: unknown field \`${name}\``);
  }
  const result = {};
  for (const [name, kind] of Object.entries(fields)) result[name] = field(name, kind, args[name]);
  return result;
}

function field(name, kind, value) {
  if (kind.endsWith('?') && (value === undefined || value === null)) return null;
  let result;
  try {
    result = KINDS.get(kind.replace('?', ''))(value);
  } catch (error) {
    throw new Error(`bad arguments: field \`${name}\`: ${error.message}`, { cause: error });
  }
  if (result !== undefined) return result;
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
  let said;
  try {
    said = { ok: await device.run(op, args) };
  } catch (error) {
    said = declined(error);
  }
  const warnings = device.takeWarnings();
  const shown = warnings.length > 0 ? { warnings } : {};
  return { answer: { id, ...said, ...shown }, last: op === 'shutdown' && 'ok' in said };
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
    await new Promise((resolve, reject) => {
      output.write(`${JSON.stringify(answer)}\n`, (error) => (error ? reject(error) : resolve()));
    });
    if (last) return;
  }
}

async function* lines(input) {
  let parts = [];
  let length = 0;
  for await (const chunk of input) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      if (end < 0) break;
      parts.push(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString('utf8');
      [parts, length, from] = [[], 0, end + 1];
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      length += chunk.length - from;
    }
    if (length > MAX_LINE) throw new Error('a request line is longer than the protocol allows');
  }
  if (length > 0) yield Buffer.concat(parts).toString('utf8');
}
