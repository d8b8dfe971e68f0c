/** One page's time in a town hall: from the link through the entry into the room, and every way out of it. */
import { Refusal } from "../shared/api.js";
import { exchange, forgetEntry, rememberedName, rememberName, saveEntry, savedEntry } from "../shared/link.js";
import { applyBatch, enter } from "../shared/store.js";
import { t } from "../shared/texts.js";
import { Wakeups } from "../shared/wakeups.js";
import { Wire } from "../shared/wire.js";
import { Actions } from "./actions.js";
import { Devices } from "./devices.js";
import { MediaLink } from "./media-link.js";

/** @import { Admission, Batch, Ending, Entry, Room, TownHallEvent } from "../shared/model.js" */

// Phones, and windows as narrow: one picture at a time fits, and data is dear.
const SMALL_PAGE = "(max-width: 640px), (pointer: coarse) and (max-width: 1024px)";

/** Refusals on entry after which coming again is of no use. @type {Map<string, Ending>} */
const ENDINGS = new Map([
  ["removed", "removed"],
  ["replaced", "replaced"],
  ["town_hall_closed", "closed"],
  ["credential_invalid", "credential_invalid"],
]);

/**
 * @typedef {{kind: "loading"} | {kind: "refused", code: string, message: string, https: string | null}
 *   | {kind: "entry", busy: boolean, refusal: Refusal | null} | {kind: "room"} | {kind: "ended", reason: Ending}} View
 */

/** Emits "change" whenever something that is shown has changed, and "event" for each of the town hall's events. */
export class Session extends EventTarget {
  constructor() {
    super();
    /** @type {View} */
    this.view = { kind: "loading" };
    /** @type {Admission | null} */
    this.admission = null;
    /** @type {Room | null} */
    this.room = null;
    /** @type {"online" | "reconnecting" | "restarting"} */
    this.online = "online";
    /** The link, for "copy link" and the secure address; only in memory. @type {string | null} */
    this.token = null;
    this.name = "";
    this.small = matchMedia(SMALL_PAGE).matches;
    this.wire = new Wire();
    this.media = new MediaLink(this.wire);
    this.actions = new Actions(this.wire, this.media);
    this.devices = new Devices(this.media.publisher, this.actions, () => this.room);
    /** @type {Promise<void> | null} */
    this.entering = null;
    this.mustOffer = false;
    this.#listen();
  }

  /** Exchange the link, or resume what this tab was in. @param {string | null} token of the link that was opened */
  async start(token) {
    this.token = token;
    if (token) {
      await this.#exchange(token);
      return;
    }
    const saved = savedEntry();
    if (!saved) {
      this.#show({ kind: "refused", code: "no_link", message: "", https: null });
      return;
    }
    this.admission = saved.admission;
    this.name = saved.name;
    this.wire.open();
  }

  /** The one tap: it unlocks the sound, so that must come before anything that waits. @param {string} name */
  join(name) {
    this.media.audio.unlock();
    // Moderators must be able to tell two people without a name apart.
    this.name = name || t("guest", { number: String(1000 + Math.floor(Math.random() * 9000)) });
    rememberName(name);
    this.#show({ kind: "entry", busy: true, refusal: null });
    if (this.wire.up) void this.#enter();
    else this.wire.open();
  }

  /** Take this person's place back from the other page. */
  takeBack() {
    location.reload();
  }

  async leave() {
    await this.actions.command("leave").catch(() => {});
    await this.#end("left");
  }

  get suggestedName() {
    return this.admission?.name || rememberedName();
  }

  /** @param {{pinned?: number | null, hidden?: boolean, layers?: ReadonlyMap<number, number | undefined>}} change */
  setLayout(change) {
    this.media.layout = { ...this.media.layout, ...change };
    if (this.room) this.media.updateViews(this.room);
    if (change.pinned !== undefined) this.#changed();
  }

