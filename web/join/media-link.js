/** The media side of one page: the running connection, its sound, what it publishes, what its slots show. */
import { AudioOut } from "../shared/media/audio.js";
import { MediaConnection } from "../shared/media/connection.js";
import { Publisher } from "../shared/media/publisher.js";
import { changedViews, hasSlotPerSeat, wantedViews } from "../shared/media/views.js";

/** @import { MediaAnswer, MediaKind, Publish, Room, Slot, SlotView } from "../shared/model.js" */
/** @import { Needs } from "../shared/media/connection.js" */
/** @import { Wire } from "../shared/wire.js" */

// Tiles settle within a few frames; in a large audience the pages take turns, so that one change on stage does not
// bring thousands of commands in the same moment.
const VIEW_DELAY_MS = 250;
const VIEW_SPREAD_MS = 2_000;
const LARGE_AUDIENCE = 50;

/** Emits "change" when slots, tracks or state changed, and "rejoin" when a new offer is needed. */
export class MediaLink extends EventTarget {
  /** @param {Wire} wire */
  constructor(wire) {
    super();
    this.wire = wire;
    this.audio = new AudioOut();
    this.publisher = new Publisher();
    /** @type {MediaConnection | null} */
    this.connection = null;
    /** @type {MediaConnection | null} */
    this.next = null;
    this.connections = 0;
    /** As it was sent; its size decides how dear a join is. */
    this.lastOffer = "";
    /** @type {Map<string, SlotView>} */
    this.asked = new Map();
    /** @type {{pinned: number | null, hidden: boolean, layers: ReadonlyMap<number, number | undefined>}} */
    this.layout = { pinned: null, hidden: document.visibilityState === "hidden", layers: new Map() };
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.viewTimer = undefined;
    this.restarting = false;
    this.audio.addEventListener("blocked", () => this.#changed());
    this.audio.addEventListener("playing", () => this.#changed());
    this.publisher.addEventListener("change", () => this.#changed());
    // The old path is gone for certain, so there is no grace period.
    addEventListener("online", () => void this.restart());
  }

  /** The page has slept: what its browser reports may be old. */
  wake() {
    if (this.state === "lost") void this.restart();
    void this.audio.check();
  }

  /** @returns {"new" | "connecting" | "connected" | "lost" | "closed"} */
  get state() {
    return this.connection?.state ?? "new";
  }

  /** @returns {Slot[]} */
  get slots() {
    return this.connection?.slots ?? [];
  }

  /** What the slots can show; null while nothing is answered. */
  get codecs() {
    return this.connection?.codecs ?? null;
  }

  get needsOffer() {
    return !this.connection || this.state === "lost" || this.state === "closed";
  }

  /** Make a new connection beside the running one. @param {Needs} needs @returns {Promise<{offer: string, publish: Publish}>} */
  async prepare(needs) {
    this.next?.close();
    this.next = new MediaConnection(needs);
    const offered = await this.next.offer();
    this.lastOffer = offered.offer;
    return offered;
  }

  /** The server has answered the prepared offer: it replaces what ran before. @param {MediaAnswer} media */
  async accept(media) {
    const connection = this.next;
    if (!connection) return;
    this.next = null;
    this.connection?.close();
    this.connection = connection;
    this.connections++;
    connection.addEventListener("state", () => {
      // What has cut the media off may have cut the line, too, which alone would notice much later.
      if (connection.state === "lost" && this.wire.up) void this.wire.probe();
      this.#changed();
    });
    connection.addEventListener("restart", () => void this.restart());
    connection.addEventListener(
      "failed",
      () => this.connection === connection && this.dispatchEvent(new Event("rejoin")),
    );
    await connection.accept(media);
    this.asked = new Map(media.slots.map(({ mid, seat }) => [mid, { mid, seat }]));
    // Sound first: a listener shall hear before the senders are busy.
    void this.audio.play(connection.audioTracks);
    await this.publisher.attach(connection.senders, connection.codec);
    this.#changed();
  }

  /** ICE restart over the signalling that still stands; if that is refused, a new connection. */
  async restart() {
    const connection = this.connection;
    if (!connection || this.restarting || !this.wire.up || connection.state === "connecting") return;
    this.restarting = true;
    try {
      const { answer } = await this.wire.media({ type: "restart", offer: await connection.restartOffer() });
      await connection.restarted(answer);
    } catch {
      if (this.connection === connection && this.wire.up) this.dispatchEvent(new Event("rejoin"));
    } finally {
      this.restarting = false;
    }
  }

  /** The seat of each picture. @param {Room} room @returns {Map<number, MediaStreamTrack>} by the seat a tile is for */
  pictures(room) {
    const video = this.slots.filter((slot) => slot.kind === "video");
    return new Map(video.map((slot) => [slot.seat || room.speaker || room.lastSpeaker, slot.track]));
  }

  /** @param {Room} room */
  showsEverybody(room) {
    return hasSlotPerSeat(room, this.slots.filter((slot) => slot.kind === "video").length);
  }

  /** Ask for other pictures soon, if the page's layout or the stage calls for it. @param {Room} room */
  updateViews(room) {
    if (this.viewTimer !== undefined) return;
    const spread = room.audience > LARGE_AUDIENCE ? Math.random() * VIEW_SPREAD_MS : 0;
    this.viewTimer = setTimeout(() => {
      this.viewTimer = undefined;
      this.dispatchEvent(new Event("views"));
    }, VIEW_DELAY_MS + spread);
  }

  /** @param {Room} room */
  async sendViews(room) {
    const connection = this.connection;
    if (!connection || connection.slots.length === 0 || !this.wire.up) return;
    const changed = changedViews(wantedViews(room, connection.slots, this.layout, this.asked), this.asked);
    if (changed.length === 0) return;
    for (const view of changed) this.asked.set(view.mid, view);
    try {
      const { slots } = await this.wire.media({ type: "view", slots: changed });
      connection.refeed(slots);
    } catch {
      // The next change asks for everything again.
      for (const view of changed) this.asked.delete(view.mid);
    }
    this.#changed();
  }

  /** @param {MediaKind} kind */
  sends(kind) {
    const track = this.publisher.tracks[kind];
    return Boolean(track && track.enabled);
  }

  async close() {
    clearTimeout(this.viewTimer);
    await this.publisher.stopAll();
    this.next?.close();
    this.connection?.close();
    this.connection = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
