import assert from "node:assert/strict";
import { test } from "node:test";
import { PAUSED, SCREEN_SEAT, SPEAKER_SEAT, changedViews, focusSeat, wantedViews } from "../../shared/media/views.js";
import { HOST, MINISTER, NURSE, room, seat, stage } from "../support/fixtures.js";

/** @import { SlotInfo, SlotView } from "../../shared/model.js" */

/** @type {SlotInfo[]} */
const DESKTOP = [
  { mid: "3", kind: "audio", seat: 1 },
  ...Array.from({ length: 8 }, (_, index) => ({
    mid: `v${index + 1}`,
    kind: /** @type {const} */ ("video"),
    seat: index + 1,
  })),
  { mid: "vs", kind: "video", seat: SCREEN_SEAT },
];
/** @type {SlotInfo[]} */
const PHONE = [
  { mid: "a", kind: "video", seat: 0 },
  { mid: "b", kind: "video", seat: SCREEN_SEAT },
];
const NOBODY_ASKED = new Map();
const OPEN = { pinned: null, hidden: false, layers: new Map() };
const three = stage([seat(1, MINISTER), seat(2, NURSE), seat(5, HOST)]);

/** @param {readonly SlotInfo[]} slots @returns {Map<string, SlotView>} */
const asGiven = (slots) => new Map(slots.map(({ mid, seat: number }) => [mid, { mid, seat: number }]));

test("with a slot per seat nothing is ever re-fed: a change on stage costs no command", () => {
  const empty = wantedViews(room(), DESKTOP, OPEN, asGiven(DESKTOP));
  assert.deepEqual(changedViews(empty, asGiven(DESKTOP)), []);
  const taken = wantedViews(room({ stage: three }), DESKTOP, OPEN, asGiven(DESKTOP));
  assert.deepEqual(changedViews(taken, asGiven(DESKTOP)), []);
});

test("tiles ask for the layer of their size; a seat without a tile keeps what was asked for it", () => {
  const asked = asGiven(DESKTOP);
  asked.set("v2", { mid: "v2", seat: 2, layer: 1 });
  const wanted = wantedViews(
    room({ stage: three }),
    DESKTOP,
    {
      ...OPEN,
      layers: new Map([
        [1, 0],
        [5, undefined],
      ]),
    },
    asked,
  );
  assert.deepEqual(changedViews(wanted, asked), [{ mid: "v1", seat: 1, layer: 0 }]);
  assert.deepEqual(
    wanted.find((view) => view.mid === "v2"),
    { mid: "v2", seat: 2, layer: 1 },
  );
});

test("a hidden page pauses every picture, and gets them back at their best", () => {
  const hidden = wantedViews(room({ stage: three }), DESKTOP, { ...OPEN, hidden: true }, NOBODY_ASKED);
  assert.ok(hidden.every((view) => view.layer === PAUSED));
  const asked = new Map(hidden.map((view) => [view.mid, view]));
  const shown = wantedViews(room({ stage: three }), DESKTOP, OPEN, asked);
  assert.ok(shown.every((view) => view.layer === undefined));
  assert.equal(changedViews(shown, asked).length, 9);
});

test("a phone leaves the speaker to the relay, through pauses too", () => {
  for (const speaker of [2, 0]) {
    const [large, screen] = wantedViews(room({ stage: three, speaker, lastSpeaker: 2 }), PHONE, OPEN, NOBODY_ASKED);
    assert.equal(large?.seat, SPEAKER_SEAT);
    assert.equal(screen?.seat, SCREEN_SEAT);
  }
});

test("a phone names a seat where the choice is its own", () => {
  const me = room().you;
  const own = stage([seat(1, MINISTER), seat(2, me)]);
  const rows = [
    { what: "nobody has spoken", inside: room({ stage: three }), pinned: null, shown: 1 },
    { what: "a pin", inside: room({ stage: three, speaker: 2, lastSpeaker: 2 }), pinned: 5, shown: 5 },
    {
      what: "a pin on a seat that was freed",
      inside: room({ stage: three, speaker: 2, lastSpeaker: 2 }),
      pinned: 7,
      shown: 2,
    },
    { what: "it is who speaks", inside: room({ stage: own, speaker: 2, lastSpeaker: 2 }), pinned: null, shown: 1 },
    { what: "nobody is on stage", inside: room(), pinned: null, shown: SPEAKER_SEAT },
  ];
  for (const { what, inside, pinned, shown } of rows) {
    assert.equal(wantedViews(inside, PHONE, { ...OPEN, pinned }, NOBODY_ASKED)[0]?.seat, shown, what);
  }
});

test("a phone's large picture has the layer of its tile, whoever is in it", () => {
  const layers = new Map([[2, 1]]);
  assert.deepEqual(
    wantedViews(room({ stage: three, speaker: 2, lastSpeaker: 2 }), PHONE, { ...OPEN, layers }, NOBODY_ASKED)[0],
    { mid: "a", seat: SPEAKER_SEAT, layer: 1 },
  );
});

test("the focus is never oneself, and 0 when nobody else is there", () => {
  const me = room().you;
  assert.equal(focusSeat(room({ stage: stage([seat(2, me)]), speaker: 2, lastSpeaker: 2 }), 2), 0);
  assert.equal(focusSeat(room({ stage: stage([seat(2, me), seat(3, NURSE)]), speaker: 2, lastSpeaker: 2 }), null), 3);
});
