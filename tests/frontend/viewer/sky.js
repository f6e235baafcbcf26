/**
 * Right ascension and declination at offsets from candidates: reads JSON, [item, dx, dy] each, and
 * writes the answers.
 */
import { readFileSync } from "node:fs";
import { skyAt } from "../../../frontend/static/frontend/js/viewer/geometry.js";

const questions = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map((/** @type {any} */ [item, dx, dy]) => skyAt(item, dx, dy))));
