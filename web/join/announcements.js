/** What a screen reader is told of the town hall's events: few things, in one sentence. */
import { mySeat } from "../shared/store.js";
import { t } from "../shared/texts.js";

/** @import { Room, TownHallEvent } from "../shared/model.js" */

/**
 * @param {TownHallEvent} event @param {Room} room the room after it
 * @returns {string} empty: nothing worth an interruption
 */
export function announcementFor(event, room) {
  switch (event.type) {
    case "phase":
      return t(`announce-phase-${event.phase}`);
    case "my_hand":
      return event.position ? t("dock-queue", { position: event.position }) : "";
    case "hands":
      return event.hands.length > 0 ? t("announce-hands", { count: event.hands.length }) : "";
    case "invitation_ended":
      return event.participant === room.you.id && !mySeat(room) && event.reason !== "declined" ? t("announce-invitation-ended") : "";
    default:
      return "";
  }
}
