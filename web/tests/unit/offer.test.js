import assert from "node:assert/strict";
import { test } from "node:test";
import { compactOffer, slotCounts, wantedCodecs, wantedExtensions } from "../../shared/media/offer.js";

const TRANSPORT = [
  "c=IN IP4 0.0.0.0",
  "a=rtcp:9 IN IP4 0.0.0.0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789",
  "a=ice-options:trickle",
  "a=fingerprint:sha-256 AA:BB",
  "a=candidate:1 1 udp 1 127.0.0.1 9 typ host",
];
/** @param {string} kind @param {string} mid */
const section = (kind, mid) =>
  [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF 96 97`,
    ...TRANSPORT,
    "a=setup:actpass",
    `a=mid:${mid}`,
    "a=rtcp-mux",
    "a=rtcp-rsize",
    "a=rtcp-fb:96 nack",
    "",
  ].join("\r\n");
const HEAD = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1 2", ""].join("\r\n");

// As Chromium lists them, shortened.
const VIDEO = [
  { mimeType: "video/VP8" },
  { mimeType: "video/rtx" },
  { mimeType: "video/VP9", sdpFmtpLine: "profile-id=0" },
  { mimeType: "video/VP9", sdpFmtpLine: "profile-id=2" },
  { mimeType: "video/H264", sdpFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f" },
  { mimeType: "video/H264", sdpFmtpLine: "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f" },
  { mimeType: "video/H264", sdpFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" },
  { mimeType: "video/H264", sdpFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f" },
  { mimeType: "video/AV1", sdpFmtpLine: "level-idx=5;profile=0;tier=0" },
  { mimeType: "video/AV1", sdpFmtpLine: "level-idx=5;profile=1;tier=0" },
  { mimeType: "video/red" },
];

test("Opus alone; pictures in the town hall's codec, then VP8, then their retransmissions", () => {
  const [vp8, rtx] = VIDEO;
  assert.deepEqual(wantedCodecs("video", VIDEO, "vp8"), [vp8, rtx]);
  const audio = [{ mimeType: "audio/red" }, { mimeType: "audio/opus" }];
  assert.deepEqual(wantedCodecs("audio", audio, "av1"), [{ mimeType: "audio/opus" }]);
  assert.deepEqual(wantedCodecs("audio", [], "vp8"), []);
});

test("of each codec the one form that everybody here speaks", () => {
  const [vp8, rtx] = VIDEO;
  assert.deepEqual(wantedCodecs("video", VIDEO, "h264"), [VIDEO[6], vp8, rtx]);
  assert.deepEqual(wantedCodecs("video", VIDEO, "vp9"), [VIDEO[2], vp8, rtx]);
  assert.deepEqual(wantedCodecs("video", VIDEO, "av1"), [VIDEO[8], vp8, rtx]);
  // As Firefox lists it: no profile means the first.
  assert.deepEqual(wantedCodecs("video", [{ mimeType: "video/AV1" }], "av1"), [{ mimeType: "video/AV1" }]);
  assert.deepEqual(wantedCodecs("video", VIDEO.slice(0, 2), "h264"), [vp8, rtx]);
});

test("AV1 has its dependencies described on every picture's section, and no other codec has", () => {
  const dd = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
  /** @param {Parameters<typeof wantedExtensions>[0]} kind @param {"vp9" | "av1"} codec */
  const direction = (kind, codec) => wantedExtensions(kind, [{ uri: dd, direction: "stopped" }], codec)[0]?.direction;
  assert.deepEqual(
    /** @type {const} */ (["camera", "screen", "video"]).map((kind) => direction(kind, "av1")),
    ["sendrecv", "sendrecv", "sendrecv"],
  );
  assert.deepEqual([direction("audio", "av1"), direction("video", "vp9")], ["stopped", "stopped"]);
});

test("extensions that a section does not need are stopped; the list stays complete, as the browser demands", () => {
  const uris = [
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:3gpp:video-orientation",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  ];
  const offered = uris.map((uri) => ({ uri, direction: "sendrecv" }));
  /** @param {Parameters<typeof wantedExtensions>[0]} kind */
  const kept = (kind) =>
    wantedExtensions(kind, offered, "vp8")
      .filter((one) => one.direction !== "stopped")
      .map((one) => one.uri.split(/[:/]/).at(-1));
  assert.equal(wantedExtensions("audio", offered, "vp8").length, offered.length);
  assert.deepEqual(kept("microphone"), ["ssrc-audio-level", "mid", "abs-send-time"]);
  assert.deepEqual(kept("camera"), ["mid", "rtp-stream-id", "abs-send-time"]);
  assert.deepEqual(kept("audio"), ["mid"]);
  assert.deepEqual(kept("video"), ["mid", "abs-send-time"]);
});

test("slots: a sound per seat and one for the language; pictures by what the page can show", () => {
  assert.deepEqual(slotCounts(8, false), { audio: 9, video: 9 });
  assert.deepEqual(slotCounts(16, true), { audio: 17, video: 2 });
  assert.deepEqual(slotCounts(1, true), { audio: 2, video: 2 });
});

test("the transport is said once, in the first section; the others are bundle-only", () => {
  const compact = compactOffer(HEAD + section("audio", "0") + section("video", "1") + section("video", "2"));
  assert.ok(compact.startsWith(HEAD + section("audio", "0")));
  for (const line of TRANSPORT) assert.equal(compact.split(line).length - 1, 1, line);
  assert.equal(compact.match(/^m=video 0 UDP\/TLS\/RTP\/SAVPF 96 97\r\na=bundle-only\r\na=setup:actpass/gm)?.length, 2);
  assert.equal(compact.match(/a=rtcp-mux\r\na=rtcp-rsize\r\na=rtcp-fb:96 nack\r\n/g)?.length, 3);
  assert.ok(compact.endsWith("\r\n") && !compact.includes("\r\n\r\n"));
});
