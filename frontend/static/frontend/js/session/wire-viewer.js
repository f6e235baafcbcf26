// @ts-check
/** The viewer with its controls and the examine panel, wired together for a page. */
import { element, pageData } from "../lib/dom.js";
import { Preferences } from "../lib/preferences.js";
import { Examination } from "../examine/examination.js";
import { Controls } from "../viewer/controls.js";
import { formatSky, mosaicPixel } from "../viewer/coordinates.js";
import { validDisplay } from "../viewer/settings.js";
import { Viewer } from "../viewer/viewer.js";

/** @typedef {import("../viewer/filter-strip.js").FilterStrip} FilterStrip */

/**
 * Return the zero point of a filter, Vega as in the catalogues of the surveys, else AB.
 * @param {import("../viewer/load.js").Band} band
 * @returns {import("../examine/target.js").ZeroPoint | null}
 */
function zeroPointOf({ zero_point_vega: vega, zero_point_ab: ab }) {
  if (vega !== null) return { system: "Vega", mag: vega };
  return ab === null ? null : { system: "AB", mag: ab };
}

/**
 * Return what the examine panel measures: the pixel under the pointer, or else the candidate, in
 * the selected filter; null where that was not observed.
 * @param {FilterStrip} strip
 * @returns {import("../examine/target.js").Target | null}
 */
function examineTarget({ candidate, crosshair, selection }) {
  const band = candidate?.item.bands[selection.band];
  if (!candidate?.planes || !band?.observed) return null;
  const { item, planes, side } = candidate;
  const point = crosshair ?? { x: item.stamp_x, y: item.stamp_y };
  const pixel = mosaicPixel(item, point);
  return {
    name: `${band.band} ${band.filter}`.trim(),
    unit: band.unit,
    plane: planes[selection.band],
    side,
    ...point,
    xPix: pixel.x,
    yPix: pixel.y,
    sky: formatSky(item, point),
    arcsecPerPx: item.pixel_scale_arcsec,
    starFwhm: band.star_fwhm_px,
    zeroPoint: zeroPointOf(band),
    electronsPerUnit: band.electrons_per_unit,
  };
}

/**
 * Wire the viewer of a page, with the display settings of the page's data.
 * @param {HTMLElement} root @param {Preferences} preferences in which changed settings are saved
 * @param {() => void} onRgbChange called when the colour images need another scaling
 */
export function wireViewer(root, preferences, onRgbChange) {
  const display = validDisplay(pageData("display"));
  const viewer = new Viewer(root, display, {
    onAdjust: () => controls.update(),
    onStamps: () => examination.renew(),
  });
  const examination = new Examination(
    element(root, "#examine", HTMLElement), () => examineTarget(viewer.strip),
  );
  const controls = new Controls(root, display, viewer, pageData("rgb-options"), {
    onChange: () => preferences.save("display", display),
    onRgbChange,
  });
  return {
    viewer,
    display,
    actions: { ...controls.actions, ...viewer.actions, ...examination.actions },
    /** Close the enlarged tile and return to the first plot. */
    close: () => { viewer.closeEnlarged(); examination.reset(); },
  };
}
