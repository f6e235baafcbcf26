// @ts-check
/**
 * Reader of NumPy's .npy format (versions 1 to 3) for little-endian float32 arrays in C order.
 * Source: numpy.lib.format, "Format Version 1.0".
 */

/**
 * A float32 array: `shape` in C order, slowest axis first; NaN stays NaN.
 * @typedef {{shape: number[], data: Float32Array}} FloatArray
 */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/**
 * Return the text of the header and the offset of the data.
 * @param {ArrayBuffer} buffer
 * @returns {{header: string, offset: number}}
 */
function readHeader(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 12 || MAGIC.some((value, index) => bytes[index] !== value)) {
    throw new Error("This is not a NumPy file.");
  }
  const view = new DataView(buffer);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const offset = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (offset > bytes.length) throw new Error("The NumPy file ends within its header.");
  return { header: new TextDecoder("latin1").decode(bytes.subarray(start, offset)), offset };
}

/**
 * Return the array of a .npy file; throw with one sentence about what is wrong with it.
 * @param {ArrayBuffer} buffer
 * @returns {FloatArray}
 */
export function parseNpy(buffer) {
  const { header, offset } = readHeader(buffer);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (descr !== "<f4") throw new Error(`The NumPy file holds ${descr}, not <f4 (float32).`);
  if (!/'fortran_order':\s*False/.test(header)) throw new Error("The NumPy file is not in C order.");
  const axes = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (axes === undefined) throw new Error("The NumPy file does not state its shape.");
  const shape = axes.split(",").filter((axis) => axis.trim() !== "").map(Number);
  const count = shape.reduce((product, axis) => product * axis, 1);
  const stored = (buffer.byteLength - offset) / 4;
  if (stored !== count) throw new Error(`The NumPy file holds ${stored} of ${count} values.`);
  // Float32Array needs an offset that is a multiple of 4; NumPy aligns to 64, others may not.
  const data = offset % 4 === 0
    ? new Float32Array(buffer, offset, count)
    : new Float32Array(buffer.slice(offset));
  return { shape, data };
}
