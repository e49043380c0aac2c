// Names of the driver protocol as identifiers of Matrix, and back.

const SERVER = 'example';

/** Characters of a localpart that stand for themselves; any other is written `=` and its UTF-8. */
const PLAIN = /[^a-z0-9._\-/]/gu;

export function userId(name) {
  return `@${escape(name)}:${SERVER}`;
}

/** The name behind a user id, or the id itself where this server has no such user. */
export function nameOf(user) {
  const found = /^@(.*):example$/.exec(user);
  if (!found) return user;
  try {
    return decodeURIComponent(found[1].replaceAll('=', '%'));
  } catch {
    return user;
  }
}

/** The room of a group. */
export function groupRoom(group) {
  return `!g.${escape(group)}:${SERVER}`;
}

/** The room in which two write to each other, the same for both. */
export function pairRoom(one, other) {
  const [first, second] = [escape(one), escape(other)].sort();
  return `!p.${first}+${second}:${SERVER}`;
}

/** With whom `me` shares the room of a pair; none where it is not such a room of `me`. */
export function partnerIn(room, me) {
  const own = escape(me);
  const [, first, second] = /^!p\.([^+]*)\+([^+]*):example$/.exec(room) ?? [];
  if (first === own) return nameOf(`@${second}:${SERVER}`);
  return second === own ? nameOf(`@${first}:${SERVER}`) : null;
}

function escape(name) {
  return name.replace(PLAIN, (each) =>
    [...Buffer.from(each)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
