/** Tells the server once a minute how the minute was: for its metrics, and for whoever is asked why it was bad. */
import { figures } from "../shared/debug/figures.js";

/** @import { Figures, Report } from "../shared/debug/figures.js" */
/** @import { Session } from "./session.js" */

// 200 bytes a minute are a thousandth of what one voice costs.
const EVERY_MS = 60_000;
const NO_REPORT = new Map();

/** From now on, while the page is in the room. @param {Session} session */
export function tellQuality(session) {
  /** @type {Report} */
  let before = NO_REPORT;
  let freezes = 0;
  const tell = async () => {
    /** @type {Report} */
    const report = new Map(await session.media.connection?.pc.getStats());
    const latest = figures(before, report);
    // The first report of a connection is only what the next is held against.
    const comparable = before.size > 0 && latest.incoming.every((slot) => slot.packets >= 0);
    before = report;
    const total = latest.incoming.reduce((sum, slot) => sum + slot.freezes, 0);
    const fresh = Math.max(0, total - freezes);
    freezes = total;
    if (!comparable || latest.incoming.length === 0 || !session.wire.up) return;
    await session.wire.media(qualityOf(latest, fresh, EVERY_MS / 1000)).catch(() => {});
  };
  void tell();
  setInterval(() => session.view.kind === "room" && void tell(), EVERY_MS);
}

/** The `quality` request. @param {Figures} latest @param {number} freezes @param {number} seconds */
export function qualityOf(latest, freezes, seconds) {
  const largest = latest.incoming
    .filter((slot) => slot.kind === "video" && slot.fps > 0)
    .reduce((most, slot) => (slot.height > most.height ? slot : most), { height: 0, codec: "" });
  const { path } = latest;
  return {
    type: "quality",
    seconds,
    loss: share(latest.down.loss),
    buffer_ms: Math.round(Math.max(0, ...latest.incoming.map((slot) => slot.bufferMs))),
    concealed: share(Math.max(0, ...latest.incoming.map((slot) => slot.concealed))),
    freezes,
    rtt_ms: Math.round(path?.rttMs ?? 0),
    codec: ["VP8", "H264", "VP9", "AV1"].includes(largest.codec) ? largest.codec : "",
    height: largest.height,
    protocol: path && ["udp", "tcp"].includes(path.protocol) ? path.protocol : "",
    relayed: path?.local.startsWith("relay") ?? false,
  };
}

/** @param {number} ratio */
function share(ratio) {
  return Math.round(Math.min(1, Math.max(0, ratio)) * 1000) / 1000;
}
