/** One peer connection: one offer, one answer, slots and idle senders; an ICE restart is all that may follow. */
import { compactOffer, slotCounts, wantedCodecs, wantedExtensions } from "./offer.js";
import { cameraEncodings, inCodec, screenEncodings } from "./layers.js";
import { PICTURE_DELAY_MS, waitFor, waitForRepairs } from "./patience.js";

/** @import { MediaAnswer, Publish, Slot, SlotInfo, VideoCodec } from "../model.js" */
/** @import { Section } from "./offer.js" */

// A phone that changes from Wi-Fi to its cell is often back within this; a restart before would only delay it.
const DISCONNECTED_GRACE_MS = 2_000;
// ICE to a server that answers takes milliseconds; after this the way is closed and a new transport must be made.
const CONNECT_TIMEOUT_MS = 15_000;
// The same for a way that has worked before: nothing but checks is exchanged.
const RESTART_TIMEOUT_MS = 5_000;

/** @typedef {{microphone: RTCRtpTransceiver, camera: RTCRtpTransceiver, screen: RTCRtpTransceiver}} Senders */
/** @typedef {{seats: number, small: boolean, speaks: boolean, codec: VideoCodec}} Needs */

/**
 * Emits "state" when `state` changes, "restart" when ICE should be restarted, "failed" when only a new connection helps.
 */
export class MediaConnection extends EventTarget {
  /** @param {Needs} needs */
  constructor(needs) {
    super();
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    /** The town hall's; a browser that lacks it sends VP8. */
    this.codec = needs.codec;
    /** What the slots can show, once the server has answered. @type {readonly VideoCodec[] | null} */
    this.codecs = null;
    this.negotiationNeeded = 0;
    /** @type {"new" | "connecting" | "connected" | "lost" | "closed"} */
    this.state = "new";
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    // First in the offer, so that its section carries the transport. Idle until this person is invited; somebody who
    // could not publish over this address gets a smaller offer.
    /** @type {Senders | null} */
    this.senders = needs.speaks ? this.#addSenders() : null;
    this.#addSlots(needs);
    this.stopWaiting = waitForRepairs(this.pc);
    this.pc.addEventListener("negotiationneeded", () => this.negotiationNeeded++);
    this.pc.addEventListener("connectionstatechange", () => this.#follow());
  }

  /** The offer and what its send sections carry. Once per connection. @returns {Promise<{offer: string, publish: Publish}>} */
  async offer() {
    // On the browser's own timeline, where a join's time is read off by whoever looks for a delay.
    performance.mark("room-offer");
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return { offer: this.#localOffer(), publish: this.#publish() };
  }

  /** @param {MediaAnswer} media */
  async accept(media) {
    this.#setState("connecting");
    this.timer = setTimeout(() => this.#fail(), CONNECT_TIMEOUT_MS);
    await this.pc.setRemoteDescription({ type: "answer", sdp: media.answer });
    this.codecs = media.codecs;
    const tracks = new Map(
      this.pc.getTransceivers().map((transceiver) => [transceiver.mid, transceiver.receiver.track]),
    );
    this.slots = media.slots.flatMap((slot) => {
      const track = tracks.get(slot.mid);
      return track ? [{ ...slot, track }] : [];
    });
  }

  /** An ICE restart of the same offer. It does not go through `restartIce`, which would ask for a negotiation. */
  async restartOffer() {
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
    return this.#localOffer();
  }

  /** @param {string} answer */
  async restarted(answer) {
    if (this.state === "lost") {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#fail(), RESTART_TIMEOUT_MS);
    }
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer });
  }

  /** Which seats the slots show now, as the server says. @param {readonly SlotInfo[]} infos */
  refeed(infos) {
    const seats = new Map(infos.map((info) => [info.mid, info.seat]));
    this.slots = this.slots.map((slot) => ({ ...slot, seat: seats.get(slot.mid) ?? slot.seat }));
  }

  /** @returns {MediaStreamTrack[]} */
  get audioTracks() {
    return this.slots.filter((slot) => slot.kind === "audio").map((slot) => slot.track);
  }

  close() {
    clearTimeout(this.timer);
    this.stopWaiting();
    this.pc.close();
    this.#setState("closed");
  }

  #addSenders() {
    const microphone = this.#add("audio", "microphone", { direction: "sendonly" });
    const camera = this.#add("video", "camera", {
      direction: "sendonly",
      sendEncodings: inCodec(cameraEncodings({}), this.codec),
    });
    const screen = this.#add("video", "screen", {
      direction: "sendonly",
      sendEncodings: inCodec(screenEncodings({}, "detail"), this.codec),
    });
    return { microphone, camera, screen };
  }

  /** @param {Needs} needs */
  #addSlots({ seats, small }) {
    const counts = slotCounts(seats, small);
    for (let i = 0; i < counts.audio; i++) this.#add("audio", "audio", { direction: "recvonly" });
    for (let i = 0; i < counts.video; i++) {
      const { receiver } = this.#add("video", "video", { direction: "recvonly" });
      waitFor(receiver, PICTURE_DELAY_MS);
    }
  }

  /** @param {"audio" | "video"} kind @param {Section} section @param {RTCRtpTransceiverInit} init */
  #add(kind, section, init) {
    const transceiver = this.pc.addTransceiver(kind, init);
    const codecs = wantedCodecs(kind, RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [], this.codec);
    // An older browser lacks one or the other: its offer is larger, nothing else changes.
    if (codecs.length > 0 && "setCodecPreferences" in transceiver) transceiver.setCodecPreferences(codecs);
    const extended = /** @type {any} */ (transceiver);
    if (extended.setHeaderExtensionsToNegotiate) {
      const offered = extended.getHeaderExtensionsToNegotiate();
      extended.setHeaderExtensionsToNegotiate(wantedExtensions(section, offered, this.codec));
    }
    return transceiver;
  }

  #localOffer() {
    return compactOffer(this.pc.localDescription?.sdp ?? "");
  }

  /** @returns {Publish} */
  #publish() {
    if (!this.senders) return {};
    return Object.fromEntries(Object.entries(this.senders).map(([use, transceiver]) => [use, transceiver.mid ?? ""]));
  }

  #follow() {
    const state = this.pc.connectionState;
    if (state === "connected") {
      clearTimeout(this.timer);
      this.#setState("connected");
    } else if (state === "disconnected") {
      clearTimeout(this.timer);
      this.#setState("lost");
      this.timer = setTimeout(() => this.dispatchEvent(new Event("restart")), DISCONNECTED_GRACE_MS);
    } else if (state === "failed") {
      this.#fail();
    }
  }

  #fail() {
    clearTimeout(this.timer);
    if (this.state === "closed") return;
    this.#setState("lost");
    this.dispatchEvent(new Event("failed"));
  }

  /** @param {MediaConnection["state"]} state */
  #setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
