// Names of the harness as names of Matrix, and keys in the base64 of Matrix.

const SERVER = 'ward.example';

export const userOf = (name) => `@${name}:${SERVER}`;
export const nameOf = (user) => user.slice(1, -SERVER.length - 1);
export const deviceOf = (name) => `${name.toUpperCase()}-1`;
export const roomOf = (group) => `!${group}:${SERVER}`;

/** Base64 without padding. */
export const base64Unpadded = (bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
/** The same, with padding. */
export const padded = (text) => text + '='.repeat((4 - (text.length % 4)) % 4);
