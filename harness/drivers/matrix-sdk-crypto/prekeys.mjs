// What a device uploads, as prekeys of the driver protocol, and back.
//
// The fallback key travels in `extra`: a server hands it out only where no one-time key is left, so
// that it is no prekey from which every session starts.

import { splitSigning } from './account.mjs';
import { encodeUnpadded, plain } from './json.mjs';
import { userId } from './names.mjs';
import { Refused, encode, read } from './protocol.mjs';

const PREKEYS = {
  identity_key: 'bytes',
  signing_key: 'bytes?',
  signed_prekey: 'object?',
  one_time_prekeys: 'list?',
  kem_prekey: 'object?',
  extra: 'object?',
};

const ONE_TIME_PREKEY = { id: 'count', public: 'bytes', signature: 'bytes?' };

export function publishedKeys(curve25519, signing, published, { oneTime, fallback }) {
  return {
    identity_key: encode(curve25519),
    signing_key: encode(signing),
    one_time_prekeys: oneTime.map(toPrekey),
    extra: {
      ...published,
      fallback_keys: Object.fromEntries(fallback.map(({ id, object }) => [id, object])),
    },
  };
}

/** A key id is `signed_curve25519:` and the base64 of a number of 64 bits. */
function toPrekey({ id, object }) {
  const [, number] = id.split(':');
  const [signature] = Object.values(object.signatures).flatMap(Object.values);
  return {
    id: Number(Buffer.from(number, 'base64').readBigUInt64BE()),
    public: encode(Buffer.from(object.key, 'base64')),
    signature: encode(Buffer.from(signature, 'base64')),
  };
}

export function readPrekeys(peer, prekeys) {
  const given = read(PREKEYS, prekeys);
  if (!given.signing_key) throw new Refused('malformed', 'a device has a signing key');
  const { device } = splitSigning(given.signing_key);
  const [first] = given.one_time_prekeys ?? [];
  const oneTime = first === undefined ? [] : [toOneTimeKey(userId(peer), device, first)];
  const extra = plain(given.extra, 'device keys');
  return { curve: given.identity_key, signing: given.signing_key, extra, oneTime };
}

function toOneTimeKey(user, device, prekey) {
  const { id, public: key, signature } = read(ONE_TIME_PREKEY, prekey);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(id));
  const signatures = signature
    ? { [user]: { [`ed25519:${device}`]: encodeUnpadded(signature) } }
    : {};
  return {
    id: `signed_curve25519:${encodeUnpadded(number)}`,
    object: { key: encodeUnpadded(key), signatures },
  };
}

