/** What is wrong with a link, if anything, from its figures of the last seconds. Pure; the texts are in debug.ftl. */

/** @import { Figures } from "./figures.js" */

/** @typedef {{code: string, values: Record<string, number>}} Finding `debug-finding-<code>` is its text */

/** How many of the latest figures are looked at: ten seconds, since reports of losses come once a second. */
export const WINDOW = 5;

// Below this Opus and retransmission hide all of it.
const LOSS = 0.02;
// People begin to talk at the same time (ITU-T G.114 has 400 ms both ways as the limit of an easy talk).
const SLOW_MS = 300;
// Chromium's buffer rests at 40 to 80 ms on a steady link.
const UNSTEADY_MS = 200;
// A fifth of what one voice needs.
const SILENCE_KBPS = 1;
// One sample in twenty made up is heard.
const CONCEALED = 0.05;
// The browser's own belief about its uplink under which the largest of three layers is not sent.
const NARROW_KBPS = 1_000;

/**
 * Findings, the gravest first; empty: nothing is wrong.
 * @param {readonly Figures[]} history oldest first
 * @param {{connected: boolean, expectsMedia: boolean}} page whether the transport stands, and somebody on stage is to be
 *   seen or heard here
 * @returns {Finding[]}
 */
export function diagnose(history, page) {
  if (!page.connected) return [{ code: "disconnected", values: {} }];
  const recent = history.slice(-WINDOW);
  if (recent.length === 0) return [];
  return [...silence(recent, page.expectsMedia), ...losses(recent), ...delays(recent), ...uplink(recent)];
}

/** @param {readonly Figures[]} recent @param {boolean} expectsMedia @returns {Finding[]} */
function silence(recent, expectsMedia) {
  const silent = recent.length === WINDOW && recent.every(({ down }) => down.kbps < SILENCE_KBPS);
  return silent && expectsMedia ? [{ code: "nothing-arrives", values: {} }] : [];
}

/** @param {readonly Figures[]} recent @returns {Finding[]} */
function losses(recent) {
  const down = mean(recent, (f) => f.down.loss);
  const up = mean(
    recent.filter((f) => f.outgoing.length > 0),
    (f) => f.up.loss,
  );
  const concealed = Math.max(...recent.map((f) => Math.max(0, ...f.incoming.map((slot) => slot.concealed))));
  /** @type {Finding[]} */
  const found = [];
  if (down > LOSS) {
    const repaired = mean(
      recent.filter((f) => f.down.loss > 0),
      (f) => Math.min(1, f.down.repaired),
    );
    found.push({ code: "loss-down", values: { percent: percent(down), repaired: percent(repaired) } });
  }
  if (up > LOSS) found.push({ code: "loss-up", values: { percent: percent(up) } });
  if (concealed > CONCEALED) found.push({ code: "concealed", values: { percent: percent(concealed) } });
  return found;
}

/** @param {readonly Figures[]} recent @returns {Finding[]} */
function delays(recent) {
  const rtt = mean(recent, (f) => f.path?.rttMs ?? 0);
  const buffer = mean(recent, (f) => Math.max(0, ...f.incoming.map((slot) => slot.bufferMs)));
  /** @type {Finding[]} */
  const found = [];
  if (rtt > SLOW_MS) found.push({ code: "slow", values: { milliseconds: Math.round(rtt) } });
  if (buffer > UNSTEADY_MS) found.push({ code: "unsteady", values: { milliseconds: Math.round(buffer) } });
  return found;
}

/** @param {readonly Figures[]} recent @returns {Finding[]} */
function uplink(recent) {
  const latest = recent.at(-1);
  if (!latest) return [];
  const pictures = latest.outgoing.filter((layer) => layer.kind === "video");
  const limits = new Set(pictures.map((layer) => layer.limited));
  const estimate = mean(recent, (f) => f.path?.estimateKbps ?? 0);
  if (limits.has("cpu")) return [{ code: "busy", values: {} }];
  const narrow = pictures.length > 0 && estimate > 0 && estimate < NARROW_KBPS;
  if (limits.has("bandwidth") && narrow) return [{ code: "narrow-up", values: { kbps: Math.round(estimate) } }];
  return [];
}

/** @param {number} ratio */
function percent(ratio) {
  return Math.round(ratio * 100);
}

/** @param {readonly Figures[]} list @param {(figures: Figures) => number} value */
function mean(list, value) {
  return list.length > 0 ? list.reduce((total, entry) => total + value(entry), 0) / list.length : 0;
}
