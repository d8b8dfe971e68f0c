// What the pages know of a town hall: the server's values (protocol.d.ts), and what a page adds to them.

import type { Hand, Invitation, Participant, Phase, Role, Seat, SlotInfo, TownHall, VideoCodec } from "./protocol.js";

export type {
  Batch,
  Entry,
  Hand,
  Invitation,
  MediaAnswer,
  MediaKind,
  Participant,
  Phase,
  Presence,
  Publish,
  Role,
  Seat,
  SlotInfo,
  SlotView,
  Snapshot,
  TownHall,
  TownHallEvent,
  VideoCodec,
} from "./protocol.js";

/** What the link was exchanged for. */
export interface Admission {
  credential: string;
  town_hall: TownHall & { phase: Phase };
  roles: Role[];
  name: string;
  speaks: boolean;
  /** The link that can speak, where this one cannot. */
  https?: string;
}

/** One town hall as this page sees it; never changed in place. */
export interface Room {
  you: Participant;
  revision: number;
  townHall: TownHall;
  phase: Phase;
  stage: Seat[];
  screen: string | null;
  screenCodec: VideoCodec | null;
  hands: Hand[];
  myHand: number | null;
  invitations: Invitation[];
  people: Participant[];
  audience: number;
  permissions: string[];
  speaker: number;
  /** The last seat that spoke: a picture follows it through pauses. */
  lastSpeaker: number;
  /** Server clock minus this machine's, in seconds. */
  clockOffset: number;
}

/** Why the page is no longer in the town hall. */
export type Ending = "removed" | "replaced" | "closed" | "left" | "credential_invalid";

/** A slot of the running connection with its track. */
export interface Slot extends SlotInfo {
  track: MediaStreamTrack;
}
