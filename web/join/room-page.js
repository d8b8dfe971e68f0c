/** Inside a town hall: the stage, the controls, and for those who run it the console beside it. */
import { LitElement, html, css, nothing } from "lit";
import { act } from "../shared/act.js";
import { icon } from "../shared/icons.js";
import { isModerator, isStaff, may, myInvitation, mySeat } from "../shared/store.js";
import { formatMoment, t } from "../shared/texts.js";
import { base } from "../shared/tokens.css.js";
import "../console/phase-bar.js";
import "../shared/components/dialog.js";
import "../shared/components/stage.js";
import { troubleText } from "./announcements.js";
import "./dock.js";
import "./invitation.js";

/** @import { IconName } from "../shared/icons.js" */
/** @import { Room, VideoCodec } from "../shared/model.js" */

/**
 * What the page shows besides the room itself.
 * @typedef {{
 *   online: "online" | "reconnecting" | "restarting", mediaLost: boolean, soundBlocked: boolean, device: string, everybody: boolean,
 *   pictures: ReadonlyMap<number, MediaStreamTrack>, codecs: readonly VideoCodec[] | null, own: MediaStreamTrack | null, ownScreen: MediaStreamTrack | null,
 *   pinned: number | null, busy: ReadonlySet<string>, canShare: boolean, canCapture: boolean, speaks: boolean,
 *   secure: string, link: string, notice: string, invitationProblem: string, tour: boolean,
 *   dialog: "" | "screen" | "leave" | "close"
 * }} Surroundings
 */

export class RoomPage extends LitElement {
  static properties = { room: { attribute: false }, around: { attribute: false }, tab: { state: true } };

  constructor() {
    super();
    /** @type {Room | null} */
    this.room = null;
    /** @type {Surroundings | null} */
    this.around = null;
    /** Which of the two a narrow page shows. @type {"stage" | "console"} */
    this.tab = "stage";
  }

  render() {
    const { room, around } = this;
    if (!room || !around) return nothing;
    const console = isModerator(room);
    return html`
      ${isStaff(room) ? html`<room-phase-bar .room=${room} .busy=${around.busy}></room-phase-bar>` : this.#header(room)}
      ${console ? this.#tabs(room) : nothing}
      <div class="body ${console ? `with-console shows-${this.tab}` : ""}">
        <main class="stage-side">
          ${isStaff(room) ? html`<h2 class="visually-hidden">${t("stage-label")}</h2>` : nothing}
          ${this.#banner(around)}
          <div class="stage">${this.#stage(room, around)}</div>
          ${around.notice ? this.#notice(around.notice) : nothing}
          <room-dock .room=${room} .busy=${around.busy} .canShare=${around.canShare}></room-dock>
        </main>
        ${
          console
            ? html`<aside class="console-side" aria-label=${t("console-label")}><room-console .room=${room}
          .tour=${around.tour} .busy=${around.busy}></room-console></aside>`
            : nothing
        }
      </div>
      ${this.#dialog(room, around)}`;
  }

