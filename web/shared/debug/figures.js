/** From two `getStats` reports to figures that a person can read: rates, losses, delays. Pure; no texts. */

/** @typedef {Record<string, any> & {id: string, type: string, timestamp: number}} Entry an `RTCStats` dictionary */
/** @typedef {ReadonlyMap<string, Entry>} Report */

/**
 * @typedef {object} Incoming one receive slot that has had packets
 * @property {string} mid
 * @property {"audio" | "video"} kind
 * @property {string} codec
 * @property {number} kbps
 * @property {number} packets received since the report before
 * @property {number} lost since the report before
 * @property {number} repaired of the lost ones, by retransmission
 * @property {number} bufferMs mean time that a frame or sample waited in the jitter buffer
 * @property {number} fps frames decoded per second
 * @property {number} width
 * @property {number} height
 * @property {number} freezes since the connection began
 * @property {number} concealed share of samples that were made up, 0..1
 * @property {number} dropped frames since the connection began
 * @property {number} keyframes since the connection began
 */

/**
 * @typedef {object} Outgoing one encoding that is being sent
 * @property {string} mid
 * @property {string} rid
 * @property {"audio" | "video"} kind
 * @property {string} codec
 * @property {number} kbps
 * @property {number} packets sent since the report before
 * @property {number} repeated of them retransmissions
 * @property {number} fps
 * @property {number} width
 * @property {number} height
 * @property {string} limited "none", "bandwidth", "cpu" or "other"
 * @property {number} lost share lost on the way, as the server reports, 0..1
 */

/**
 * @typedef {object} Path the candidate pair in use
 * @property {string} local kind and address
 * @property {string} remote
 * @property {string} protocol
 * @property {number} rttMs
 * @property {number} estimateKbps what the browser believes it can send; 0 where it does not say
 */

/**
 * @typedef {object} Figures
 * @property {number} at milliseconds since 1970
 * @property {Incoming[]} incoming
 * @property {Outgoing[]} outgoing
 * @property {Path | null} path
 * @property {{kbps: number, loss: number, repaired: number}} down all slots together; shares 0..1
 * @property {{kbps: number, loss: number}} up all encodings together
 */

/** @param {Report} before @param {Report} after @returns {Figures} */
export function figures(before, after) {
  const incoming = each(after, "inbound-rtp", (entry) => incomingOf(before.get(entry.id), entry, after));
  const outgoing = each(after, "outbound-rtp", (entry) => outgoingOf(before.get(entry.id), entry, after));
  const lost = sum(incoming, (slot) => slot.lost);
  const expected = lost + sum(incoming, (slot) => slot.packets);
  return {
    at: Math.max(0, ...[...after.values()].map((entry) => entry.timestamp)),
    incoming,
    outgoing,
    path: pathOf(after),
    down: {
      kbps: sum(incoming, (slot) => slot.kbps),
      loss: share(lost, expected),
      repaired: share(
        sum(incoming, (slot) => slot.repaired),
        lost,
      ),
    },
    up: {
      kbps: sum(outgoing, (layer) => layer.kbps),
      // Weighted by packets: a muted microphone's one report must not speak for the picture.
      loss: share(
        sum(outgoing, (layer) => layer.lost * layer.packets),
        sum(outgoing, (layer) => layer.packets),
      ),
    },
  };
}

/** @param {Entry | undefined} before @param {Entry} after @param {Report} report @returns {Incoming | null} */
function incomingOf(before, after, report) {
  if (!after.packetsReceived) return null;
  const grown = growth(before, after);
  const emitted = grown("jitterBufferEmittedCount");
  const samples = grown("totalSamplesReceived");
  return {
    mid: String(after.mid ?? ""),
    kind: after.kind,
    codec: codecOf(after, report),
    kbps: kbps(before, after, "bytesReceived"),
    packets: grown("packetsReceived"),
    // A packet that was late and not lost makes the count fall again.
    lost: Math.max(0, grown("packetsLost")),
    repaired: grown("retransmittedPacketsReceived"),
    bufferMs: share(grown("jitterBufferDelay") * 1000, emitted),
    fps: share(grown("framesDecoded"), seconds(before, after)),
    width: after.frameWidth ?? 0,
    height: after.frameHeight ?? 0,
    freezes: after.freezeCount ?? 0,
    concealed: share(Math.max(0, grown("concealedSamples") - grown("silentConcealedSamples")), samples),
    dropped: after.framesDropped ?? 0,
    keyframes: after.keyFramesDecoded ?? 0,
  };
}

