/** The panel's tables: what comes in, slot by slot; what goes out, encoding by encoding; the way both take. */
import { html } from "lit";
import { t } from "../texts.js";

/** @import { Figures, Incoming, Outgoing } from "./figures.js" */

/** @param {Figures} figures @param {(mid: string) => string} nameOf whose slot */
export function incomingTable({ incoming }, nameOf) {
  if (incoming.length === 0) return html`<p class="quiet">${t("debug-nothing-in")}</p>`;
  const heads = ["who", "codec", "size", "rate", "loss", "buffer", "trouble"];
  return table(
    "in",
    heads,
    incoming.map((slot) => [
      nameOf(slot.mid),
      slot.codec,
      size(slot),
      `${Math.round(slot.kbps)} kbps`,
      `${percent(share(slot.lost, slot.lost + slot.packets))}${slot.lost > 0 ? ` (${t("debug-repaired", { count: slot.repaired })})` : ""}`,
      `${Math.round(slot.bufferMs)} ms`,
      trouble(slot),
    ]),
  );
}

/** @param {Figures} figures */
export function outgoingTable({ outgoing }) {
  if (outgoing.length === 0) return html`<p class="quiet">${t("debug-nothing-out")}</p>`;
  const heads = ["layer", "codec", "size", "rate", "loss", "limited"];
  return table(
    "out",
    heads,
    outgoing.map((layer) => [
      `${t(`debug-kind-${layer.kind}`)} ${layer.rid}`,
      layer.codec,
      size(layer),
      `${Math.round(layer.kbps)} kbps`,
      percent(layer.lost),
      layer.limited === "none" ? "–" : layer.limited,
    ]),
  );
}

/** @param {Figures | undefined} latest @param {string} state */
export function pathList(latest, state) {
  const path = latest?.path;
  // Of a page that sends nothing it is only what the browser would begin with.
  const estimate = latest?.outgoing.length ? path?.estimateKbps : 0;
  const rows = [
    ["state", state],
    ["rtt", path ? `${Math.round(path.rttMs)} ms` : "–"],
    ["estimate", estimate ? `${Math.round(estimate)} kbps` : "–"],
    ["path", path ? `${path.protocol.toUpperCase()} ${path.local} → ${path.remote}` : "–"],
  ];
  return html`<dl>${rows.map(([key, value]) => html`<dt>${t(`debug-${key}`)}</dt><dd>${value}</dd>`)}</dl>`;
}

/** @param {string} name @param {string[]} heads @param {string[][]} rows */
function table(name, heads, rows) {
  return html`<div class="scrolls" tabindex="0" role="region" aria-label=${t(`debug-${name}`)}><table>
    <thead><tr>${heads.map((head) => html`<th scope="col">${t(`debug-head-${head}`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {Incoming | Outgoing} stream */
function size(stream) {
  return stream.kind === "video" ? `${stream.width}×${stream.height} · ${Math.round(stream.fps)} fps` : "–";
}

/** @param {Incoming} slot */
function trouble(slot) {
  if (slot.kind === "audio") return t("debug-concealed", { percent: percent(slot.concealed) });
  return t("debug-freezes", { freezes: slot.freezes, dropped: slot.dropped });
}

/** @param {number} ratio */
function percent(ratio) {
  return `${Math.round(ratio * 1000) / 10} %`;
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return whole > 0 ? part / whole : 0;
}
