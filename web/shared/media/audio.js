/** The page's one sound: an audio element that the join tap unlocks and that is used for ever after. */

/**
 * Phones let an element play only after a tap on the page, and a new element needs a new tap; so there is one.
 * Emits "blocked" and "playing".
 */
export class AudioOut extends EventTarget {
  constructor() {
    super();
    this.element = new Audio();
    this.element.autoplay = true;
    this.element.setAttribute("playsinline", "");
    this.blocked = false;
    this.element.addEventListener("playing", () => this.#set(false));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.element.paused && this.element.srcObject) void this.resume();
    });
  }

  /** Call it inside the tap: the permission to play lasts only as long as the event. */
  unlock() {
    this.element.srcObject ??= new MediaStream();
    // Nothing to play yet, so this settles later or never: the call itself is what the browser wants to see.
    this.element.play().catch(() => {});
  }

  /** Play these tracks and no others. @param {MediaStreamTrack[]} tracks */
  play(tracks) {
    this.element.srcObject = new MediaStream(tracks);
    return this.resume();
  }

  async resume() {
    try {
      await this.element.play();
      this.#set(false);
    } catch (error) {
      // AbortError: another `play` has replaced this one, which says nothing about permission.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#set(true);
    }
  }

  /** @param {boolean} blocked */
  #set(blocked) {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    this.dispatchEvent(new Event(blocked ? "blocked" : "playing"));
  }
}
