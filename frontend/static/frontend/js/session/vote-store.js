// @ts-check
/** Votes on this computer's disk: one IndexedDB table, in the order in which they were made. */

/**
 * One request to make: a vote, or the undoing of one.
 * @typedef {{seq: number, user: string, uuid: string, candidate: number,
 *   method: "PUT" | "DELETE", body?: object, refused?: string}} Waiting
 */

/**
 * What the outbox asks of its store.
 * @typedef {{all(): Promise<Waiting[]>, put(entry: Waiting): Promise<unknown>,
 *   remove(seq: number): Promise<unknown>}} VoteStore
 */

const NAME = "asterism";
const TABLE = "outbox";

/**
 * @template T
 * @param {IDBRequest<T>} request @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<VoteStore>} */
export async function openVoteStore() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: "seq" });
  const database = await done(opening);

  /** @param {(table: IDBObjectStore) => IDBRequest} change @returns {Promise<void>} */
  const write = (change) => new Promise((resolve, reject) => {
    // "strict": resolved when it is on the disk, not in the system's buffers.
    const transaction = database.transaction(TABLE, "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    change(transaction.objectStore(TABLE));
  });

  return {
    all: () => done(database.transaction(TABLE).objectStore(TABLE).getAll()),
    put: (entry) => write((table) => table.put(entry)),
    remove: (seq) => write((table) => table.delete(seq)),
  };
}

/**
 * For browsers that refuse IndexedDB (some private windows): nothing is kept, and the outbox
 * learns it from the refusal.
 * @type {VoteStore}
 */
export const noStore = {
  all: () => Promise.resolve([]),
  put: () => Promise.reject(new Error("This browser keeps nothing on disk.")),
  remove: () => Promise.resolve(),
};
