/** What a screen reader is told: few things, in one sentence each. */
import { mySeat } from "../shared/store.js";
import { t } from "../shared/texts.js";

/** @import { Room, TownHallEvent } from "../shared/model.js" */

/**
 * Whether and by whom this person is heard, while on stage; the text of the lamp. @param {Room} room
 * @returns {string} empty: not on stage
 */
export function lampText(room) {
  const seat = mySeat(room);
  if (!seat) return "";
  if (!seat.microphone && seat.muted_by && seat.muted_by !== room.you.id) return t("lamp-muted-by-moderator");
  if (!seat.microphone) return t("lamp-muted");
  return t(room.phase === "live" ? "lamp-on-air" : "lamp-backstage");
}

/**
 * What is wrong with the way to the server, and only that: the line and the media are lost and come back one by one.
 * @param {"online" | "reconnecting" | "restarting"} online @param {boolean} mediaLost
 * @returns {string} empty: nothing
 */
export function troubleText(online, mediaLost) {
  if (online === "online") return mediaLost ? t("banner-media") : "";
  return t(online === "reconnecting" && !mediaLost ? "banner-line" : `banner-${online}`);
}

/**
 * How things stand for this person, in one sentence; said whenever it becomes another.
 * @param {Room} room @param {"online" | "reconnecting" | "restarting"} online @param {boolean} mediaLost
 */
export function standing(room, online, mediaLost) {
  const trouble = troubleText(online, mediaLost);
  if (trouble) return trouble;
  if (mySeat(room)) return `${t("lamp-on-stage")} ${lampText(room)}`;
  return room.myHand ? t("dock-queue", { position: room.myHand }) : "";
}

/**
 * @param {TownHallEvent} event @param {Room} room the room after it
 * @returns {string} empty: nothing worth an interruption
 */
export function announcementFor(event, room) {
  switch (event.type) {
    case "phase":
      return t(`announce-phase-${event.phase}`);
    case "hands":
      return event.hands.length > 0 ? t("announce-hands", { count: event.hands.length }) : "";
    case "invitation_ended":
      return event.participant === room.you.id && !mySeat(room) && event.reason !== "declined"
        ? t("announce-invitation-ended")
        : "";
    default:
      return "";
  }
}