/** @param {Entry | undefined} before @param {Entry} after @param {Report} report @returns {Outgoing | null} */
function outgoingOf(before, after, report) {
  const grown = growth(before, after);
  if (!after.packetsSent || grown("packetsSent") === 0) return null;
  const theirs = [...report.values()].find(
    (entry) => entry.type === "remote-inbound-rtp" && entry.localId === after.id,
  );
  return {
    mid: String(after.mid ?? ""),
    rid: after.rid ?? "",
    kind: after.kind,
    codec: codecOf(after, report),
    kbps: kbps(before, after, "bytesSent"),
    packets: grown("packetsSent"),
    repeated: grown("retransmittedPacketsSent"),
    fps: share(grown("framesEncoded"), seconds(before, after)),
    width: after.frameWidth ?? 0,
    height: after.frameHeight ?? 0,
    limited: after.qualityLimitationReason ?? "none",
    lost: theirs?.fractionLost ?? 0,
  };
}

/** @param {Report} report @returns {Path | null} */
function pathOf(report) {
  const entries = [...report.values()];
  const chosen = entries.find((entry) => entry.type === "transport" && entry.selectedCandidatePairId);
  // Firefox has no transport entries and marks the pair instead.
  const pair = chosen
    ? report.get(chosen.selectedCandidatePairId)
    : entries.find((entry) => entry.type === "candidate-pair" && entry.selected);
  if (!pair) return null;
  const [local, remote] = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
  return {
    local: end(local),
    remote: end(remote),
    protocol: local?.protocol ?? "",
    rttMs: (pair.currentRoundTripTime ?? 0) * 1000,
    estimateKbps: (pair.availableOutgoingBitrate ?? 0) / 1000,
  };
}

/** @param {Entry | undefined} candidate */
function end(candidate) {
  if (!candidate) return "";
  const address = candidate.address ?? candidate.ip ?? "";
  const place = address.includes(":") ? `[${address}]` : address;
  return [candidate.candidateType, candidate.networkType, place && `${place}:${candidate.port}`]
    .filter(Boolean)
    .join(" ");
}

/** "VP8", "opus" @param {Entry} entry @param {Report} report */
function codecOf(entry, report) {
  return String(report.get(entry.codecId)?.mimeType ?? "").split("/")[1] ?? "";
}

/** @param {Entry | undefined} before @param {Entry} after @returns {(field: string) => number} */
function growth(before, after) {
  return (field) => (after[field] ?? 0) - (before?.[field] ?? 0);
}

/** @param {Entry | undefined} before @param {Entry} after @param {string} field */
function kbps(before, after, field) {
  return share(growth(before, after)(field) * 8, seconds(before, after) * 1000);
}

/** Without an earlier report there is no time to divide by. @param {Entry | undefined} before @param {Entry} after */
function seconds(before, after) {
  return before ? (after.timestamp - before.timestamp) / 1000 : 0;
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return whole > 0 ? part / whole : 0;
}

/** @template T @param {Report} report @param {string} type @param {(entry: Entry) => T | null} read @returns {T[]} */
function each(report, type, read) {
  return [...report.values()]
    .filter((entry) => entry.type === type)
    .map(read)
    .filter((value) => value !== null);
}

/** @template T @param {readonly T[]} list @param {(value: T) => number} value */
function sum(list, value) {
  return list.reduce((total, entry) => total + value(entry), 0);
}
