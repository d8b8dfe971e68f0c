/** A town hall with people in it, for tests and the gallery. */

/** @import { Hand, Participant, Role, Room, Seat } from "../../shared/model.js" */

export const NOW = 1_763_964_000;

/** @param {string} id @param {string} name @param {Role[]} [roles] @param {"here" | "reconnecting"} [presence] @returns {Participant} */
export function person(id, name, roles = ["attendee"], presence = "here") {
  return { id, name, roles, presence };
}

export const HOST = person("p-host", "Rutendo Moyo", ["host"]);
export const MINISTER = person("p-minister", "Hon. Dr. Tapiwa Chikwanda", ["speaker"]);
export const NURSE = person("p-nurse", "Nomvula Ndlovu-Mpofu");
export const ENGINEER = person("p-engineer", "Farai Chidzonga");
export const ANONYMOUS = person("p-quiet", "");
export const MODERATOR = person("p-moderator", "Anesu Gumbo", ["moderator"]);
export const PROFESSOR = person("p-professor", "Prof. Sibusisiwe Mahlangu-Nkomo wekwaGutu reMasvingo", ["speaker"]);

export const PEOPLE = [
  HOST,
  MINISTER,
  NURSE,
  ENGINEER,
  ANONYMOUS,
  MODERATOR,
  PROFESSOR,
  person("p-away", "Chenai Banda", ["attendee"], "reconnecting"),
  person("p-press", "The Herald", ["observer"]),
];

/** @param {number} number @param {Participant | null} participant @param {Partial<Seat>} [more] @returns {Seat} */
export function seat(number, participant, more = {}) {
  return {
    seat: number,
    participant,
    microphone: participant !== null,
    camera: participant !== null,
    muted_by: null,
    codec: participant !== null ? "vp8" : null,
    ...more,
  };
}

/** @param {Seat[]} taken @param {number} [seats] @returns {Seat[]} */
export function stage(taken, seats = 8) {
  return Array.from(
    { length: seats },
    (_, index) => taken.find((one) => one.seat === index + 1) ?? seat(index + 1, null),
  );
}

/** @param {Participant} participant @param {number} minutes @returns {Hand} */
export function hand(participant, minutes) {
  return { participant: participant.id, name: participant.name, since: NOW - 60 * minutes };
}

const EVERYBODY = ["rename", "leave"];
const SPEAKING = ["accept", "decline", "leave_stage", "set_media", "raise_hand", "lower_hand"];
const MODERATING = ["invite", "uninvite", "remove_from_stage", "mute", "remove", "take_seat"];

/** @param {Partial<Room>} [change] @returns {Room} */
export function room(change = {}) {
  const you = change.you ?? person("p-me", "Thandiwe Sibanda");
  const moderates = you.roles.includes("host") || you.roles.includes("moderator");
  return {
    you,
    revision: 1,
    townHall: {
      id: "th-1",
      title: "Health workers abroad: questions to the Minister",
      starts_at: NOW + 3600,
      language: "en",
      seats: 8,
      video_codec: "vp8",
    },
    phase: "live",
    stage: stage([]),
    screen: null,
    screenCodec: null,
    hands: [],
    myHand: null,
    invitations: [],
    people: moderates ? PEOPLE : [],
    audience: 1284,
    permissions: [
      ...EVERYBODY,
      ...SPEAKING,
      ...(moderates ? MODERATING : you.roles.includes("speaker") ? ["take_seat"] : []),
      ...(you.roles.includes("host") ? ["start", "close"] : []),
    ],
    speaker: 0,
    lastSpeaker: 0,
    clockOffset: NOW - Date.now() / 1000,
    ...change,
  };
}
