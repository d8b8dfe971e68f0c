import assert from "node:assert/strict";
import { test } from "node:test";
import { gridFor, initials } from "../../shared/layout.js";

test("tiles fit, in both directions, for every number of people and every shape of window", () => {
  for (const [width, height] of /** @type {const} */ ([
    [1280, 640],
    [360, 500],
    [1920, 300],
    [640, 200],
  ])) {
    for (let count = 1; count <= 16; count++) {
      const tile = gridFor(count, width, height, 8);
      const columns = Math.floor((width + 8) / (tile + 8));
      const rows = Math.ceil(count / columns);
      assert.ok(tile > 0 && tile <= width, `${count} in ${width}x${height}`);
      assert.ok(
        rows * ((tile * 9) / 16 + 8) - 8 <= height + 1,
        `${count} in ${width}x${height}: ${rows} rows of ${tile}`,
      );
    }
  }
});

test("one picture fills the window, four make two rows", () => {
  assert.equal(gridFor(1, 1600, 900), 1600);
  assert.equal(gridFor(4, 1600, 900, 0), 800);
  assert.equal(gridFor(2, 390, 700), 390);
});

test("initials of the first and last name, in any script", () => {
  assert.deepEqual(
    ["Rutendo Moyo", "Hon. Dr. Tapiwa Chikwanda", "Kudzai", "", "  ", "123", "Ökan Ćosić"].map(initials),
    ["RM", "HC", "K", "", "", "", "ÖĆ"],
  );
});
