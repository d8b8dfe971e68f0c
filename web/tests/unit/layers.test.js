import assert from "node:assert/strict";
import { test } from "node:test";
import { cameraEncodings, inCodec, layerFor, screenEncodings } from "../../shared/media/layers.js";

/** The widths that are sent. @param {Array<{active: boolean, scaleResolutionDownBy: number}>} encodings @param {number} width */
const widths = (encodings, width) =>
  encodings.filter((one) => one.active).map((one) => Math.round(width / one.scaleResolutionDownBy));

test("a camera's largest active layer is the capture itself, never more than 1280", () => {
  const rows = [
    [1280, 720, [320, 640, 1280]],
    [1920, 1080, [320, 640, 1280]],
    [960, 540, [240, 480, 960]],
    [640, 360, [320, 640]],
    [640, 480, [320, 640]],
    [320, 180, [320]],
  ];
  for (const [width, height, sent] of /** @type {Array<[number, number, number[]]>} */ (rows)) {
    assert.deepEqual(widths(cameraEncodings({ width, height }), width), sent, `${width}x${height}`);
  }
});

test("a phone held upright is judged by its long edge", () => {
  assert.deepEqual(cameraEncodings({ width: 720, height: 1280 }), cameraEncodings({ width: 1280, height: 720 }));
});

test("an idle transceiver is offered with all layers, always in the same order", () => {
  assert.deepEqual(
    cameraEncodings({}).map((one) => [one.rid, one.active]),
    [
      ["q", true],
      ["h", true],
      ["f", true],
    ],
  );
  assert.deepEqual(
    screenEncodings({}, "detail").map((one) => one.rid),
    ["q", "f"],
  );
  for (const width of [320, 640, 1280, 4000])
    assert.deepEqual(
      cameraEncodings({ width }).map((one) => one.rid),
      ["q", "h", "f"],
    );
});

test("a screen goes out whole and small; text slowly and sharp, film smoothly", () => {
  assert.deepEqual(widths(screenEncodings({ width: 1920, height: 1080 }, "detail"), 1920), [640, 1920]);
  assert.deepEqual(widths(screenEncodings({ width: 3840, height: 2160 }, "detail"), 3840), [640, 1920]);
  assert.deepEqual(widths(screenEncodings({ width: 600, height: 400 }, "detail"), 600), [600]);
  assert.deepEqual(
    screenEncodings({ width: 1920 }, "detail").map((one) => one.maxFramerate),
    [5, 5],
  );
  assert.deepEqual(
    screenEncodings({ width: 1920 }, "motion").map((one) => one.maxFramerate),
    [15, 30],
  );
});

test("codecs that would else send one picture name a mode for each encoding, without spatial layers", () => {
  const modes = /** @type {const} */ (["vp8", "h264", "vp9", "av1"]).map((codec) =>
    inCodec(cameraEncodings({}), codec).map((one) => one.scalabilityMode),
  );
  assert.deepEqual(modes, [
    [undefined, undefined, undefined],
    [undefined, undefined, undefined],
    ["L1T2", "L1T2", "L1T2"],
    ["L1T1", "L1T1", "L1T1"],
  ]);
  assert.deepEqual(
    inCodec(screenEncodings({}, "detail"), "av1").map((one) => one.rid),
    ["q", "f"],
  );
});

test("a tile asks for the smallest layer that fills it", () => {
  assert.deepEqual([160, 400, 401, 800, 801, 3840].map(layerFor), [0, 0, 1, 1, undefined, undefined]);
});
