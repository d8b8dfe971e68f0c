import assert from "node:assert/strict";
import { test } from "node:test";
import { WINDOW, diagnose } from "../../shared/debug/diagnosis.js";
import { figures } from "../../shared/debug/figures.js";
import { Recorder } from "../../shared/debug/recorder.js";
import { qualityOf } from "../../join/quality.js";

/** @import { Report } from "../../shared/debug/figures.js" */

const CODECS = [
  { id: "c1", type: "codec", timestamp: 0, mimeType: "video/VP8" },
  { id: "c2", type: "codec", timestamp: 0, mimeType: "audio/opus" },
];

/** What Chromium says `n` readings of two seconds after the start, in the parts that are read. @param {number} n @param {Record<string, any>} [link] */
function report(n, link = {}) {
  const { down = 0, up = 0, rtt = 0.04, limited = "none", estimate = 2_500_000, silent = false } = link;
  const timestamp = 1_000_000 + n * 2_000;
  const packets = silent ? 1 : n * 200;
  const lost = Math.round(packets * down);
  const entries = [
    ...CODECS,
    {
      id: "in", type: "inbound-rtp", timestamp, kind: "video", mid: "3", codecId: "c1", packetsLost: lost,
      packetsReceived: packets - lost + 1, retransmittedPacketsReceived: lost / 2, bytesReceived: packets * 1_000,
      framesDecoded: n * 50, jitterBufferDelay: n * 5, jitterBufferEmittedCount: n * 50, frameWidth: 640, frameHeight: 360,
    },
    { id: "unused", type: "inbound-rtp", timestamp, kind: "audio", mid: "4", packetsReceived: 0 },
    {
      id: "out", type: "outbound-rtp", timestamp, kind: "video", mid: "1", rid: "h", codecId: "c1", packetsSent: n * 100,
      bytesSent: n * 100_000, framesEncoded: n * 60, frameWidth: 640, frameHeight: 360, qualityLimitationReason: limited,
    },
    { id: "remote", type: "remote-inbound-rtp", timestamp, localId: "out", fractionLost: up },
    { id: "t", type: "transport", timestamp, selectedCandidatePairId: "p" },
    {
      id: "p", type: "candidate-pair", timestamp, localCandidateId: "l", remoteCandidateId: "r",
      currentRoundTripTime: rtt, availableOutgoingBitrate: estimate,
    },
    { id: "l", type: "local-candidate", timestamp, candidateType: "host", protocol: "udp", address: "fd00::2", port: 9 },
    { id: "r", type: "remote-candidate", timestamp, candidateType: "host", protocol: "udp", address: "10.0.0.1", port: 7 },
  ]; // prettier-ignore
  return /** @type {Report} */ (new Map(entries.map((entry) => [entry.id, entry])));
}

/** @param {Record<string, any>} [link] */
const history = (link) => Array.from({ length: WINDOW }, (_, n) => figures(report(n + 1, link), report(n + 2, link)));
const PAGE = { connected: true, expectsMedia: true };
/** @param {Record<string, any>} link */
const codes = (link) => diagnose(history(link), PAGE).map((finding) => finding.code);

test("two reports make rates, losses, delays and the way", () => {
  const made = figures(report(1, { down: 0.1 }), report(2, { down: 0.1 }));
  assert.equal(made.incoming.length, 1);
  const slot = made.incoming[0];
  assert.deepEqual(
    [slot?.codec, slot?.kbps, slot?.packets, slot?.lost, slot?.repaired, slot?.bufferMs, slot?.fps],
    ["VP8", 800, 180, 20, 10, 100, 25],
  );
  assert.deepEqual(made.down, { kbps: 800, loss: 0.1, repaired: 0.5 });
  assert.equal(made.outgoing[0]?.fps, 30);
  assert.deepEqual(made.path, {
    local: "host [fd00::2]:9",
    remote: "host 10.0.0.1:7",
    protocol: "udp",
    rttMs: 40,
    estimateKbps: 2_500,
  });
});

test("the first report of a connection divides by nothing", () => {
  const made = figures(new Map(), report(1));
  assert.deepEqual([made.down.kbps, made.incoming[0]?.fps, made.up.kbps], [0, 0, 0]);
});

test("each trouble has its name, and a good link none", () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ down: 0.05 }), ["loss-down"]);
  assert.deepEqual(codes({ up: 0.05 }), ["loss-up"]);
  assert.deepEqual(codes({ rtt: 0.45 }), ["slow"]);
  assert.deepEqual(codes({ limited: "bandwidth", estimate: 200_000 }), ["narrow-up"]);
  assert.deepEqual(codes({ limited: "cpu" }), ["busy"]);
  assert.deepEqual(codes({ silent: true }), ["nothing-arrives"]);
  assert.deepEqual(diagnose(history({ silent: true }), { connected: true, expectsMedia: false }), []);
  assert.deepEqual(
    diagnose([], { connected: false, expectsMedia: true }).map((finding) => finding.code),
    ["disconnected"],
  );
});

test("a finding carries the figures of its sentence", () => {
  assert.deepEqual(diagnose(history({ down: 0.1 }), PAGE)[0]?.values, { percent: 10, repaired: 50 });
});

test("a recorder keeps plots, minutes and what happened", async () => {
  let n = 1;
  const recorder = new Recorder({
    browser: "a test",
    stats: async () => report(n++, { up: 0.2 }),
    state: () => "connected",
    expectsMedia: () => true,
  });
  for (let reading = 0; reading < 4; reading++) await recorder.read();
  assert.equal(recorder.history.length, 3);
  const made = recorder.report();
  assert.equal(made.minutes.length, 1);
  assert.deepEqual([made.minutes[0]?.readings, made.minutes[0]?.upLoss, made.minutes[0]?.downKbps], [3, 0.2, 800]);
  assert.deepEqual(
    made.happenings.map(({ what }) => what),
    ["media connected", "finding loss-up"],
  );
});

test("a connection that begins anew does not count backwards", async () => {
  let next = report(9);
  const recorder = new Recorder({
    browser: "a test",
    stats: async () => next,
    state: () => "connected",
    expectsMedia: () => false,
  });
  await recorder.read();
  next = report(1);
  await recorder.read();
  assert.deepEqual(recorder.history, []);
});

test("a minute in the terms of the protocol", () => {
  assert.deepEqual(qualityOf(figures(report(1, { down: 0.1 }), report(2, { down: 0.1 })), 3, 60), {
    type: "quality",
    seconds: 60,
    loss: 0.1,
    buffer_ms: 100,
    concealed: 0,
    freezes: 3,
    rtt_ms: 40,
    codec: "VP8",
    height: 360,
    protocol: "udp",
    relayed: false,
  });
});
