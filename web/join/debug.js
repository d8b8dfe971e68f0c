/** `?debug`: the connection panel beside the page. Fetched only when it is asked for. */
import "../shared/debug/panel.js";
import { Recorder } from "../shared/debug/recorder.js";
import { SCREEN_SEAT, SPEAKER_SEAT } from "../shared/media/views.js";
import { mySeat } from "../shared/store.js";
import { t } from "../shared/texts.js";

/** @import { RoomDebug } from "../shared/debug/panel.js" */
/** @import { Session } from "./session.js" */

/** Put the panel on the page; it measures from now on. @param {Session} session @returns {Recorder} */
export function showDebug(session) {
  const { media } = session;
  const recorder = new Recorder({
    browser: navigator.userAgent,
    stats: async () => new Map(await media.connection?.pc.getStats()),
    state: () => media.state,
    expectsMedia: () => expectsMedia(session),
  });
  const panel = /** @type {RoomDebug} */ (document.createElement("room-debug"));
  panel.watch(recorder, (mid) => slotName(session, mid));
  document.body.append(panel);
  noteChanges(session, recorder);
  return recorder;
}

/** Whether the stage has somebody who speaks, other than whoever looks. @param {Session} session */
function expectsMedia({ room }) {
  if (!room || room.phase !== "live") return false;
  const own = mySeat(room)?.seat;
  return room.stage.some((seat) => seat.participant && seat.seat !== own && seat.microphone);
}

/** @param {Session} session @param {string} mid */
function slotName({ media }, mid) {
  const slot = media.slots.find((known) => known.mid === mid);
  if (!slot) return mid;
  const kind = t(`debug-kind-${slot.kind}`);
  if (slot.seat === SPEAKER_SEAT) return t("debug-speaker", { kind });
  return slot.seat === SCREEN_SEAT ? t("debug-screen", { kind }) : t("debug-seat", { kind, seat: slot.seat });
}

/** What a support person asks for first: when the way to the server was lost, and what came back. @param {Session} session @param {Recorder} recorder */
function noteChanges(session, recorder) {
  let before = "";
  session.addEventListener("change", () => {
    const now = `signalling ${session.online}, connection ${session.media.connections}`;
    if (now !== before) recorder.note(now);
    before = now;
  });
  session.media.addEventListener("rejoin", () => recorder.note("new offer needed"));
  document.addEventListener("visibilitychange", () => recorder.note(`page ${document.visibilityState}`));
}
