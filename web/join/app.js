/** The join page: shows what the session says, does what people ask for. */
import { LitElement, html, nothing } from "lit";
import { Refusal } from "../shared/api.js";
import { canCapture, canShareScreen } from "../shared/media/publisher.js";
import { isModerator, myInvitation, mySeat } from "../shared/store.js";
import { t } from "../shared/texts.js";
import "../shared/components/announcer.js";
import "../shared/components/message.js";
import "./entry.js";
import "./room-page.js";
import { announcementFor, standing } from "./announcements.js";
import { messageFor, refusalText } from "./refusals.js";
import { Session } from "./session.js";
import { keepAwake } from "./wake-lock.js";

/** @import { Act } from "../shared/act.js" */
/** @import { RoomAnnouncer } from "../shared/components/announcer.js" */
/** @import { Room, TownHallEvent } from "../shared/model.js" */
/** @import { Surroundings } from "./room-page.js" */

/** Acts that ask before they are done. @type {Record<string, "screen" | "leave" | "close">} */
const ASKS = { screen: "screen", leave: "leave", close: "close" };

export class RoomJoin extends LitElement {
  static properties = {
    notice: { state: true },
    problem: { state: true },
    dialog: { state: true },
    tour: { state: true },
  };

  constructor() {
    super();
    const query = new URLSearchParams(location.search);
    this.session = new Session();
    this.notice = "";
    /** Why the invitation could not be taken, said inside its dialog. */
    this.problem = "";
    /** @type {"" | "screen" | "leave" | "close"} */
    this.dialog = "";
    this.tour = query.has("demo");
    /** @type {Set<string>} */
    this.busy = new Set();
    this.consoleLoaded = false;
    /** What was said last about how things stand for this person. */
    this.standing = "";
    this.addEventListener("act", (event) => void this.#act(/** @type {CustomEvent<Act>} */ (event).detail));
    this.session.addEventListener("change", () => this.#changed());
    this.session.addEventListener("event", (event) =>
      this.#announce(/** @type {CustomEvent<TownHallEvent>} */ (event).detail),
    );
  }

  render() {
    return html`${this.#view()}<room-announcer></room-announcer>`;
  }

  #view() {
    const { view, admission, room } = this.session;
    switch (view.kind) {
      case "loading":
        return nothing;
      case "entry":
        return html`<room-entry .admission=${admission} .name=${this.session.suggestedName} .busy=${view.busy}
          .refusal=${view.refusal}></room-entry>`;
      case "room":
        return html`<room-page .room=${room} .around=${this.#surroundings()}></room-page>`;
      case "refused":
        return this.#message(view.code, { message: view.message, https: view.https });
      case "ended":
        return this.#message(view.reason);
    }
  }

  /** @param {string} code @param {{message?: string, https?: string | null}} [known] */
  #message(code, known) {
    const message = messageFor(code, known);
    return html`<room-message .symbol=${message.symbol} .heading=${message.heading} .text=${message.text}
      .action=${message.action} .name=${message.act} .href=${message.href}></room-message>`;
  }

