# Administration.

admin-heading = Administration
admin-log-out = Log out
# $name (String): whose account
admin-you = Logged in as { $name }
admin-invite = Add an administrator
admin-invite-heading = A further administrator
admin-invite-text = Send this link to your colleague. It makes one account and works for 24 hours.
admin-invite-done = Done

login-heading = Log in
login-submit = Log in
account-name = Name
account-password = Password
account-code = Code
account-code-hint = Six digits from your authenticator app.

setup-heading = Set up this server
setup-text = This makes the account of its administrator. The link that brought you here works once.
# $length (Number): characters
setup-password-hint = At least { $length } characters, such as four words.
setup-name-hint = What you log in with.
setup-scan-heading = Add it to your authenticator app
setup-scan-text = Scan the picture with the app, then enter the code that it shows below.
setup-qr = QR code for the authenticator app
setup-open-app = Open the app on this device
setup-secret = Or type this key:
setup-finish = Make the account
setup-refused = This link cannot set up the server
setup-to-login = To the login

insecure-heading = Administration needs the secure address
insecure-text = Passwords would travel in the open here. Open the secure address; your browser may warn about its certificate the first time.
insecure-action = Open the secure address

## Town halls

halls-heading = Town halls
halls-create = New town hall
halls-none = No town hall yet. Make the first one.
halls-no-start = No start time
# $seats (Number): seats on stage
halls-seats = { $seats ->
    [one] { $seats } seat
   *[other] { $seats } seats
}
halls-phase-scheduled = Scheduled
halls-phase-backstage = Backstage
halls-phase-live = On air
halls-phase-closed = Closed
codec-vp8 = VP8
codec-h264 = H.264
codec-vp9 = VP9
codec-av1 = AV1
halls-open = Open backstage
halls-close = Close…
halls-reports = Call reports
halls-links = Links
halls-delete = Delete…
halls-delete-of = Delete { $title }…

create-heading = New town hall
create-title = Title
create-starts = Start
create-starts-hint = Optional, in your own time zone. People see it in theirs.
create-seats = Seats on stage
create-seats-hint = How many can be seen and heard at once, at most 16.
create-codec = Picture format
create-codec-hint = VP8 is understood by everybody. Whoever lacks another sees no picture: Firefox has H.264 only with its plug-in, older phones lack VP9 and AV1, and AV1 keeps a speaker’s computer busy. It cannot be changed later.
create-submit = Create

ask-delete =
    .heading = Delete “{ $title }”?
    .text = Everybody is out at once and nothing of it is kept.
    .yes = Delete
ask-close =
    .heading = Close “{ $title }”?
    .text = Sound and pictures end for everybody at once. A closed town hall cannot be opened again.
    .yes = Close for everybody
ask-revoke =
    .heading = Revoke the link for { $title }?
    .text = Whoever came by this link is out at once, and it leads nowhere any more.
    .yes = Revoke

## Links

links-heading = Links
links-none = No link yet. Make one for the host first, then one for everybody.
links-role = For
links-name = Name (optional)
links-make = Make a link
links-public = Open to everybody who has it
links-bound = Personal, in use on one device
links-unbound = Personal, works on the first device that opens it
links-release = Allow another device
links-rotate = New address
links-revoke = Revoke…
links-once = Copy this address now. It is shown only once.
links-address = Address
links-copy = Copy
links-copied = Copied

## Refusals

problem-offline = The server cannot be reached. Check your connection and try again.
problem-login_failed = Name, password or code is wrong. A code works once: wait for the next one.
problem-too_many = Too many attempts. Wait a minute, then try again.
problem-setup_invalid = It was used already or has expired. The server prints a new one when it starts without an account.
problem-name_invalid = Choose a name of 1 to 60 letters and digits.
problem-name_taken = There is an account of that name already. Choose another.
problem-password_weak = The password is too short or too common. Use at least 12 characters.
problem-code_wrong = The code is wrong. Check that the clock of your phone is right, then enter the newest code.
problem-town_hall_unknown = It has been deleted meanwhile.
problem-link_unknown = That link is gone already.
problem-wrong_phase = That is not possible at this point of the town hall.
problem-foreign_origin = Open the administration by its own address and try again.
problem-other = That did not work. Try again.
