/** Which encodings a camera or a screen sends, by the size it captures. Pure. */

/** @import { VideoCodec } from "../model.js" */

/**
 * @typedef {{rid: string, active: boolean, scaleResolutionDownBy: number, maxBitrate: number, maxFramerate?: number,
 *   scalabilityMode?: string}} Encoding
 */

/**
 * Chromium sends several pictures of these codecs only where every encoding names a mode; without one it sends a single
 * stream of several spatial layers, or one picture. No spatial layers: those of a rid are told apart by its size.
 * @type {Partial<Record<VideoCodec, string>>}
 */
const MODES = { vp9: "L1T2", av1: "L1T1" };

/**
 * The encodings as this codec wants them. @template {readonly Encoding[]} E
 * @param {E} encodings @param {VideoCodec} codec @returns {E}
 */
export function inCodec(encodings, codec) {
  const scalabilityMode = MODES[codec];
  const named = scalabilityMode ? encodings.map((one) => ({ ...one, scalabilityMode })) : encodings;
  return /** @type {E} */ (named);
}

// Bit rates that keep talking heads clean in VP8: 320, 640 and 1280 px wide.
const CAMERA_BITRATES = { small: 150_000, medium: 500_000, large: 2_000_000 };
const LARGEST_CAMERA = 1280;
const LARGEST_SCREEN = 1920;
const SMALL_SCREEN = 640;

/**
 * Browsers drop encodings from the top rid when the capture is small and would send a 640 px camera at 160 and 320;
 * so scale and number are chosen here: the largest active encoding is always the capture itself.
 * @param {{width?: number, height?: number}} size of the capture @returns {[Encoding, Encoding, Encoding]} q, h, f
 */
export function cameraEncodings(size) {
  const edge = longEdge(size, LARGEST_CAMERA);
  const base = Math.max(1, edge / LARGEST_CAMERA);
  if (edge >= 960) {
    return [
      { rid: "q", active: true, scaleResolutionDownBy: 4 * base, maxBitrate: CAMERA_BITRATES.small },
      { rid: "h", active: true, scaleResolutionDownBy: 2 * base, maxBitrate: CAMERA_BITRATES.medium },
      { rid: "f", active: true, scaleResolutionDownBy: base, maxBitrate: CAMERA_BITRATES.large },
    ];
  }
  const two = edge >= 480;
  return [
    { rid: "q", active: true, scaleResolutionDownBy: two ? 2 : 1, maxBitrate: CAMERA_BITRATES.small },
    { rid: "h", active: two, scaleResolutionDownBy: 1, maxBitrate: CAMERA_BITRATES.medium },
    { rid: "f", active: false, scaleResolutionDownBy: 1, maxBitrate: CAMERA_BITRATES.large },
  ];
}

/**
 * A screen is sent whole and once small. Text wants pixels, film wants pictures per second.
 * @param {{width?: number, height?: number}} size @param {"detail" | "motion"} hint @returns {[Encoding, Encoding]} q, f
 */
export function screenEncodings(size, hint) {
  const edge = longEdge(size, LARGEST_SCREEN);
  const film = hint === "motion";
  return [
    {
      rid: "q",
      active: edge > SMALL_SCREEN,
      scaleResolutionDownBy: Math.max(1, edge / SMALL_SCREEN),
      maxBitrate: 200_000,
      maxFramerate: film ? 15 : 5,
    },
    {
      rid: "f",
      active: true,
      scaleResolutionDownBy: Math.max(1, edge / LARGEST_SCREEN),
      maxBitrate: 2_500_000,
      maxFramerate: film ? 30 : 5,
    },
  ];
}

/**
 * The largest layer that a picture of this width in device pixels needs; undefined: the best there is.
 * @param {number} width @returns {number | undefined}
 */
export function layerFor(width) {
  // A little more than each layer's own width: enlarging by a quarter is not seen, the next layer costs three times.
  if (width <= 400) return 0;
  if (width <= 800) return 1;
  return undefined;
}

/** @param {{width?: number, height?: number}} size @param {number} otherwise */
function longEdge(size, otherwise) {
  return Math.max(size.width ?? 0, size.height ?? 0) || otherwise;
}
