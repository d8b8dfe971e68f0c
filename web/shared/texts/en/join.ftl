# The way in, and every way out.

title = Town hall
cancel = Cancel

## Entry

# $role (String): the person's first role
entry-as = { $role ->
    [host] You are the host
    [moderator] You are a moderator
    [speaker] You are invited as a speaker
    [interpreter] You are invited as an interpreter
    [captioner] You are invited as a captioner
    [operator] You run the room
    [observer] You are invited as an observer
   *[other] You are invited to a town hall
}
entry-live = Live now
# $when (String): day and time in the reader's own time zone
entry-starts = Starts { $when }
entry-soon = Starts soon
entry-name = Your name
entry-name-hint = Optional: without one you are a guest with a number. The team sees it, and everybody when you speak.
# $number (String): four digits
guest = Guest { $number }
entry-name-hint-staff = Everybody sees it when you are on stage.
entry-name-missing = Enter the name that others shall see.
entry-join = Join
entry-joining = Joining…
entry-listening = You join as a listener. Your microphone and camera stay off, and you are not asked for them unless you agree to speak.
entry-quiet = Your microphone and camera stay off until you go on stage.
entry-listening-only = You join as a listener. This address is for listening; should you be invited to speak, the page leads you to the secure address.

## Full-page messages. An action is the one thing to do next; a message without one has nothing to do.

message-no_link =
    .heading = Open your link
    .text = This page needs the link you were sent: it leads straight into your town hall. Open it from the message or the invitation it came in.
    .action = To the start page
message-link_unknown =
    .heading = This link is not known here
    .text = It may have been cut short when it was copied. Open it again from the original message, or ask whoever invited you for a new one.
    .action = To the start page
message-link_expired =
    .heading = This link has expired
    .text = It was valid for a limited time only. Ask whoever invited you for a new one.
    .action = To the start page
message-link_revoked =
    .heading = This link is no longer valid
    .text = The organisers have withdrawn it. Ask whoever invited you for a new one.
    .action = To the start page
message-link_other_device =
    .heading = This link belongs to another device
    .text = A personal link works on the first device that opens it. Use that device, or ask the organisers to allow another one and then try again.
    .action = Try again
message-link_needs_https =
    .heading = This link needs the secure address
    .text = You were invited to speak or to help run the town hall. That works over the secure address only. Open it, then use your link there.
    .action = Open the secure address
message-needs_https =
    .heading = This page needs the secure address
    .text = It is open over the secure address only.
    .action = Open the secure address
message-town_hall_unknown =
    .heading = This town hall does not exist
    .text = It may have been deleted. Ask whoever invited you whether there is another.
    .action = To the start page
message-town_hall_closed =
    .heading = This town hall is over
    .text = Nobody can join it any more. Ask the organisers where to find its record.
    .action = To the start page
message-town_hall_full =
    .heading = This town hall is full
    .text = There is no place left at the moment. Places become free when people leave.
    .action = Try again
message-removed =
    .heading = You were removed from this town hall
    .text = A moderator has ended your visit, and this device cannot come back by itself. If you think that was a mistake, write to the organisers.
    .action = To the start page
message-too_many =
    .heading = Too many attempts
    .text = Many people are joining from your network at once, or the link was tried too often. Wait a minute, then try again.
    .action = Try again
message-credential_invalid =
    .heading = Please open your link again
    .text = Your place in this town hall was not kept. The link you were sent brings you back.
    .action = To the start page
message-replaced =
    .heading = You are taking part on another page
    .text = You opened this town hall again, in another tab or on another device. Sound and pictures are there now.
    .action = Take part here
message-closed =
    .heading = The town hall has ended
    .text = Thank you for taking part. You can close this page.
message-left =
    .heading = You have left
    .text = Thank you for taking part. Your link brings you back for as long as the town hall lasts.
message-offline =
    .heading = The server cannot be reached
    .text = Check your connection, then try again. Your link stays valid.
    .action = Try again
message-other =
    .heading = That did not work
    .text = Try again. If it happens again, ask whoever invited you.
    .action = Try again

## Refused commands, one sentence each

refusal-offline = The connection is being restored. Try again in a moment.
refusal-forbidden = You may not do that here. Ask the host.
refusal-no_such_participant = They have just left.
refusal-stage_full = The stage is full. Free a seat first.
refusal-not_invited = The invitation is no longer open. Raise your hand to be invited again.
refusal-already_on_stage = They are on stage already.
refusal-not_on_stage = They are no longer on stage.
refusal-wrong_phase = That is not possible at this point of the town hall.
refusal-screen_taken = Somebody else is sharing a screen. Only one can be shown at a time.
refusal-too_long = That name is too long. Use at most 60 characters.
refusal-too_many = That was too fast. Wait a moment, then try again.
refusal-needs_https = Speaking works over the secure address only. Open the link there.
refusal-internal = Something went wrong on the server. Try again.
refusal-town_hall_full = The town hall is full at the moment. Try again when people have left.
refusal-town_hall_closed = This town hall is over.
refusal-no_media = Sound and pictures are not connected yet. Try again in a moment.
refusal-device_refused = Your browser did not allow it. Allow the microphone or camera for this page in the browser’s settings, then try again.
refusal-device_missing = No microphone or camera was found. Connect one, then try again.
refusal-device_busy = Another program is using it. Close that program, then try again.
refusal-device_unsupported = This browser cannot use a microphone here. Open the page in Chrome, Firefox or Safari over the secure address.
refusal-other = That did not work. Try again.
