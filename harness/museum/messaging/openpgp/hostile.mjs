// What a recipient can do who takes a signed message out of its encryption and encrypts it, as it
// stands or altered, for somebody else: nothing of it needs the sender's keys.
//
// RFC 4880, section 5.13: the encrypted packets of a message are CFB of a random block, of which
// the last two bytes come twice, of the packets, and of their SHA-1 in a packet of 22 bytes.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const BLOCK = 16;
const MDC_BYTES = 22;
const AES_256 = 'aes256';
const CIPHERS = { aes128: 'aes-128-cfb', aes192: 'aes-192-cfb', aes256: 'aes-256-cfb' };
const SEIPD = 18;

/** The packets below the encryption: one-pass signature, literal data, signature. */
export async function open(openpgp, body, decryptionKeys) {
  const message = await openpgp.readMessage({ binaryMessage: body });
  const [sessionKey] = await openpgp.decryptSessionKeys({ message, decryptionKeys });
  const sealed = packets(Buffer.from(body)).find((packet) => packet.tag === SEIPD)?.body;
  if (sealed?.[0] !== 1) throw new Error('not encrypted as version 1');
  const cipher = CIPHERS[sessionKey.algorithm];
  const opened = decipher(cipher, sessionKey.data, sealed.subarray(1));
  return opened.subarray(BLOCK + 2, opened.length - MDC_BYTES);
}

/** Encrypts these packets for somebody, as they are. */
export async function seal(openpgp, signed, encryptionKeys) {
  const data = randomBytes(32);
  const head = await openpgp.encryptSessionKey({
    data,
    algorithm: AES_256,
    encryptionKeys,
    format: 'binary',
  });
  const block = randomBytes(BLOCK);
  const plain = Buffer.concat([block, block.subarray(-2), signed, Buffer.from([0xd3, 0x14])]);
  const digest = createHash('sha1').update(plain).digest();
  const cipher = createCipheriv(CIPHERS[AES_256], data, Buffer.alloc(BLOCK));
  const sealed = Buffer.concat([cipher.update(Buffer.concat([plain, digest])), cipher.final()]);
  return Buffer.concat([head, packet(SEIPD, Buffer.concat([Buffer.from([1]), sealed]))]);
}

function decipher(name, key, data) {
  const cipher = createDecipheriv(name, key, Buffer.alloc(BLOCK));
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** A packet with a header in the new format, and a length of five bytes. */
export function packet(tag, body) {
  const header = Buffer.alloc(6);
  header[0] = 0xc0 | tag;
  header[1] = 0xff;
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/** The packets of a message, each with its tag, its body and its own bytes. */
export function packets(data) {
  const found = [];
  for (let at = 0; at < data.length; ) {
    const { tag, bodies, end } = one(data, at);
    found.push({ tag, body: Buffer.concat(bodies), bytes: data.subarray(at, end) });
    at = end;
  }
  return found;
}

function one(data, at) {
  const first = data[at];
  if ((first & 0xc0) !== 0xc0) throw new Error('a packet header in the old format');
  const bodies = [];
  let next = at + 1;
  for (;;) {
    const { length, header, partial } = lengthAt(data, next);
    const start = next + header;
    bodies.push(data.subarray(start, start + length));
    next = start + length;
    if (next > data.length) throw new Error('a packet is longer than its message');
    if (!partial) return { tag: first & 0x3f, bodies, end: next };
  }
}

function lengthAt(data, at) {
  const octet = data[at];
  if (octet < 192) return { length: octet, header: 1 };
  if (octet < 224) return { length: ((octet - 192) << 8) + data[at + 1] + 192, header: 2 };
  if (octet < 255) return { length: 1 << (octet & 0x1f), header: 1, partial: true };
  return { length: data.readUInt32BE(at + 1), header: 5 };
}
