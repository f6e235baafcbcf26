// @ts-check
/** The page of a new import: files are dropped or chosen, and sent one after another. */

import { element, pageData } from "../lib/dom.js";
import { server } from "./server.js";
import { FileUpload } from "./upload.js";
import { UploadRow } from "./upload-row.js";

/** @typedef {import("./upload.js").Upload} Upload */

const form = element(document, "#new-import", HTMLFormElement);
const list = element(form, "#uploads", HTMLUListElement);
const zone = element(form, "#drop", HTMLElement);
const files = element(form, "#files", HTMLInputElement);
const submit = element(form, "button.primary", HTMLButtonElement);
const newField = element(form, "#new-field", HTMLElement);
const field = element(form, "[name=field]", HTMLSelectElement);
const detect = element(form, "[name=detect]", HTMLInputElement);
const chunkBytes = Number(form.dataset.chunkBytes);

/** @type {Map<string | number, UploadRow>} rows by number of the upload, or name of the file */
const rows = new Map();
/** @type {Promise<void>} */
let queue = Promise.resolve();

function refresh() {
  const all = [...rows.values()];
  // Candidates can be found on mosaics that the field has already.
  const needsFiles = !(detect.checked && field.value !== "");
  submit.disabled = (needsFiles && !all.length) || all.some((row) => !row.complete);
  newField.hidden = field.value !== "";
}

/** @param {string | number} key @param {UploadRow} row */
function add(key, row) {
  rows.set(key, row);
  list.append(row.element);
  refresh();
}

/** @param {string | number} key */
function drop(key) {
  rows.get(key)?.element.remove();
  rows.delete(key);
  refresh();
}

/** Show a file that was uploaded before. @param {Upload} upload */
function showEarlier(upload) {
  const row = new UploadRow(upload.name, upload.size, () => {
    server.remove(upload.id).then(() => drop(upload.id), (error) => row.say(error.message, true));
  });
  row.show(upload);
  if (!upload.complete) row.say("interrupted: choose the same file again to go on");
  add(upload.id, row);
}

/** @param {File} file */
function start(file) {
  const key = `${file.name}/${file.size}`;
  if (rows.has(key)) return;
  const transfer = new FileUpload(file, server, {
    chunkBytes,
    onProgress: (upload) => {
      // The same file was in the list as interrupted.
      if (rows.get(upload.id) !== row) drop(upload.id);
      row.show(upload);
      refresh();
    },
    onWait: () => row.say("connection lost; trying again"),
  });
  const row = new UploadRow(file.name, file.size, () => {
    transfer.cancel();
    const removal = transfer.upload ? server.remove(transfer.upload.id) : Promise.resolve();
    removal.then(() => drop(key), (error) => row.say(error.message, true));
  });
  row.say("waiting");
  add(key, row);
  queue = queue.then(() => transfer.send()).then(
    () => undefined,
    (error) => { if (error?.name !== "AbortError") row.say(error.message, true); },
  );
}

for (const upload of pageData("earlier-uploads")) showEarlier(upload);
files.addEventListener("change", () => {
  for (const file of files.files ?? []) start(file);
  files.value = "";
});
zone.addEventListener("dragover", (event) => {
  event.preventDefault();
  zone.classList.add("over");
});
zone.addEventListener("dragleave", () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("over");
  for (const file of event.dataTransfer?.files ?? []) start(file);
});
field.addEventListener("change", refresh);
detect.addEventListener("change", refresh);
refresh();
form.dataset.ready = "true";
