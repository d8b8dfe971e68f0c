/** What the page knows of its town hall: a pure reducer over the server's snapshot and events. */

/** @import { Batch, Entry, Participant, Room, Seat, Snapshot, TownHallEvent } from "./model.js" */

/**
 * @param {Participant} you
 * @param {number} revision
 * @param {Snapshot} snapshot
 * @param {number} now this machine's clock, seconds since 1970
 * @returns {Room}
 */
export function fromSnapshot(you, revision, snapshot, now) {
  return {
    you,
    revision,
    townHall: snapshot.town_hall,
    phase: snapshot.phase,
    stage: snapshot.stage,
    screen: snapshot.screen,
    screenCodec: snapshot.screen_codec,
    hands: snapshot.hands,
    myHand: snapshot.my_hand,
    invitations: snapshot.invitations,
    people: snapshot.participants ?? [],
    audience: snapshot.audience,
    permissions: snapshot.permissions,
    speaker: snapshot.speaker,
    lastSpeaker: snapshot.speaker,
    clockOffset: snapshot.now - now,
  };
}

/**
 * The room after a `join` or `resume` was acknowledged.
 * @param {Room | null} room @param {Entry} entry @param {number} now
 * @returns {Room}
 */
export function enter(room, entry, now) {
  if (entry.snapshot) return fromSnapshot(entry.you, entry.revision, entry.snapshot, now);
  if (!room) throw new Error("the server resumed without a snapshot, but this page has none");
  return applyBatch({ ...room, you: entry.you }, { revision: entry.revision, events: entry.events ?? [] });
}

/** @param {Room} room @param {Batch} batch @returns {Room} */
export function applyBatch(room, batch) {
  const next = batch.events.reduce(reduce, room);
  return { ...next, revision: Math.max(room.revision, batch.revision) };
}

/**
 * One event. Events that concern the connection and not the town hall leave the room as it is.
 * @param {Room} room @param {TownHallEvent} event @returns {Room}
 */
export function reduce(room, event) {
  switch (event.type) {
    case "phase":
      return { ...room, phase: event.phase };
    case "audience":
      return { ...room, audience: event.count };
    case "hands":
      return { ...room, hands: event.hands };
    case "my_hand":
      return { ...room, myHand: event.position };
    case "seats":
      return { ...room, stage: event.stage, screen: event.screen, screenCodec: event.screen_codec };
    case "speaker":
      return { ...room, speaker: event.seat, lastSpeaker: event.seat || room.lastSpeaker };
    case "invited":
      return {
        ...room,
        invitations: [
          ...without(room.invitations, event.participant),
          { participant: event.participant, expires: event.expires },
        ],
      };
    case "invitation_ended":
      return { ...room, invitations: without(room.invitations, event.participant) };
    default:
      return reducePeople(room, event);
  }
}

/** @param {Room} room @param {TownHallEvent} event @returns {Room} */
function reducePeople(room, event) {
  switch (event.type) {
    case "joined":
      return { ...room, people: [...room.people.filter((p) => p.id !== event.participant.id), event.participant] };
    case "left":
      return {
        ...room,
        people: room.people.filter((p) => p.id !== event.participant),
        invitations: without(room.invitations, event.participant),
      };
    case "presence":
      return changePerson(room, event.participant, { presence: event.presence });
    case "renamed":
      return changePerson(room, event.participant, { name: event.name });
    case "roles": {
      const changed = changePerson(room, event.participant.id, event.participant);
      return event.permissions ? { ...changed, permissions: event.permissions } : changed;
    }
    default:
      return room;
  }
}

/** @param {Room} room @param {string} id @param {Partial<Participant>} change @returns {Room} */
function changePerson(room, id, change) {
  /** @param {Participant} p */
  const apply = (p) => (p.id === id ? { ...p, ...change } : p);
  return {
    ...room,
    you: apply(room.you),
    people: room.people.map(apply),
    stage: room.stage.map((seat) =>
      seat.participant?.id === id ? { ...seat, participant: apply(seat.participant) } : seat,
    ),
    hands:
      change.name === undefined
        ? room.hands
        : room.hands.map((h) => (h.participant === id ? { ...h, name: change.name ?? h.name } : h)),
  };
}

/** @template {{participant: string}} T @param {T[]} list @param {string} id @returns {T[]} */
function without(list, id) {
  return list.filter((item) => item.participant !== id);
}

const STAFF = new Set(["administrator", "host", "moderator", "speaker", "interpreter", "captioner", "operator"]);

/** Whether this person hears the stage before it is live. @param {Room} room */
export function isStaff(room) {
  return room.you.roles.some((role) => STAFF.has(role));
}

/** Whether the console is for this person: they may act on others. @param {Room} room */
export function isModerator(room) {
  return may(room, "invite");
}

/** @param {Room} room @param {string} command */
export function may(room, command) {
  return room.permissions.includes(command);
}

/** @param {Room} room @returns {Seat | undefined} */
export function mySeat(room) {
  return room.stage.find((seat) => seat.participant?.id === room.you.id);
}

/** @param {Room} room @returns {Array<Seat & {participant: Participant}>} */
export function seated(room) {
  return /** @type {Array<Seat & {participant: Participant}>} */ (room.stage.filter((seat) => seat.participant));
}

/** @param {Room} room */
export function myInvitation(room) {
  return room.invitations.find((invitation) => invitation.participant === room.you.id);
}
