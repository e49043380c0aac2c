// SPDX-License-Identifier: AGPL-3.0-only
// Prekeys: made, published, and read back as a bundle of the library.

import * as signal from '@signalapp/libsignal-client';

import { Refused, decode, encode, read } from './protocol.mjs';

const PREKEYS = {
  identity_key: 'bytes',
  signing_key: 'bytes?',
  signed_prekey: 'object?',
  one_time_prekeys: 'list?',
  kem_prekey: 'object?',
  extra: 'object?',
};

const SIGNED_PREKEY = { id: 'count', public: 'bytes', signature: 'bytes' };
const ONE_TIME_PREKEY = { id: 'count', public: 'bytes', signature: 'bytes?' };
const EXTRA = { registration_id: 'count', device_id: 'count' };

/** Makes a signed prekey, a Kyber prekey and one-time prekeys, and keeps their private halves. */
export async function publishPrekeys(stores, count) {
  const { privateKey, registrationId } = stores.identities;
  const newId = () => stores.nextId++;
  const signed = (id, key) => ({
    id,
    public: encode(key.serialize()),
    signature: encode(privateKey.sign(key.serialize())),
  });

  const ecKey = signal.PrivateKey.generate();
  const signedPrekey = signed(newId(), ecKey.getPublicKey());
  await stores.signedPrekeys.saveSignedPreKey(signedPrekey.id, signedRecord(signedPrekey, ecKey));

  const kyberPair = signal.KEMKeyPair.generate();
  const kyberPrekey = signed(newId(), kyberPair.getPublicKey());
  await stores.kyberPrekeys.saveKyberPreKey(kyberPrekey.id, kyberRecord(kyberPrekey, kyberPair));

  const oneTimePrekeys = [];
  for (let made = 0; made < count; made += 1) {
    const [id, key] = [newId(), signal.PrivateKey.generate()];
    const record = signal.PreKeyRecord.new(id, key.getPublicKey(), key);
    await stores.prekeys.savePreKey(id, record);
    oneTimePrekeys.push({ id, public: encode(key.getPublicKey().serialize()) });
  }
  return {
    identity_key: encode(privateKey.getPublicKey().serialize()),
    signed_prekey: signedPrekey,
    one_time_prekeys: oneTimePrekeys,
    kem_prekey: kyberPrekey,
    extra: { registration_id: registrationId, device_id: 1 },
  };
}

function signedRecord({ id, signature }, key) {
  const [now, bytes] = [Date.now(), decode(signature)];
  return signal.SignedPreKeyRecord.new(id, now, key.getPublicKey(), key, bytes);
}

function kyberRecord({ id, signature }, pair) {
  return signal.KyberPreKeyRecord.new(id, Date.now(), pair, decode(signature));
}

/** The library's bundle; its parts are not verified before a session is started from it. */
export function readBundle(prekeys) {
  const given = read(PREKEYS, prekeys);
  const signed = read(SIGNED_PREKEY, needed(given.signed_prekey, 'signed prekey'));
  const kyber = read(SIGNED_PREKEY, needed(given.kem_prekey, 'Kyber prekey'));
  const extra = read(EXTRA, needed(given.extra, 'registration id'));
  const [first] = given.one_time_prekeys ?? [];
  const oneTime = first === undefined ? null : read(ONE_TIME_PREKEY, first);
  return signal.PreKeyBundle.new(
    extra.registration_id,
    extra.device_id,
    oneTime && id(oneTime.id),
    oneTime && signal.PublicKey.deserialize(oneTime.public),
    id(signed.id),
    signal.PublicKey.deserialize(signed.public),
    signed.signature,
    signal.PublicKey.deserialize(given.identity_key),
    id(kyber.id),
    signal.KEMPublicKey.deserialize(kyber.public),
    kyber.signature,
  );
}

function needed(part, what) {
  if (part) return part;
  throw new Refused('unknown-key', `the library starts no session without a ${what}`);
}

/** The library's ids have 32 bits. */
function id(number) {
  if (number <= 0xffffffff) return number;
  throw new Refused('malformed', `the id ${number} has more than 32 bits`);
}
