/** The administration: log in, then run the list of town halls. */
import { LitElement, html, nothing } from "lit";
import { Refusal } from "../shared/api.js";
import { t } from "../shared/texts.js";
import "../shared/components/message.js";
import "./account.js";
import "./town-halls.js";
import { api, problemText } from "./api.js";

/** @import { Act } from "../shared/act.js" */
/** @import { Board } from "./town-halls.js" */

// Counts and phases change without this page; a person looks at the list far more rarely than this.
const REFRESH_MS = 10_000;

/** @type {Board} */
const EMPTY = {
  name: "",
  townHalls: [],
  defaults: { seats: 8, video_codec: "vp8" },
  opened: null,
  links: [],
  fresh: null,
  invitation: "",
  creating: false,
  asking: null,
  problem: "",
};

export class RoomAdmin extends LitElement {
  static properties = {
    view: { state: true },
    board: { state: true },
    busy: { state: true },
    problem: { state: true },
    secure: { state: true },
  };

  constructor() {
    super();
    /** @type {"loading" | "login" | "board" | "insecure"} */
    this.view = "loading";
    this.board = EMPTY;
    this.busy = false;
    this.problem = "";
    /** The address where administration is possible. */
    this.secure = "";
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.addEventListener("act", (event) => void this.#act(/** @type {CustomEvent<Act>} */ (event).detail));
  }

  connectedCallback() {
    super.connectedCallback();
    void this.#act({ name: "look" });
    this.timer = setInterval(
      () => this.view === "board" && document.visibilityState === "visible" && void this.#load().catch(() => {}),
      REFRESH_MS,
    );
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  render() {
    switch (this.view) {
      case "login":
        return html`<room-account .busy=${this.busy} .problem=${this.problem}></room-account>`;
      case "board":
        return html`<room-town-halls .board=${this.board}></room-town-halls>`;
      case "insecure":
        return html`<room-message symbol="key" .heading=${t("insecure-heading")} .text=${t("insecure-text")}
          .action=${t("insecure-action")} .href=${this.secure}></room-message>`;
      default:
        return nothing;
    }
  }

  /** @param {Act} wanted */
  async #act(wanted) {
    this.busy = true;
    this.problem = "";
    this.#update({ problem: "" });
    try {
      await this.#perform(wanted);
    } catch (error) {
      this.#refused(error instanceof Refusal ? error : new Refusal("page_error", String(error)));
    } finally {
      this.busy = false;
    }
  }

  /** @param {Refusal} refusal */
  #refused(refusal) {
    if (refusal.code === "not_logged_in") {
      this.view = "login";
    } else if (refusal.code === "needs_https") {
      this.secure =
        typeof refusal.details.https === "string" ? refusal.details.https : `https://${location.host}/admin`;
      this.view = "insecure";
    } else {
      if (this.view === "loading") this.view = "login";
      this.problem = problemText(refusal);
      this.#update({ problem: this.problem, asking: null });
    }
  }

  /** @param {Act} wanted @returns {Promise<unknown> | void} */
  #perform(wanted) {
    const id = /** @type {string} */ (wanted.townHall);
    const title = /** @type {string} */ (wanted.title);
    switch (wanted.name) {
      case "look":
        return this.#enter();
      case "log-in":
        return this.#logIn(wanted);
      case "log-out":
        return this.#logOut();
      case "invite-administrator":
        return this.#invite();
      case "ask-create":
        return this.#update({ creating: true });
      case "ask-close":
        return this.#update({ asking: { what: "close", id, title } });
      case "ask-delete":
        return this.#update({ asking: { what: "delete", id, title } });
      case "cancel":
        return this.#update({ creating: false, asking: null, invitation: "" });
      case "create":
        return this.#done(api.create(/** @type {object} */ (wanted.fields)));
      case "open":
        return this.#done(api.open(id));
      case "close":
        return this.#done(api.close(id));
      case "delete":
        return this.#done(api.remove(id));
      case "toggle-links":
        return this.#toggle(id);
      default:
        return this.#performOnLink(wanted, id, /** @type {string} */ (wanted.link));
    }
  }

  /** @param {Act} wanted @param {string} id @param {string} link @returns {Promise<unknown> | void} */
  #performOnLink(wanted, id, link) {
    switch (wanted.name) {
      case "make-link":
        return this.#make(id, /** @type {string} */ (wanted.role), /** @type {string} */ (wanted.linkName));
      case "rotate-link":
        return this.#rotate(id, link);
      case "release-link":
        return this.#done(api.release(id, link));
      case "ask-revoke-link":
        return this.#update({ asking: { what: "revoke", id, link, title: /** @type {string} */ (wanted.role) } });
      case "revoke":
        return this.#done(api.revoke(id, link));
      default:
        throw new Error(`no such act: ${wanted.name}`);
    }
  }

  async #enter() {
    const { name } = await api.me();
    this.#update({ name });
    await this.#load();
    this.view = "board";
  }

  /** @param {Act} wanted */
  async #logIn({ account, password, code }) {
    await api.logIn({ name: account, password, code });
    await this.#enter();
  }

  async #logOut() {
    await api.logOut();
    this.board = EMPTY;
    this.view = "login";
  }

  async #invite() {
    this.#update({ invitation: (await api.setupLink()).url });
  }

  async #load() {
    const { town_halls: townHalls, defaults } = await api.townHalls();
    const opened = townHalls.find((hall) => hall.id === this.board.opened)?.id ?? null;
    const links = opened ? await api.links(opened) : [];
    this.#update({ townHalls, defaults, opened, links });
  }

  /** What was asked for is done: back to the list as the server has it now. @param {Promise<unknown>} doing */
  async #done(doing) {
    await doing;
    this.#update({ creating: false, asking: null });
    await this.#load();
  }

  /** @param {string} id */
  async #toggle(id) {
    this.#update({ opened: this.board.opened === id ? null : id, links: [], fresh: null });
    await this.#load();
  }

  /** @param {string} id @param {string} role @param {string} name */
  async #make(id, role, name) {
    const made = await api.makeLink(id, { roles: [role], ...(name ? { name } : {}) });
    this.#update({ fresh: { link: made.link.id, url: made.url } });
    await this.#load();
  }

  /** @param {string} id @param {string} link */
  async #rotate(id, link) {
    const { url } = await api.rotate(id, link);
    this.#update({ fresh: { link, url } });
    await this.#load();
  }

  /** @param {Partial<Board>} change */
  #update(change) {
    this.board = { ...this.board, ...change };
  }
}
customElements.define("room-admin", RoomAdmin);
