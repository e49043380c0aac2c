-- SPDX-License-Identifier: Apache-2.0 OR MIT
-- Prosody 0.12 as an ordinary user's process on loopback, for one test. The starter puts its own
-- folder, two free ports and a domain in place of the names between at signs; see README.md.

run_as_root = true -- Only matters where the starter is root, as in a container.
daemonize = false
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
storage = "internal"

-- What a starter reads on stdout, and what an operator would read later. `debug` would log whole
-- stanzas, which no product server does.
log = {
	{ levels = { min = "info" }, to = "console" };
	{ levels = { min = "info" }, to = "file", filename = "@DIR@/log/prosody.log" };
}

interfaces = { "127.0.0.1" }
c2s_ports = { @C2S_PORT@ }
c2s_direct_tls_ports = { }
http_ports = { }
https_ports = { @HTTPS_PORT@ }
https_interfaces = { "127.0.0.1" }

modules_enabled = {
	"disco", "roster", "saslauth", "tls", "register", "ping",
	"pep", "vcard4", "vcard_legacy", "bookmarks", "carbons", "blocklist", "mam",
}
modules_disabled = { "s2s", "s2s_auth_certs" }

authentication = "internal_hashed"
allow_registration = true
c2s_require_encryption = true

-- The server keeps every message: what lies there is what a test looks for.
default_archive_policy = true
archive_expires_after = "never"

certificates = "@DIR@/tls"
ssl = { certificate = "@DIR@/tls/leaf.pem", key = "@DIR@/tls/leaf.key" }
https_ssl = ssl

VirtualHost "@DOMAIN@"
	http_host = "@DOMAIN@"

Component "conference.@DOMAIN@" "muc"
	name = "Rooms"
	modules_enabled = { "muc_mam" }
	muc_log_by_default = true
	muc_log_expires_after = "never"
	restrict_room_creation = false

Component "upload.@DOMAIN@" "http_file_share"
	http_host = "@DOMAIN@"
	http_external_url = "https://@DOMAIN@:@HTTPS_PORT@/"
	http_file_share_expires_after = -1
	http_file_share_size_limit = 10 * 1024 * 1024
