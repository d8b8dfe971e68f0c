// Measures lip sync where a person would: when a flash is displayed, and when its beep leaves the sound card.
// ({video, audio, duration}) => skews in ms, positive where the sound is late.
(() => {
  const RATE = 48000;
  const LOUD = 0.1;
  const BRIGHT = 128;

  const hearBeeps = (track, beeps) => {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const listener = context.createScriptProcessor(256, 1, 1);
    let loud = false;
    listener.onaudioprocess = (event) => {
      const first = event.inputBuffer.getChannelData(0).findIndex((sample) => Math.abs(sample) > LOUD);
      if (first >= 0 && !loud) {
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        beeps.push(performanceTime + (event.playbackTime + first / RATE - contextTime) * 1000);
      }
      loud = first >= 0;
    };
    context.createMediaStreamSource(new MediaStream([track])).connect(listener).connect(context.destination);
    return context;
  };

  const seeFlashes = (video, flashes) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 4;
    const paint = canvas.getContext("2d", { willReadFrequently: true });
    let bright = false;
    const look = (_, shown) => {
      paint.drawImage(video, 0, 0, 4, 4);
      const now = paint.getImageData(1, 1, 1, 1).data[1] > BRIGHT;
      if (now && !bright) flashes.push(shown.expectedDisplayTime);
      bright = now;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  };

  window.__skew = (video, audio, duration) =>
    new Promise((resolve) => {
      const [flashes, beeps] = [[], []];
      const context = hearBeeps(audio, beeps);
      seeFlashes(video, flashes);
      setTimeout(() => {
        void context.close();
        const lateness = (flash) => Math.min(...beeps.map((beep) => beep - flash).map(Math.abs));
        const skews = flashes.map((flash) => beeps.map((beep) => beep - flash).find((skew) => Math.abs(skew) === lateness(flash)));
        resolve(skews.filter((skew) => skew !== undefined && Math.abs(skew) < 300));
      }, duration);
    });

  // The stage's first seat, as the viewer's page shows and plays it.
  window.__skewOfSeat = (duration) => {
    const inside = (root, name) => root?.querySelector(name)?.shadowRoot;
    const stage = inside(inside(inside(document, "room-join"), "room-page"), "room-stage");
    const video = inside(stage, 'room-tile[data-seat="1"]').querySelector("video");
    const { mid } = window.__room.slots.find((slot) => slot.kind === "audio" && slot.seat === 1);
    const { track } = window.__tracks.find((one) => one.kind === "audio" && one.mid === mid);
    return window.__skew(video, track, duration);
  };

  // The source itself, before any network: what this instrument shows where there is no skew.
  window.__skewOfSource = async (duration) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream(stream.getVideoTracks());
    document.body.append(video);
    await video.play();
    const skews = await window.__skew(video, stream.getAudioTracks()[0], duration);
    video.remove();
    return skews;
  };
})();
