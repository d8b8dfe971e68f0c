/** One person on stage: their picture, or their name where there is none; never a picture that has stopped or cannot be. */
import { LitElement, html, css, nothing } from "lit";
import { createRef, ref } from "lit/directives/ref.js";
import { icon } from "../icons.js";
import { initials } from "../layout.js";
import { t } from "../texts.js";
import { base } from "../tokens.css.js";

/** @import { PropertyValues } from "lit" */

export class RoomTile extends LitElement {
  static properties = {
    name: {},
    track: { attribute: false },
    mirrored: { type: Boolean },
    speaking: { type: Boolean, reflect: true },
    muted: { type: Boolean },
    away: { type: Boolean },
    you: { type: Boolean },
    unable: {},
    whole: { type: Boolean, reflect: true },
    live: { state: true },
  };

  constructor() {
    super();
    this.name = "";
    /** The picture while the camera is on. @type {MediaStreamTrack | null} */
    this.track = null;
    this.mirrored = false;
    this.speaking = false;
    this.muted = false;
    this.away = false;
    this.you = false;
    /** Why there is no picture although one is sent, in a sentence; empty: nothing stands in its way. */
    this.unable = "";
    /** Show every pixel (a screen), rather than fill the tile (a face). */
    this.whole = false;
    /** Whether frames of this track have been shown. */
    this.live = false;
    /** @type {import("lit/directives/ref.js").Ref<HTMLVideoElement>} */
    this.video = createRef();
  }

  /** @param {PropertyValues} changed */
  updated(changed) {
    if (changed.has("track") || changed.has("away") || changed.has("unable")) this.#attach();
  }

  /** A fresh stream for every change, and none while there is nothing to see: the element must not keep a last frame. */
  #attach() {
    const video = this.video.value;
    if (!video) return;
    this.live = false;
    const track = this.away || this.unable ? null : this.track;
    video.srcObject = track ? new MediaStream([track]) : null;
    if (!track) return;
    video.play().catch(() => {});
    const shown = () => {
      if (this.track === track && !this.away) this.live = true;
    };
    video.addEventListener("loadeddata", shown, { once: true });
  }

  /** What stands in the picture's place. */
  #instead() {
    if (this.unable && !this.away)
      return html`<p class="unable"><span class="long">${this.unable}</span><span
        class="short">${t("tile-unable-short")}</span></p>`;
    return html`<div class="portrait" aria-hidden="true"><span
      class="initials">${initials(this.name) || icon("person")}</span></div>`;
  }

  render() {
    return html`
      <video ${ref(this.video)} .muted=${true} autoplay playsinline disablepictureinpicture tabindex="-1"
        aria-hidden="true" class="${this.live ? "shown" : ""} ${this.mirrored ? "mirrored" : ""}"></video>
      ${this.live ? nothing : this.#instead()}
      ${this.speaking ? html`<span class="chip speaking">${icon("speaking")}${t("tile-speaking")}</span>` : nothing}
      ${this.away ? html`<span class="chip away">${icon("reconnect")}${t("tile-away")}</span>` : nothing}
      <span class="plate">
        ${
          this.muted
            ? html`<span class="muted">${icon("microphone-off")}<span
          class="word">${t("tile-muted")}</span></span>`
            : nothing
        }
        <span class="name">${this.name || t("anonymous")}${
          this.you
            ? html` <span
          class="you">${t("tile-you")}</span>`
            : nothing
        }</span>
      </span>
      <slot></slot>`;
  }

  static styles = [
    base,
    css`
    :host {
      position: relative; overflow: hidden; container-type: inline-size; border-radius: var(--radius);
      background: var(--stage-raised); color: var(--stage-ink); aspect-ratio: 16 / 9; min-width: 0;
      box-shadow: inset 0 0 0 1px var(--stage-line);
    }
    :host([speaking])::after {
      content: ""; position: absolute; inset: 0; border: 3px solid var(--speaking); border-radius: inherit;
      pointer-events: none;
    }
    video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; visibility: hidden; }
    :host([whole]) video { object-fit: contain; background: #000; }
    video.shown { visibility: visible; }
    video.mirrored { transform: scaleX(-1); }
    .portrait { position: absolute; inset: 0; display: grid; place-items: center; }
    .initials {
      display: grid; place-items: center; width: clamp(2.75rem, 26cqi, 8rem); aspect-ratio: 1; border-radius: 50%;
      background: #2b3a44; color: var(--stage-ink); font-size: clamp(1rem, 9cqi, 2.75rem); font-weight: 600;
      letter-spacing: 0.02em;
    }
    .initials svg { width: 50%; height: 50%; }
    /* Between the chip above and the plate below. */
    .unable {
      position: absolute; inset: 2.25rem 0; display: grid; place-content: center; padding: 0 8%;
      text-align: center; text-wrap: balance; font-size: clamp(0.875rem, 0.55rem + 2.2cqi, 1.25rem); line-height: 1.35;
    }
    .unable .short { display: none; }
    .chip, .plate {
      position: absolute; display: inline-flex; align-items: center; gap: 0.4em; max-width: calc(100% - 1rem);
      padding: 0.2em 0.6em; border-radius: 0.5em; background: rgb(10 16 20 / 82%);
      font-size: clamp(0.8125rem, 0.55rem + 2.2cqi, 1.25rem); line-height: 1.4;
    }
    .chip { inset-block-start: 0.5rem; inset-inline-start: 0.5rem; font-weight: 600; }
    .chip.speaking { background: var(--speaking); color: #241a00; }
    .plate { inset-block-end: 0.5rem; inset-inline-start: 0.5rem; }
    .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 550; }
    .you { font-weight: 400; color: var(--stage-quiet); }
    .muted { display: inline-flex; align-items: center; gap: 0.3em; color: #ffc9c4; flex: none; }
    .muted svg, .chip svg { width: 1.1em; height: 1.1em; }
    @container (max-width: 340px) {
      .unable .long { display: none; }
      .unable .short { display: inline; }
    }
    @container (max-width: 200px) { .unable { inset-block: 1.9rem; padding: 0 4%; font-size: 0.75rem; line-height: 1.2; } }
    @container (max-width: 260px) { .muted .word { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; } }
  `,
  ];
}
customElements.define("room-tile", RoomTile);
