// @ts-check
/** Votes on the disk of this computer: one IndexedDB table, in the order in which they were cast. */
import { storedName } from "../lib/address.js";

/**
 * One request to make: a vote, or the deletion of one.
 * @typedef {{seq: number, user: string, uuid: string, candidate: number,
 *   method: "PUT" | "DELETE", body?: object, refused?: string}} OutboxEntry
 */

/**
 * @typedef {{all(): Promise<OutboxEntry[]>, put(entry: OutboxEntry): Promise<unknown>,
 *   remove(seq: number): Promise<unknown>}} VoteStore
 */

const NAME = "asterism";
const TABLE = "outbox";

/**
 * @template T
 * @param {IDBRequest<T>} request @returns {Promise<T>}
 */
function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Open the store of this browser. @returns {Promise<VoteStore>} */
export async function openVoteStore() {
  const request = indexedDB.open(storedName(NAME), 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: "seq" });
  const database = await resultOf(request);

  /** @param {(table: IDBObjectStore) => IDBRequest} change @returns {Promise<void>} */
  const write = (change) => new Promise((resolve, reject) => {
    // "strict": complete when the data are on the disk, not in the system's buffers.
    const transaction = database.transaction(TABLE, "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    change(transaction.objectStore(TABLE));
  });

  return {
    all: () => resultOf(database.transaction(TABLE).objectStore(TABLE).getAll()),
    put: (entry) => write((table) => table.put(entry)),
    remove: (seq) => write((table) => table.delete(seq)),
  };
}

/**
 * A store for browsers that refuse IndexedDB (some private windows): it stores nothing.
 * @type {VoteStore}
 */
export const noStore = {
  all: () => Promise.resolve([]),
  put: () => Promise.reject(new Error("This browser refuses to store data.")),
  remove: () => Promise.resolve(),
};
