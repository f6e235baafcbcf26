// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { factsOf } from "../../../frontend/static/frontend/js/viewer/facts.js";

/** @param {Record<string, number | null>} magnitudes by band */
const item = (magnitudes) => /** @type {any} */ ({
  ra_deg: null, dec_deg: null, x_pix: null, y_pix: null, ci: null, distance_mpc: null,
  bands: Object.entries(magnitudes).map(([band, mag]) => ({ band, mag })),
});

test("a colour that rounds to zero has no sign", () => {
  const facts = Object.fromEntries(factsOf(item({ U: 21.2, B: 22.001, V: 22.003, I: null })));
  assert.equal(facts["B − V"], "0.00");
  assert.equal(facts["U − B"], "−0.80");
  assert.equal(facts["V − I"], "–");
});
