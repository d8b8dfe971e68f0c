/** Which seat each video slot shows, and how large. Pure: the page's layout in, the change for the relay out. */
import { mySeat, seated } from "../store.js";

/** @import { Room, SlotInfo, SlotView } from "../model.js" */

export const SPEAKER_SEAT = 0;
export const SCREEN_SEAT = 100;
/** A layer that stands for "nothing is sent". */
export const PAUSED = -1;

/**
 * @typedef {{pinned: number | null, hidden: boolean, layers: ReadonlyMap<number, number | undefined>}} Layout
 * `layers`: the largest layer wanted per seat that has a tile, by the size of that tile; undefined: the best.
 */

/**
 * What every video slot should show now. A seat without a tile keeps what was asked for it: nothing is sent for an
 * empty seat anyway, and a change on stage must not make a whole audience send commands.
 * @param {Room} room @param {readonly SlotInfo[]} slots @param {Layout} layout
 * @param {ReadonlyMap<string, SlotView>} asked by mid @returns {SlotView[]}
 */
export function wantedViews(room, slots, layout, asked) {
  const video = slots.filter((slot) => slot.kind === "video");
  const perSeat = hasSlotPerSeat(room, video.length);
  return video.map(({ mid }, index) => {
    const seat = perSeat ? seatOfSlot(room, index) : followedSeat(room, index, layout.pinned);
    if (layout.hidden) return view(mid, seat, PAUSED);
    const shown = seat === SPEAKER_SEAT ? focusSeat(room, layout.pinned) : seat;
    if (layout.layers.has(shown)) return view(mid, seat, layout.layers.get(shown));
    const before = asked.get(mid)?.layer;
    return view(mid, seat, before === PAUSED ? undefined : before);
  });
}

/**
 * The views that differ from what was last asked for.
 * @param {readonly SlotView[]} wanted @param {ReadonlyMap<string, SlotView>} asked @returns {SlotView[]}
 */
export function changedViews(wanted, asked) {
  return wanted.filter((one) => {
    const before = asked.get(one.mid);
    return !before || before.seat !== one.seat || before.layer !== one.layer;
  });
}

/** @param {Room} room @param {number} videoSlots */
export function hasSlotPerSeat(room, videoSlots) {
  return videoSlots >= room.townHall.seats;
}

/**
 * The seat whose picture a page with few slots shows large: pinned, else whoever speaks, else whoever spoke last,
 * else the first on stage; never one's own.
 * @param {Room} room @param {number | null} pinned @returns {number}
 */
export function focusSeat(room, pinned) {
  const own = mySeat(room)?.seat;
  const others = seated(room)
    .map((seat) => seat.seat)
    .filter((seat) => seat !== own);
  return [pinned ?? 0, room.speaker, room.lastSpeaker].find((seat) => others.includes(seat)) ?? others[0] ?? 0;
}

/** @param {Room} room @param {number} index */
function seatOfSlot(room, index) {
  return index < room.townHall.seats ? index + 1 : SCREEN_SEAT;
}

/** @param {Room} room @param {number} index @param {number | null} pinned */
function followedSeat(room, index, pinned) {
  if (index > 0) return SCREEN_SEAT;
  const focus = focusSeat(room, pinned);
  // The relay moves the speaker's seat by itself, for a whole audience at once, and leaves it through pauses; a seat
  // is named only where the choice is this page's own: a pin, nobody has spoken, or the speaker is who watches.
  const relayDecides = pinned === null && focus === room.lastSpeaker;
  return relayDecides ? SPEAKER_SEAT : focus || SPEAKER_SEAT;
}

/** @param {string} mid @param {number} seat @param {number | undefined} layer @returns {SlotView} */
function view(mid, seat, layer) {
  return layer === undefined ? { mid, seat } : { mid, seat, layer };
}