  /** @returns {Surroundings} */
  #surroundings() {
    const { session } = this;
    const { media } = session;
    const room = /** @type {Room} */ (session.room);
    return {
      online: session.online,
      mediaLost: media.state === "lost",
      soundBlocked: media.audio.blocked,
      device: session.devices.text && t(session.devices.text),
      everybody: media.showsEverybody(room),
      pictures: media.pictures(room),
      codecs: media.codecs,
      own: media.publisher.tracks.camera,
      ownScreen: media.publisher.tracks.screen,
      pinned: media.layout.pinned,
      busy: new Set(this.busy),
      canShare: canShareScreen(),
      canCapture: canCapture(),
      speaks: session.admission?.speaks ?? false,
      secure: session.admission?.https ?? "",
      link: session.token ? `${location.origin}${location.pathname}#${session.token}` : "",
      notice: this.notice,
      invitationProblem: this.problem,
      tour: this.tour,
      dialog: this.dialog,
    };
  }

  #changed() {
    const { room, view } = this.session;
    if (room && isModerator(room) && !this.consoleLoaded) {
      this.consoleLoaded = true;
      void import("../console/console.js");
    }
    keepAwake(Boolean(room && view.kind === "room" && mySeat(room)));
    if (room && (!myInvitation(room) || mySeat(room))) this.problem = "";
    const stands =
      room && view.kind === "room" ? standing(room, this.session.online, this.session.media.state === "lost") : "";
    if (stands !== this.standing) this.#say(stands);
    this.standing = stands;
    document.title =
      room && view.kind === "room"
        ? `${t(`title-${room.phase}`)} · ${room.townHall.title}`
        : (this.session.admission?.town_hall.title ?? t("title"));
    this.requestUpdate();
  }

  /** @param {Act} wanted */
  async #act(wanted) {
    const { name } = wanted;
    const asks = ASKS[name];
    if (asks) {
      this.dialog = asks;
      return;
    }
    this.notice = "";
    this.busy.add(name);
    this.requestUpdate();
    try {
      await this.#perform(wanted);
    } catch (error) {
      this.#refused(name, error instanceof Refusal ? error : new Refusal("page_error", String(error)));
    } finally {
      this.busy.delete(name);
      this.requestUpdate();
    }
  }

  /** @param {string} name @param {Refusal} refusal */
  #refused(name, refusal) {
    if (name === "accept") this.problem = refusalText(refusal);
    // Whoever closes the browser's own picker has changed their mind; that is no error.
    else if (name !== "screen-start" || refusal.code !== "device_refused") this.notice = refusalText(refusal);
  }

  /** @param {Act} wanted @returns {unknown} */
  #perform(wanted) {
    const {
      session,
      session: { actions },
    } = this;
    const participant = /** @type {string} */ (wanted.participant);
    switch (wanted.name) {
      case "join":
        return session.join(/** @type {string} */ (wanted.entered));
      case "retry":
        return session.takeBack();
      case "accept":
        return actions.goOnStage("accept");
      case "take-seat":
        return actions.goOnStage("take_seat");
      case "decline":
        return actions.command("decline");
      case "leave-stage":
        return actions.leaveStage();
      case "microphone":
        return actions.setMicrophone(Boolean(wanted.on));
      case "camera":
        return actions.setCamera(Boolean(wanted.on));
      case "screen-start":
        return this.#close(actions.setScreen(/** @type {"detail" | "motion"} */ (wanted.hint)));
      case "screen-stop":
        return actions.setScreen(null);
      case "raise-hand":
        return actions.command("raise_hand");
      case "lower-hand":
        return actions.command("lower_hand");
      case "lower-of":
        return actions.command("lower_hand", { participant });
      case "invite":
        return actions.command("invite", { participant });
      case "uninvite":
        return actions.command("uninvite", { participant });
      case "mute":
        return actions.command("mute", { participant, kind: wanted.kind });
      case "remove-from-stage":
        return actions.command("remove_from_stage", { participant });
      case "remove":
        return actions.command("remove", { participant });
      case "start":
        return actions.command("start");
      case "close-confirmed":
        return this.#close(actions.command("close"));
      case "leave-confirmed":
        return this.#close(session.leave());
      default:
        return this.#onPage(wanted);
    }
  }

  /** What concerns this page alone. @param {Act} wanted @returns {unknown} */
  #onPage(wanted) {
    const { session } = this;
    switch (wanted.name) {
      case "pin":
        return session.setLayout({ pinned: /** @type {number | null} */ (wanted.seat) });
      case "layers":
        return session.setLayout({ layers: /** @type {Map<number, number | undefined>} */ (wanted.layers) });
      case "unblock":
        return session.media.audio.resume();
      case "copy-link":
        return navigator.clipboard?.writeText(this.#surroundings().link);
      case "cancel":
        return void (this.dialog = "");
      case "dismiss-device":
        return session.devices.dismiss();
      case "dismiss":
        return void (this.notice = "");
      case "end-tour":
        return void (this.tour = false);
      default:
        throw new Error(`no such act: ${wanted.name}`);
    }
  }

  /** @template T @param {T} result @returns {T} */
  #close(result) {
    this.dialog = "";
    return result;
  }

  /** @param {TownHallEvent} event */
  #announce(event) {
    const { room } = this.session;
    if (room) this.#say(announcementFor(event, room));
  }

  /** @param {string} text */
  #say(text) {
    const announcer = /** @type {RoomAnnouncer | null} */ (this.renderRoot.querySelector("room-announcer"));
    if (text) announcer?.say(text);
  }

  /** For tests, and for whoever looks for a fault: how the media really are. */
  debug() {
    const { media } = this.session;
    return {
      get negotiationNeeded() {
        return media.connection?.negotiationNeeded ?? 0;
      },
      get connections() {
        return media.connections;
      },
      get slots() {
        return media.slots.map(({ mid, kind, seat }) => ({ mid, kind, seat }));
      },
      get offer() {
        return media.lastOffer;
      },
      get offerBytes() {
        return media.lastOffer.length;
      },
      get state() {
        return media.state;
      },
      stats: async () => [...((await media.connection?.pc.getStats())?.values() ?? [])],
    };
  }
}
customElements.define("room-join", RoomJoin);
