/** What this person sends: microphone, camera, screen. It outlives connections; each new one gets the running tracks. */
import { cameraEncodings, inCodec, screenEncodings } from "./layers.js";

/** @import { MediaKind, VideoCodec } from "../model.js" */
/** @import { Senders } from "./connection.js" */
/** @import { Encoding } from "./layers.js" */

const MICROPHONE = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
const CAMERA = {
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: "user" },
};

/** Whether this browser, at this address, can capture at all. In-app browsers and plain HTTP cannot. */
export function canCapture() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/** Whether a screen can be shared from here; phones cannot. */
export function canShareScreen() {
  return Boolean(navigator.mediaDevices && "getDisplayMedia" in navigator.mediaDevices);
}

/** What tells a device from others of its kind: "default" is an id, too, and means another after a change. */
/** @typedef {{id: string, group: string}} Device */

/**
 * Emits "change", "ended" (CustomEvent of the kind) when a device or the browser's own bar ends a track, and "muted"
 * (CustomEvent of a boolean) when the system silences the microphone or gives it back.
 */
export class Publisher extends EventTarget {
  constructor() {
    super();
    /** @type {Record<MediaKind, MediaStreamTrack | null>} */
    this.tracks = { microphone: null, camera: null, screen: null };
    /** Which device each kind was last taken from. @type {Partial<Record<MediaKind, Device>>} */
    this.devices = {};
    /** @type {Senders | null} */
    this.senders = null;
    /** @type {VideoCodec} */
    this.codec = "vp8";
  }

  /** Send what runs over this connection's senders. @param {Senders | null} senders @param {VideoCodec} codec the town hall's */
  async attach(senders, codec) {
    this.senders = senders;
    this.codec = codec;
    await Promise.all([this.#send("microphone"), this.#send("camera"), this.#send("screen")]);
  }

  /** Open the microphone, still silent. Throws the browser's DOMException when refused. @param {Device} [device] */
  async openMicrophone(device) {
    if (this.tracks.microphone) return;
    const track = await firstTrack(
      navigator.mediaDevices.getUserMedia({ audio: { ...MICROPHONE.audio, ...only(device) } }),
    );
    track.enabled = false;
    await this.#take("microphone", track);
  }

  /** The device stays open while muted, so that speaking again needs no permission. @param {boolean} on */
  setMicrophone(on) {
    if (this.tracks.microphone) this.tracks.microphone.enabled = on;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Device} [device] */
  async openCamera(device) {
    if (this.tracks.camera) return;
    const track = await firstTrack(
      navigator.mediaDevices.getUserMedia({ video: { ...CAMERA.video, ...only(device) } }),
    );
    track.contentHint = "motion";
    await this.#take("camera", track);
  }

  /** @param {"detail" | "motion"} hint */
  async openScreen(hint) {
    if (this.tracks.screen) return;
    const track = await firstTrack(
      navigator.mediaDevices.getDisplayMedia({ video: { frameRate: hint === "motion" ? 30 : 5 }, audio: false }),
    );
    track.contentHint = hint;
    await this.#take("screen", track);
  }

  /** Stop the device and send nothing more; its lamp goes out. @param {MediaKind} kind */
  async stop(kind) {
    const track = this.tracks[kind];
    if (!track) return;
    this.tracks[kind] = null;
    track.stop();
    await this.senders?.[kind].sender.replaceTrack(null);
    this.dispatchEvent(new Event("change"));
  }

  async stopAll() {
    await Promise.all([this.stop("microphone"), this.stop("camera"), this.stop("screen")]);
  }

  /** @param {MediaKind} kind @param {MediaStreamTrack} track */
  async #take(kind, track) {
    this.tracks[kind] = track;
    const { deviceId = "", groupId = "" } = track.getSettings();
    this.devices[kind] = { id: deviceId, group: groupId };
    if (kind === "microphone") {
      for (const muted of [true, false])
        track.addEventListener(muted ? "mute" : "unmute", () =>
          this.dispatchEvent(new CustomEvent("muted", { detail: muted })),
        );
    }
    track.addEventListener("ended", () => {
      if (this.tracks[kind] !== track) return;
      this.dispatchEvent(new CustomEvent("ended", { detail: kind }));
    });
    await this.#send(kind);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {MediaKind} kind */
  async #send(kind) {
    const track = this.tracks[kind];
    const sender = this.senders?.[kind].sender;
    if (!track || !sender) return;
    if (kind === "camera")
      await setEncodings(sender, inCodec(cameraEncodings(track.getSettings()), this.codec), "balanced");
    if (kind === "screen") {
      const hint = track.contentHint === "motion" ? "motion" : "detail";
      const encodings = inCodec(screenEncodings(track.getSettings(), hint), this.codec);
      await setEncodings(sender, encodings, "maintain-resolution");
    }
    await sender.replaceTrack(track);
  }
}

/** @param {Device} [device] @returns {MediaTrackConstraints} */
function only(device) {
  return device ? { deviceId: { exact: device.id } } : {};
}

/** @param {Promise<MediaStream>} capture */
async function firstTrack(capture) {
  const [track] = (await capture).getTracks();
  if (!track) throw new DOMException("no track", "NotFoundError");
  return track;
}

/** @param {RTCRtpSender} sender @param {Encoding[]} encodings @param {RTCDegradationPreference} preference */
async function setEncodings(sender, encodings, preference) {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) {
    const { rid: _rid, ...wanted } = encodings.find((one) => one.rid === encoding.rid) ?? {};
    Object.assign(encoding, wanted);
  }
  parameters.degradationPreference = preference;
  await sender.setParameters(parameters);
}
