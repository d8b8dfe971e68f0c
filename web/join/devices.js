/** Devices that go and come back: what a person is told of it, and what is turned on again without a tap. */
import { mySeat } from "../shared/store.js";

/** @import { Room, Seat } from "../shared/model.js" */
/** @import { Device, Publisher } from "../shared/media/publisher.js" */
/** @import { Actions } from "./actions.js" */

/** @typedef {"microphone" | "camera"} Kind */
/** @typedef {{device: Device, wasOn: boolean}} Loss */

// A system takes the microphone for a moment with every notification it speaks; a call takes it for longer.
const SILENT_MS = 3_000;

/**
 * Emits "change". A device that is plugged in again is taken again only if it was on at the moment of its loss and its
 * person is still on stage and muted by nobody: a microphone never opens by surprise.
 */
export class Devices extends EventTarget {
  /** @param {Publisher} publisher @param {Actions} actions @param {() => Room | null} room */
  constructor(publisher, actions, room) {
    super();
    this.publisher = publisher;
    this.actions = actions;
    this.room = room;
    /** @type {Map<Kind, Loss>} */
    this.lost = new Map();
    /** The text that says what has become of a device; empty: nothing to say. */
    this.text = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.silence = undefined;
    publisher.addEventListener("ended", (event) => void this.#ended(/** @type {CustomEvent} */ (event).detail));
    publisher.addEventListener("muted", (event) => this.#muted(/** @type {CustomEvent<boolean>} */ (event).detail));
    publisher.addEventListener("change", () => this.#forgetFound());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#look());
  }

  /** The person's place has changed: who is on stage no longer has no device to miss. */
  follow() {
    if (this.#seat() || (this.lost.size === 0 && !this.text)) return;
    this.lost.clear();
    this.#say("");
  }

  dismiss() {
    this.#say("");
  }

  #seat() {
    const room = this.room();
    return room ? mySeat(room) : undefined;
  }

  /** A pulled plug, a crashed driver, the browser's own "stop". @param {Kind | "screen"} kind */
  async #ended(kind) {
    if (kind === "screen") {
      await this.actions.setScreen(null).catch(() => {});
      return;
    }
    const track = this.publisher.tracks[kind];
    const device = this.publisher.devices[kind];
    const wasOn = Boolean(track?.enabled && this.#seat()?.[kind]);
    if (device) this.lost.set(kind, { device, wasOn });
    this.#say(`device-${kind}-gone-${wasOn ? "on" : "off"}`);
    const stopped = this.publisher.stop(kind);
    const off = kind === "microphone" ? this.actions.setMicrophone(false) : this.actions.setCamera(false);
    // Without a line the server hears of it when the line is back.
    await Promise.all([stopped, off.catch(() => {})]);
  }

  async #look() {
    if (this.lost.size === 0) return;
    const present = await navigator.mediaDevices.enumerateDevices();
    for (const [kind, loss] of [...this.lost]) {
      const back = present.some((one) => one.deviceId === loss.device.id && one.groupId === loss.device.group);
      if (back && this.lost.delete(kind)) await this.#back(kind, loss);
    }
  }

  /** @param {Kind} kind @param {Loss} loss */
  async #back(kind, loss) {
    const seat = this.#seat();
    if (!seat) return;
    if (!loss.wasOn || this.#mutedByOther(seat)) {
      this.#say(`device-${kind}-back-off`);
      return;
    }
    try {
      await (kind === "microphone"
        ? this.actions.setMicrophone(true, loss.device)
        : this.actions.setCamera(true, loss.device));
      this.#say(`device-${kind}-back-on`);
    } catch {
      this.#say(`device-${kind}-back-off`);
    }
  }

  /** @param {Seat} seat */
  #mutedByOther(seat) {
    return Boolean(seat.muted_by) && seat.muted_by !== this.room()?.you.id;
  }

  /** The system has silenced the microphone without ending it, or gives it back. @param {boolean} muted */
  #muted(muted) {
    clearTimeout(this.silence);
    const still = () => this.publisher.tracks.microphone?.muted && this.#say("device-microphone-silent");
    if (muted) this.silence = setTimeout(still, SILENT_MS);
    else if (this.text === "device-microphone-silent") this.#say("");
  }

  /** Whoever has turned on another device misses the lost one no longer. */
  #forgetFound() {
    for (const kind of [...this.lost.keys()]) {
      if (!this.publisher.tracks[kind] || !this.lost.delete(kind)) continue;
      if (this.text.startsWith(`device-${kind}-gone`)) this.#say("");
    }
  }

  /** @param {string} text */
  #say(text) {
    if (this.text === text) return;
    this.text = text;
    this.dispatchEvent(new Event("change"));
  }
}
