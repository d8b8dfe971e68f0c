// What the pages know of a town hall: the values of PROTOCOL.md, and what the page adds to them.

export type Role =
  | "administrator" | "host" | "moderator" | "speaker" | "interpreter" | "captioner" | "operator" | "attendee" | "observer";
export type Phase = "scheduled" | "backstage" | "live" | "closed";
export type Presence = "here" | "reconnecting";
export type MediaKind = "microphone" | "camera" | "screen";

export interface Participant { id: string; name: string; roles: Role[]; presence: Presence }
export interface Seat {
  seat: number; participant: Participant | null; microphone: boolean; camera: boolean; muted_by: string | null;
}
/** `since`, `expires`: seconds since 1970. */
export interface Hand { participant: string; name: string; since: number }
export interface Invitation { participant: string; expires: number }
export interface TownHall { id: string; title: string; starts_at: number | null; language: string; seats: number }

export interface Snapshot {
  town_hall: TownHall; phase: Phase; now: number; stage: Seat[]; screen: string | null; hands: Hand[];
  my_hand: number | null; invitations: Invitation[]; participants?: Participant[]; audience: number;
  permissions: string[]; speaker: number;
}

export type TownHallEvent =
  | { type: "phase"; phase: Phase }
  | { type: "joined"; participant: Participant }
  | { type: "left"; participant: string; reason: "left" | "gone" | "removed" }
  | { type: "presence"; participant: string; presence: Presence }
  | { type: "renamed"; participant: string; name: string }
  | { type: "roles"; participant: Participant; permissions?: string[] }
  | { type: "audience"; count: number }
  | { type: "hands"; hands: Hand[] }
  | { type: "my_hand"; position: number | null }
  | { type: "invited"; participant: string; expires: number }
  | { type: "invitation_ended"; participant: string; reason: "accepted" | "declined" | "withdrawn" | "expired" }
  | { type: "seats"; stage: Seat[]; screen: string | null }
  | { type: "speaker"; seat: number }
  | { type: "media_state"; connected: boolean }
  | { type: "rejoin"; reason: string }
  | { type: "removed" }
  | { type: "replaced" }
  | { type: "restarting"; seconds: number };

export interface Batch { revision: number; events: TownHallEvent[] }

export interface SlotInfo { mid: string; kind: "audio" | "video"; seat: number }
export interface MediaAnswer { answer: string; slots: SlotInfo[] }
export interface Publish { microphone?: string; camera?: string; screen?: string }

/** The acknowledgement of `join` and `resume`. */
export interface Entry {
  you: Participant; credential: string; revision: number; snapshot?: Snapshot; events?: TownHallEvent[]; media?: MediaAnswer;
}

/** What the link was exchanged for. */
export interface Admission {
  credential: string;
  town_hall: { id: string; title: string; phase: Phase; starts_at: number | null; language: string; seats?: number };
  roles: Role[]; name: string; speaks: boolean; https?: string;
}

/** One town hall as this page sees it; never changed in place. */
export interface Room {
  you: Participant; revision: number; townHall: TownHall; phase: Phase; stage: Seat[]; screen: string | null;
  hands: Hand[]; myHand: number | null; invitations: Invitation[]; people: Participant[]; audience: number;
  permissions: string[]; speaker: number;
  /** The last seat that spoke: a picture follows it through pauses. */
  lastSpeaker: number;
  /** Server clock minus this machine's, in seconds. */
  clockOffset: number;
}

/** Why the page is no longer in the town hall. */
export type Ending = "removed" | "replaced" | "closed" | "left" | "credential_invalid";

export interface SlotView { mid: string; seat: number; layer?: number }
/** A slot of the running connection with its track. */
export interface Slot extends SlotInfo { track: MediaStreamTrack }
