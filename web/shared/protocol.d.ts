// Made by room_server/signalling/schema.py from the structs of the server; PROTOCOL.md says what they mean.

/** Which m-section of the offer carries what. */
export interface Publish { microphone?: string; camera?: string; screen?: string }

/** What one may open and shut on stage. */
export type MediaKind = "camera" | "microphone" | "screen";

/** What one slot shall show: `layer` 0..3 is the largest wanted, None the best, -1 pauses it. */
export interface SlotView { mid: string; seat: number; layer?: number }

/** Where a town hall stands. */
export type Phase = "backstage" | "closed" | "live" | "scheduled";

/** What a person is in one town hall; a person has a set of them. */
export type Role = "administrator" | "host" | "moderator" | "speaker" | "interpreter" | "captioner" | "operator" | "attendee" | "observer";

/** Whether somebody's line is up. */
export type Presence = "here" | "reconnecting";

/** A person as others see them. `roles` in the order of the role table. */
export interface Participant { id: string; name: string; roles: Role[]; presence: Presence }

/** A raised hand; `since` in seconds since 1970. */
export interface Hand { participant: string; name: string; since: number }

/** What a picture is sent in; VP8 is the one that every browser shows. */
export type VideoCodec = "av1" | "h264" | "vp8" | "vp9";

/** A seat of the stage. `muted_by` shut the microphone or camera, and its owner has opened neither since. */
export interface Seat {
  seat: number;
  participant: Participant | null;
  microphone: boolean;
  camera: boolean;
  muted_by: string | null;
  codec: VideoCodec | null;
}

/** What was decided when it was scheduled. */
export interface TownHall {
  id: string;
  title: string;
  starts_at: number | null;
  language: string;
  seats: number;
  video_codec: VideoCodec;
}

/** An invitation to the stage that waits for an answer until `expires`, in seconds since 1970. */
export interface Invitation { participant: string; expires: number }

/** Staff see hands, invitations and people; others their own. Times in seconds since 1970. */
export interface Snapshot {
  town_hall: TownHall;
  phase: Phase;
  now: number;
  stage: Seat[];
  screen: string | null;
  screen_codec: VideoCodec | null;
  hands: Hand[];
  my_hand: number | null;
  invitations: Invitation[];
  audience: number;
  permissions: string[];
  speaker: number;
  participants?: Participant[];
}

/** A receive m-section and the seat that feeds it. */
export interface SlotInfo { mid: string; kind: "audio" | "video"; seat: number }

/** The answer to an offer, which seat feeds each slot, and the codecs that the video slots can carry. */
export interface MediaAnswer { answer: string; slots: SlotInfo[]; codecs: VideoCodec[] }

/** The acknowledgement of join and resume: a snapshot, or the events since the revision that was seen. */
export interface Entry {
  you: Participant;
  credential: string;
  revision: number;
  snapshot?: Snapshot;
  events?: TownHallEvent[];
  media?: MediaAnswer;
}

export type Command =
  | { type: "join"; credential: string; name: string; offer?: string; publish?: Publish; slots?: number }
  | { type: "resume"; credential: string; revision: number; offer?: string; publish?: Publish }
  | { type: "start" }
  | { type: "close" }
  | { type: "invite"; participant: string }
  | { type: "uninvite"; participant: string }
  | { type: "accept" }
  | { type: "decline" }
  | { type: "take_seat" }
  | { type: "leave_stage" }
  | { type: "remove_from_stage"; participant: string }
  | { type: "mute"; participant: string; kind: MediaKind }
  | { type: "set_media"; microphone?: boolean; camera?: boolean; screen?: boolean }
  | { type: "raise_hand" }
  | { type: "lower_hand"; participant?: string }
  | { type: "rename"; name: string }
  | { type: "remove"; participant: string }
  | { type: "leave" };

export type MediaRequest =
  | { type: "restart"; offer: string }
  | { type: "view"; slots: SlotView[] }
  | { type: "quality"; seconds: number; loss: number; buffer_ms: number; concealed: number; freezes: number; rtt_ms: number; codec?: "" | "AV1" | "H264" | "VP8" | "VP9"; height?: number; protocol?: "" | "tcp" | "udp"; relayed?: boolean };

export type TownHallEvent =
  | { type: "phase"; phase: Phase }
  | { type: "joined"; participant: Participant }
  | { type: "left"; participant: string; reason: "gone" | "left" | "removed" }
  | { type: "presence"; participant: string; presence: Presence }
  | { type: "renamed"; participant: string; name: string }
  | { type: "roles"; participant: Participant; permissions?: string[] }
  | { type: "hands"; hands: Hand[] }
  | { type: "invited"; participant: string; expires: number }
  | { type: "invitation_ended"; participant: string; reason: "accepted" | "declined" | "expired" | "withdrawn" }
  | { type: "seats"; stage: Seat[]; screen: string | null; screen_codec: VideoCodec | null }
  | { type: "audience"; count: number }
  | { type: "my_hand"; position: number | null }
  | { type: "speaker"; seat: number }
  | { type: "media_state"; connected: boolean }
  | { type: "rejoin"; reason: string }
  | { type: "removed" }
  | { type: "replaced" }
  | { type: "restarting"; seconds: number };

/** The payload of `event`. */
export interface Batch { revision: number; events: TownHallEvent[] }