  #listen() {
    this.wire.addEventListener("up", () => void this.#enter());
    this.wire.addEventListener("down", () => {
      if (this.view.kind === "room" && this.online === "online") this.#setOnline("reconnecting");
    });
    this.wire.addEventListener("batch", (event) => this.#receive(/** @type {CustomEvent<Batch>} */ (event).detail));
    this.media.addEventListener("change", () => this.#changed());
    this.media.addEventListener("views", () => this.room && void this.media.sendViews(this.room));
    this.media.addEventListener("rejoin", () => this.#rejoin());
    this.devices.addEventListener("change", () => this.#changed());
    new Wakeups().addEventListener("wake", () => this.#wake());
    addEventListener("pagehide", (event) => this.#goodbye(event.persisted));
    document.addEventListener("visibilitychange", () =>
      this.setLayout({ hidden: document.visibilityState === "hidden" }),
    );
    // A new link pasted into this tab starts anew.
    addEventListener("hashchange", () => location.hash.length > 1 && location.reload());
  }

  /** @param {string} token */
  async #exchange(token) {
    try {
      this.admission = await exchange(token);
      this.#show({ kind: "entry", busy: false, refusal: null });
    } catch (error) {
      const refusal = asRefusal(error);
      const https = typeof refusal.details.https === "string" ? refusal.details.https : null;
      this.#show({ kind: "refused", code: refusal.code, message: refusal.message, https });
    }
  }

  /** One entry at a time; a second cause while one runs waits for it and then looks again. */
  async #enter() {
    while (this.entering) await this.entering;
    if (this.view.kind === "ended" || !this.admission || !this.wire.up) return;
    this.entering = this.#enterOnce(this.admission).finally(() => (this.entering = null));
    await this.entering;
  }

  /** @param {Admission} admission */
  async #enterOnce(admission) {
    try {
      const entry = await this.#ask(admission);
      this.admission = { ...admission, credential: entry.credential };
      saveEntry(this.admission, entry.you.id, this.name);
      const before = this.room;
      this.room = enter(before, entry, Date.now() / 1000);
      if (entry.media) {
        await this.media.accept(entry.media);
        this.mustOffer = false;
      }
      await this.actions.follow(before, this.room);
      if (before) void this.actions.settle(this.room).catch(() => {});
      this.wire.crowd = this.room.audience;
      this.online = "online";
      if (this.view.kind !== "ended") this.#show({ kind: "room" });
      if (!before) void this.actions.reopen(this.room).catch(() => {});
      this.media.updateViews(this.room);
      if (this.room.phase === "closed") await this.#end("closed");
    } catch (error) {
      await this.#entryFailed(asRefusal(error));
    }
  }

  /** @param {Admission} admission @returns {Promise<Entry>} */
  async #ask(admission) {
    const needs = {
      seats: admission.town_hall.seats,
      small: this.small,
      speaks: admission.speaks,
      codec: admission.town_hall.video_codec,
    };
    const offered = this.mustOffer || this.media.needsOffer ? await this.media.prepare(needs) : {};
    const { credential } = admission;
    if (this.room) return this.wire.command({ type: "resume", credential, revision: this.room.revision, ...offered });
    return this.wire.command({ type: "join", credential, name: this.name, ...offered });
  }

  /** @param {Refusal} refusal */
  async #entryFailed(refusal) {
    const ending = ENDINGS.get(refusal.code);
    const passing = refusal.code === "offline" || refusal.code === "restarting";
    if (ending) {
      await this.#end(ending);
    } else if (passing || this.view.kind === "room") {
      // Whoever is in already is never shown the door for a server that is busy: the page tries again.
      this.wire.again();
    } else if (this.view.kind === "entry") {
      // The server gives an idle socket 15 s; the next tap opens a fresh one.
      this.wire.pause();
      this.#show({ kind: "entry", busy: false, refusal });
    } else {
      this.#show({ kind: "refused", code: refusal.code, message: refusal.message, https: null });
    }
  }

  /** @param {Batch} batch */
  #receive(batch) {
    if (!this.room) return;
    const before = this.room;
    this.room = applyBatch(before, batch);
    void this.actions.follow(before, this.room);
    this.devices.follow();
    for (const event of batch.events) this.#react(event);
    for (const event of batch.events) this.dispatchEvent(new CustomEvent("event", { detail: event }));
    if (batch.events.some((event) => event.type === "seats" || event.type === "speaker"))
      this.media.updateViews(this.room);
    this.wire.crowd = this.room.audience;
    this.#changed();
  }

  #wake() {
    this.wire.wake();
    this.media.wake();
  }

  /**
   * Tell the server that this page is closed, so that nobody waits for it. It may only be reloaded: then the credential
   * brings everything back. @param {boolean} frozen the browser keeps the page, and may show it again
   */
  #goodbye(frozen) {
    if (frozen || this.view.kind !== "room" || !this.admission) return;
    const body = JSON.stringify({ credential: this.admission.credential });
    navigator.sendBeacon("/api/goodbye", new Blob([body], { type: "application/json" }));
  }

  /** @param {TownHallEvent} event */
  #react(event) {
    if (event.type === "rejoin") this.#rejoin();
    if (event.type === "removed") void this.#end("removed");
    if (event.type === "replaced") void this.#end("replaced");
    if (event.type === "phase" && event.phase === "closed") void this.#end("closed");
    if (event.type === "restarting") {
      this.#setOnline("restarting");
      // Whatever answers next is another process: it knows nothing of this transport.
      this.mustOffer = true;
    }
  }

  #rejoin() {
    this.mustOffer = true;
    if (this.wire.up) void this.#enter();
  }

  /** @param {Ending} reason */
  async #end(reason) {
    this.#show({ kind: "ended", reason });
    this.wire.close();
    // The other page of this person keeps what the browser has stored.
    if (this.room && reason !== "replaced") forgetEntry(this.room.you.id);
    await this.media.close();
  }

  /** @param {Session["online"]} online */
  #setOnline(online) {
    this.online = online;
    this.#changed();
  }

  /** @param {View} view */
  #show(view) {
    this.view = view;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {unknown} error @returns {Refusal} */
function asRefusal(error) {
  return error instanceof Refusal ? error : new Refusal("page_error", String(error));
}
