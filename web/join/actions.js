/** What a person does in the town hall: commands, with the device or the page's state that goes with each. */
import { Refusal } from "../shared/api.js";
import { canCapture } from "../shared/media/publisher.js";
import { may, mySeat } from "../shared/store.js";

/** @import { MediaKind, Room } from "../shared/model.js" */
/** @import { Device } from "../shared/media/publisher.js" */
/** @import { MediaLink } from "./media-link.js" */
/** @import { Wire } from "../shared/wire.js" */

/** Codes for what the browser may say when a device is asked for. */
const DEVICE_ERRORS = new Map([
  ["NotAllowedError", "device_refused"],
  ["SecurityError", "device_refused"],
  ["NotFoundError", "device_missing"],
  ["OverconstrainedError", "device_missing"],
  ["NotReadableError", "device_busy"],
  ["AbortError", "device_busy"],
]);

export class Actions {
  /** @param {Wire} wire @param {MediaLink} media */
  constructor(wire, media) {
    this.wire = wire;
    this.media = media;
  }

  /** @param {string} type @param {Record<string, unknown>} [fields] */
  command(type, fields = {}) {
    return this.wire.command({ type, ...fields });
  }

  /** Go on stage, by invitation or by right, with an open microphone: that is what the button says. @param {"accept" | "take_seat"} way */
  async goOnStage(way) {
    await this.#device(() => this.media.publisher.openMicrophone());
    try {
      await this.command(way);
    } catch (error) {
      await this.media.publisher.stop("microphone");
      throw error;
    }
    await this.setMicrophone(true);
  }

  async leaveStage() {
    await this.media.publisher.stopAll();
    await this.command("leave_stage");
  }

  /** @param {boolean} on @param {Device} [device] that one and no other */
  async setMicrophone(on, device) {
    const { publisher } = this.media;
    if (on) await this.#device(() => publisher.openMicrophone(device));
    // Silence at once, whatever the way to the server is like; sound only when the server agrees.
    if (!on) publisher.setMicrophone(false);
    await this.command("set_media", { microphone: on });
    publisher.setMicrophone(on);
  }

  /** @param {boolean} on @param {Device} [device] that one and no other */
  setCamera(on, device) {
    return on ? this.#start("camera", () => this.media.publisher.openCamera(device)) : this.#stop("camera");
  }

  /** @param {"detail" | "motion" | null} hint null: stop sharing */
  setScreen(hint) {
    return hint ? this.#start("screen", () => this.media.publisher.openScreen(hint)) : this.#stop("screen");
  }

  /**
   * Bring the devices in line with what the server says of this person's seat: a moderator may have shut a gate,
   * the seat may be gone.
   * @param {Room | null} before @param {Room} now
   */
  async follow(before, now) {
    const { publisher } = this.media;
    const was = before && mySeat(before);
    const is = mySeat(now);
    if (was && !is) await publisher.stopAll();
    if (was?.microphone && is && !is.microphone) publisher.setMicrophone(false);
    if (was?.camera && is && !is.camera) await publisher.stop("camera");
    if (before?.screen === now.you.id && now.screen !== now.you.id) await publisher.stop("screen");
  }

  /**
   * After the line was lost: what was shut here meanwhile, or never opened, is shut for the server, too. Whoever took
   * themselves off the air while nobody was told must not be shown as heard.
   * @param {Room} room
   */
  async settle(room) {
    const seat = mySeat(room);
    if (!seat) return;
    const { microphone, camera } = this.media.publisher.tracks;
    if (seat.microphone && !microphone?.enabled) await this.setMicrophone(false);
    if (seat.camera && !camera) await this.#stop("camera");
  }

  /**
   * After a reload the seat and its open gates are still there, the devices are not. What cannot be opened again is
   * reported as off, so that nobody waits for a silent speaker.
   * @param {Room} room
   */
  async reopen(room) {
    const seat = mySeat(room);
    if (!seat || !may(room, "set_media")) return;
    const { publisher } = this.media;
    if (seat.microphone && !publisher.tracks.microphone)
      await this.setMicrophone(true).catch(() => this.setMicrophone(false));
    if (seat.camera && !publisher.tracks.camera) await this.setCamera(true).catch(() => this.#stop("camera"));
    if (room.screen === room.you.id && !publisher.tracks.screen) await this.#stop("screen");
  }

  /** @param {MediaKind} kind @param {() => Promise<void>} open */
  async #start(kind, open) {
    await this.#device(open);
    try {
      await this.command("set_media", { [kind]: true });
    } catch (error) {
      await this.media.publisher.stop(kind);
      throw error;
    }
  }

  /** @param {MediaKind} kind */
  async #stop(kind) {
    await this.media.publisher.stop(kind);
    await this.command("set_media", { [kind]: false });
  }

  /** @param {() => Promise<void>} open */
  async #device(open) {
    if (!canCapture()) throw new Refusal("device_unsupported", "");
    try {
      await open();
    } catch (error) {
      if (error instanceof DOMException)
        throw new Refusal(DEVICE_ERRORS.get(error.name) ?? "device_busy", error.message);
      throw error;
    }
  }
}
