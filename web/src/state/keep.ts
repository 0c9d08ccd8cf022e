// A small store that survives a phone that dies: IndexedDB, flushed to the disk with each change, behind the face of a Storage. What was
// kept is read once, at the start; from then on this page is the only one that writes.

const DATABASE = 'trongdong';
/** Texts by their key. */
export const STORE = 'kept';

export interface Keep extends Pick<Storage, 'getItem' | 'setItem'> {
  /** Done once all that was set so far is on the disk; false: this phone does not keep it. */
  settled: () => Promise<boolean>;
}

/** What a request came to. */
export const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });

/** Opens what this machine keeps; throws where there is no IndexedDB. */
export async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

/** Whether the disk has the text, or, undefined, has none under the key any more. */
export const writeKept = (database: IDBDatabase, key: string, text: string | undefined): Promise<boolean> =>
  new Promise((resolve) => {
    try {
      // Strict: the answer comes after the disk has it.
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
      const store = transaction.objectStore(STORE);
      if (text === undefined) store.delete(key);
      else store.put(text, key);
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false);
    } catch {
      resolve(false);
    }
  });

/**
 * Opens the store with what is kept under these keys. What an earlier version kept in localStorage moves over. A browser without
 * IndexedDB keeps on using localStorage, which is written to the disk some seconds later.
 */
export async function openKeep(keys: readonly string[]): Promise<Keep> {
  let database: IDBDatabase;
  const values = new Map<string, string>();
  try {
    database = await openDatabase();
    const store = database.transaction(STORE).objectStore(STORE);
    const found = await Promise.all(keys.map((key) => done(store.get(key) as IDBRequest<unknown>)));
    keys.forEach((key, at) => {
      if (typeof found[at] === 'string') values.set(key, found[at]);
    });
  } catch {
    return { getItem: (key) => localStorage.getItem(key), setItem: (key, value) => localStorage.setItem(key, value), settled: () => Promise.resolve(true) };
  }
  let last: Promise<boolean> = Promise.resolve(true);
  const keep: Keep = {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => {
      values.set(key, value);
      // Transactions of one page are done in their order.
      last = writeKept(database, key, value);
    },
    settled: () => last,
  };
  for (const key of keys) {
    const earlier = localStorage.getItem(key);
    if (earlier === null) continue;
    if (!values.has(key)) keep.setItem(key, earlier);
    if (await keep.settled()) localStorage.removeItem(key);
  }
  return keep;
}
