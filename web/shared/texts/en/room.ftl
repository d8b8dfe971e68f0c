# Inside a town hall, for everybody.

anonymous = No name given
notice-dismiss = Dismiss

title-scheduled = Waiting
title-backstage = Waiting
title-live = Live
title-closed = Ended

phase-live = Live
phase-waiting = Not started
# $count (Number): how many people take part
audience-count = { $count ->
    [one] { $count } person here
   *[other] { $count } people here
}
tabs-label = View
tab-stage = Stage
# $hands (Number): raised hands
tab-console = { $hands ->
    [0] Console
    [one] Console · { $hands } hand
   *[other] Console · { $hands } hands
}

## Waiting

waiting-heading = The town hall has not started yet
waiting-starts = It starts { $when }.
waiting-soon = It starts soon.
waiting-ready = You are in. Keep this page open: sound and pictures begin by themselves.

## Stage

stage-label = On stage
stage-names-label = Whose picture is shown large
stage-empty = Nobody is on stage at the moment.
stage-empty-scheduled = The stage opens with backstage, which an administrator opens for the team.
stage-empty-moderator = Invite somebody from the list of people, or go on stage yourself.
stage-empty-speaker = Press “Go on stage” when it is your turn.
stage-empty-listener = Keep this page open: sound and pictures come by themselves.
# $name (String): who shares
stage-screen = Screen shared by { $name }
stage-own-screen = You are sharing your screen
stage-pinned = kept large
tile-speaking = Speaking
tile-muted = Muted
tile-you = (you)
tile-away = Reconnecting
# $name (String): whose picture
tile-unable = { $name }’s picture comes in a format this browser cannot show. The sound goes on.
# $name (String): who shares
tile-unable-screen = The screen that { $name } shares comes in a format this browser cannot show.
tile-unable-short = This browser cannot show the picture

## Controls

dock-label = Your controls
dock-mute = Mute
dock-unmute = Unmute
dock-camera-on = Camera on
dock-camera-off = Camera off
dock-screen = Share screen
dock-screen-stop = Stop sharing
dock-raise-hand = Raise hand
dock-lower-hand = Lower hand
dock-take-seat = Go on stage
dock-leave-stage = Leave stage
dock-leave = Leave
# $position (Number): place in the queue, from 1
dock-queue = { $position ->
    [1] Your hand is up. You are next.
   *[other] Your hand is up. You are number { $position } in the queue.
}

lamp-on-stage = You are on stage.
lamp-on-air = Everybody hears you.
lamp-muted = Your microphone is off.
lamp-backstage = Only the team hears you.
lamp-muted-by-moderator = A moderator has muted you. Unmute when it is your turn.

## What is wrong with the way to the server

banner-reconnecting = Connection lost. Reconnecting… Your place and your hand are kept.
banner-line = The line to the team is being restored. Sound and pictures go on; your place and your hand are kept.
banner-restarting = The server is restarting. You come back by yourself.
banner-media = Sound and pictures are being restored…
banner-sound = Your device keeps the sound off.
banner-sound-tap = Tap to get sound back

## What has become of a microphone or camera

device-microphone-gone-on = Your microphone was disconnected, and nobody hears you. Plugged in again it is on again by itself; Unmute takes another one.
device-microphone-gone-off = Your microphone was disconnected. It stays off when you plug it in again.
device-microphone-back-on = Your microphone is back and on: you are heard again.
device-microphone-back-off = Your microphone is back, and off. Press Unmute when you want to be heard.
device-microphone-silent = Your device keeps the microphone silent, perhaps for a call. Nobody hears you until it lets go.
device-camera-gone-on = Your camera was disconnected, and nobody sees you. Plugged in again it is on again by itself; Camera on takes another one.
device-camera-gone-off = Your camera was disconnected.
device-camera-back-on = Your camera is back and on: you are seen again.
device-camera-back-off = Your camera is back, and off.

## Invitation

invitation-heading = You are invited to speak
invitation-live = If you accept, you go on stage and everybody hears you.
invitation-backstage = If you accept, you go on stage. Before the start only the team hears you, afterwards everybody does.
invitation-voice = Your voice goes live, and your name is shown.
invitation-camera = Your camera stays off until you turn it on.
invitation-permission = Your browser asks for the microphone now.
invitation-accept = Accept and speak
invitation-accepting = Going on stage…
invitation-decline = Not now
# $seconds (Number): time left to answer
invitation-left = { $seconds ->
    [one] { $seconds } second left to answer
   *[other] { $seconds } seconds left to answer
}
invitation-needs-https = Speaking works over the secure address only. Open it, join there, and raise your hand again. You can go on listening here.
invitation-open-secure = Open the secure address
invitation-unable = This browser cannot use a microphone; browsers inside other apps often cannot. Open your link in Chrome, Firefox or Safari to speak. You can go on listening here.
invitation-copy = Copy the link

## Dialogs

screen-heading = What do you want to show?
screen-text = Your browser then asks which window or screen. Everybody in the town hall sees it.
screen-detail = Slides or text
screen-motion = Film or animation

confirm-leave =
    .heading = Leave the town hall?
    .text = Your link brings you back for as long as the town hall lasts.
    .yes = Leave
    .no = Stay
confirm-close =
    .heading = Close the town hall?
    .text = Sound and pictures end for everybody at once. A closed town hall cannot be opened again.
    .yes = Close for everybody
    .no = Go on

## Said by screen readers

announce-phase-scheduled = The town hall has not started yet.
announce-phase-backstage = The team is getting ready.
announce-phase-live = The town hall is live.
announce-phase-closed = The town hall has ended.
# $count (Number): raised hands
announce-hands = { $count ->
    [one] { $count } hand is raised.
   *[other] { $count } hands are raised.
}
announce-invitation-ended = The invitation to speak has ended.
