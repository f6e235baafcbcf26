// @ts-check
/** Sends a file in chunks; after a lost connection it goes on from what has arrived. */

/**
 * @typedef {{ id: number, name: string, size: number, offset: number, complete: boolean }} Upload
 *
 * @typedef {object} Server
 * @property {(name: string, size: number, key: string) => Promise<Upload>} begin
 * @property {(id: number) => Promise<Upload>} read
 * @property {(id: number, offset: number, chunk: Blob, signal: AbortSignal) => Promise<Upload>} put
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const MOST_KEYS = 100;

/**
 * Return the key of a file: the same file, chosen again after a reload, continues its upload.
 * @param {{ name: string, size: number, lastModified: number }} file
 */
const keyOf = (file) =>
  `${file.size}-${file.lastModified}-${encodeURIComponent(file.name)}`.slice(0, 200);

/** True if the same request may succeed later. @param {any} error */
const isTemporary = (error) =>
  error?.status === undefined ? error?.name !== "AbortError" : error.temporary && error.status !== 507;

/** True if the server has other bytes than this page knows of. @param {any} error */
const isConflict = (error) => error?.status === 409;

export class FileUpload {
  /** @type {Upload | null} */
  upload = null;
  #abort = new AbortController();

  /**
   * @param {File} file
   * @param {Server} server
   * @param {{
   *   chunkBytes: number,
   *   onProgress: (upload: Upload) => void,
   *   onWait: (reason: string) => void,
   *   sleep?: (ms: number) => Promise<void>,
   * }} options
   */
  constructor(file, server, options) {
    this.file = file;
    this.server = server;
    this.options = options;
  }

  /** Stop sending. */
  cancel() {
    this.#abort.abort();
  }

  /** Send what has not arrived yet; throw if the server refuses it. @returns {Promise<Upload>} */
  async send() {
    let upload = await this.#retry(() => this.#begin());
    this.#report(upload);
    while (!upload.complete) {
      upload = await this.#retry(() => this.#sendChunk(upload));
      this.#report(upload);
    }
    return upload;
  }

  /**
   * Make the upload, or find the one of this file from before. A key whose upload was removed or
   * imported is spent (404); the next one is the same again after a reload.
   */
  async #begin() {
    const { name, size } = this.file;
    const key = keyOf(this.file);
    for (let turn = 1; ; turn += 1) {
      try {
        return await this.server.begin(name, size, turn === 1 ? key : `${key}-${turn}`);
      } catch (/** @type {any} */ error) {
        if (error?.status !== 404 || turn >= MOST_KEYS) throw error;
      }
    }
  }

  /** @param {Upload} upload */
  async #sendChunk({ id, offset }) {
    const chunk = this.file.slice(offset, offset + this.options.chunkBytes);
    try {
      return await this.server.put(id, offset, chunk, this.#abort.signal);
    } catch (error) {
      const other = isConflict(error) ? await this.server.read(id) : null;
      if (other === null || other.offset === offset) throw error;
      return other;
    }
  }

  /** @param {Upload} upload */
  #report(upload) {
    this.upload = upload;
    this.options.onProgress(upload);
  }

  /**
   * Repeat the request, with longer and longer pauses, as long as it may succeed later.
   * @template T @param {() => Promise<T>} request @returns {Promise<T>}
   */
  async #retry(request) {
    const sleep = this.options.sleep ?? ((ms) => new Promise((done) => { setTimeout(done, ms); }));
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      this.#abort.signal.throwIfAborted();
      try {
        return await request();
      } catch (/** @type {any} */ error) {
        this.#abort.signal.throwIfAborted();
        if (!isTemporary(error)) throw error;
        this.options.onWait(String(error.message));
      }
      await sleep(wait);
      await this.#refresh();
    }
  }

  /** Ask how much has arrived, since the answer to the last chunk may have been lost. */
  async #refresh() {
    if (!this.upload) return;
    const upload = await this.server.read(this.upload.id).catch(() => null);
    if (upload) Object.assign(this.upload, upload);
  }
}
