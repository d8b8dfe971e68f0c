import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyBatch,
  enter,
  fromSnapshot,
  isModerator,
  isStaff,
  may,
  myInvitation,
  mySeat,
  reduce,
  seated,
} from "../../shared/store.js";
import { ENGINEER, HOST, MINISTER, NOW, NURSE, hand, person, room, seat, stage } from "../support/fixtures.js";

/** @import { Snapshot } from "../../shared/model.js" */

/** @type {Snapshot} */
const SNAPSHOT = {
  town_hall: room().townHall,
  phase: "backstage",
  now: NOW + 5,
  stage: stage([seat(1, MINISTER)]),
  screen: null,
  screen_codec: null,
  hands: [],
  my_hand: null,
  invitations: [],
  audience: 3,
  permissions: ["leave"],
  speaker: 1,
};

test("a snapshot makes a room; what only staff are told is empty for others", () => {
  const made = fromSnapshot(NURSE, 7, SNAPSHOT, NOW);
  assert.equal(made.revision, 7);
  assert.equal(made.clockOffset, 5);
  assert.deepEqual(made.people, []);
  assert.equal(made.lastSpeaker, 1);
  assert.deepEqual(fromSnapshot(HOST, 7, { ...SNAPSHOT, participants: [HOST, NURSE] }, NOW).people, [HOST, NURSE]);
});

test("a resume with events goes on from the room it had, a snapshot replaces it", () => {
  const before = room({ revision: 10 });
  const resumed = enter(
    before,
    { you: before.you, credential: "c", revision: 12, events: [{ type: "phase", phase: "closed" }] },
    NOW,
  );
  assert.equal(resumed.phase, "closed");
  assert.equal(resumed.revision, 12);
  assert.equal(enter(before, { you: NURSE, credential: "c", revision: 3, snapshot: SNAPSHOT }, NOW).revision, 3);
  assert.throws(() => enter(null, { you: NURSE, credential: "c", revision: 3, events: [] }, NOW));
});

test("a batch without a newer revision keeps the one known", () => {
  assert.equal(
    applyBatch(room({ revision: 9 }), { revision: 4, events: [{ type: "audience", count: 5 }] }).revision,
    9,
  );
});

test("each event changes what it says and nothing else, and never the room before", () => {
  const before = Object.freeze(room());
  /** @type {Array<[import("../../shared/model.js").TownHallEvent, Partial<import("../../shared/model.js").Room>]>} */
  const rows = [
    [{ type: "phase", phase: "closed" }, { phase: "closed" }],
    [{ type: "audience", count: 2 }, { audience: 2 }],
    [{ type: "hands", hands: [hand(ENGINEER, 1)] }, { hands: [hand(ENGINEER, 1)] }],
    [{ type: "my_hand", position: 2 }, { myHand: 2 }],
    [
      { type: "seats", stage: stage([seat(3, NURSE)]), screen: NURSE.id, screen_codec: "av1" },
      { stage: stage([seat(3, NURSE)]), screen: NURSE.id, screenCodec: "av1" },
    ],
    [
      { type: "speaker", seat: 4 },
      { speaker: 4, lastSpeaker: 4 },
    ],
    [{ type: "invited", participant: "p-me", expires: 9 }, { invitations: [{ participant: "p-me", expires: 9 }] }],
    [{ type: "joined", participant: NURSE }, { people: [NURSE] }],
    [{ type: "media_state", connected: true }, {}],
    [{ type: "replaced" }, {}],
  ];
  for (const [event, change] of rows) assert.deepEqual(reduce(before, event), { ...before, ...change }, event.type);
});

test("a pause keeps the last speaker", () => {
  const paused = reduce(reduce(room(), { type: "speaker", seat: 2 }), { type: "speaker", seat: 0 });
  assert.equal(paused.speaker, 0);
  assert.equal(paused.lastSpeaker, 2);
});

test("an invitation is there once, and gone when it ends or its person leaves", () => {
  const once = [1, 2].reduce((now, expires) => reduce(now, { type: "invited", participant: "p", expires }), room());
  assert.deepEqual(once.invitations, [{ participant: "p", expires: 2 }]);
  assert.deepEqual(reduce(once, { type: "invitation_ended", participant: "p", reason: "expired" }).invitations, []);
  assert.deepEqual(reduce(once, { type: "left", participant: "p", reason: "gone" }).invitations, []);
});

test("names, presence and roles change wherever the person appears", () => {
  const before = room({
    you: MINISTER,
    people: [MINISTER, NURSE],
    stage: stage([seat(1, MINISTER)]),
    hands: [hand(MINISTER, 1)],
  });
  const renamed = reduce(before, { type: "renamed", participant: MINISTER.id, name: "Minister" });
  assert.equal(renamed.you.name, "Minister");
  assert.equal(renamed.people[0]?.name, "Minister");
  assert.equal(renamed.stage[0]?.participant?.name, "Minister");
  assert.equal(renamed.hands[0]?.name, "Minister");
  assert.equal(
    reduce(before, { type: "presence", participant: MINISTER.id, presence: "reconnecting" }).stage[0]?.participant
      ?.presence,
    "reconnecting",
  );
  const promoted = reduce(before, {
    type: "roles",
    participant: { ...MINISTER, roles: ["host"] },
    permissions: ["start"],
  });
  assert.deepEqual(promoted.you.roles, ["host"]);
  assert.ok(may(promoted, "start"));
  assert.equal(
    reduce(before, { type: "roles", participant: { ...NURSE, roles: ["speaker"] } }).permissions,
    before.permissions,
  );
});

test("who joins again is listed once", () => {
  const twice = [NURSE, { ...NURSE, name: "N." }].reduce(
    (now, who) => reduce(now, { type: "joined", participant: who }),
    room(),
  );
  assert.deepEqual(
    twice.people.map((p) => p.name),
    ["N."],
  );
});

test("what a person is and has", () => {
  const host = room({ you: HOST });
  assert.ok(isStaff(host) && isModerator(host));
  assert.ok(!isStaff(room()) && !isModerator(room()));
  assert.ok(!isStaff(room({ you: person("o", "Press", ["observer"]) })));
  const onStage = room({
    stage: stage([seat(4, room().you), seat(2, MINISTER)]),
    invitations: [{ participant: "p-me", expires: 1 }],
  });
  assert.equal(mySeat(onStage)?.seat, 4);
  assert.deepEqual(
    seated(onStage).map((one) => one.seat),
    [2, 4],
  );
  assert.equal(myInvitation(onStage)?.expires, 1);
});
