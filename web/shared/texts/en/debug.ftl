# The panel that ?debug opens: for whoever helps somebody with a bad connection.
debug-open = Show how the connection is
debug-close = Close the connection panel
debug-heading = Connection
debug-soon = Measuring: the first figures come in a few seconds.
debug-fine = No trouble in the last ten seconds.
debug-state = State
debug-rtt = Round trip
debug-estimate = Upload estimate
debug-path = Way
debug-in = What comes in
debug-out = What goes out
debug-nothing-in = Nothing has come in yet.
debug-nothing-out = This page sends nothing now.
debug-kind-audio = Sound
debug-kind-video = Picture
debug-head-who = Seat
debug-head-layer = Layer
debug-head-codec = Codec
debug-head-size = Picture
debug-head-rate = Rate
debug-head-loss = Lost
debug-head-buffer = Buffered
debug-head-trouble = Trouble
debug-head-limited = Held back by
debug-repaired = { $count } repaired
debug-concealed = { $percent } made up
debug-freezes = { $freezes ->
    [one] { $freezes } freeze
   *[other] { $freezes } freezes
  }, { $dropped } dropped
debug-plot-downKbps = Comes in
debug-plot-upKbps = Goes out
debug-plot-downLoss = Lost coming in
debug-plot-upLoss = Lost going out
debug-plot-rttMs = Round trip
debug-plot-bufferMs = Buffered
debug-seat = { $kind } of seat { $seat }
debug-speaker = { $kind } of the speaker
debug-screen = { $kind } of the screen
debug-report = Call report
debug-report-text = A file with these figures since the page was opened, one line a minute, and what happened when. It holds this browser's network address, and no names.
debug-report-save = Save the call report

debug-finding-disconnected = The media connection is down. The page is trying to bring it back.
debug-finding-nothing-arrives = Somebody is on stage, and nothing has arrived for ten seconds: the way from the server to here is blocked.
debug-finding-loss-down = { $percent } % of what comes in is lost on the way; { $repaired } % of that was repaired.
debug-finding-loss-up = { $percent } % of what goes out is lost on the way to the server.
debug-finding-concealed = { $percent } % of the sound had to be made up: people hear gaps.
debug-finding-slow = A round trip takes { $milliseconds } ms: people will start to talk at the same time.
debug-finding-unsteady = What comes in arrives in fits and starts, and waits { $milliseconds } ms before it is played.
debug-finding-busy = This device is too busy to encode its picture in full: others see a smaller one.
debug-finding-narrow-up = The way out carries about { $kbps } kbps: others see a smaller picture.
