// Photos that this device keeps until the centre has them: bytes in IndexedDB, flushed to the disk before a photo counts as kept.

const DATABASE = 'trongdong-photos';
const STORE = 'photos';
/** Photos kept at once; one more is not taken. */
export const BOXED_MAX = 32;

/** A kept photo, and what it waits for: a draft, the code of a report, a crew. */
export interface Boxed {
  id: number;
  of: string;
  photo: Blob;
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id', autoIncrement: true });
  return done(request);
}

export class PhotoBox {
  /** For a browser that forbids IndexedDB: for as long as the page is open. */
  private readonly held = new Map<number, Boxed>();
  private database: Promise<IDBDatabase | undefined> | undefined;

  /** Whether what is kept outlives the page. */
  async isKept(): Promise<boolean> {
    return (await this.opened()) !== undefined;
  }

  /** Everything that is kept, oldest first. */
  async all(): Promise<Boxed[]> {
    const database = await this.opened();
    if (database === undefined) return [...this.held.values()];
    return done(database.transaction(STORE).objectStore(STORE).getAll() as IDBRequest<Boxed[]>);
  }

  /** The bytes of a photo; undefined: it is kept no longer. */
  async get(id: number): Promise<Blob | undefined> {
    const database = await this.opened();
    if (database === undefined) return this.held.get(id)?.photo;
    const found = await done(database.transaction(STORE).objectStore(STORE).get(id) as IDBRequest<Boxed | undefined>);
    return found?.photo;
  }

  /** Keeps a photo; its id once the disk has it, undefined where it does not or there are too many. */
  async add(of: string, photo: Blob): Promise<number | undefined> {
    if ((await this.all()).length >= BOXED_MAX) return undefined;
    return this.write((store) => store.add({ of, photo }) as IDBRequest<number>, () => {
      const id = Math.max(0, ...this.held.keys()) + 1;
      this.held.set(id, { id, of, photo });
      return id;
    });
  }

  /** What it waits for is another now. */
  async move(boxed: Boxed, of: string): Promise<void> {
    await this.write((store) => store.put({ ...boxed, of }) as IDBRequest<number>, () => {
      this.held.set(boxed.id, { ...boxed, of });
      return boxed.id;
    });
  }

  async remove(id: number): Promise<void> {
    await this.write((store) => store.delete(id) as IDBRequest<undefined>, () => {
      this.held.delete(id);
      return undefined;
    });
  }

  private async write<T>(act: (store: IDBObjectStore) => IDBRequest<T>, without: () => T): Promise<T | undefined> {
    const database = await this.opened();
    if (database === undefined) return without();
    return new Promise((resolve) => {
      try {
        // Strict: the answer comes after the disk has it.
        const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
        const request = act(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => resolve(undefined);
      } catch {
        resolve(undefined);
      }
    });
  }

  private opened(): Promise<IDBDatabase | undefined> {
    this.database ??= open().catch(() => undefined);
    return this.database;
  }
}
