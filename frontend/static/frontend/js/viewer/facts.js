// @ts-check
/** A candidate's catalogue facts in words and figures. */

/** @typedef {import("./load.js").Item} Item */
/** @typedef {import("./load.js").Band} Band */

/** @param {number} value @param {number} digits */
const pad = (value, digits) => String(value).padStart(digits, "0");

/**
 * Sexagesimal text of a positive angle; rounding carries over, so 59.9996 never becomes "60.00".
 * @param {number} value in hours or degrees @param {number} full hours or degrees of the circle
 * @param {number} decimals of the seconds @param {[string, string, string]} units
 */
function sexagesimal(value, full, decimals, units) {
  const scale = 10 ** decimals;
  const ticks = Math.round(value * 3600 * scale) % (full * 3600 * scale);
  const whole = Math.floor(ticks / (3600 * scale));
  const minutes = Math.floor(ticks / (60 * scale)) % 60;
  const seconds = ((ticks % (60 * scale)) / scale).toFixed(decimals).padStart(3 + decimals, "0");
  return `${pad(whole, 2)}${units[0]} ${pad(minutes, 2)}${units[1]} ${seconds}${units[2]}`;
}

/** @param {number} degrees right ascension @returns {string} hours, to 0.01 s */
export function formatRa(degrees) {
  return sexagesimal((((degrees % 360) + 360) % 360) / 15, 24, 2, ["h", "m", "s"]);
}

/** @param {number} degrees declination @returns {string} degrees, to 0.1″ */
export function formatDec(degrees) {
  return `${degrees < 0 ? "−" : "+"}${sexagesimal(Math.abs(degrees), 360, 1, ["°", "′", "″"])}`;
}

/** @param {Band} band @returns {string} magnitude and error, or that there is none */
export function formatMagnitude({ mag, mag_err: error }) {
  if (mag === null) return "no magnitude";
  return error === null ? mag.toFixed(2) : `${mag.toFixed(2)} ± ${error.toFixed(2)}`;
}

/** @param {Band[]} bands @param {string} blue @param {string} red */
function colour(bands, blue, red) {
  const [a, b] = [blue, red].map((name) => bands.find(({ band }) => band === name)?.mag ?? null);
  return a === null || b === null ? "–" : (a - b).toFixed(2).replace("-", "−");
}

/**
 * Label and value of each fact, in the order in which they are read.
 * @param {Item} item @returns {[string, string][]}
 */
export function factsOf(item) {
  return [
    ["RA", item.ra_deg === null ? "–" : formatRa(item.ra_deg)],
    ["Dec", item.dec_deg === null ? "–" : formatDec(item.dec_deg)],
    ["x, y", `${item.x_pix.toFixed(1)}, ${item.y_pix.toFixed(1)}`],
    ["CI", item.ci === null ? "–" : `${item.ci.toFixed(2)} mag`],
    ["U − B", colour(item.bands, "U", "B")],
    ["B − V", colour(item.bands, "B", "V")],
    ["V − I", colour(item.bands, "V", "I")],
    ["Distance", item.distance_mpc === null ? "–" : `${item.distance_mpc} Mpc`],
  ];
}
