import assert from "node:assert/strict";
import { test } from "node:test";
import { patience, retryDelay } from "../../shared/reconnect.js";

const CHANCES = [0, 0.25, 0.5, 0.75, 1];

test("the first tries come quickly, and none later than 4 s", () => {
  const latest = Array.from({ length: 12 }, (_, tries) => retryDelay(tries, 10, 1));
  assert.deepEqual(latest.slice(0, 5), [250, 500, 1000, 2000, 4000]);
  assert.equal(Math.max(...latest), 4000);
  for (const chance of CHANCES) assert.ok(retryDelay(0, 10, chance) >= 125);
});

test("a crowd spreads over two seconds from the first try on", () => {
  const times = CHANCES.map((chance) => retryDelay(0, 3000, chance));
  assert.deepEqual(times, [0, 500, 1000, 1500, 2000]);
  assert.equal(retryDelay(9, 3000, 1), 4000);
});

test("later attempts may take longer, and end", () => {
  assert.deepEqual([0, 1, 6, 60].map(patience), [4000, 5000, 10000, 10000]);
});