  /** @param {Room} room */
  #header(room) {
    const live = room.phase === "live";
    return html`<header>
      <h1>${room.townHall.title}</h1>
      <span
        class="badge ${room.phase}">${icon(live ? "live" : "clock")}${t(live ? "phase-live" : "phase-waiting")}</span>
      <span class="count">${icon("people")}${t("audience-count", { count: room.audience })}</span>
    </header>`;
  }

  /** @param {Room} room */
  #tabs(room) {
    const tabs = /** @type {const} */ (["stage", "console"]);
    return html`<nav class="tabs" aria-label=${t("tabs-label")}>${tabs.map(
      (tab) =>
        html`<button class="tab" aria-pressed=${this.tab === tab}
          @click=${() => (this.tab = tab)}>${t(`tab-${tab}`, { hands: room.hands.length })}</button>`,
    )}</nav>`;
  }

  /** @param {Room} room @param {Surroundings} around */
  #stage(room, around) {
    const waits = !isStaff(room) && room.phase !== "live";
    if (waits) return this.#waiting(room);
    return html`<room-stage .room=${room} .pictures=${around.pictures} .codecs=${around.codecs} .own=${around.own} .ownScreen=${around.ownScreen}
      .everybody=${around.everybody} .pinned=${around.pinned}></room-stage>`;
  }

  /** @param {Room} room */
  #waiting(room) {
    const starts = room.townHall.starts_at;
    return html`<div class="waiting">
      <span class="symbol">${icon("clock")}</span>
      <h2>${t("waiting-heading")}</h2>
      <p>${starts ? t("waiting-starts", { when: formatMoment(starts) }) : t("waiting-soon")}</p>
      <p class="ready">${icon("check")}${t("waiting-ready")}</p>
    </div>`;
  }

  /** What is wrong with the way to the server; one thing at a time, the gravest. @param {Surroundings} around */
  #banner(around) {
    const trouble = troubleText(around.online, around.mediaLost);
    if (trouble) return this.#line("reconnect", trouble);
    if (around.device) return this.#device(around.device);
    if (!around.soundBlocked) return nothing;
    return html`<p class="banner">${icon("sound")}<span>${t("banner-sound")}</span><button class="button primary"
      @click=${() => act(this, "unblock")}>${t("banner-sound-tap")}</button></p>`;
  }

  /** @param {string} text */
  #device(text) {
    return html`<p class="banner row" role="alert">${icon("warning")}<span>${text}</span>
      <button class="button plain" aria-label=${t("notice-dismiss")}
        @click=${() => act(this, "dismiss-device")}>${icon("close")}</button></p>`;
  }

  /** @param {IconName} symbol @param {string} text */
  #line(symbol, text) {
    return html`<p class="banner row">${icon(symbol)}<span>${text}</span></p>`;
  }

  /** @param {string} text */
  #notice(text) {
    return html`<p class="notice" role="alert">${icon("warning")}<span>${text}</span>
      <button class="button plain" aria-label=${t("notice-dismiss")}
        @click=${() => act(this, "dismiss")}>${icon("close")}</button></p>`;
  }

  /** @param {Room} room @param {Surroundings} around */
  #dialog(room, around) {
    const invitation = myInvitation(room);
    if (invitation && !mySeat(room)) {
      return html`<room-invitation .invitation=${invitation} .clockOffset=${room.clockOffset} .speaks=${around.speaks}
        .able=${around.canCapture} .secure=${around.secure}
        .link=${around.link} .onAir=${room.phase === "live"} .busy=${around.busy.has("accept")}
          .problem=${around.invitationProblem}></room-invitation>`;
    }
    if (around.dialog === "screen") return this.#screenDialog();
    if (around.dialog === "leave") return this.#confirm("leave", "leave-confirmed", "danger");
    if (around.dialog === "close" && may(room, "close")) return this.#confirm("close", "close-confirmed", "danger");
    return nothing;
  }

  #screenDialog() {
    return html`<room-dialog .heading=${t("screen-heading")} cancellable @cancel=${() => act(this, "cancel")}>
      <p>${t("screen-text")}</p>
      <button slot="actions" class="button plain" @click=${() => act(this, "cancel")}>${t("cancel")}</button>
      <button slot="actions" class="button"
        @click=${() => act(this, "screen-start", { hint: "motion" })}>${t("screen-motion")}</button>
      <button slot="actions" class="button primary"
        @click=${() => act(this, "screen-start", { hint: "detail" })}>${t("screen-detail")}</button>
    </room-dialog>`;
  }

  /** @param {string} what @param {string} name @param {string} tone */
  #confirm(what, name, tone) {
    return html`<room-dialog .heading=${t(`confirm-${what}.heading`)} cancellable @cancel=${() => act(this, "cancel")}>
      <p>${t(`confirm-${what}.text`)}</p>
      <button slot="actions" class="button" @click=${() => act(this, "cancel")}>${t(`confirm-${what}.no`)}</button>
      <button slot="actions" class="button ${tone}" @click=${() => act(this, name)}>${t(`confirm-${what}.yes`)}</button>
    </room-dialog>`;
  }

  static styles = [
    base,
    css`
    :host {
      display: flex; flex-direction: column; height: 100dvh; min-height: 22rem;
      background: var(--stage);
    }
    header {
      display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2) var(--space-4);
      padding: var(--space-3) var(--space-4); background: var(--surface); border-bottom: 1px solid var(--line);
    }
    header h1 { flex: 1 1 12rem; font-size: var(--text-m); min-width: 0; overflow-wrap: anywhere; }
    .badge, .count { display: inline-flex; align-items: center; gap: var(--space-2); font-size: var(--text-s); }
    .badge { padding: 0.15em 0.75em; border-radius: 2em; background: var(--surface-raised); font-weight: 600; }
    .badge.live { background: var(--air); color: var(--on-air); }
    .count { color: var(--ink-quiet); }
    .body { flex: 1; min-height: 0; display: flex; }
    .stage-side { flex: 1; min-width: 0; display: flex; flex-direction: column; background: var(--stage); }
    .stage { flex: 1; min-height: 0; padding: var(--space-2) var(--space-2) 0; }
    .console-side {
      position: relative; flex: 0 0 clamp(20rem, 32%, 27rem); overflow: auto; background: var(--paper);
      border-inline-start: 1px solid var(--line);
    }
    .tabs {
      display: none; gap: var(--space-1); padding: var(--space-1) var(--space-2); background: var(--surface);
      border-bottom: 1px solid var(--line);
    }
    .tab {
      flex: 1; min-height: var(--target); border: 0; border-radius: var(--radius); background: transparent;
      font-weight: 550; cursor: pointer;
    }
    .tab[aria-pressed="true"] {
      background: var(--accent-wash); color: var(--accent); box-shadow: inset 0 -3px 0 var(--accent);
    }
    .waiting {
      position: relative; height: 100%; overflow: auto; display: grid; align-content: center;
      justify-items: center; gap: var(--space-3); padding: var(--space-4); text-align: center;
      color: var(--stage-ink);
    }
    .waiting .symbol {
      display: grid; place-items: center; width: 3.5rem; height: 3.5rem; border-radius: 50%;
      background: var(--stage-raised);
    }
    .waiting h2 { font-size: var(--text-l); text-wrap: balance; }
    .waiting p { color: var(--stage-quiet); max-width: 32em; text-wrap: balance; }
    .waiting .ready { display: flex; align-items: center; gap: var(--space-2); color: #9fdcb5; text-align: start; }
    .banner {
      display: flex; flex-wrap: wrap; align-items: center; justify-content: center;
      gap: var(--space-2) var(--space-3); padding: var(--space-2) var(--space-4); background: var(--warn-wash);
      color: var(--warn-ink);
    }
    .banner.row { flex-wrap: nowrap; }
    .notice {
      display: flex; align-items: center; gap: var(--space-3); margin: var(--space-2) auto 0;
      padding-inline-start: var(--space-4); max-width: min(42rem, calc(100% - 1rem)); border-radius: var(--radius);
      background: var(--danger-wash); color: var(--danger-ink);
    }
    .notice span { padding-block: var(--space-2); }
    @media (max-width: 640px) {
      header { padding-block: var(--space-2); }
      header h1 { flex-basis: 100%; font-size: var(--text-base); line-height: 1.25; }
      .count { margin-inline-start: auto; }
    }
    @media (max-width: 900px) {
      .tabs { display: flex; }
      .console-side { position: relative; flex: 1; border: 0; }
      .shows-stage .console-side, .shows-console .stage-side { display: none; }
    }
  `,
  ];
}
customElements.define("room-page", RoomPage);
