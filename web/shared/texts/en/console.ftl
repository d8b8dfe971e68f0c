# What those who run a town hall see beside the stage.

console-label = Console

bar-scheduled =
    .word = SCHEDULED
    .meaning = People are arriving. Nobody is heard.
bar-backstage =
    .word = BACKSTAGE
    .meaning = Only the team hears the stage.
bar-live =
    .word = ON AIR
    .meaning = Everybody hears the stage.
bar-closed =
    .word = CLOSED
    .meaning = It is over.
bar-start = Start
bar-close = Close…

# $count (Number): raised hands
console-hands = Raised hands ({ $count })
console-no-hands = No hand is raised.
console-invite = Invite
    .hint = Ask them to come on stage and speak
# $name (String): whose
console-invite-of = Invite { $name } to speak
console-invited = Invited, has not answered yet
console-uninvite = Withdraw
# $name (String): whose
console-uninvite-of = Withdraw the invitation of { $name }
console-lower = Lower
console-lower-of = Lower the hand of { $name }
# $minutes (Number): how long it has been up
console-since = { $minutes ->
    [0] Just now
    [one] For { $minutes } minute
   *[other] For { $minutes } minutes
}

# $count, $seats (Number): taken, in all
console-on-stage = On stage ({ $count } of { $seats })
console-stage-empty = Nobody is on stage.
console-off-stage = Off stage
    .hint = Take off the stage; they go on listening
# $name (String): whose
console-off-stage-of = Off stage: { $name }
console-mute-microphone = Mute
    .hint = Silence them; only they can unmute themselves
console-mute-microphone-of = Mute { $name }
console-mute-camera = Camera off
    .hint = Turn their camera off; only they can turn it on again
console-mute-camera-of = Camera off: { $name }
console-mute-screen = Stop screen
    .hint = End the screen that they share
console-mute-screen-of = Stop screen of { $name }
state-microphone-on = Microphone on
state-microphone-off = Microphone off
state-muted-by-moderator = Muted by a moderator
state-camera-on = Camera on
state-screen-on = Sharing a screen

people-heading = People ({ $count })
people-filter = Find a name
# $count (Number): how many more there are than are listed
people-more = And { $count } more. Type a name to find them.
people-on-stage = On stage
role-administrator = Administrator
role-host = Host
role-moderator = Moderator
role-speaker = Speaker
role-interpreter = Interpreter
role-captioner = Captioner
role-operator = Operator
role-attendee = Attendee
role-observer = Observer

console-remove = Remove
    .hint = Remove from the town hall; asks first
# $name (String): whose
console-remove-of = Remove { $name } from the town hall
confirm-remove =
    .heading = Remove { $name }?
    .text = They are out at once and cannot come back with this device. An open link cannot keep a determined person out: if it happens again, make a new link in administration.
    .yes = Remove
    .no = Keep

tour-heading = Three things to try
tour-text = The person on stage is simulated; everything else is real.
tour-start = Press Start, top right: whoever opened ATTENDEE hears the stage.
tour-invite = Invite the raised hand: a second voice comes on stage.
tour-speak = Press “Go on stage” below and speak yourself.
tour-done = (done)
tour-dismiss = Hide
tour-dismiss-all = Hide these hints
