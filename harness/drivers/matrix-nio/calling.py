# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which way of calling matrix-nio is driven, for the report: it can decide the verdict."""

CALLING = (
    "nio's AsyncClient is called as its documentation and examples show, with its default store "
    "(SQLite, default pickle key). {rooms} The device is in step with the server while an "
    "operation runs, by one round of what sync_forever does for ever, after a login by rounds until "
    "there is no news; in between it is silent. "
    "Trust is what programs on nio do: messages are sent with ignore_unverified_devices=True, so "
    "every device that the server lists gets them; the setting `trust` = `verified-only` sends "
    "without it, and nio then refuses where a device is unverified. Verification compares the "
    "Ed25519 keys of all devices of both users (no SAS) and calls verify_device for those shown. "
    "Files in encrypted rooms are uploaded with encrypt=True and without their name; the setting "
    "`file-names` = `uploaded` gives upload() the name too, and `file-encryption` = `off` leaves out "
    "encrypt=True, both as the example in nio's documentation of upload() does. Invitations are "
    "accepted when their conversation is named. A direct conversation is every room without a name "
    "of the two users, used as it is where there is one; a group is a room with its name as "
    "address. Warnings repeat what nio says of a message (verified, decrypted, no key) and of "
    "members that came later; of a new device or a changed device key it says nothing."
)
ROOMS = {
    True: "Every room is made with m.room.encryption.",
    False: "No room is made with encryption: the server reads everything.",
}


def calling(encrypted: bool) -> str:
    return CALLING.format(rooms=ROOMS[encrypted])
