import assert from "node:assert/strict";
import { test } from "node:test";
import { PICTURE_DELAY_MS, Patience, REPAIR_DELAY_MS, received } from "../../shared/media/patience.js";

test("pictures wait for repairs while packets are lost, and a minute longer", () => {
  const patience = new Patience();
  const rows = /** @type {const} */ ([
    [0, 0, 0, PICTURE_DELAY_MS],
    [2_000, 200, 1, PICTURE_DELAY_MS], // one packet
    [4_000, 1_200, 5, PICTURE_DELAY_MS], // four in a thousand
    [6_000, 1_400, 15, REPAIR_DELAY_MS],
    [8_000, 1_600, 15, REPAIR_DELAY_MS],
    [20_000, 2_600, 65, REPAIR_DELAY_MS],
    [79_999, 9_000, 65, REPAIR_DELAY_MS],
    [80_000, 9_001, 65, PICTURE_DELAY_MS],
  ]);
  for (const [now, packets, asked, delay] of rows) {
    assert.equal(patience.delay({ packets, asked }, now), delay, `at ${now} ms`);
  }
});

test("only pictures count, and a browser that does not say how often it asked", () => {
  const report = [
    { type: "inbound-rtp", kind: "video", packetsReceived: 10, nackCount: 2 },
    { type: "inbound-rtp", kind: "video", packetsReceived: 5 },
    { type: "inbound-rtp", kind: "audio", packetsReceived: 100, nackCount: 9 },
    { type: "outbound-rtp", kind: "video", nackCount: 7 },
  ];
  assert.deepEqual(received(report), { packets: 15, asked: 2 });
});
