// The engine's store, copied out of IndexedDB and back. The engine saves what it changes at the
// end of each operation, so that the copy is what it would find after a restart.

import { deserialize, serialize } from 'node:v8';

/** How the engine names the database of a store. */
const database = (store) => `${store}::matrix-sdk-crypto`;

/** All of it, with the schema that the engine made. */
export async function exportStore(store) {
  const db = await opened(indexedDB.open(database(store)));
  try {
    const tables = [];
    for (const name of db.objectStoreNames) {
      const table = db.transaction(name).objectStore(name);
      const indexes = [...table.indexNames].map((each) => {
        const { keyPath, unique, multiEntry } = table.index(each);
        return { name: each, keyPath, unique, multiEntry };
      });
      const { keyPath, autoIncrement } = table;
      const [keys, values] = await Promise.all([
        result(table.getAllKeys()),
        result(table.getAll()),
      ]);
      tables.push({ name, keyPath, autoIncrement, indexes, keys, values });
    }
    return serialize({ version: db.version, tables });
  } finally {
    db.close();
  }
}

/** Makes a database of this name as it was exported. */
export async function importStore(store, bytes) {
  const { version, tables } = deserialize(bytes);
  const request = indexedDB.open(database(store), version);
  request.onupgradeneeded = () => {
    for (const { name, keyPath, autoIncrement, indexes } of tables) {
      const table = request.result.createObjectStore(name, { keyPath, autoIncrement });
      for (const { name: index, keyPath: path, unique, multiEntry } of indexes) {
        table.createIndex(index, path, { unique, multiEntry });
      }
    }
  };
  const db = await opened(request);
  try {
    const filled = tables.filter(({ keys }) => keys.length > 0);
    if (filled.length === 0) return;
    const transaction = db.transaction(filled.map(({ name }) => name), 'readwrite');
    for (const { name, keyPath, keys, values } of filled) {
      const table = transaction.objectStore(name);
      keys.forEach((key, at) => table.put(values[at], keyPath === null ? key : undefined));
    }
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

/**
 * Forgets all stores. Deleting one would wait for the engine to close it, which it does when the
 * last object that it handed out is collected.
 */
export function forgetStores() {
  globalThis.indexedDB = new IDBFactory();
}

const opened = result;

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
